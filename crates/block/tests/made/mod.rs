//! Blocks made for tests.
#![expect(clippy::unwrap_used, reason = "a test that cannot make its data fails")]
#![allow(dead_code, reason = "each scenario takes what it needs")]

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_block::{
    BlockError, BlockId, BlockSource, Interval, Meta, Progress, SourceChunk, SourceSeries, WriteOptions,
};
use promd_chunk::{Encoding, FloatHistogramAppender, HistogramAppender, ResetHeader, XorAppender};
use promd_fs::Fs;
use promd_model::{FloatHistogram, Histogram, Labels, Span};

/// The name of the block that [`write`] writes.
pub(crate) const ID: &str = "01JGSW5V00000000000000001A";

/// The time that it covers.
pub(crate) const HOURS: Interval = Interval::new(1_736_035_200_000, 1_736_042_399_999);

/// The time that most blocks cover, in milliseconds.
pub(crate) const TWO_HOURS: i64 = 7_200_000;

/// How many random blocks a comparison makes.
pub(crate) fn blocks_to_make() -> i64 {
    std::env::var("PROMD_BLOCKS").map_or(12, |count| count.parse().unwrap())
}

/// Series from memory.
pub(crate) struct Made {
    symbols: std::collections::btree_set::IntoIter<String>,
    series: std::vec::IntoIter<SourceSeries>,
}

impl Made {
    pub(crate) fn new(mut series: Vec<SourceSeries>) -> Self {
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        let mut symbols = BTreeSet::from([String::new()]);
        for label in series.iter().flat_map(|one| one.labels.iter()) {
            symbols.extend([label.name.to_owned(), label.value.to_owned()]);
        }
        Self { symbols: symbols.into_iter(), series: series.into_iter() }
    }
}

impl BlockSource for Made {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        Ok(self.symbols.next().map(|next| *symbol = next).is_some())
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        Ok(self.series.next().map(|next| *series = next).is_some())
    }
}

/// A chunk of floats at these times.
pub(crate) fn floats(times: impl IntoIterator<Item = i64>, value: impl Fn(i64) -> f64) -> SourceChunk {
    let mut open = XorAppender::new();
    let times: Vec<i64> = times.into_iter().collect();
    times.iter().for_each(|t| open.append(*t, value(*t)).unwrap());
    chunk(&times, Encoding::Xor, open.bytes())
}

/// A chunk of histograms at these times, which count up.
pub(crate) fn histograms(times: impl IntoIterator<Item = i64>) -> SourceChunk {
    let times: Vec<i64> = times.into_iter().collect();
    // Buckets are differences: two of `n` observations, and `n` in the zero bucket.
    let sample = |n: u32| Histogram {
        schema: 1,
        zero_threshold: 0.001,
        zero_count: n.into(),
        count: 3 * u64::from(n),
        sum: f64::from(n),
        positive_spans: vec![Span::new(0, 2)],
        positive_buckets: vec![n.into(), 0],
        ..Histogram::default()
    };
    let mut open = HistogramAppender::start(ResetHeader::Unknown, times[0], &sample(1)).unwrap();
    for (n, t) in (2..).zip(&times[1..]) {
        open.append(*t, &sample(n)).unwrap();
    }
    chunk(&times, Encoding::Histogram, open.bytes())
}

fn chunk(times: &[i64], encoding: Encoding, bytes: &[u8]) -> SourceChunk {
    let (min, max) = (*times.first().unwrap(), *times.last().unwrap());
    SourceChunk { min, max, encoding, bytes: bytes.to_vec().into() }
}

/// A series with these chunks.
pub(crate) fn series(name: &str, job: &str, chunks: Vec<SourceChunk>) -> SourceSeries {
    let labels = Labels::from_pairs([("__name__", name), ("job", job)]).unwrap();
    SourceSeries { labels, chunks, ..SourceSeries::default() }
}

/// Times within [`HOURS`], a quarter of a minute apart.
pub(crate) fn times(first: i64, count: i64) -> impl Iterator<Item = i64> {
    (first..first + count).map(|n| HOURS.min + n * 15_000)
}

/// Four series of floats and histograms, one of them with something deleted.
pub(crate) fn small() -> Vec<SourceSeries> {
    let value = |t: i64| (t / 15_000 % 97) as f64;
    let mut deleted = series("up", "a", vec![floats(times(0, 100), value), floats(times(100, 20), value)]);
    deleted.deleted.add(Interval::new(HOURS.min + 15_000, HOURS.min + 40_000));
    vec![
        deleted,
        series("up", "b", vec![floats(times(0, 3), |_| 1.0)]),
        series("latency", "a", vec![histograms(times(0, 10)), histograms(times(10, 5))]),
        series("temperature", "b", vec![floats(times(30, 7), |t| t as f64 / 7.0)]),
    ]
}

/// The `meta.json` of a block for [`HOURS`], but for the numbers.
pub(crate) fn meta() -> Meta {
    Meta::new(ID.parse::<BlockId>().unwrap(), HOURS.min, HOURS.max + 1)
}

/// Writes a block and says where it is.
pub(crate) fn write(fs: &Arc<dyn Fs>, data: &Path, series: Vec<SourceSeries>) -> Result<PathBuf, BlockError> {
    let options = WriteOptions::default();
    let written = promd_block::write(fs, data, meta(), &mut Made::new(series), &options, &mut go_on)?;
    Ok(written.unwrap().dir)
}

/// Watches, and lets the work go on.
pub(crate) fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Random blocks, the same for the same seed.
pub(crate) struct Random(promd_testkit::Random);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(promd_testkit::Random::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.below(end)
    }

    fn below_i64(&mut self, end: i64) -> i64 {
        self.below(end.unsigned_abs()).cast_signed()
    }

    pub(crate) fn value(&mut self) -> f64 {
        match self.below(8) {
            0 => 0.0,
            1 => f64::INFINITY,
            2 => -1e-7,
            3 => f64::NAN,
            4 => f64::from_bits(self.next() & !(1 << 62)),
            _ => self.below(100_000) as f64 / 8.0,
        }
    }

    pub(crate) fn labels(&mut self, number: i64) -> Labels {
        let jobs = ["a", "größe", "x y", ""];
        let name = format!("metric_{}", self.below(40));
        let pairs = [
            ("__name__", name),
            ("block", number.to_string()),
            ("instance", format!("h{}:9100", self.below(5))),
            ("job", jobs[usize::try_from(self.below(4)).unwrap()].to_owned()),
        ];
        Labels::from_pairs(pairs).unwrap().without_empty()
    }

    /// Ascending times within `length` milliseconds from `min`, at least one.
    pub(crate) fn times(&mut self, min: i64, length: i64) -> Vec<i64> {
        let step = 1 + self.below_i64(60_000);
        let mut t = min + self.below_i64(length / 2);
        let mut times = Vec::new();
        while t < min + length && times.len() < 200 {
            times.push(t);
            t += 1 + if self.below(9) == 0 { self.below_i64(step * 20) } else { step };
        }
        times
    }

    /// Series for a block that covers `time`; their label `block` is `number`.
    pub(crate) fn block(&mut self, time: Interval, number: i64) -> Vec<SourceSeries> {
        let mut all: std::collections::BTreeMap<Labels, SourceSeries> = Default::default();
        for _ in 0..1 + self.below(12) {
            let labels = self.labels(number);
            let times = self.times(time.min, time.max - time.min + 1);
            let kind = self.below(3);
            let per_chunk = 1 + usize::try_from(self.below(130)).unwrap();
            let chunks = times.chunks(per_chunk).map(|times| match kind {
                0 => histograms(times.iter().copied()),
                1 => float_histograms(times.iter().copied()),
                _ => {
                    let values: Vec<f64> = times.iter().map(|_| self.value()).collect();
                    floats(times.iter().copied(), |t| values[times.binary_search(&t).unwrap()])
                }
            });
            let mut series = SourceSeries { chunks: chunks.collect(), ..SourceSeries::default() };
            if self.below(3) == 0 {
                let min = time.min + self.below_i64(7_000_000);
                series.deleted.add(Interval::new(min, min + self.below_i64(2_000_000)));
            }
            series.labels = labels.clone();
            all.insert(labels, series);
        }
        all.into_values().collect()
    }
}

/// A chunk of float histograms at these times, which count up.
pub(crate) fn float_histograms(times: impl IntoIterator<Item = i64>) -> SourceChunk {
    let times: Vec<i64> = times.into_iter().collect();
    let sample = |n: u32| FloatHistogram {
        schema: -53,
        count: f64::from(n) * 1.5,
        sum: f64::from(n),
        positive_spans: vec![Span::new(0, 2)],
        positive_buckets: vec![f64::from(n), f64::from(n) / 2.0],
        custom_values: vec![0.5, 1.0],
        ..FloatHistogram::default()
    };
    let mut open = FloatHistogramAppender::start(ResetHeader::Unknown, times[0], &sample(1)).unwrap();
    for (n, t) in (2..).zip(&times[1..]) {
        open.append(*t, &sample(n)).unwrap();
    }
    chunk(&times, Encoding::FloatHistogram, open.bytes())
}
