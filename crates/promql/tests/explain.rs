//! What each part of an expression costs, before and after.
#![expect(clippy::unwrap_used, reason = "what cannot be stored or asked fails the test")]

use std::sync::Arc;

use promd_clock::RealClock;
use promd_model::Labels;
use promd_promql::{Engine, Explain, Query};
use promd_storage::MemStorage;

const MINUTE: i64 = 60_000;

/// Eight series of 240 samples, two chunks each.
fn storage() -> MemStorage {
    let storage = MemStorage::new();
    for number in 0..8 {
        let labels = Labels::from_pairs([
            ("__name__", "m_total".to_owned()),
            ("half", (number % 2).to_string()),
            ("number", number.to_string()),
        ]);
        storage.load(&labels.unwrap(), (0..240).map(|at| (at * MINUTE, (at * number) as f64))).unwrap();
    }
    storage
}

/// Operation, text, series, samples and chunks of an expression and those within it.
fn lines(explain: &Explain, all: &mut Vec<(String, String, Option<u64>, u64, u64)>) {
    let Explain { operation, text, series, samples, chunks, .. } = explain;
    all.push((operation.clone(), text.clone(), *series, *samples, *chunks));
    explain.children.iter().for_each(|child| lines(child, all));
}

#[test]
fn every_expression_says_what_it_has_cost() {
    let storage = storage();
    let engine = Engine::default().with_clock(Arc::new(RealClock::new()));
    let query = Query::range("sum by (half) (rate(m_total[5m])) * 2", 200 * MINUTE, 210 * MINUTE, MINUTE).explained();
    let explain = engine.run(&query, &storage).unwrap().explain.unwrap();
    let mut all = Vec::new();
    lines(&explain, &mut all);
    let line = |operation: &str, text: &str, series, samples, chunks| {
        (operation.to_owned(), text.to_owned(), Some(series), samples, chunks)
    };
    // From 195 to 210 minutes without the first: 15 samples of each series, in the second chunk. What else the store hands out is
    // not decoded.
    assert_eq!(all.len(), 4);
    assert_eq!(all[0], line("*", "sum by (half) (rate(m_total[5m])) * 2", 2, 0, 0));
    assert_eq!(all[1], line("sum", "sum by (half) (rate(m_total[5m]))", 2, 0, 0));
    assert_eq!((&all[2].0[..], all[2].2, all[2].3), ("rate", Some(8), 8 * 15));
    assert_eq!(all[3], line("constant", "2", 1, 0, 0));
    assert!(explain.time >= explain.children[0].time && !explain.time.is_zero());
    assert_eq!(explain.total_samples(), 8 * 15);
    assert_eq!(explain.to_string().lines().count(), 4);
}

#[test]
fn an_estimate_is_no_less_than_what_is_read() {
    let storage = storage();
    let engine = Engine::default();
    for text in ["m_total", "rate(m_total[10m])", "m_total / ignoring (half) m_total", "max_over_time(m_total[1h:1m])"]
    {
        let query = Query::range(text, 100 * MINUTE, 130 * MINUTE, MINUTE).explained();
        let estimate = engine.estimate(&query, &storage).unwrap();
        let actual = engine.run(&query, &storage).unwrap().explain.unwrap();
        assert!(estimate.total_samples() >= actual.total_samples(), "{text}: {estimate}{actual}");
        assert!(actual.total_samples() > 0, "{text}");
    }
}

#[test]
fn a_selection_that_two_selectors_share_says_so() {
    let query = Query::instant("m_total - m_total", 100 * MINUTE).explained();
    let explain = Engine::default().run(&query, &storage()).unwrap().explain.unwrap();
    assert!(explain.children.iter().all(|child| child.shared));
}
