//! How many series there may be, by number and by memory: new ones are refused, and those that there are go on.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod support;

use std::sync::Arc;

use promd_budget::{AccountOptions, Ledger, Limit};
use promd_fs::{ErrorKind, Failure, Fs, Op, SimFs};
use promd_model::{Interval, Labels};
use promd_storage::{Batch, Refused};
use promd_tsdb::{Db, Options};
use support::{clock, everything};

/// Asks for a series, and appends to it.
fn append(db: &Db, job: &str, metric: &str, n: u32, t: i64) -> Result<(), Refused> {
    let labels = Labels::from_pairs([("__name__", metric), ("job", job), ("n", &n.to_string())]).unwrap();
    let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
    batch.float(appender.series(labels.view())?, t, 1.0);
    appender.append(&batch, &mut verdicts);
    assert!(verdicts[0].is_accepted(), "{}", verdicts[0]);
    appender.commit().unwrap();
    Ok(())
}

fn open(options: Options) -> Db {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    Db::open(fs, clock(), "/data", options).unwrap()
}

#[test]
fn an_explosion_of_one_target_is_refused_and_named() {
    let mut options = Options::default();
    options.max_series = Some(100);
    let db = open(options);
    for t in 0..3 {
        (0..90).for_each(|n| append(&db, "node", "cpu", n, t).unwrap());
        let refused = (0..1_000).filter(|n| append(&db, "wild", "requests", *n, t).is_err()).count();
        assert_eq!(refused, 990);
        assert!(append(&db, "other", "up", 0, t).is_err());
    }
    let error = append(&db, "node", "cpu", 91, 3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store holds 100 series, which is its limit (--promd.head.max-series); it takes no new ones"
    );
    let blamed: Vec<_> = db.refused_series().into_iter().map(|one| (one.job, one.metric, one.count)).collect();
    let expected = [("wild", "requests", 2_970), ("other", "up", 3), ("node", "cpu", 1)];
    assert_eq!(blamed, expected.map(|(job, metric, count)| (job.to_owned(), metric.to_owned(), count)));
    // All samples of the series that there are.
    let (answer, _) = everything(&db);
    assert_eq!((answer.len(), answer.values().map(std::collections::BTreeMap::len).sum::<usize>()), (100, 300));
    let jobs: Vec<_> = db.cost_by("job").into_iter().map(|cost| (cost.value, cost.series)).collect();
    assert_eq!(jobs, [("node".to_owned(), 90), ("wild".to_owned(), 10)]);
}

#[test]
fn whoever_sends_a_new_metric_each_time_takes_no_memory() {
    let mut options = Options::default();
    options.max_series = Some(1);
    let db = open(options);
    append(&db, "node", "up", 0, 0).unwrap();
    for n in 0..5_000 {
        append(&db, "wild", &format!("metric_{n}"), n, 0).unwrap_err();
    }
    let refused = db.refused_series();
    assert_eq!(refused.len(), 1_001);
    assert_eq!((refused[0].job.as_str(), refused[0].metric.as_str(), refused[0].count), ("", "", 4_000));
}

#[test]
fn the_head_is_charged_and_refuses_new_series_when_the_account_is_full() {
    let ledger = Ledger::new(AccountOptions::new("promd").flag("--promd.memory.budget").limit(Limit::Bytes(2 << 20)));
    let account = ledger.root().child(AccountOptions::new("head"));
    let mut options = Options::default();
    options.account = Some(account.clone());
    options.min_block_duration = 1_000;
    let db = open(options);
    let mut made = 0;
    let error = loop {
        match append(&db, "node", "cpu", made, 0) {
            Ok(()) => made += 1,
            Err(error) => break error,
        }
        assert!(made < 100_000);
    };
    assert!(matches!(error, Refused::OverBudget { .. }));
    assert!(error.to_string().contains("--promd.memory.budget"), "{error}");
    assert!(made > 1_000, "{made}");
    // Those that there are go on, also when what they take is measured, and is more than there should be.
    for t in 1..500 {
        append(&db, "node", "cpu", t % made, i64::from(t)).unwrap();
    }
    db.tick().unwrap();
    let measured: usize = db.stats(1).memory.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(account.used(), measured);
    assert_eq!(db.refused_series()[0].count, 1);
    // A query that takes what is left refuses series, too, and none when it is done.
    let query = ledger.root().child(AccountOptions::new("query")).force(4 << 20);
    append(&db, "node", "cpu", made, 500).unwrap_err();
    drop(query);

    // What becomes a block is given back.
    append(&db, "node", "cpu", 0, 3_000).unwrap();
    db.tick().unwrap();
    db.tick().unwrap();
    assert_eq!(db.stats(1).series, 1);
    append(&db, "node", "cpu", made, 3_001).unwrap();
    drop(db);
    assert_eq!(account.used(), 0);
}

#[test]
fn two_databases_of_one_process_share_nothing() {
    let (one, other) = (open(Options::default()), open(Options::default()));
    append(&one, "node", "cpu", 0, 0).unwrap();
    assert_eq!((one.stats(1).series, other.stats(1).series), (1, 0));
    append(&other, "node", "up", 0, 0).unwrap();
    one.close().unwrap();
    append(&other, "node", "up", 0, 1).unwrap();
    let (answer, _) = everything(&other);
    assert_eq!(answer.keys().map(|labels| labels.get("__name__")).collect::<Vec<_>>(), [Some("up")]);
    assert_eq!(answer.values().next().unwrap().len(), 2);
}

/// Whatever file of a block it is that cannot be opened: the block is as good as before, and is not moved.
#[test]
fn a_block_for_which_there_are_no_more_files_is_told_and_tried_again() {
    let fs = SimFs::new(1);
    let shared: Arc<dyn Fs> = Arc::new(fs.clone());
    let mut options = Options::default();
    options.min_block_duration = 1_000;
    let db = Db::open(Arc::clone(&shared), clock(), "/data", options.clone()).unwrap();
    (0..30).for_each(|n| append(&db, "node", "up", 0, n * 100).unwrap());
    db.tick().unwrap();
    db.delete(Interval::new(0, 100), &[]).unwrap();
    let expected = everything(&db).0;
    let blocks = db.blocks();
    assert!(blocks.len() > 1);
    db.close().unwrap();
    let oldest = blocks[0].id;
    for (op, file) in [
        (Op::Map, "index"),
        (Op::Map, "chunks/000001"),
        (Op::Open, "tombstones"),
        (Op::Open, "meta.json"),
        (Op::Open, "promd-meta"),
        (Op::Open, "promd-holes.json"),
    ] {
        let kind = if op == Op::Map { ErrorKind::TooManyMaps } else { ErrorKind::TooManyOpenFiles };
        fs.inject(Failure::of(op).on(format!("{oldest}/{file}")).kind(kind));
        let db = Db::open(Arc::clone(&shared), clock(), "/data", options.clone()).unwrap();
        let damage = db.damage();
        let [left_out] = &damage.left_out[..] else { panic!("{file}: {damage:?}") };
        assert!(!left_out.quarantined && left_out.error.is_some(), "{file}: {left_out:?}");
        assert!(everything(&db).1.iter().any(|warning| warning.contains("it is left out")), "{file}");
        db.reload().unwrap();
        assert_eq!(everything(&db), (expected.clone(), Vec::new()), "{file}");
        assert!(db.damage().is_empty(), "{file}: {:?}", db.damage());
        db.close().unwrap();
    }
}

#[test]
fn what_the_system_allows_too_little_of_is_told() {
    let db = open(Options::default());
    // A simulated machine has no limits.
    assert_eq!(db.resources().warnings(), [""; 0]);
    let mut resources = db.resources();
    resources.maps = 60_000;
    resources.limits = promd_fs::RealFs::new().limits();
    resources.limits.open_files = Some(100);
    resources.limits.maps = Some(65_530);
    let warnings = resources.warnings();
    assert!(warnings.iter().any(|text| text.contains("100") && text.contains("ulimit -n")), "{warnings:?}");
    assert!(warnings.iter().any(|text| text.contains("60000 of 65530") && text.contains("vm.max_map_count")));
    resources.maps = 10;
    resources.limits.open_files = Some(1_048_576);
    resources.limits.memory = None;
    assert_eq!(resources.warnings(), [""; 0]);
}
