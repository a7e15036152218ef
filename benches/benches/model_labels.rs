//! Label sets against the plainest form of one, a sorted vector of pairs of strings.
//!
//! The sets are those of a node_exporter-like target: nine labels, of which three tell the series apart.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use promd_model::{Labels, LabelsBuilder, METRIC_NAME};
use xxhash_rust::xxh64::xxh64;

type Pairs = Vec<(String, String)>;

const SERIES: usize = 1000;

fn target() -> Pairs {
    [
        ("cluster", "eu-west-1a"),
        ("datacenter", "frankfurt"),
        ("env", "production"),
        ("instance", "host-0042.example.com:9100"),
        ("job", "node_exporter"),
        ("team", "infrastructure"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The names and values that differ from series to series.
fn own() -> Vec<[(&'static str, String); 3]> {
    let labels = |i: usize| {
        let mode = ["idle", "user", "system", "iowait"][i % 4];
        [
            (METRIC_NAME, format!("node_cpu_seconds_total_{}", i % 10)),
            ("cpu", (i / 80).to_string()),
            ("mode", format!("{mode}{}", i / 10)),
        ]
    };
    (0..SERIES).map(labels).collect()
}

fn reference_build(target: &Pairs, own: &[(&str, String)]) -> Pairs {
    let mut pairs = target.clone();
    pairs.extend(own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    pairs.sort();
    pairs
}

fn references() -> Vec<Pairs> {
    let target = target();
    own().iter().map(|own| reference_build(&target, own)).collect()
}

fn labels(pairs: &Pairs) -> Labels {
    Labels::from_pairs(pairs.iter().map(|(name, value)| (name, value))).expect("the names are unique")
}

fn sets() -> Vec<Labels> {
    references().iter().map(labels).collect()
}

fn build(c: &mut Criterion) {
    let (target, own) = (target(), own());
    let base = labels(&target);
    let mut builder = LabelsBuilder::new();
    let mut group = c.benchmark_group("model/labels/build");
    group.bench_function("builder", |b| {
        let build = |out: &mut Vec<Labels>| {
            for own in &own {
                builder.reset(&base);
                for (name, value) in own {
                    builder.set(name, value);
                }
                out.push(builder.build().expect("the labels are short"));
            }
        };
        b.iter_batched_ref(|| Vec::with_capacity(SERIES), build, BatchSize::LargeInput);
    });
    group.bench_function("reference", |b| {
        let build = |out: &mut Vec<Pairs>| out.extend(own.iter().map(|own| reference_build(&target, own)));
        b.iter_batched_ref(|| Vec::with_capacity(SERIES), build, BatchSize::LargeInput);
    });
    group.finish();
}

fn hash(c: &mut Criterion) {
    let (sets, references) = (sets(), references());
    let mut group = c.benchmark_group("model/labels/hash");
    group.bench_function("packed", |b| b.iter(|| sets.iter().fold(0, |sum, set| sum ^ set.hash())));
    let mut packed = Vec::new();
    let mut reference = |pairs: &Pairs| {
        packed.clear();
        for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
            packed.push(u8::try_from(text.len()).expect("the labels are short"));
            packed.extend_from_slice(text.as_bytes());
        }
        xxh64(&packed, 0)
    };
    assert_eq!(reference(&references[0]), sets[0].hash());
    group.bench_function("reference", |b| b.iter(|| references.iter().fold(0, |sum, pairs| sum ^ reference(pairs))));
    group.finish();
}

fn get(c: &mut Criterion) {
    const NAMES: [&str; 4] = [METRIC_NAME, "job", "team", "absent"];
    fn reference<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
        pairs.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
    }
    let (sets, references) = (sets(), references());
    let mut group = c.benchmark_group("model/labels/get");
    group.bench_function("packed", |b| {
        let get = |set| NAMES.map(|name| Labels::get(set, black_box(name)).map_or(0, str::len));
        b.iter(|| sets.iter().flat_map(get).sum::<usize>());
    });
    group.bench_function("reference", |b| {
        let get = |pairs| NAMES.map(|name| reference(pairs, black_box(name)).map_or(0, str::len));
        b.iter(|| references.iter().flat_map(get).sum::<usize>());
    });
    group.finish();
}

fn compare(c: &mut Criterion) {
    let (sets, references) = (sets(), references());
    let mut group = c.benchmark_group("model/labels/compare");
    group.bench_function("packed", |b| b.iter(|| sets.windows(2).filter(|pair| pair[0] < pair[1]).count()));
    group.bench_function("reference", |b| b.iter(|| references.windows(2).filter(|pair| pair[0] < pair[1]).count()));
    group.finish();
}

criterion_group!(benches, build, hash, get, compare);
criterion_main!(benches);
