//! The disk is full while blocks are merged and deleted from, and while samples come in.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod small_blocks;
mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use promd_block::Interval;
use promd_fs::{FaultPlan, Fs, SimFs};
use promd_model::{Labels, Matcher};
use promd_storage::Batch;
use promd_tsdb::Db;
use promd_wal::Compression;
use small_blocks::{DATA, Model, add_block, open, options};
use support::everything;

#[test]
fn work_fails_loudly_costs_nothing_and_is_done_when_there_is_space() {
    let fs = SimFs::new(1);
    let shared: Arc<dyn Fs> = Arc::new(fs.clone());
    let mut model = Model::new();
    (0..4).for_each(|at| add_block(&shared, at, at, &mut model));
    let db = open(&shared, options());
    fs.set_plan(FaultPlan::new().capacity(1));

    let times = Interval::new(3, 33);
    let b = [Matcher::equal("job", "b")];
    db.delete(times, &b).unwrap_err();
    db.tick().unwrap_err();
    assert!(db.damage().maintenance.is_some_and(|text| text.contains("no space left")));
    assert_eq!(everything(&db), (model.answer(), Vec::new()));
    assert_eq!(db.blocks().len(), 4);
    assert!(db.blocks().iter().all(|meta| !meta.compaction.failed), "a full disk is not the blocks' fault");
    drop(db);

    // It opens on a full disk, too.
    let db = open(&shared, options());
    assert_eq!(everything(&db), (model.answer(), Vec::new()));
    fs.set_plan(FaultPlan::new());
    db.delete(times, &b).unwrap();
    model.delete(times, "b");
    db.tick().unwrap();
    assert_eq!((everything(&db).0, db.blocks().len()), (model.answer(), 2));
    assert!(db.damage().is_empty());
    let names: Vec<_> = shared.read_dir(DATA.as_ref()).unwrap().iter().map(|entry| entry.name.clone()).collect();
    assert_eq!(names.len(), 6, "two blocks, the lock, and what belongs to the head: {names:?}");
}

/// How many series a scrape has: so many that ten scrapes do not fit into what is left of a block of the disk.
const SERIES: usize = 100;

/// A scrape of one sample for each series; says whether it was acknowledged.
fn scrape(db: &Db, t: i64) -> bool {
    let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
    for number in 0..SERIES {
        let labels = Labels::from_pairs([("__name__", "up"), ("n", &number.to_string())]).unwrap();
        let series = appender.series(labels.view()).unwrap();
        batch.float(series, t, (t % 13) as f64);
    }
    appender.append(&batch, &mut verdicts);
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{t}: {verdicts:?}");
    appender.commit().is_ok()
}

/// What is refused is refused as a whole; what was acknowledged before, between and after survives a kill. Chunks become full
/// meanwhile, and the head longer than a block.
#[test]
fn what_was_acknowledged_around_a_full_disk_survives_a_kill() {
    for seed in 0..10 {
        let fs = SimFs::new(seed);
        let shared: Arc<dyn Fs> = Arc::new(fs.clone());
        let mut options = options();
        options.samples_per_chunk = 4;
        options.log = promd_wal::Options::default().compression(Compression::None);
        let db = open(&shared, options.clone());
        let (mut acknowledged, mut refused) = (BTreeSet::new(), 0);
        for t in 0..120 {
            if t % 30 == 10 {
                fs.set_plan(FaultPlan::new().capacity(1));
            } else if t % 30 == 20 {
                fs.set_plan(FaultPlan::new());
            }
            if scrape(&db, t) {
                acknowledged.insert(t);
            } else {
                refused += 1;
            }
            if t % 7 == 6 {
                assert_eq!(db.tick().is_err(), db.damage().maintenance.is_some());
            }
        }
        assert!(refused > 15, "seed {seed}: {refused}");
        for when in ["open", "killed", "killed again"] {
            let fs: Arc<dyn Fs> = Arc::new(if when == "open" { fs.clone() } else { fs.crash_process() });
            let again;
            let db = if when == "open" {
                &db
            } else {
                again = open(&fs, options.clone());
                &again
            };
            let (got, warnings) = everything(db);
            assert_eq!(warnings, [""; 0], "seed {seed}, {when}");
            assert_eq!(got.len(), SERIES);
            for samples in got.values() {
                // One that was refused may have been logged before the disk said so.
                assert!(acknowledged.iter().all(|t| samples.contains_key(t)), "seed {seed}, {when}");
                assert!(when != "open" || samples.len() == acknowledged.len(), "seed {seed}, {when}");
            }
        }
    }
}
