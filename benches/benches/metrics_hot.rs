//! What instruments cost where they are used, and what gathering costs, against a lock around a map of texts.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use criterion::{Criterion, criterion_group, criterion_main};
use promd_metrics::{
    Counter, Desc, Family, Histogram, HistogramSettings, NativeSettings, Options, Registry, Sample, Sink, Snapshot,
    Summary, SummarySettings,
};

const ROUND: u32 = 1000;
const TYPES: [&str; 2] = ["float", "histogram"];

fn counters(c: &mut Criterion) {
    let mut group = c.benchmark_group("metrics/1000_increments");
    let map: Mutex<HashMap<(String, String), u64>> = Mutex::default();
    let reference = || {
        for at in 0..ROUND {
            let labels = ("prometheus".to_owned(), TYPES[at as usize % 2].to_owned());
            *map.lock().unwrap().entry(labels).or_default() += 1;
        }
    };
    group.bench_function("reference", |b| b.iter(reference));
    let family = Family::<Counter, 2>::new(Options::new("samples_total", ""), ["job", "type"]);
    group.bench_function("family", |b| {
        b.iter(|| (0..ROUND).for_each(|at| family.with(["prometheus", TYPES[at as usize % 2]]).inc()));
    });
    let handles = TYPES.map(|kind| family.with(["prometheus", kind]));
    group.bench_function("handle", |b| b.iter(|| (0..ROUND).for_each(|at| handles[at as usize % 2].inc())));
    group.finish();
}

/// Latencies between 0.1 ms and 6 s or so, the same at each run.
fn latencies() -> Vec<f64> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    (0..ROUND).map(|_| (next() * 11.0 - 9.2).exp()).collect()
}

fn observations(c: &mut Criterion) {
    let mut group = c.benchmark_group("metrics/1000_observations");
    let values = latencies();
    let bounds = promd_metrics::DEFAULT_BUCKETS;
    let map: Mutex<HashMap<String, (Vec<u64>, f64)>> = Mutex::default();
    let reference = || {
        for value in &values {
            let mut map = map.lock().unwrap();
            let (counts, sum) = map.entry("/metrics".to_owned()).or_insert_with(|| (vec![0; 12], 0.0));
            for (bound, count) in bounds.iter().zip(counts.iter_mut()) {
                *count += u64::from(value <= bound);
            }
            *sum += value;
        }
    };
    group.bench_function("reference", |b| b.iter(reference));
    let histogram = |settings: HistogramSettings| {
        Family::<Histogram, 1>::with_settings(Options::new("h", ""), ["handler"], settings).with(["/metrics"])
    };
    let classic = histogram(HistogramSettings::default());
    group.bench_function("classic", |b| b.iter(|| values.iter().for_each(|value| classic.observe(*value))));
    let native = histogram(HistogramSettings::native(NativeSettings::new(1.1).max_buckets(160)));
    group.bench_function("native", |b| b.iter(|| values.iter().for_each(|value| native.observe(*value))));
    let settings = SummarySettings::new([(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)]);
    let summary = Family::<Summary, 1>::with_settings(Options::new("s", ""), ["slice"], settings).with(["inner_eval"]);
    let start = SystemTime::UNIX_EPOCH;
    let mut elapsed = Duration::ZERO;
    group.bench_function("summary", |b| {
        b.iter(|| {
            elapsed += Duration::from_millis(1);
            values.iter().for_each(|value| summary.observe(*value, start + elapsed));
        });
    });
    group.finish();
}

struct Count(usize);

impl Sink for Count {
    fn family(&mut self, desc: &Desc) {
        self.0 += desc.name().len();
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        self.0 += sample.labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    }
}

fn gathering(c: &mut Criterion) {
    let mut group = c.benchmark_group("metrics/gather_2000");
    // 100 families of 20 metrics.
    let map: Mutex<HashMap<(String, String), f64>> = Mutex::default();
    let registry = Registry::new();
    for family in 0..100 {
        let name = format!("prometheus_part_{family}_total");
        let counters = Family::<Counter, 1>::new(Options::new(name.as_str(), ""), ["handler"]);
        for handler in 0..20 {
            let handler = format!("/api/v1/{handler}");
            counters.with([&handler]).inc();
            map.lock().unwrap().insert((name.clone(), handler), 1.0);
        }
        registry.register(counters).unwrap();
    }
    let reference = || {
        let mut all: Vec<_> = map.lock().unwrap().iter().map(|(labels, value)| (labels.clone(), *value)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.iter().map(|((name, handler), _)| name.len() + handler.len()).sum::<usize>()
    };
    group.bench_function("reference", |b| b.iter(|| black_box(reference())));
    let mut snapshot = Snapshot::new();
    group.bench_function("registry", |b| {
        b.iter(|| {
            registry.gather(SystemTime::UNIX_EPOCH, &mut snapshot).unwrap();
            let mut count = Count(0);
            snapshot.visit(&mut count);
            black_box(count.0)
        });
    });
    group.finish();
}

criterion_group!(benches, counters, observations, gathering);
criterion_main!(benches);
