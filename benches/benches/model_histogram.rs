//! Histograms and columns of `promd-model`, each against what one would write first.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use promd_model::{Columns, FloatHistogram, Run, Span};

/// A histogram of 60 buckets in three spans.
fn latency(schema: i32, shift: i32) -> FloatHistogram {
    let buckets: Vec<f64> = (0..60).map(|bucket| f64::from(bucket % 7 + 1)).collect();
    FloatHistogram {
        schema,
        zero_threshold: 1e-9,
        zero_count: 2.0,
        count: buckets.iter().sum::<f64>() + 2.0,
        sum: 1234.5,
        positive_spans: vec![Span::new(shift - 40, 20), Span::new(3, 30), Span::new(2, 10)],
        positive_buckets: buckets,
        ..FloatHistogram::default()
    }
}

/// The buckets as a map, as a first implementation might hold them.
fn map(histogram: &FloatHistogram, steps: u32) -> BTreeMap<i32, f64> {
    let mut map = BTreeMap::new();
    for bucket in histogram.positive() {
        *map.entry(((bucket.index - 1) >> steps) + 1).or_default() += bucket.count;
    }
    map
}

fn add(criterion: &mut Criterion) {
    for (name, other, steps) in
        [("same_layout", latency(3, 0), 0), ("new_buckets", latency(3, 2), 0), ("other_schema", latency(2, 0), 1)]
    {
        let mut group = criterion.benchmark_group(format!("model/histogram_add/{name}"));
        let start = latency(3, 0);
        let mut sum = start.clone();
        group.bench_function("promd", |bencher| {
            bencher.iter(|| {
                sum.clone_from(&start);
                let _ = sum.add(black_box(&other));
            });
        });
        let (start, other) = (map(&start, steps), map(&other, 0));
        group.bench_function("map", |bencher| {
            bencher.iter(|| {
                let mut sum = start.clone();
                black_box(&other).iter().for_each(|(index, count)| *sum.entry(*index).or_default() += count);
                sum
            });
        });
        group.finish();
    }
}

fn quantile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("model/histogram_quantile");
    let histogram = latency(3, 0);
    group.bench_function("promd", |bencher| bencher.iter(|| black_box(&histogram).quantile(0.5)));
    group.bench_function("with_all_bounds", |bencher| {
        bencher.iter(|| {
            // What an iterator of whole buckets costs: bounds of each.
            let rank = 0.5 * histogram.count;
            let mut count = 0.0;
            black_box(&histogram).all().rev().find(|bucket| {
                count += bucket.count;
                count >= rank
            })
        });
    });
    group.finish();
}

fn columns(criterion: &mut Criterion) {
    const ROWS: i64 = 7200;
    let mut group = criterion.benchmark_group("model/columns/floats");
    let mut columns = Columns::new();
    group.bench_function("push", |bencher| {
        bencher.iter(|| {
            columns.clear();
            let mut floats = columns.floats_mut(7200);
            (0..ROWS).for_each(|t| floats.push(t, t as f64));
        });
    });
    group.bench_function("rows_mut", |bencher| {
        bencher.iter(|| {
            columns.clear();
            let mut floats = columns.floats_mut(7200);
            let (times, values) = floats.rows_mut(7200);
            for ((t, v), row) in times.iter_mut().zip(values).zip(0..ROWS) {
                (*t, *v) = (row, row as f64);
            }
        });
    });
    group.bench_function("vec_of_samples", |bencher| {
        let mut samples: Vec<(i64, f64)> = Vec::new();
        bencher.iter(|| {
            samples.clear();
            (0..ROWS).for_each(|t| samples.push((t, t as f64)));
            black_box(&samples).len()
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("model/columns/histograms");
    let histogram = latency(3, 0);
    let mut columns = Columns::new();
    group.bench_function("columns", |bencher| {
        bencher.iter(|| {
            columns.clear();
            (0..120).for_each(|t| {
                let _ = columns.push_float_histogram(t, &histogram);
            });
            columns
                .runs()
                .map(|run| if let Run::FloatHistograms(run) = run { run.counts.iter().sum() } else { 0.0 })
                .sum::<f64>()
        });
    });
    group.bench_function("vec_of_histograms", |bencher| {
        bencher.iter(|| {
            let histograms: Vec<FloatHistogram> = (0..120).map(|_| histogram.clone()).collect();
            histograms.iter().map(|histogram| histogram.count).sum::<f64>()
        });
    });
    group.finish();
}

criterion_group!(benches, add, quantile, columns);
criterion_main!(benches);
