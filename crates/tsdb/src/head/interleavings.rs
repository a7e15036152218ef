//! Appenders, readers and collection under a scheduler that decides at every lock and every atomic which thread goes on:
//! `cargo test -p promd-tsdb --lib --features shuttle interleavings`.
//!
//! | test | threads | what holds in every schedule |
//! |---|---|---|
//! | `readers_see_whole_commits` | two writers, a reader, a collector | all series of a commit end at the same sample, also when asked twice |
//! | `slots_are_not_used_again_under_a_reader` | a writer of series that come and go, a reader, a collector | the labels of a series are those that were asked for, and its samples its own |
//! | `in_order_samples_are_in_the_head_or_in_a_block` | a writer, who makes blocks of the head, a reader | each committed sample is in one of the two at least |
//! | `late_samples_are_in_the_head_or_in_a_block` | a writer back and forth, who makes blocks of late samples, a reader | each committed sample is in one of the two at least |
//! | `what_was_accepted_is_not_collected` | a writer of series without samples, a collector | an accepted sample is there after its commit |
//! | `two_appenders_of_a_series_leave_one_sample_a_time` | two writers of the same samples, a reader | times ascend, what was once seen stays, all are there in the end |
//!
//! Half of the schedules are drawn at random; the others keep to priorities that change at a few moments only (PCT), which finds what
//! needs one thread to rest for long. A failure prints its schedule, which `shuttle::replay` follows again.
//!
//! That they find something was tried by taking away one safeguard after the other: the gate that a reader takes (`Readers::open`), the
//! wait of a truncation for readers (`wait_for`), its look for them (`reach_before`), that of late chunks (`read_late`), and the look for
//! samples that wait for their commit (`pending`).

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use promd_block::{BlockSource, Consequence, Damage, Part, ReadChunk, SourceSeries};
use promd_chunk::Encoding;
use promd_model::{Columns, Matcher};
use promd_storage::{Appender, Batch, Decoder, Reader, Select, Series, Verdict};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::Mutex;
use shuttle::thread;
use shuttle::{Config, Runner};

use super::*;

/// Schedules of each kind that a test tries.
const SCHEDULES: usize = 5_000;
/// How often priorities change in a schedule that keeps to them.
const CHANGES: usize = 3;

fn check(test: impl Fn() + Send + Sync + Clone + 'static) {
    let mut config = Config::default();
    // The frames of an unoptimised append are large.
    config.stack_size = 512 << 10;
    Runner::new(RandomScheduler::new(SCHEDULES), config.clone()).run(test.clone());
    Runner::new(PctScheduler::new(CHANGES, SCHEDULES), config).run(test);
}

/// Chunks in memory. No thread is stopped in here.
#[derive(Debug, Default)]
struct World {
    chunks: parking_lot::Mutex<Vec<(Encoding, Bytes)>>,
    segment: std::sync::atomic::AtomicU64,
}

impl ChunkStore for World {
    fn write(&self, _: u64, _: i64, _: i64, encoding: Encoding, _: bool, bytes: &[u8]) -> Result<u64, TsdbError> {
        let mut chunks = self.chunks.lock();
        chunks.push((encoding, Bytes::copy_from_slice(bytes)));
        Ok(chunks.len() as u64 - 1)
    }

    fn read(&self, at: u64) -> Result<ReadChunk, Damage> {
        let chunks = self.chunks.lock();
        let found = usize::try_from(at).ok().and_then(|at| chunks.get(at).cloned());
        found.map(|(encoding, bytes)| ReadChunk { encoding, bytes }).ok_or_else(|| {
            Damage::new("chunks_head/000001", Part::Chunk, "there is no chunk", Consequence::ChunkMissing).at(at)
        })
    }
}

impl CommitLog for World {
    fn log(&self, _: &Commit<'_>) -> Result<Position, TsdbError> {
        Ok(Position(0))
    }
}

impl LateLog for World {
    fn log(&self, _: &[LateStep]) -> Result<(), TsdbError> {
        Ok(())
    }

    fn next_segment(&self) -> Result<u64, TsdbError> {
        Ok(self.segment.fetch_add(1, Ordering::Relaxed))
    }

    fn truncate(&self, _: u64) -> Result<(), TsdbError> {
        Ok(())
    }
}

fn head(options: HeadOptions) -> Head {
    let world = Arc::new(World::default());
    let head = Head::new(options, Arc::clone(&world) as _, Arc::clone(&world) as _);
    head.set_late_log(Some(world));
    head
}

fn options() -> HeadOptions {
    HeadOptions { chunk_range: 1_000, samples_per_chunk: 4, late_capacity: 2, ..HeadOptions::default() }
}

/// Commits one sample for each of these series; what is said of the samples.
fn commit(head: &Head, names: &[String], t: i64) -> Vec<Verdict> {
    let (mut batch, mut verdicts, mut appender) = (Batch::new(), Vec::new(), Box::new(head.appender()));
    for name in names {
        let labels = Labels::from_pairs([("n", name.as_str())]).unwrap();
        batch.float(appender.series(labels.view()).unwrap(), t, value(name, t));
    }
    appender.append(&batch, &mut verdicts);
    if verdicts.iter().all(|verdict| verdict.is_accepted()) {
        appender.commit().unwrap();
    }
    verdicts
}

/// Different for each series, so that a sample shows whose it is.
#[expect(clippy::cast_precision_loss, reason = "they are small")]
fn value(name: &str, t: i64) -> f64 {
    t as f64 + name.bytes().map(f64::from).sum::<f64>() / 1024.0
}

/// The times of the samples of matching series, each by its name, which must be all their own.
fn seen(reader: &HeadReader<'_>, matcher: &Matcher) -> BTreeMap<String, Vec<i64>> {
    let mut set = reader.select(&Select::new(std::slice::from_ref(matcher), Interval::ALL)).unwrap();
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    let mut all = BTreeMap::new();
    while set.next(&mut series).unwrap() {
        let name = series.labels.get("n").unwrap().to_owned();
        assert!(matcher.matches(&name), "{name} was not asked for");
        columns.clear();
        decoder.decode(&series, Interval::ALL, &mut columns).unwrap();
        let floats = columns.as_floats().unwrap();
        for (t, v) in floats.t.iter().zip(floats.v) {
            assert_eq!(value(&name, *t).to_bits(), v.to_bits(), "a sample of {name} at {t} is of another series");
        }
        assert!(columns.times().is_sorted_by(|a, b| a < b), "{:?}", columns.times());
        assert!(all.insert(name, columns.times().to_vec()).is_none(), "a series comes twice");
    }
    assert!(set.warnings().is_empty(), "{:?}", set.warnings());
    all
}

fn any() -> Matcher {
    Matcher::new(promd_model::MatchOp::Regex, "n", ".+").unwrap()
}

/// The times of all samples on their way into a block.
fn times_in(source: &mut dyn BlockSource) -> BTreeSet<i64> {
    let (mut series, mut columns) = (SourceSeries::default(), Columns::new());
    while source.next_series(&mut series).unwrap() {
        series.chunks.iter().for_each(|chunk| chunk.chunk().decode_into(&mut columns).unwrap());
    }
    columns.times().iter().copied().collect()
}

#[test]
fn readers_see_whole_commits() {
    check(|| {
        let head = head(options());
        thread::scope(|scope| {
            for writer in ["a", "b"] {
                let head = &head;
                scope.spawn(move || {
                    let names = [1, 2].map(|number| format!("{writer}{number}"));
                    for n in 1..=3 {
                        while commit(head, &names, n * 200).contains(&Verdict::UnknownSeries) {}
                    }
                });
            }
            scope.spawn(|| {
                let reader = head.reader(Interval::ALL);
                let first = seen(&reader, &any());
                for writer in ["a", "b"] {
                    let of_writer = first.iter().filter(|(name, _)| name.starts_with(writer));
                    let lasts: Vec<_> = of_writer.map(|(_, times)| times.last()).collect();
                    assert!(lasts.is_empty() || lasts.len() == 2 && lasts[0] == lasts[1], "{first:?}");
                }
                assert_eq!(first, seen(&reader, &any()));
            });
            scope.spawn(|| drop(head.truncate(300)));
        });
        for (_, times) in seen(&head.reader(Interval::ALL), &any()) {
            assert_eq!(times, [400, 600]);
        }
    });
}

#[test]
fn slots_are_not_used_again_under_a_reader() {
    check(|| {
        let head = head(options());
        assert!(commit(&head, &["old".to_owned()], 100)[0].is_accepted());
        // Series fall into stripes by their references: the next one falls into that of the first.
        for number in 1..STRIPES {
            let labels = Labels::from_pairs([("filler", number.to_string())]).unwrap();
            head.appender().series(labels.view()).unwrap();
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                for (name, t) in [("new", 450), ("newer", 850)] {
                    while commit(&head, &[name.to_owned()], t).contains(&Verdict::UnknownSeries) {}
                }
            });
            for name in ["old", "new"] {
                let head = &head;
                scope.spawn(move || {
                    let reader = head.reader(Interval::new(400, i64::MAX));
                    let first = seen(&reader, &Matcher::equal("n", name));
                    assert_eq!(first, seen(&reader, &Matcher::equal("n", name)));
                });
            }
            scope.spawn(|| {
                for before in [200, 460, 470] {
                    head.try_truncate(before);
                }
            });
        });
        head.truncate(900);
        assert_eq!(head.series_count(), 0);
    });
}

#[test]
fn in_order_samples_are_in_the_head_or_in_a_block() {
    check(|| {
        let (head, blocks) = (head(options()), Mutex::new(BTreeSet::new()));
        let (committed, names) = (AtomicI64::new(0), ["up".to_owned()]);
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 1..=5 {
                    assert!(commit(&head, &names, n * 300)[0].is_accepted());
                    committed.store(n, Ordering::SeqCst);
                }
            });
            scope.spawn(|| {
                // As `Db` makes a block of a range.
                let mut is_written = false;
                for _ in 0..8 {
                    if !is_written && head.max_time().is_some_and(|max| max > 1_100) && head.close_before(1_000) {
                        let block = times_in(&mut head.source(Interval::new(i64::MIN, 999)));
                        blocks.lock().unwrap().extend(block);
                        is_written = true;
                    }
                    if is_written && head.try_truncate(1_000).is_some() {
                        break;
                    }
                    thread::yield_now();
                }
            });
            scope.spawn(|| {
                for _ in 0..2 {
                    let until = committed.load(Ordering::SeqCst);
                    // First the head and then the blocks.
                    let reader = head.reader(Interval::ALL);
                    let in_blocks = blocks.lock().unwrap().clone();
                    let in_head: Vec<i64> = seen(&reader, &any()).into_values().flatten().collect();
                    for t in (1..=until).map(|n| n * 300) {
                        assert!(in_head.contains(&t) || in_blocks.contains(&t), "{t} is nowhere");
                    }
                }
            });
        });
    });
}

#[test]
fn late_samples_are_in_the_head_or_in_a_block() {
    check(|| {
        let head = head(HeadOptions { late_window: 900, ..options() });
        let (blocks, committed, names) = (Mutex::new(BTreeSet::new()), AtomicI64::new(0), ["up".to_owned()]);
        assert!(commit(&head, &names, 1_000)[0].is_accepted());
        let late = [500, 300, 400, 350];
        thread::scope(|scope| {
            scope.spawn(|| {
                for (n, t) in (1..).zip(late) {
                    assert!(commit(&head, &names, t)[0].is_accepted());
                    committed.store(n, Ordering::SeqCst);
                }
            });
            scope.spawn(|| {
                for _ in 0..2 {
                    let Some(late) = head.late_blocks().unwrap() else { continue };
                    for times in late.ranges() {
                        let block = times_in(&mut head.late_source(&late, *times));
                        blocks.lock().unwrap().extend(block);
                    }
                    while head.try_truncate_late(&late).unwrap().is_none() {
                        thread::yield_now();
                    }
                }
            });
            scope.spawn(|| {
                for _ in 0..2 {
                    let until = usize::try_from(committed.load(Ordering::SeqCst)).unwrap();
                    let reader = head.reader(Interval::ALL);
                    let in_blocks = blocks.lock().unwrap().clone();
                    let in_head: Vec<i64> = seen(&reader, &any()).into_values().flatten().collect();
                    for t in &late[..until] {
                        assert!(in_head.contains(t) || in_blocks.contains(t), "{t} is nowhere");
                    }
                }
            });
        });
    });
}

#[test]
fn what_was_accepted_is_not_collected() {
    check(|| {
        let head = head(options());
        assert!(commit(&head, &["other".to_owned()], 500)[0].is_accepted());
        thread::scope(|scope| {
            scope.spawn(|| {
                for (name, t) in [("x", 600), ("y", 700)] {
                    while commit(&head, &[name.to_owned()], t).contains(&Verdict::UnknownSeries) {}
                    let reader = head.reader(Interval::ALL);
                    assert_eq!(seen(&reader, &Matcher::equal("n", name)).into_values().next(), Some(vec![t]));
                }
            });
            scope.spawn(|| {
                for before in [100, 200] {
                    head.truncate(before);
                }
            });
        });
    });
}

#[test]
fn two_appenders_of_a_series_leave_one_sample_a_time() {
    check(|| {
        let (head, names) = (head(options()), ["up".to_owned()]);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (1..=4).for_each(|n| drop(commit(&head, &names, n * 100))));
            }
            scope.spawn(|| {
                let early = seen(&head.reader(Interval::ALL), &any()).into_values().next().unwrap_or_default();
                let later = seen(&head.reader(Interval::ALL), &any()).into_values().next().unwrap_or_default();
                assert!(later.starts_with(&early), "{early:?}, and later {later:?}");
            });
        });
        let times = seen(&head.reader(Interval::ALL), &any()).into_values().next();
        assert_eq!(times, Some(vec![100, 200, 300, 400]));
    });
}
