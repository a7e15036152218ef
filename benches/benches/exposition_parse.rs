//! Parsing a body and hashing the bytes of each series, as a scrape of known series does, against the least that any parser
//! has to do.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_benches::exposition::node_exporter_like;
use promd_exposition::{Entry, OpenMetricsParser, Options, Parser, TextParser};
use xxhash_rust::xxh64::xxh64;

const SERIES: usize = 2_000;

/// Finds the lines, hashes what is before the last blank and reads what is behind it with `float`. Nothing is checked.
fn naive(body: &[u8], float: impl Fn(&[u8]) -> f64) -> (u64, f64) {
    let (mut hashes, mut sum) = (0_u64, 0.0);
    let mut start = 0;
    for newline in memchr::memchr_iter(b'\n', body) {
        let line = &body[start..newline];
        start = newline + 1;
        if line.first() == Some(&b'#') {
            continue;
        }
        let blank = memchr::memrchr(b' ', line).expect("the body has a blank in each line");
        hashes ^= xxh64(&line[..blank], 0);
        sum += float(&line[blank + 1..]);
    }
    (hashes, sum)
}

/// With the standard library's floats.
fn reference(body: &[u8]) -> (u64, f64) {
    naive(body, |text| str::from_utf8(text).ok().and_then(|text| text.parse().ok()).expect("a float in each line"))
}

/// With the fastest floats there are.
fn reference_fast_float2(body: &[u8]) -> (u64, f64) {
    naive(body, |text| fast_float2::parse(text).expect("a float in each line"))
}

/// The same with a parser.
fn parse(mut parser: impl Parser) -> (u64, f64) {
    let (mut hashes, mut sum) = (0_u64, 0.0);
    while let Some(entry) = parser.next().expect("the body is valid") {
        if let Entry::Series(sample) = entry {
            hashes ^= xxh64(sample.series, 0);
            sum += sample.value;
        }
    }
    (hashes, sum)
}

fn benches(criterion: &mut Criterion) {
    let text = node_exporter_like(SERIES);
    let openmetrics = format!("{text}# EOF\n");
    assert_eq!(reference(text.as_bytes()), parse(TextParser::new(text.as_bytes(), Options::default())));
    let mut group = criterion.benchmark_group(format!("exposition/parse/{SERIES}"));
    group.throughput(Throughput::Elements(SERIES as u64));
    group.bench_function("reference", |bencher| bencher.iter(|| reference(black_box(text.as_bytes()))));
    group.bench_function("reference_fast_float2", |bencher| {
        bencher.iter(|| reference_fast_float2(black_box(text.as_bytes())));
    });
    group.bench_function("text", |bencher| {
        bencher.iter(|| parse(TextParser::new(black_box(text.as_bytes()), Options::default())));
    });
    group.bench_function("openmetrics", |bencher| {
        bencher.iter(|| parse(OpenMetricsParser::new(black_box(openmetrics.as_bytes()), Options::default())));
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
