//! The blocks that are compacted.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use promd_block::{BlockError, BlockId, BlockSource, Meta, SourceChunk, SourceSeries, WriteOptions, write};
use promd_chunk::{Encoding, XorAppender};
use promd_fs::{Fs, RealFs};
use promd_model::{Labels, LabelsBuilder};

use super::HOUR;

const STEP: i64 = 15_000;
const SAMPLES_A_CHUNK: i64 = 120;
const SAMPLES_A_BLOCK: i64 = 2 * HOUR / STEP;

/// Writes eleven blocks of two hours that fill a day but for two hours, and a small one behind them, which is the newest and is
/// left alone. Returns how many samples the eleven have.
pub(super) fn write_all(data: &Path, samples: u64) -> u64 {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    fs.create_dir_all(data).unwrap();
    let a_block = SAMPLES_A_BLOCK.unsigned_abs();
    let series = (samples / 11).div_ceil(a_block);
    // The last two hours of the day are the eleventh, so that the eleven span it.
    let begins = (0..10).chain([11, 12]).map(|number| number * 2 * HOUR);
    for (number, begin) in (0u32..).zip(begins) {
        let series = if number == 11 { 1 } else { series };
        let meta = Meta::new(BlockId::new(0, number.into()), begin, begin + 2 * HOUR);
        let mut source = Generated { symbols: symbols(series), series, next: 0, begin, labels: LabelsBuilder::new() };
        let options = WriteOptions::default();
        write(&fs, data, meta, &mut source, &options, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    }
    11 * series * a_block
}

/// Series in the manner of a node_exporter: ten labels, some thousands of series a host.
struct Generated {
    /// Those that are still to come, the last one first.
    symbols: Vec<String>,
    series: u64,
    next: u64,
    begin: i64,
    labels: LabelsBuilder,
}

const SHARED: [(&str, &str); 7] = [
    ("cluster", "eu-west-1"),
    ("environment", "production"),
    ("job", "node"),
    ("mode", "idle"),
    ("os", "linux"),
    ("region", "europe"),
    ("team", "infrastructure"),
];

fn name(number: u64) -> String {
    format!("node_metric_{:04}_total", number / 100)
}

fn instance(number: u64) -> String {
    format!("host-{:02}.example.org:9100", number % 100)
}

fn symbols(series: u64) -> Vec<String> {
    let mut all: Vec<String> = SHARED.iter().flat_map(|(name, value)| [*name, *value]).map(str::to_owned).collect();
    all.extend(["", "__name__", "instance"].map(str::to_owned));
    all.extend((0..series).flat_map(|number| [name(number), instance(number)]));
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.dedup();
    all
}

impl BlockSource for Generated {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        let next = self.symbols.pop();
        *symbol = next.clone().unwrap_or_default();
        Ok(next.is_some())
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        series.clear();
        if self.next == self.series {
            return Ok(false);
        }
        let number = self.next;
        self.next += 1;
        self.labels.reset(&Labels::empty()).set("__name__", &name(number)).set("instance", &instance(number));
        for (name, value) in SHARED {
            self.labels.set(name, value);
        }
        series.labels = self.labels.build().unwrap();
        for chunk in 0..SAMPLES_A_BLOCK / SAMPLES_A_CHUNK {
            let min = self.begin + chunk * SAMPLES_A_CHUNK * STEP;
            let mut open = XorAppender::new();
            for sample in 0..SAMPLES_A_CHUNK {
                let t = min + sample * STEP;
                open.append(t, value(number, t)).unwrap();
            }
            let bytes = Bytes::copy_from_slice(open.bytes());
            series.chunks.push(SourceChunk {
                min,
                max: min + (SAMPLES_A_CHUNK - 1) * STEP,
                encoding: Encoding::Xor,
                bytes,
            });
        }
        Ok(true)
    }
}

/// A quarter each of constants, of counters, of gauges of whole numbers, and of fractions.
#[expect(clippy::cast_precision_loss, reason = "any numbers will do")]
fn value(number: u64, t: i64) -> f64 {
    let tick = (t / STEP).unsigned_abs();
    let noise = (tick ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    match number % 4 {
        0 => number as f64,
        1 => (tick * (number % 50 + 1) + noise % 7) as f64,
        2 => (noise % 64) as f64,
        _ => noise as f64 / 1024.0,
    }
}
