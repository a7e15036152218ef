//! Queries over a database in a program: `cargo run -p promd-promql --example database -- DIR`.
//!
//! What it shows beside the query: threads that help, a clock for the timeout, an account that pays, and a look at what it will read
//! before it is run.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use promd_budget::{AccountOptions, Ledger, Limit};
use promd_clock::RealClock;
use promd_fs::RealFs;
use promd_model::Labels;
use promd_promql::{Engine, EngineOptions, Query, ScopedThreads, Value};
use promd_storage::Batch;
use promd_tsdb::{Db, Options};

const MINUTE: i64 = 60_000;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).ok_or("which directory?")?;
    let clock = Arc::new(RealClock::new());
    let db = Db::open(Arc::new(RealFs::new()), clock.clone(), dir, Options::default())?;

    // Two rooms, an hour of readings.
    let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
    for (room, at_noon) in [("kitchen", 21.0), ("cellar", 12.0)] {
        let labels = Labels::from_pairs([("__name__", "temperature_celsius"), ("room", room)])?;
        let series = appender.series(labels.view())?;
        (0..60).for_each(|minute| batch.float(series, minute * MINUTE, at_noon + minute as f64 / 10.0));
    }
    appender.append(&batch, &mut verdicts);
    appender.commit()?;

    let mut options = EngineOptions::default();
    options.timeout = Some(Duration::from_secs(30));
    let engine = Engine::new(options).with_clock(clock).with_executor(Arc::new(ScopedThreads::new(1)));
    let ledger = Ledger::new(AccountOptions::new("memory").limit(Limit::Bytes(64 << 20)));
    let text = "max by (room) (max_over_time(temperature_celsius[15m]))";
    let query = Query::range(text, 15 * MINUTE, 60 * MINUTE, 15 * MINUTE).charged_to(ledger.root().clone());

    println!("{} samples at the most", engine.estimate(&query, &db)?.total_samples());
    let answer = engine.run(&query, &db)?;
    if let Value::Matrix(all) = &answer.value {
        for series in all {
            println!("{}: {:?}", series.labels, series.floats);
        }
    }
    answer.warnings.iter().for_each(|warning| println!("warning: {warning}"));
    Ok(db.close()?)
}
