//! Blocks are deleted from, cleaned, compacted, aged out, copied and read, on a simulated machine.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod small_blocks;
mod support;

use std::path::Path;
use std::sync::Arc;

use made::Random;
use promd_block::{Interval, Meta};
use promd_clock::SimClock;
use promd_fs::{Fs, SimFs};
use promd_model::{Labels, Matcher};
use promd_storage::{Batch, LabelQuery};
use promd_tsdb::{Db, DbError, Maintenance, Options, Retention};
use small_blocks::{DATA, Model, WINDOW, add_block, open, options};
use support::{clock, everything, select_from};

fn job(value: &str) -> Vec<Matcher> {
    vec![Matcher::equal("job", value)]
}

fn values(db: &Db, name: &str) -> Vec<String> {
    db.reader(Interval::ALL).label_values(name, &LabelQuery::new(&[], Interval::ALL)).unwrap().texts
}

/// Random lives against a map of samples: whatever happens to the blocks, the answer is that of the map, also over restarts.
#[test]
fn every_life_answers_as_a_map_of_samples() {
    let (mut merged, mut aged) = (0, 0);
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let fs: Arc<dyn Fs> = Arc::new(SimFs::new(seed));
        let mut settings = options();
        let keep = (seed % 3 == 0).then_some(WINDOW * 7);
        settings.retention.time = keep;
        let mut db = open(&fs, settings.clone());
        let (mut model, mut next) = (Model::new(), 0);
        for step in 0..25 {
            let (old, before) = (db.reader(Interval::ALL), model.answer());
            let action = random.below(8);
            match action {
                0..=2 => {
                    // Now and then out of order, so that blocks overlap. Then what has aged depends on what was merged with what.
                    let at = if keep.is_none() && random.below(5) == 0 { random.below(next + 1) } else { next };
                    add_block(&fs, at, random.next(), &mut model);
                    next += 1;
                    db.reload().unwrap();
                }
                3 | 4 => {
                    let first = i64::try_from(random.below(next * 20 + 1)).unwrap();
                    let times = Interval::new(first, first + i64::try_from(random.below(50)).unwrap());
                    let value = ["a", "b", "c"][usize::try_from(random.below(3)).unwrap()];
                    db.delete(times, &job(value)).unwrap();
                    model.delete(times, value);
                }
                5 => db.clean_tombstones().unwrap(),
                6 => {
                    let blocks = db.blocks().len();
                    db.tick().unwrap();
                    merged += u32::from(db.blocks().len() < blocks);
                }
                // Stopped, or killed below.
                _ if random.below(2) == 0 => db.close().unwrap(),
                _ => {}
            }
            assert_eq!(select_from(&*old, &[]).0, before, "seed {seed}, step {step}: a snapshot");
            drop(old);
            if action == 7 {
                drop(db);
                db = open(&fs, settings.clone());
            }
            if let Some(keep) = keep {
                let kept: Vec<Interval> = db.blocks().iter().map(Meta::interval).collect();
                let newest = kept.iter().map(|one| one.max).max().unwrap_or(0);
                assert!(kept.iter().all(|one| newest - one.max < keep), "seed {seed}, step {step}");
                aged += model.keep(|t| newest - t < keep || kept.iter().any(|one| one.contains(t)));
            }
            let (got, warnings) = everything(&db);
            assert_eq!(warnings, [""; 0], "seed {seed}, step {step}");
            assert_eq!(got, model.answer(), "seed {seed}, step {step}");
            assert_eq!(values(&db, "job"), model.jobs(), "seed {seed}, step {step}");
        }
    }
    assert!(merged > 40 && aged > 40, "{merged} merges, {aged} samples aged out");
}

#[test]
fn a_reader_goes_on_with_what_it_began_with() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let db = open(&fs, options());
    let mut model = Model::new();
    (0..5).for_each(|at| add_block(&fs, at, at, &mut model));
    db.reload().unwrap();
    let reader = db.reader(Interval::ALL);
    let before = model.answer();
    db.delete(Interval::ALL, &job("a")).unwrap();
    db.clean_tombstones().unwrap();
    db.tick().unwrap();
    db.close().unwrap();
    assert_eq!(select_from(&*reader, &[]).0, before);
}

#[test]
fn a_series_of_which_all_is_deleted_is_not_named_any_more() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let db = open(&fs, options());
    let mut model = Model::new();
    (0..3).for_each(|at| add_block(&fs, at, 7, &mut model));
    db.reload().unwrap();
    assert_eq!(values(&db, "job"), ["a", "b", "c"]);
    db.delete(Interval::new(0, WINDOW * 2), &job("b")).unwrap();
    assert_eq!(values(&db, "job"), ["a", "b", "c"], "the third block has it");
    db.delete(Interval::ALL, &job("b")).unwrap();
    assert_eq!(values(&db, "job"), ["a", "c"]);
    let one = LabelQuery { limit: Some(1), ..LabelQuery::new(&[], Interval::ALL) };
    assert_eq!(db.reader(Interval::ALL).label_values("job", &one).unwrap().texts, ["a"]);
    let none = db.reader(Interval::ALL).label_names(&LabelQuery::new(&job("b"), Interval::ALL)).unwrap();
    assert!(none.texts.is_empty());
    // Of everything nothing is left, not even a block.
    db.delete(Interval::ALL, &[]).unwrap();
    db.clean_tombstones().unwrap();
    assert_eq!(db.blocks(), []);
}

#[test]
fn a_directory_is_opened_by_one_and_read_by_any() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let started = |db: &Db| {
        let registry = promd_metrics::Registry::new();
        registry.register(db.metrics()).unwrap();
        let mut snapshot = promd_metrics::Snapshot::new();
        registry.gather(std::time::SystemTime::UNIX_EPOCH, &mut snapshot).unwrap();
        let mut found = Found("prometheus_tsdb_clean_start", false, None);
        snapshot.visit(&mut found);
        found.2
    };
    let db = open(&fs, options());
    assert_eq!(started(&db), Some(1.0));
    assert!(matches!(Db::open(Arc::clone(&fs), clock(), DATA, options()), Err(DbError::Lock(_))));
    let other = Db::open_read_only(Arc::clone(&fs), clock(), DATA).unwrap();
    assert!(matches!(other.delete(Interval::ALL, &[]), Err(DbError::ReadOnly)));
    drop(db);
    let db = open(&fs, options());
    assert_eq!(started(&db), Some(0.0), "it was not closed");
    db.close().unwrap();
    assert!(!fs.exists(&Path::new(DATA).join("lock")).unwrap());
    let mut unlocked = options();
    unlocked.lockfile = false;
    assert_eq!(started(&open(&fs, unlocked)), Some(-1.0));
}

/// The value of a metric.
struct Found(&'static str, bool, Option<f64>);

impl promd_metrics::Sink for Found {
    fn family(&mut self, desc: &promd_metrics::Desc) {
        self.1 = desc.name() == self.0;
    }

    fn sample(&mut self, sample: &promd_metrics::Sample<'_>) {
        if let (true, promd_metrics::Value::Gauge(value)) = (self.1, &sample.value) {
            self.2 = Some(*value);
        }
    }
}

#[test]
fn what_was_deleted_does_not_come_back_when_tombstones_are_damaged() {
    let fs = SimFs::new(1);
    let shared: Arc<dyn Fs> = Arc::new(fs.clone());
    let db = open(&shared, options());
    let mut model = Model::new();
    (0..2).for_each(|at| add_block(&shared, at, at, &mut model));
    db.reload().unwrap();
    db.delete(Interval::ALL, &job("a")).unwrap();
    model.delete(Interval::ALL, "a");
    let hurt = db.blocks()[0].clone();
    db.close().unwrap();
    fs.flip_bit(&Path::new(DATA).join(hurt.id.to_string()).join("tombstones"), 7, 0).unwrap();

    model.keep(|t| !hurt.interval().contains(t));
    for _ in 0..2 {
        let db = open(&shared, options());
        let (got, warnings) = everything(&db);
        assert_eq!(got, model.answer());
        assert!(warnings.iter().any(|one| one.contains(&hurt.id.to_string())), "{warnings:?}");
        let report = db.damage();
        assert_eq!((report.left_out.len(), report.left_out[0].quarantined), (1, true));
        // A question about another time is none of its business.
        let behind = Interval::new(hurt.max_time, i64::MAX);
        assert!(db.reader(behind).label_names(&LabelQuery::new(&[], behind)).unwrap().warnings.is_empty());
        db.tick().unwrap();
        db.close().unwrap();
    }
    // It counts, and it is the oldest.
    let mut settings = options();
    settings.retention = Retention { size: Some(1), ..Retention::default() };
    let db = open(&shared, settings);
    assert_eq!((db.blocks().len(), db.damage().left_out.len()), (0, 0));
}

#[test]
fn folders_without_index_are_reported_and_kept() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let odd = Path::new(DATA).join("01M7XK23CJXQ412T2MM0RSXNGP");
    let left = Path::new(DATA).join("01M7XK23CJXQ412T2MM0RSXNGQ.tmp-for-creation");
    fs.create_dir_all(&odd).unwrap();
    fs.create_dir_all(&left).unwrap();
    let db = open(&fs, options());
    db.tick().unwrap();
    assert_eq!(db.damage().without_index, [odd.as_path()]);
    assert!(fs.exists(&odd).unwrap() && !fs.exists(&left).unwrap());
}

#[test]
fn a_snapshot_is_a_directory_of_its_own() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let db = open(&fs, options());
    let mut model = Model::new();
    (0..4).for_each(|at| add_block(&fs, at, at, &mut model));
    db.reload().unwrap();
    db.delete(Interval::new(5, 30), &job("a")).unwrap();
    model.delete(Interval::new(5, 30), "a");
    let to = Path::new(DATA).join("snapshots/monday");
    db.snapshot(&to, false).unwrap();
    assert!(matches!(db.snapshot(Path::new(DATA), false), Err(DbError::SnapshotPlace(_))));
    assert!(matches!(db.snapshot("/01M7XK23CJXQ412T2MM0RSXNGP".as_ref(), false), Err(DbError::SnapshotPlace(_))));
    db.delete(Interval::ALL, &[]).unwrap();
    db.clean_tombstones().unwrap();
    assert_eq!(db.blocks(), []);
    let copy = Db::open(fs, clock(), to, options()).unwrap();
    assert_eq!(everything(&copy).0, model.answer());
    assert!(copy.damage().is_empty());
}

#[test]
fn a_task_in_the_background_does_what_a_tick_does() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let (mut model, clock) = (Model::new(), SimClock::default());
    (0..4).for_each(|at| add_block(&fs, at, at, &mut model));
    let mut settings = options();
    settings.maintenance = Maintenance::background(|task| {
        std::thread::spawn(task);
    });
    let interval = settings.reload_interval;
    let db = Db::open(Arc::clone(&fs), Arc::new(clock.clone()), DATA, settings).unwrap();
    // The database's, and the log's.
    clock.wait_for_sleepers(2);
    assert_eq!(db.blocks().len(), 2, "three of four are one");
    (4..7).for_each(|at| add_block(&fs, at, at, &mut model));
    clock.advance(interval);
    clock.wait_for_sleepers(2);
    assert_eq!(everything(&db).0, model.answer());
    assert!(db.damage().is_empty());
    db.close().unwrap();
}

/// The default settings never remove anything.
#[test]
fn nothing_is_removed_unless_it_is_asked_for() {
    assert_eq!(Options::default().retention, Retention::default());
}

/// The head moves on over a range of which everything was deleted, and no block says so. A chunk of it stays for as long as its file.
#[test]
fn what_was_deleted_from_the_head_does_not_come_back_where_there_is_no_block() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let mut settings = Options::default();
    settings.min_block_duration = 1_000;
    settings.samples_per_chunk = 8;
    let reopen = || Db::open(Arc::clone(&fs), clock(), DATA, settings.clone()).unwrap();
    let append = |db: &Db, value: &str, times: &[i64]| {
        let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
        let series = appender.series(Labels::from_pairs([("__name__", "m"), ("job", value)]).unwrap().view()).unwrap();
        times.iter().for_each(|t| batch.float(series, *t, 1.0));
        appender.append(&batch, &mut verdicts);
        assert!(verdicts.iter().all(|verdict| verdict.is_accepted()));
        appender.commit().unwrap();
    };

    let db = reopen();
    append(&db, "a", &[2_834, 3_100]);
    // Chunks that keep the file of the one that ends before 3000.
    append(&db, "b", &(3_050..3_080).collect::<Vec<_>>());
    db.delete(Interval::new(2_780, 2_882), &job("a")).unwrap();
    db.close().unwrap();
    // Each start begins a segment of the log, and the first two thirds of them go.
    for t in 3_200..3_206 {
        let db = reopen();
        append(&db, "b", &[t]);
        db.close().unwrap();
    }
    let db = reopen();
    append(&db, "b", &[4_400]);
    let before = everything(&db);
    db.tick().unwrap();
    assert_eq!(db.blocks(), [], "of what was deleted there is no block");
    let checkpoints = fs.read_dir(Path::new(DATA).join("wal").as_ref()).unwrap();
    assert!(checkpoints.iter().any(|entry| entry.name.to_str().unwrap().starts_with("checkpoint")));
    db.close().unwrap();
    assert_eq!(everything(&reopen()), before);
}
