//! Merging sources of series: eleven that follow each other, and two that overlap all the way. The reference does what needs no
//! thought: it decodes every chunk, puts the samples into a map by time, and encodes them again.
#![expect(clippy::unwrap_used, reason = "a bench that cannot make its blocks has nothing to say")]

use std::collections::BTreeMap;
use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_block::{BlockError, BlockSource, SourceChunk, SourceSeries};
use promd_chunk::{Encoding, XorAppender};
use promd_compactor::{Merge, MergeOptions};
use promd_model::{Columns, Labels};

const SERIES: usize = 200;
const CHUNKS: i64 = 4;
const SAMPLES: i64 = 120;
const STEP: i64 = 15_000;

/// Series in memory, handed out as a block hands them out: chunks by reference.
#[derive(Clone)]
struct Memory {
    series: std::sync::Arc<[SourceSeries]>,
    next: usize,
}

impl Memory {
    fn new(begin: i64) -> Self {
        let series = (0..SERIES).map(|number| SourceSeries {
            labels: Labels::from_pairs([("__name__", "requests_total"), ("instance", &format!("host-{number:05}"))])
                .unwrap(),
            chunks: (0..CHUNKS).map(|chunk| encode(begin + chunk * SAMPLES * STEP, number)).collect(),
            ..SourceSeries::default()
        });
        Self { series: series.collect(), next: 0 }
    }
}

fn encode(begin: i64, seed: usize) -> SourceChunk {
    let mut chunk = XorAppender::new();
    let times = (0..SAMPLES).map(|sample| begin + sample * STEP);
    times.for_each(|t| chunk.append(t, ((t / STEP) * (seed as i64 % 7)) as f64).unwrap());
    let bytes = Bytes::copy_from_slice(chunk.bytes());
    SourceChunk { min: begin, max: begin + (SAMPLES - 1) * STEP, encoding: Encoding::Xor, bytes }
}

impl BlockSource for Memory {
    fn next_symbol(&mut self, _: &mut String) -> Result<bool, BlockError> {
        Ok(false)
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        series.clear();
        let Some(next) = self.series.get(self.next) else { return Ok(false) };
        self.next += 1;
        series.labels = next.labels.clone();
        series.chunks.extend_from_slice(&next.chunks);
        Ok(true)
    }
}

fn merged(sources: &[Memory]) -> u64 {
    let mut merge = Merge::new(sources.iter().cloned(), MergeOptions::default());
    let mut series = SourceSeries::default();
    let mut bytes = 0;
    while merge.next_series(&mut series).unwrap() {
        bytes += series.chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum::<u64>();
    }
    bytes
}

fn reference(sources: &[Memory]) -> u64 {
    let mut all: BTreeMap<Labels, BTreeMap<i64, f64>> = BTreeMap::new();
    let mut columns = Columns::new();
    for series in sources.iter().flat_map(|source| source.series.iter()) {
        let samples = all.entry(series.labels.clone()).or_default();
        for chunk in &series.chunks {
            columns.clear();
            chunk.chunk().decode_into(&mut columns).unwrap();
            let floats = columns.as_floats().unwrap();
            samples.extend(floats.t.iter().copied().zip(floats.v.iter().copied()));
        }
    }
    let mut bytes = 0;
    for samples in all.values() {
        let mut chunk = XorAppender::new();
        for (t, v) in samples {
            if i64::from(chunk.count()) == SAMPLES {
                bytes += chunk.bytes().len() as u64;
                chunk = XorAppender::new();
            }
            chunk.append(*t, *v).unwrap();
        }
        bytes += chunk.bytes().len() as u64;
    }
    bytes
}

fn benches(criterion: &mut Criterion) {
    let length = CHUNKS * SAMPLES * STEP;
    let following: Vec<Memory> = (0..11).map(|block| Memory::new(block * length)).collect();
    let overlapping = [Memory::new(0), Memory::new(STEP / 2)];
    for (name, sources) in [("following", &following[..]), ("overlapping", &overlapping)] {
        assert_eq!(merged(sources), reference(sources), "the same samples");
        let mut group = criterion.benchmark_group(format!("compactor/merge/{name}"));
        group
            .throughput(Throughput::Elements(sources.len() as u64 * SERIES as u64 * (CHUNKS * SAMPLES).unsigned_abs()));
        group.bench_function("reference", |bench| bench.iter(|| black_box(reference(sources))));
        group.bench_function("merge", |bench| bench.iter(|| black_box(merged(sources))));
    }
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(20);
    targets = benches
}
criterion_main!(all);
