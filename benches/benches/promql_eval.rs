//! Range functions over a day of samples, against the obvious way: for each step the samples of the window are searched for and
//! looked at one by one.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use promd_model::{Columns, Interval, KahanSum, Labels, Matcher};
use promd_promql::{Engine, Query};
use promd_storage::{Decoder, MemStorage, Select, Series, Storage};

const SERIES: u64 = 200;
const SAMPLES: i64 = 5760;
const SPACING: i64 = 15_000;
const STEP: i64 = 60_000;
const RANGE: i64 = 3_600_000;
const END: i64 = SAMPLES * SPACING;

fn storage() -> MemStorage {
    let storage = MemStorage::new();
    for number in 0..SERIES {
        let labels = Labels::from_pairs([("__name__", "m_total".to_owned()), ("number", number.to_string())]).unwrap();
        let samples = (0..SAMPLES).map(|at| (at * SPACING, (at * 7 % (number.cast_signed() + 11)) as f64 / 8.0));
        storage.load(&labels, samples).unwrap();
    }
    storage
}

/// Adds up, over all series, what `of` makes of each window.
fn naive(storage: &MemStorage, of: impl Fn(&[i64], &[f64]) -> f64) -> Vec<f64> {
    let reader = storage.reader(Interval::ALL).unwrap();
    let matchers = [Matcher::equal("__name__", "m_total")];
    let mut set = reader.select(&Select::new(&matchers, Interval::ALL)).unwrap();
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    let mut sums = vec![0.0; usize::try_from((END - RANGE) / STEP).unwrap() + 1];
    while set.next(&mut series).unwrap() {
        columns.clear();
        decoder.decode(&series, Interval::ALL, &mut columns).unwrap();
        let floats = columns.as_floats().unwrap();
        for (step, sum) in (0..).zip(&mut sums) {
            let rows = columns.rows_between(step * STEP + 1..=step * STEP + RANGE);
            if !rows.is_empty() {
                *sum += of(&floats.t[rows.clone()], &floats.v[rows]);
            }
        }
    }
    sums
}

fn rate(t: &[i64], v: &[f64]) -> f64 {
    let resets: f64 = v.windows(2).filter(|pair| pair[1] < pair[0]).map(|pair| pair[0]).sum();
    (v[v.len() - 1] - v[0] + resets) / (t[t.len() - 1] - t[0]) as f64
}

fn mean(_: &[i64], v: &[f64]) -> f64 {
    let sum: KahanSum = v.iter().copied().collect();
    sum.value() / v.len() as f64
}

fn greatest(_: &[i64], v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn quantile(_: &[i64], v: &[f64]) -> f64 {
    let mut sorted = v.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() * 9 / 10]
}

fn bench(c: &mut Criterion) {
    let storage = storage();
    let engine = Engine::default();
    type Naive = fn(&[i64], &[f64]) -> f64;
    for (name, text, reference) in [
        ("rate", "sum(rate(m_total[1h]))", rate as Naive),
        ("avg_over_time", "sum(avg_over_time(m_total[1h]))", mean),
        ("max_over_time", "sum(max_over_time(m_total[1h]))", greatest),
        ("quantile_over_time", "sum(quantile_over_time(0.9, m_total[1h]))", quantile),
    ] {
        let query = Query::range(engine.parse(text).unwrap(), RANGE, END, STEP);
        let mut group = c.benchmark_group(format!("promql/{name}/24h"));
        group.sample_size(10);
        group.bench_function("reference", |b| b.iter(|| naive(black_box(&storage), reference)));
        group.bench_function("engine", |b| b.iter(|| engine.run(black_box(&query), &storage).unwrap()));
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
