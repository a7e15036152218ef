//! The power goes at every operation of everything that changes blocks.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod small_blocks;
mod support;

use std::sync::Arc;

use answer::Answer;
use promd_block::Interval;
use promd_fs::{FaultPlan, Fs, SimFs, Tear};
use promd_model::Matcher;
use promd_tsdb::{Db, DbError};
use small_blocks::{Model, add_block, open, options};
use support::everything;

/// Every time another machine, on which the work stops one operation later, until it is done. `check` sees what is answered
/// after the power came back. Says how often it went.
fn at_every_operation(
    blocks: u64,
    prepare: impl Fn(&Db, &mut Model),
    work: impl Fn(&Db) -> Result<(), DbError>,
    check: impl Fn(&Answer, &Answer, &str),
) -> u64 {
    for stop in 1.. {
        let fs = SimFs::new(stop);
        let shared: Arc<dyn Fs> = Arc::new(fs.clone());
        let mut model = Model::new();
        (0..blocks).for_each(|at| add_block(&shared, at, at, &mut model));
        let db = open(&shared, options());
        prepare(&db, &mut model);
        let tear = if stop % 2 == 0 { Tear::Sector } else { Tear::Byte };
        fs.set_plan(FaultPlan::new().tear(tear).stop_at(fs.ops() + stop));
        let done = work(&db).is_ok() && !fs.is_stopped();
        drop(db);
        for outcome in 0..3 {
            let rebooted = fs.power_loss();
            let again: Arc<dyn Fs> = Arc::new(rebooted.clone());
            let db = open(&again, options());
            let (got, warnings) = everything(&db);
            let when = format!("stopped at {stop}, outcome {outcome}\n{}", rebooted.log());
            assert_eq!(warnings, [""; 0], "{when}");
            assert!(db.damage().is_empty(), "{when}");
            check(&model.answer(), &got, &when);
            // What was left undone is done, and done right.
            work(&db).unwrap();
            db.close().unwrap();
            let db = open(&again, options());
            check(&model.answer(), &everything(&db).0, &when);
        }
        if done {
            return stop - 1;
        }
    }
    0
}

fn same(model: &Answer, got: &Answer, when: &str) {
    assert_eq!(model, got, "{when}");
}

#[test]
fn a_merge_loses_and_doubles_nothing() {
    let stops = at_every_operation(4, |_, _| {}, Db::tick, same);
    assert!(stops > 50, "{stops}");
}

#[test]
fn cleaning_loses_nothing_and_brings_nothing_back() {
    let times = Interval::new(3, 33);
    let prepare = |db: &Db, model: &mut Model| {
        db.delete(times, &[Matcher::equal("job", "b")]).unwrap();
        model.delete(times, "b");
    };
    let stops = at_every_operation(3, prepare, Db::clean_tombstones, same);
    assert!(stops > 50, "{stops}");
}

/// A deletion that was acknowledged holds, and one that was not took nothing else.
#[test]
fn a_deletion_takes_what_it_should_and_no_more() {
    let times = Interval::new(3, 33);
    let delete = |db: &Db| db.delete(times, &[Matcher::equal("job", "b")]);
    let check = |model: &Answer, got: &Answer, when: &str| {
        for (labels, samples) in model {
            let left = got.get(labels).unwrap_or_else(|| panic!("{labels} is gone: {when}"));
            for (t, value) in samples {
                let deleted = labels.get("job") == Some("b") && times.contains(*t);
                assert!(left.get(t) == Some(value) || (deleted && !left.contains_key(t)), "{labels} at {t}: {when}");
            }
        }
    };
    let stops = at_every_operation(3, |_, _| {}, delete, check);
    assert!(stops > 10, "{stops}");

    let acknowledged = |db: &Db, model: &mut Model| {
        delete(db).unwrap();
        model.delete(times, "b");
    };
    at_every_operation(3, acknowledged, Db::reload, same);
}
