//! Matchers over label values: `promd_regex::Anchored` with its shortcuts against the `regex` crate on the same
//! expression, and what it costs to make them.
//!
//! Each pair runs over the same 2000 values; the ratio within a run is what counts.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use promd_regex::Anchored;
use regex::Regex;

/// Values as targets have them: instances, pods, paths.
fn values() -> Vec<String> {
    let value = |number: usize| match number % 4 {
        0 => format!("10.0.{}.{}:9100", number / 256, number % 256),
        1 => format!("api-server-{:x}-{number:05}", number * 40_503 % 65_536),
        2 => format!("/api/v1/{}/{number}", ["query", "query_range", "series", "labels"][number / 4 % 4]),
        _ => format!("Kube-System/coredns-{number}"),
    };
    (0..2000).map(value).collect()
}

/// A name for each kind of matcher, and a pattern of it.
fn patterns() -> Vec<(&'static str, String)> {
    let pods = |count: usize| (0..count).map(|number| format!("api-server-0-{number:05}")).collect::<Vec<_>>();
    vec![
        ("any", ".*".into()),
        ("some", ".+".into()),
        ("literal", "api-server-0-00000".into()),
        ("set-5", "10\\.0\\.0\\.4:9100|10\\.0\\.0\\.8:9100|a|b|c".into()),
        ("set-5000", pods(5000).join("|")),
        ("prefix", "api-server-.*".into()),
        ("prefixes-1000", pods(1000).join(".*|") + ".*"),
        ("suffix", ".*:9100".into()),
        ("contains", ".*query_range.*".into()),
        ("contains-any", ".*(?:series|labels|coredns).*".into()),
        ("in-order", "/api/.*/query.*/.*7".into()),
        ("folded", "(?i)kube-system/coredns-.*".into()),
        ("automaton-prefix", "api-server-[0-9a-f]+-[0-9]+".into()),
        ("automaton", "[a-z]+-[a-z]+-[0-9a-f]+-[0-9]+".into()),
        ("automaton-set-5000", format!("(?:{})[0-9]?", pods(5000).join("|"))),
    ]
}

fn ours(pattern: &str) -> Anchored {
    Anchored::new(pattern).expect("a valid pattern")
}

fn plain(pattern: &str) -> Regex {
    Regex::new(&format!("^(?s:{pattern})$")).expect("a valid pattern")
}

fn matching(criterion: &mut Criterion) {
    let values = values();
    let mut group = criterion.benchmark_group("regex/match");
    group.throughput(Throughput::Elements(values.len() as u64));
    for (name, pattern) in patterns() {
        let (ours, plain) = (ours(&pattern), plain(&pattern));
        for value in &values {
            assert_eq!(ours.is_match(value), plain.is_match(value), "{name} on {value}");
        }
        group.bench_function(BenchmarkId::new("ours", name), |bencher| {
            bencher.iter(|| values.iter().filter(|value| ours.is_match(black_box(value))).count());
        });
        group.bench_function(BenchmarkId::new("regex", name), |bencher| {
            bencher.iter(|| values.iter().filter(|value| plain.is_match(black_box(value))).count());
        });
    }
    group.finish();
}

fn making(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("regex/make");
    for (name, pattern) in patterns() {
        group.bench_function(BenchmarkId::new("ours", name), |bencher| bencher.iter(|| ours(black_box(&pattern))));
        group.bench_function(BenchmarkId::new("regex", name), |bencher| bencher.iter(|| plain(black_box(&pattern))));
    }
    group.finish();
}

/// Relabelling: the groups of a match, which the default rule `(.*)` gets without an automaton.
fn relabelling(criterion: &mut Criterion) {
    let values = values();
    let mut group = criterion.benchmark_group("regex/expand");
    group.throughput(Throughput::Elements(values.len() as u64));
    for (name, pattern) in [("default", "(.*)"), ("port", "(.+):(\\d+)")] {
        let (ours, plain) = (Anchored::wrapped(pattern).expect("a valid pattern"), plain(pattern));
        let mut out = String::new();
        group.bench_function(BenchmarkId::new("ours", name), |bencher| {
            bencher.iter(|| {
                for value in &values {
                    out.clear();
                    if let Some(captures) = ours.captures(black_box(value)) {
                        captures.expand("$1", &mut out);
                    }
                }
                out.len()
            });
        });
        group.bench_function(BenchmarkId::new("regex", name), |bencher| {
            bencher.iter(|| {
                for value in &values {
                    out.clear();
                    if let Some(captures) = plain.captures(black_box(value)) {
                        captures.expand("$1", &mut out);
                    }
                }
                out.len()
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    targets = matching, making, relabelling
}
criterion_main!(benches);
