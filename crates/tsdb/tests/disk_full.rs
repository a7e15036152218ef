//! The disk is full while blocks are merged and deleted from.

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
#[path = "../../block/tests/made/mod.rs"]
mod made;
mod small_blocks;
mod support;

use std::sync::Arc;

use promd_block::Interval;
use promd_fs::{FaultPlan, Fs, SimFs};
use promd_model::Matcher;
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
    assert_eq!(names.len(), 3, "two blocks and the lock: {names:?}");
}
