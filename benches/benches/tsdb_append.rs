//! The way into a database: samples of known series by reference, and new series by their labels, each scrape of 2 000 a commit.
//!
//! Time is that of the processor on the appending thread alone, as the kernel counts it, so that the work of others on the machine does
//! not count. The log is as the server has it (snappy, synced every second), in memory where the machine has such a folder.
//!
//! The references are the straightforward ways: a map from series to a chunk that grows; texts of labels in maps, and posting
//! lists in trees; and one log, to which each scrape goes as one record.
#![expect(clippy::unwrap_used, reason = "a bench that cannot write its log has nothing to say")]

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use promd_chunk::XorAppender;
use promd_clock::{SimClock, WallTime};
use promd_fs::RealFs;
use promd_model::{Labels, LabelsBuilder};
use promd_storage::{Batch, SeriesRef};
use promd_tsdb::{Db, Options};
use promd_wal::record::{SamplesEncoder, SeriesEncoder, Stamp};
use promd_wal::{Compression, Log};
use series::{SCRAPE, labels, value};
use tempfile::TempDir;

#[path = "tsdb_beside_prometheus/series.rs"]
mod series;

/// That of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SERIES: usize = 200_000;
/// How many series share a value of the label of the most values.
const PER_VALUE: usize = 40;
const INTERVAL: i64 = 15_000;
/// The beginning of a block.
const START: i64 = 1_736_035_200_000;

fn benches(criterion: &mut Criterion) {
    let all = all_labels();
    let mut group = criterion.benchmark_group("tsdb/append/by reference");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(SERIES as u64));
    let mut naive = Naive::new();
    group.bench_function("reference", |bench| bench.iter_custom(|rounds| naive.samples(rounds)));
    drop(naive);
    let mut known = Known::new(&all);
    group.bench_function("database", |bench| bench.iter_custom(|rounds| known.samples(rounds)));
    drop(known);
    group.finish();

    let mut group = criterion.benchmark_group("tsdb/append/new series");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(SERIES as u64));
    group.bench_function("reference", |bench| {
        bench.iter_custom(|rounds| (0..rounds).map(|_| Naive::new().series(&all)).sum());
    });
    group.bench_function("database", |bench| {
        bench.iter_custom(|rounds| (0..rounds).map(|_| Known::open().name(&all)).sum());
    });
    group.finish();
}

fn all_labels() -> Vec<Labels> {
    let mut builder = LabelsBuilder::new();
    (0..SERIES).map(|index| labels(&mut builder, index, 0, PER_VALUE)).collect()
}

/// Most machines have a file system in memory; what is measured is the way there, not the disk.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A database with the series of all targets.
struct Known {
    db: Db,
    series: Vec<SeriesRef>,
    scrapes: u64,
    _dir: TempDir,
}

impl Known {
    fn open() -> Self {
        let dir = scratch();
        let clock = Arc::new(SimClock::new(WallTime::from_millis(START)));
        let db = Db::open(Arc::new(RealFs::new()), clock, dir.path(), Options::default()).unwrap();
        Self { db, series: Vec::new(), scrapes: 0, _dir: dir }
    }

    fn new(all: &[Labels]) -> Self {
        let mut known = Self::open();
        known.name(all);
        known
    }

    fn name(&mut self, all: &[Labels]) -> Duration {
        self.series.reserve(all.len());
        let begun = cpu();
        for target in all.chunks(SCRAPE) {
            let mut appender = self.db.appender();
            self.series.extend(target.iter().map(|labels| appender.series(labels.view()).unwrap()));
            appender.commit().unwrap();
        }
        cpu() - begun
    }

    fn samples(&mut self, rounds: u64) -> Duration {
        let mut time = Duration::ZERO;
        let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
        for _ in 0..rounds {
            let t = START + i64::try_from(self.scrapes).unwrap() * INTERVAL;
            for (target, series) in self.series.chunks(SCRAPE).enumerate() {
                batch.clear();
                verdicts.clear();
                for (index, series) in (target * SCRAPE..).zip(series) {
                    batch.float(*series, t, value(index, self.scrapes));
                }
                let begun = cpu();
                let mut appender = self.db.appender();
                appender.append(&batch, &mut verdicts);
                appender.commit().unwrap();
                time += cpu() - begun;
                assert!(verdicts.iter().all(|verdict| verdict.is_accepted()));
            }
            self.scrapes += 1;
        }
        time
    }
}

/// The straightforward way.
struct Naive {
    by_labels: HashMap<Labels, u64>,
    postings: HashMap<(String, String), BTreeSet<u64>>,
    chunks: HashMap<u64, XorAppender>,
    full: Vec<Vec<u8>>,
    log: Log,
    scrapes: u64,
    _dir: TempDir,
}

impl Naive {
    fn new() -> Self {
        let dir = scratch();
        let clock = Arc::new(SimClock::new(WallTime::from_millis(START)));
        let options = promd_wal::Options::default().compression(Compression::Snappy);
        let log = Log::open(Arc::new(RealFs::new()), clock, dir.path(), options).unwrap();
        let (by_labels, postings, chunks) = Default::default();
        Self { by_labels, postings, chunks, full: Vec::new(), log, scrapes: 0, _dir: dir }
    }

    fn series(&mut self, all: &[Labels]) -> Duration {
        let begun = cpu();
        for target in all.chunks(SCRAPE) {
            let mut record = Vec::new();
            let mut encoder = SeriesEncoder::new(&mut record);
            for labels in target {
                let number = self.by_labels.len() as u64 + 1;
                if self.by_labels.contains_key(labels) {
                    continue;
                }
                self.by_labels.insert(labels.clone(), number);
                for label in labels {
                    let pair = (label.name.to_owned(), label.value.to_owned());
                    self.postings.entry(pair).or_default().insert(number);
                }
                encoder.push(number, labels.iter_bytes());
            }
            self.log.append(&[&record]).unwrap();
        }
        cpu() - begun
    }

    fn samples(&mut self, rounds: u64) -> Duration {
        let mut time = Duration::ZERO;
        for _ in 0..rounds {
            let t = START + i64::try_from(self.scrapes).unwrap() * INTERVAL;
            for target in 0..SERIES / SCRAPE {
                let range = target * SCRAPE..(target + 1) * SCRAPE;
                let samples: Vec<(u64, f64)> =
                    range.map(|index| (index as u64 + 1, value(index, self.scrapes))).collect();
                let begun = cpu();
                let mut record = Vec::new();
                let mut encoder = SamplesEncoder::new(&mut record);
                samples.iter().for_each(|(series, v)| encoder.push(Stamp::new(*series, t), *v));
                self.log.append(&[&record]).unwrap();
                for (series, v) in samples {
                    let chunk = self.chunks.entry(series).or_default();
                    if chunk.count() == 120 {
                        self.full.push(std::mem::take(chunk).bytes().to_vec());
                    }
                    chunk.append(t, v).unwrap();
                }
                time += cpu() - begun;
            }
            self.scrapes += 1;
        }
        time
    }
}

/// What this thread has had of a processor.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(8));
    targets = benches
}
criterion_main!(all);
