//! The head alone: chunks go to a vector, and so do commits.

mod accept;
mod cost;
mod exemplars;
mod flush;
mod late;
mod late_model;
mod memory;
mod metadata;
mod model;
mod read;
mod replay;
mod threads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use promd_block::{BlockSource, Consequence, Damage, Part, ReadChunk, SourceSeries};
use promd_chunk::{Encoding, SampleValue, Samples};
use promd_model::{Columns, Interval, Labels, Matcher};
use promd_storage::{Appender, Batch, Decoder, Position, Reader, Select, Series, SeriesRef, Verdict};

use super::*;

/// A chunk as it was written.
#[derive(Debug, Clone)]
struct Stored {
    reference: u64,
    interval: Interval,
    encoding: Encoding,
    out_of_order: bool,
    bytes: Bytes,
}

/// Chunks and commits in memory.
#[derive(Debug, Default)]
struct World {
    chunks: Mutex<Vec<Stored>>,
    commits: Mutex<Vec<Logged>>,
    late: Mutex<Vec<Vec<LateStep>>>,
    /// Up to which segment late samples were logged, and from which on they are still there.
    segments: Mutex<(u64, u64)>,
    /// Nothing can be written.
    full: AtomicBool,
}

#[derive(Debug, Clone)]
struct Logged {
    series: Vec<(u64, Labels)>,
    batches: Vec<CommitBatch>,
    exemplars: Vec<(u64, promd_model::Exemplar)>,
    metadata: Vec<(u64, promd_model::Metadata)>,
}

impl World {
    fn refuse(&self) -> Result<(), TsdbError> {
        if !self.full.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(TsdbError::Block(promd_block::BlockError::Invalid("no space left on device".to_owned())))
    }
}

impl ChunkStore for World {
    fn write(
        &self,
        reference: u64,
        min: i64,
        max: i64,
        encoding: Encoding,
        out_of_order: bool,
        bytes: &[u8],
    ) -> Result<u64, TsdbError> {
        self.refuse()?;
        let mut chunks = self.chunks.lock();
        let bytes = Bytes::copy_from_slice(bytes);
        chunks.push(Stored { reference, interval: Interval::new(min, max), encoding, out_of_order, bytes });
        Ok(chunks.len() as u64 - 1)
    }

    fn read(&self, at: u64) -> Result<ReadChunk, Damage> {
        let chunks = self.chunks.lock();
        let stored = usize::try_from(at).ok().and_then(|at| chunks.get(at));
        stored.map(|stored| ReadChunk { encoding: stored.encoding, bytes: stored.bytes.clone() }).ok_or_else(|| {
            Damage::new("chunks_head/000001", Part::Chunk, "there is no chunk", Consequence::ChunkMissing).at(at)
        })
    }
}

impl CommitLog for World {
    fn log(&self, commit: &Commit<'_>) -> Result<Position, TsdbError> {
        self.refuse()?;
        let mut commits = self.commits.lock();
        let (series, batches) = (commit.series.to_vec(), commit.batches.to_vec());
        let (exemplars, metadata) = (commit.exemplars.to_vec(), commit.metadata.to_vec());
        commits.push(Logged { series, batches, exemplars, metadata });
        Ok(Position(commits.len() as u64))
    }
}

impl LateLog for World {
    fn log(&self, steps: &[LateStep]) -> Result<(), TsdbError> {
        self.refuse()?;
        self.late.lock().push(steps.to_vec());
        Ok(())
    }

    fn next_segment(&self) -> Result<u64, TsdbError> {
        let mut segments = self.segments.lock();
        segments.0 += 1;
        Ok(segments.0)
    }

    fn truncate(&self, before: u64) -> Result<(), TsdbError> {
        self.segments.lock().1 = before;
        Ok(())
    }
}

/// A head and where it writes to.
fn head_with(options: HeadOptions) -> (Head, Arc<World>) {
    let world = Arc::new(World::default());
    let store: Arc<dyn ChunkStore> = Arc::clone(&world) as _;
    let log: Arc<dyn CommitLog> = Arc::clone(&world) as _;
    let head = Head::new(options, store, log);
    head.set_late_log(Some(Arc::clone(&world) as _));
    (head, world)
}

fn head() -> (Head, Arc<World>) {
    head_with(HeadOptions::default())
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied()).unwrap()
}

fn series(head: &Head, pairs: &[(&str, &str)]) -> SeriesRef {
    head.appender().series(labels(pairs).view()).unwrap()
}

/// Appends floats in one commit and says what became of them.
fn append(head: &Head, series: SeriesRef, floats: &[(i64, f64)]) -> Vec<Verdict> {
    let mut batch = Batch::new();
    floats.iter().for_each(|(t, v)| batch.float(series, *t, *v));
    let mut verdicts = Vec::new();
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut verdicts);
    appender.commit().unwrap();
    verdicts
}

type Content = BTreeMap<String, Vec<(i64, SampleValue)>>;

/// All samples of a range of time that a reader sees.
fn content(reader: &dyn Reader, matchers: &[Matcher], times: Interval) -> Content {
    let mut set = reader.select(&Select::new(matchers, times)).unwrap();
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    let mut content = Content::new();
    while set.next(&mut series).unwrap() {
        columns.clear();
        decoder.decode(&series, times, &mut columns).unwrap();
        if !columns.is_empty() {
            let samples = Samples::from(columns.clone()).map(|sample| (sample.t, sample.value)).collect();
            assert!(content.insert(series.labels.to_string(), samples).is_none(), "{} came twice", series.labels);
        }
    }
    assert!(set.warnings().is_empty(), "{:?}", set.warnings());
    content
}

/// The times of the samples of each series on its way into a block. Chunks must not overlap, and nothing may be missing.
fn times_in(source: &mut dyn BlockSource) -> BTreeMap<String, Vec<i64>> {
    let (mut series, mut times) = (SourceSeries::default(), BTreeMap::new());
    while source.next_series(&mut series).unwrap() {
        assert!(series.chunks.is_sorted_by(|a, b| a.max < b.min));
        assert!(series.holes.is_empty());
        let mut columns = Columns::new();
        series.chunks.iter().for_each(|chunk| chunk.chunk().decode_into(&mut columns).unwrap());
        times.insert(series.labels.to_string(), columns.times().to_vec());
    }
    times
}

/// The floats of one series.
fn floats(reader: &dyn Reader, matcher: Matcher) -> Vec<(i64, f64)> {
    let mut all = content(reader, &[matcher], Interval::ALL).into_values();
    let samples = all.next().unwrap_or_default();
    assert!(all.next().is_none());
    let float = |(t, value)| match value {
        SampleValue::Float(v) => (t, v),
        other => panic!("{other:?} is no float"),
    };
    samples.into_iter().map(float).collect()
}
