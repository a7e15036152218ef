//! Queries over plain vectors: no database, no files.
//!
//! `cargo run -p promd-promql --example vectors`
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;
use std::sync::Arc;

use promd_budget::{AccountOptions, Ledger, Limit};
use promd_clock::RealClock;
use promd_model::Labels;
use promd_promql::{Engine, Query, Value};
use promd_storage::MemStorage;

fn main() -> Result<(), Box<dyn Error>> {
    let storage = MemStorage::new();
    for (code, rate) in [("200", 30.0), ("404", 2.0), ("500", 0.5)] {
        let labels = Labels::from_pairs([("__name__", "requests_total"), ("code", code)])?;
        let samples: Vec<(i64, f64)> = (0..=60).map(|minute| (minute * 60_000, minute as f64 * 60.0 * rate)).collect();
        storage.load(&labels, samples)?;
    }

    let engine = Engine::default().with_clock(Arc::new(RealClock::new()));
    let share =
        engine.parse("sum by (code) (rate(requests_total[5m])) / on () group_left sum(rate(requests_total[5m]))")?;
    let ledger = Ledger::new(AccountOptions::new("memory").limit(Limit::Bytes(1 << 20)));
    let query = Query::range(&share, 600_000, 3_600_000, 600_000).charged_to(ledger.root().clone()).explained();
    let answer = engine.run(&query, &storage)?;
    if let Value::Matrix(all) = &answer.value {
        for series in all {
            println!("{}: {:?}", series.labels, series.floats);
        }
    }
    if let Some(explain) = &answer.explain {
        print!("{explain}");
    }
    println!(
        "{} samples were looked at, {} bytes charged",
        answer.statistics.samples.total_queryable,
        ledger.root().peak()
    );
    Ok(())
}
