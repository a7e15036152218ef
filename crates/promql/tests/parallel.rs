//! The answer is the same to the bit, whoever works on it and how many.
#![expect(clippy::unwrap_used, reason = "what cannot be stored or asked fails the test")]

use std::sync::Arc;

use promd_model::{CounterResetHint, FloatHistogram, Labels, STALE_NAN, Span};
use promd_promql::{Engine, EngineOptions, Query, ScopedThreads, Value};
use promd_storage::{Batch, MemStorage, Storage};

const MINUTE: i64 = 60_000;
const SAMPLES: i64 = 720;

fn noise(seed: u64) -> u64 {
    let mixed = (seed ^ seed >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11
}

/// Counters with resets, gaps and stale markers, gauges with fractions, and names that are none of counters: enough that the
/// engine asks for help.
fn storage() -> MemStorage {
    let storage = MemStorage::new();
    for number in 0..600u64 {
        let name = ["requests_total", "temperature", "queue_length"][(number % 3) as usize];
        let labels = Labels::from_pairs([
            ("__name__", name.to_owned()),
            ("instance", format!("host-{:02}", number % 37)),
            ("le", ["0.1", "1", "10", "+Inf", "none"][(number % 5) as usize].to_owned()),
            ("number", format!("{number:04}")),
        ]);
        let mut count = 0u64;
        let samples =
            (0..SAMPLES).filter(|at| !noise(number * 7919 + at.unsigned_abs()).is_multiple_of(11)).map(|at| {
                let noise = noise(number << 20 ^ at.unsigned_abs());
                count = if noise.is_multiple_of(97) { 0 } else { count + noise % 1000 };
                let v = match number % 3 {
                    _ if noise.is_multiple_of(61) => STALE_NAN,
                    0 => count as f64,
                    1 => noise as f64 / 7.0e9 - 1000.0,
                    _ => (noise % 13) as f64,
                };
                (at * 15_000 + (number % 15_000).cast_signed(), v)
            });
        storage.load(&labels.unwrap(), samples).unwrap();
    }
    storage
}

const QUERIES: &[&str] = &[
    "requests_total",
    "rate(requests_total[5m])",
    "sum by (instance) (rate(requests_total[5m]))",
    "avg without (number) (temperature)",
    "stddev by (instance) (temperature)",
    "quantile by (le) (0.9, temperature)",
    "topk(3, temperature)",
    "count_values(\"value\", queue_length)",
    "histogram_quantile(0.9, sum by (le) (rate(requests_total[5m])))",
    "sum(rate(temperature[5m])) + sum(rate(queue_length[5m]))",
    "{__name__=~\".+\"} * 2 > 100",
    "sum by (instance) (temperature) / sum by (instance) (temperature + 1000)",
    "max_over_time(sum(queue_length)[10m:1m])",
    "avg_over_time(temperature[30m])",
    "quantile_over_time(0.5, temperature[30m])",
    "temperature and on (instance) queue_length",
    "absent(temperature)",
    "sort_desc(temperature)",
    // These fail, wherever they are when they notice.
    "rate({__name__=~\".+\"}[5m])",
    "queue_length * on (instance) temperature",
    "double_exponential_smoothing(temperature[5m], 2, 0.5)",
];

/// All of an answer as a text, bits of numbers included.
fn outcome(engine: &Engine, query: &Query, storage: &MemStorage) -> String {
    let answer = match engine.run(query, storage) {
        Ok(answer) => answer,
        Err(error) => return error.to_string(),
    };
    let mut text = match answer.value {
        Value::Matrix(all) => all
            .iter()
            .map(|series| {
                let floats: Vec<_> = series.floats.iter().map(|(t, v)| (*t, v.to_bits())).collect();
                format!("{}{floats:?}{:?}\n", series.labels, series.histograms)
            })
            .collect(),
        other => format!("{other:?}"),
    };
    text += &format!("{:?}{:?}{:?}", answer.warnings, answer.infos, answer.statistics.samples);
    text
}

fn engine(helpers: usize) -> Engine {
    Engine::new(EngineOptions::default()).with_executor(Arc::new(ScopedThreads::new(helpers)))
}

#[track_caller]
fn check(storage: &MemStorage, query: &Query) {
    let alone = outcome(&Engine::default(), query, storage);
    for helpers in [0, 1, 2, 7] {
        assert!(
            outcome(&engine(helpers), query, storage) == alone,
            "{} with {helpers} helpers",
            query.expression.text()
        );
    }
}

#[test]
fn floats() {
    let storage = storage();
    for text in QUERIES {
        check(&storage, &Query::range(*text, 20 * MINUTE, 160 * MINUTE, MINUTE).counted_per_step());
        check(&storage, &Query::instant(*text, 100 * MINUTE));
    }
}

#[test]
fn histograms() {
    let storage = MemStorage::new();
    for number in 0..200u64 {
        let labels = Labels::from_pairs([
            ("__name__", "latency".to_owned()),
            ("instance", format!("host-{:02}", number % 7)),
            ("number", number.to_string()),
        ]);
        let mut buckets = vec![0.0; 40];
        let histograms = (0..120).map(|at| {
            for (place, bucket) in (0..).zip(&mut buckets) {
                *bucket += (noise(number << 24 ^ at << 8 ^ place) % 9) as f64;
            }
            let histogram = FloatHistogram {
                counter_reset_hint: CounterResetHint::Unknown,
                // Layouts that differ, so that some sums have to change the resolution.
                schema: (number % 3) as i32,
                count: buckets.iter().sum(),
                sum: buckets[0] / 3.0,
                positive_spans: vec![Span::new(-20, 40)],
                positive_buckets: buckets.clone(),
                ..FloatHistogram::default()
            };
            (at.cast_signed() * MINUTE, histogram)
        });
        let mut appender = storage.appender();
        let series = appender.series(labels.unwrap().view()).unwrap();
        let mut batch = Batch::new();
        histograms.for_each(|(t, histogram)| batch.float_histogram(series, t, &histogram).unwrap());
        appender.append(&batch, &mut Vec::new());
        appender.commit().unwrap();
    }
    for text in [
        "sum by (instance) (rate(latency[5m]))",
        "histogram_quantile(0.9, sum(rate(latency[5m])))",
        "avg(latency)",
        "histogram_count(latency)",
        "max(latency)",
    ] {
        check(&storage, &Query::range(text, 10 * MINUTE, 110 * MINUTE, MINUTE));
    }
}
