//! What a query holds is charged to its account, and no more than that is held.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failure ends the test, and figures are for who asks")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use promd_budget::{AccountOptions, Ledger, Limit};
use promd_clock::RealClock;
use promd_fs::RealFs;
use promd_model::Labels;
use promd_promql::{Engine, Number, Query, QueryError, ScopedThreads, Value};
use promd_storage::{Batch, MemStorage};
use promd_testkit::CountingAllocator;
use promd_tsdb::{Db, Options};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const MINUTE: i64 = 60_000;
/// What a query takes whatever its data.
const FIXED: usize = 64 << 10;

fn filled(series: u64, samples: i64) -> MemStorage {
    let storage = MemStorage::new();
    for number in 0..series {
        let labels = Labels::from_pairs([
            ("__name__", "m".to_owned()),
            ("instance", format!("instance-{:03}", number % 100)),
            ("number", format!("{number:06}")),
        ]);
        storage
            .load(&labels.unwrap(), (0..samples).map(|at| (at * MINUTE, (at.unsigned_abs() * 7 % (number + 3)) as f64)))
            .unwrap();
    }
    storage
}

const QUERIES: [&str; 10] = [
    "m",
    "rate(m[5m])",
    "sum by (number) (rate(m[5m]))",
    "sum by (instance) (m)",
    "m / on (number) m",
    "quantile by (instance) (0.9, m)",
    "topk(10, m)",
    "label_replace(m, \"a\", \"$1\", \"number\", \"(.*)\")",
    "max_over_time(m[1h:1m])",
    "m and on (number) (m > 3)",
];

/// One test, since memory is that of the process.
#[test]
fn memory() {
    what_is_held_is_charged();
    queries_of_death();
}

fn what_is_held_is_charged() {
    let storage = filled(3000, 400);
    // Encodes what was loaded, which is the store's memory.
    Engine::default().run(&Query::instant("count(m)", 0), &storage).unwrap();
    let mut failed = false;
    for text in QUERIES {
        for helpers in [0, 2] {
            let engine = Engine::default().with_executor(Arc::new(ScopedThreads::new(helpers)));
            let ledger = Ledger::unlimited();
            let account = ledger.account(AccountOptions::new("query"));
            let query = Query::range(text, 60 * MINUTE, 390 * MINUTE, MINUTE).charged_to(account.clone());
            let (answer, held) = CountingAllocator::peak_during(|| engine.run(&query, &storage));
            drop(answer.unwrap());
            let charged = account.peak();
            let beyond = held.saturating_sub(charged) as f64 / charged as f64;
            eprintln!("{text} with {helpers} helpers: held {held}, charged {charged}, {:.1} % beyond", beyond * 100.0);
            // Beside what grows with the data there are threads, locks and the plan.
            failed |= held > charged + charged / 20 + FIXED;
            assert_eq!(account.used(), 0, "{text}: what is over holds nothing");
        }
    }
    assert!(!failed, "more was held than charged");
}

/// A database with as many series as a query of death has to do with: a sample every five minutes, which is as far as steps look back.
fn database(dir: &Path, series: usize, minutes: i64) -> Db {
    let db = Db::open(Arc::new(RealFs::new()), Arc::new(RealClock::new()), dir, Options::default()).unwrap();
    let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
    let labels =
        |number| Labels::from_pairs([("__name__", "m".to_owned()), ("number", format!("{number:06}"))]).unwrap();
    let series: Vec<_> = (0..series).map(|number| appender.series(labels(number).view()).unwrap()).collect();
    for at in (0..minutes).step_by(5) {
        batch.clear();
        series.iter().for_each(|series| batch.float(*series, at * MINUTE, at as f64));
        appender.append(&batch, &mut verdicts);
        appender.commit().unwrap();
        appender = db.appender();
    }
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()));
    drop(appender);
    db
}

/// Sixty-four queries at once, each of which takes 200 MB, while samples are appended to the same database.
fn queries_of_death() {
    const BUDGET: usize = 512 << 20;
    const MINUTES: i64 = 1500;
    let dir = tempfile::tempdir().unwrap();
    let db = database(dir.path(), 5000, MINUTES);
    let ledger = Ledger::new(AccountOptions::new("memory").limit(Limit::Bytes(BUDGET)));
    let queries = ledger.account(AccountOptions::new("queries"));
    let engine = Engine::default();
    let (done, live) = (AtomicBool::new(false), Labels::from_pairs([("__name__", "live")]).unwrap());
    let ((refused, answered, appended), held) = CountingAllocator::peak_during(|| {
        thread::scope(|scope| {
            let appending = scope.spawn(|| {
                let (mut appended, mut batch, mut verdicts) = (0, Batch::new(), Vec::new());
                while !done.load(Ordering::Relaxed) {
                    let mut appender = db.appender();
                    let series = appender.series(live.view()).unwrap();
                    batch.clear();
                    batch.float(series, MINUTES * MINUTE + appended, 1.0);
                    appender.append(&batch, &mut verdicts);
                    appender.commit().unwrap();
                    appended += 1;
                }
                assert!(verdicts.iter().all(|verdict| verdict.is_accepted()));
                appended
            });
            let running: Vec<_> = (0..64)
                .map(|number| {
                    let account = queries.child(AccountOptions::new("query").key(number.to_string()));
                    let (engine, db) = (&engine, &db);
                    scope.spawn(move || {
                        let query = Query::range("m + on (number) (m * 2)", 0, (MINUTES - 10) * MINUTE, MINUTE)
                            .charged_to(account);
                        engine.run(&query, db)
                    })
                })
                .collect();
            let (mut refused, mut answered) = (0, 0);
            for query in running {
                match query.join().unwrap() {
                    Err(QueryError::Refused(_)) => refused += 1,
                    Err(error) => panic!("{error}"),
                    Ok(_) => answered += 1,
                }
            }
            done.store(true, Ordering::Relaxed);
            (refused, answered, appending.join().unwrap())
        })
    });
    eprintln!("{refused} refused, {answered} answered, {appended} appends, {held} bytes held");
    assert!(refused > 0 && appended > 0, "{refused} refused, {appended} appended");
    assert!(held < BUDGET + BUDGET / 20, "{held} bytes were held within a budget of {BUDGET}");
    assert_eq!(queries.used(), 0);
    // All that was appended meanwhile is there, and the database answers as before.
    let end = MINUTES * MINUTE + appended;
    let mut query =
        Query::instant(format!("count_over_time(live[{end}ms]) + on () count(m @ {})", (MINUTES - 10) * 60), end);
    query.account = Some(queries.child(AccountOptions::new("query")));
    let Value::Vector(samples) = engine.run(&query, &db).unwrap().value else { panic!("a vector") };
    assert_eq!(samples[0].value, Number::Float(appended as f64 + 5000.0));
    db.close().unwrap();
}
