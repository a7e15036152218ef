//! Every operation against what Prometheus 3.14's own packages gave for the same input (`testdata/model/README.md`).
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fmt::Display;

use promd_model::{
    Combined, CounterResetHint, FloatHistogram, Histogram, HistogramSum, NanObservations, Span, Trim, all_same_bits,
    float,
};
use promd_testkit::testdata;

fn number(text: &str) -> f64 {
    float::parse(text.as_bytes()).unwrap()
}

fn list<T>(text: &str, element: impl Fn(&str) -> T) -> Vec<T> {
    text.split(',').filter(|element| !element.is_empty()).map(element).collect()
}

fn span(text: &str) -> Span {
    let (offset, length) = text.split_once(':').unwrap();
    Span::new(offset.parse().unwrap(), length.parse().unwrap())
}

fn hint(text: &str) -> CounterResetHint {
    match text {
        "unknown" => CounterResetHint::Unknown,
        "reset" => CounterResetHint::Reset,
        "not_reset" => CounterResetHint::NotReset,
        "gauge" => CounterResetHint::Gauge,
        _ => panic!("no hint: {text}"),
    }
}

fn float_histogram(text: &str) -> FloatHistogram {
    let fields: Vec<&str> = text.split(';').collect();
    let [reset, schema, threshold, zero, count, sum, positive, buckets, negative, negative_buckets, custom] =
        fields[..]
    else {
        panic!("no histogram: {text}")
    };
    FloatHistogram {
        counter_reset_hint: hint(reset),
        schema: schema.parse().unwrap(),
        zero_threshold: number(threshold),
        zero_count: number(zero),
        count: number(count),
        sum: number(sum),
        positive_spans: list(positive, span),
        negative_spans: list(negative, span),
        positive_buckets: list(buckets, number),
        negative_buckets: list(negative_buckets, number),
        custom_values: list(custom, number),
    }
}

fn histogram(text: &str) -> Histogram {
    let fields: Vec<&str> = text.split(';').collect();
    let [reset, schema, threshold, zero, count, sum, positive, deltas, negative, negative_deltas, custom] = fields[..]
    else {
        panic!("no histogram: {text}")
    };
    Histogram {
        counter_reset_hint: hint(reset),
        schema: schema.parse().unwrap(),
        zero_threshold: number(threshold),
        zero_count: zero.parse().unwrap(),
        count: count.parse().unwrap(),
        sum: number(sum),
        positive_spans: list(positive, span),
        negative_spans: list(negative, span),
        positive_buckets: list(deltas, |delta| delta.parse().unwrap()),
        negative_buckets: list(negative_deltas, |delta| delta.parse().unwrap()),
        custom_values: list(custom, number),
    }
}

/// Whether two numbers print alike: any NaN is like any other, and zeros have signs.
fn alike(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

fn all_alike(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(*a, *b))
}

fn same_head(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    a.counter_reset_hint == b.counter_reset_hint
        && a.schema == b.schema
        && alike(a.zero_threshold, b.zero_threshold)
        && alike(a.zero_count, b.zero_count)
        && alike(a.count, b.count)
        && alike(a.sum, b.sum)
        && all_same_bits(&a.custom_values, &b.custom_values)
}

fn same(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    same_head(a, b)
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && all_alike(&a.positive_buckets, &b.positive_buckets)
        && all_alike(&a.negative_buckets, &b.negative_buckets)
}

/// As [`same`], for results that are compacted before anybody sees them: empty buckets and cuts do not count.
fn same_compacted(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    a.compact(0);
    b.compact(0);
    same(&a, &b)
}

fn text_or<T>(result: Result<T, impl Display>, text: impl FnOnce(T) -> String) -> String {
    result.map_or_else(|error| error.to_string(), text)
}

fn combined(result: Combined) -> String {
    format!(" {} {}", result.counter_resets_collide, result.bounds_reconciled)
}

/// Compares a histogram that an operation gave, or its error, and what it said beside.
fn agrees(
    result: Result<(FloatHistogram, String), impl Display>,
    expect: &str,
    same: impl Fn(&FloatHistogram, &FloatHistogram) -> bool,
) -> Result<(), String> {
    match result {
        Err(error) if error.to_string() == expect => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok((got, beside)) => match expect.strip_suffix(&beside) {
            Some(expect) if expect.contains(';') && same(&got, &float_histogram(expect)) => Ok(()),
            _ => Err(format!("{got:?}{beside}")),
        },
    }
}

fn equal(got: impl Display, expect: &str) -> Result<(), String> {
    let got = got.to_string();
    if got == expect { Ok(()) } else { Err(got) }
}

fn sum_of(first: &FloatHistogram, others: [&FloatHistogram; 3]) -> Result<FloatHistogram, impl Display> {
    let mut sum = HistogramSum::new(first);
    others.iter().try_for_each(|other| sum.add(other).map(|_| ())).map(|()| sum.into_value())
}

fn buckets_text<'a>(buckets: impl Iterator<Item = promd_model::Bucket> + 'a) -> String {
    let texts: Vec<String> = buckets.map(|bucket| format!("{bucket}#{}", bucket.index)).collect();
    texts.join(" ")
}

/// Runs one case; an error is what came out instead.
fn run(operation: &str, input: &[&str], expect: &str) -> Result<(), String> {
    if operation.starts_with("int_") {
        return run_integer(operation, input, expect);
    }
    let mut a = float_histogram(input[0]);
    let plain = |a: FloatHistogram| Ok::<_, String>((a, String::new()));
    match operation {
        "add" => {
            let result = a.add(&float_histogram(input[1]));
            agrees(result.map(|result| (a, combined(result))), expect, same_compacted)
        }
        "sub" => {
            let result = a.sub(&float_histogram(input[1]));
            agrees(result.map(|result| (a, combined(result))), expect, same_compacted)
        }
        "kahan" => {
            let (b, c) = (float_histogram(input[1]), float_histogram(input[2]));
            agrees(sum_of(&a, [&b, &c, &b]).map(|sum| (sum, String::new())), expect, same_compacted)
        }
        "mul" => {
            a.mul(number(input[1]));
            agrees(plain(a), expect, same)
        }
        "div" => {
            a.div(number(input[1]));
            agrees(plain(a), expect, same)
        }
        "compact" => {
            a.compact(input[1].parse().unwrap());
            agrees(plain(a), expect, same)
        }
        "reset" => equal(a.detect_reset(&float_histogram(input[1])), expect),
        "reduce" => {
            let result = a.reduce_resolution(input[1].parse().unwrap());
            agrees(result.map(|()| (a, String::new())), expect, same_compacted)
        }
        "quantile" => {
            let quantile = a.quantile(number(input[1]));
            let beside = match quantile.nan_observations {
                NanObservations::None => "-",
                NanObservations::AreTheResult => "nan_result",
                NanObservations::SkewTheResult => "nan_skew",
            };
            equal(format!("{} {beside}", float::g(quantile.value)), expect)
        }
        "fraction" => {
            let fraction = a.fraction(number(input[1]), number(input[2]));
            let beside = if fraction.nan_observations { "nan" } else { "-" };
            equal(format!("{} {beside}", float::g(fraction.value)), expect)
        }
        "trim_below" | "trim_above" => {
            let trim = if operation == "trim_below" { Trim::KeepBelow } else { Trim::KeepAbove };
            a.trim(number(input[1]), trim);
            agrees(plain(a), expect, same)
        }
        "variance" => equal(float::g(a.variance()), expect),
        "size" => equal(a.size(), expect),
        "text" => equal(a, expect),
        "expression" => equal(a.test_expression().unwrap_or_default(), expect),
        "all" => equal(buckets_text(a.all()), expect),
        "all_reversed" => equal(buckets_text(a.all().rev()), expect),
        "equals" => equal(a.same_data(&float_histogram(input[1])), expect),
        "validate" => equal(text_or(a.validate(), |()| "ok".to_owned()), expect),
        _ => panic!("no operation: {operation}"),
    }
}

fn run_integer(operation: &str, input: &[&str], expect: &str) -> Result<(), String> {
    let mut a = histogram(input[0]);
    let same_integers = |a: Histogram| {
        let expect = histogram(expect);
        let same_sum = alike(a.sum, expect.sum);
        let a = Histogram { sum: expect.sum, ..a };
        if same_sum && (a == expect || a.same_data(&expect)) { Ok(()) } else { Err(format!("{a:?}")) }
    };
    match operation {
        "int_validate" => equal(text_or(a.validate(), |()| "ok".to_owned()), expect),
        "int_float" => agrees(Ok::<_, String>((a.to_float(), String::new())), expect, same),
        "int_text" => equal(a, expect),
        "int_compact" => {
            a.compact(input[1].parse().unwrap());
            same_integers(a)
        }
        "int_reduce" => match a.reduce_resolution(input[1].parse().unwrap()) {
            Err(error) => equal(error, expect),
            Ok(()) => {
                let mut expect = histogram(expect);
                a.compact(0);
                expect.compact(0);
                let same_sum = alike(a.sum, expect.sum);
                expect.sum = a.sum;
                if same_sum && a.same_data(&expect) { Ok(()) } else { Err(format!("{a:?}")) }
            }
        },
        _ => panic!("no operation: {operation}"),
    }
}

#[test]
fn operations_agree_with_prometheus() {
    let table = std::fs::read_to_string(testdata("model/histogram.tsv")).unwrap();
    let mut cases = BTreeMap::new();
    let mut failures = Vec::new();
    for line in table.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [operation, input @ .., expect] = fields.as_slice() else { panic!("no case: {line}") };
        *cases.entry(*operation).or_insert(0) += 1;
        if let Err(got) = run(operation, input, expect) {
            failures.push(format!("{line}\n    got {got}"));
        }
    }
    assert!(cases.len() >= 23, "operations are missing: {cases:?}");
    let some: Vec<&String> = failures.iter().take(12).collect();
    assert!(failures.is_empty(), "{} of {cases:?} differ: {some:#?}", failures.len());
}
