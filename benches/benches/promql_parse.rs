//! Queries parsed and checked, against the crate `promql-parser` of the registry.
//!
//! The queries are our own, in the manner of dashboards and alerts (`testdata/promql-parser/queries.txt`). Their shape is
//! printed first.

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_promql_parser::{Expr, Formatter, Parser};

fn queries() -> Vec<String> {
    let text = fs::read_to_string(promd_testkit::testdata("promql-parser/queries.txt")).expect("it is committed");
    text.lines().map(ToOwned::to_owned).collect()
}

#[expect(clippy::print_stdout, reason = "the figures mean nothing without the shape of what was parsed")]
fn print_shape(queries: &[String]) {
    let bytes: usize = queries.iter().map(String::len).sum();
    let (mut nodes, mut selectors, mut matchers, mut regexes, mut deepest) = (0, 0, 0, 0, 0);
    for query in queries {
        let expr = Parser::default().parse(query).expect("the queries are right");
        expr.walk(&mut |node, path| {
            nodes += 1;
            deepest = deepest.max(path.len() + 1);
            let selector = match node {
                Expr::Vector(vector) => vector,
                Expr::Matrix(matrix) => &matrix.vector,
                _ => return,
            };
            selectors += 1;
            matchers += selector.matchers.len();
            regexes += selector.matchers.iter().filter(|matcher| matcher.matcher.op().is_regex()).count();
        });
    }
    println!(
        "{} queries, {bytes} bytes, {nodes} nodes ({deepest} deep), {selectors} selectors, {matchers} matchers, {regexes} of them expressions",
        queries.len()
    );
}

fn parse(c: &mut Criterion) {
    let queries = queries();
    print_shape(&queries);
    let parser = Parser::default();
    let mut group = c.benchmark_group("promql_parse/200_queries");
    group.throughput(Throughput::Bytes(queries.iter().map(|query| query.len() as u64).sum()));
    group.bench_function("promd", |b| {
        b.iter(|| queries.iter().filter(|query| black_box(parser.parse(query)).is_ok()).count());
    });
    group.bench_function("reference", |b| {
        b.iter(|| queries.iter().filter(|query| black_box(promql_parser::parser::parse(query)).is_ok()).count());
    });
    group.finish();
}

/// Without regular expressions, which both crates compile.
fn parse_plain(c: &mut Criterion) {
    let mut queries = queries();
    queries.retain(|query| !query.contains('~'));
    let parser = Parser::default();
    let mut group = c.benchmark_group("promql_parse/no_regex");
    group.throughput(Throughput::Bytes(queries.iter().map(|query| query.len() as u64).sum()));
    group.bench_function("promd", |b| {
        b.iter(|| queries.iter().filter(|query| black_box(parser.parse(query)).is_ok()).count());
    });
    group.bench_function("reference", |b| {
        b.iter(|| queries.iter().filter(|query| black_box(promql_parser::parser::parse(query)).is_ok()).count());
    });
    group.finish();
}

fn format(c: &mut Criterion) {
    let queries = queries();
    let ours: Vec<_> = queries.iter().map(|query| Parser::default().parse(query).expect("right")).collect();
    let theirs: Vec<_> = queries.iter().map(|query| promql_parser::parser::parse(query).expect("right")).collect();
    let mut group = c.benchmark_group("promql_parse/prettify");
    group.bench_function("promd", |b| {
        b.iter(|| ours.iter().map(|expr| Formatter::default().format(expr).len()).sum::<usize>());
    });
    group.bench_function("reference", |b| b.iter(|| theirs.iter().map(|expr| expr.prettify().len()).sum::<usize>()));
    group.finish();
}

criterion_group!(benches, parse, parse_plain, format);
criterion_main!(benches);
