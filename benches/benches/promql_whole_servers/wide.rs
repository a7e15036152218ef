//! Many series of one metric, 6 h at 60 s.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use promd_block::{
    BlockError, BlockId, BlockSource, Meta, SourceChunk, SourceSeries, WriteOptions, write as write_block,
};
use promd_chunk::{Encoding, XorAppender};
use promd_fs::{Fs, RealFs};
use promd_model::Labels;

use crate::fleet::{END, HOUR};

const STEP: i64 = 60_000;
const SAMPLES_A_CHUNK: i64 = 120;
const MODES: [&str; 8] = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];

/// Writes a block of so many series.
pub(super) fn write(data: &Path, series: u64) {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    fs.create_dir_all(data).unwrap();
    let mut all: Vec<Labels> = (0..series).map(labels).collect();
    all.sort();
    let mut symbols: Vec<String> = vec![String::new()];
    symbols.extend(all.iter().flat_map(|labels| labels.iter().flat_map(|l| [l.name.to_owned(), l.value.to_owned()])));
    symbols.sort_unstable_by(|a, b| b.cmp(a));
    symbols.dedup();
    all.reverse();
    let begin = END - 6 * HOUR;
    let meta = Meta::new(BlockId::new(begin.unsigned_abs(), 1), begin, END);
    let mut source = Wide { symbols, series: all };
    let options = WriteOptions::default();
    write_block(&fs, data, meta, &mut source, &options, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
}

fn labels(number: u64) -> Labels {
    let (host, cpu, mode) = (number / 64, number / 8 % 8, MODES[(number % 8) as usize]);
    let pairs = [
        ("__name__", "cpu_seconds_total".to_owned()),
        ("cpu", cpu.to_string()),
        ("host", format!("host-{host:05}.example.com:9100")),
        ("job", "wide".to_owned()),
        ("mode", mode.to_owned()),
    ];
    Labels::from_pairs(pairs).unwrap()
}

/// What is still to come, the last one first.
struct Wide {
    symbols: Vec<String>,
    series: Vec<Labels>,
}

impl BlockSource for Wide {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        let next = self.symbols.pop();
        *symbol = next.clone().unwrap_or_default();
        Ok(next.is_some())
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        series.clear();
        let Some(labels) = self.series.pop() else { return Ok(false) };
        let seed = labels.hash();
        series.labels = labels;
        let mut total = 0;
        for chunk in 0..6 * HOUR / STEP / SAMPLES_A_CHUNK {
            let min = END - 6 * HOUR + chunk * SAMPLES_A_CHUNK * STEP;
            let mut open = XorAppender::new();
            for sample in 0..SAMPLES_A_CHUNK {
                total += (seed >> (sample % 50)) % 1000;
                open.append(min + sample * STEP, total as f64 / 100.0).unwrap();
            }
            let bytes = Bytes::copy_from_slice(open.bytes());
            let max = min + (SAMPLES_A_CHUNK - 1) * STEP;
            series.chunks.push(SourceChunk { min, max, encoding: Encoding::Xor, bytes });
        }
        Ok(true)
    }
}
