//! What a parser yields, as lines to compare.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt::Write as _;

use promd_codec::proto;
use promd_exposition::{Entry, Exemplars, HistogramRef, ParseError, Parser, Sample};
use promd_model::float;

/// All entries, one a line:
/// `help NAME TEXT`, `unit NAME UNIT`, `type NAME TYPE`, and for a sample
/// `NAME{LABELS} VALUE @TIME >START # {LABELS} VALUE @TIME`.
pub(crate) fn dump(mut parser: impl Parser) -> Result<Vec<String>, ParseError> {
    let mut lines = Vec::new();
    while let Some(entry) = parser.next()? {
        lines.push(match entry {
            Entry::Type { name, metric_type } => format!("type {name} {metric_type}"),
            Entry::Help { name, help } => format!("help {name} {help}"),
            Entry::Unit { name, unit } => format!("unit {name} {unit}"),
            Entry::Comment(text) => format!("comment {}", String::from_utf8_lossy(text)),
            Entry::Series(sample) => line(&sample, &float::g(sample.value)),
            Entry::Histogram(sample) => line(
                &sample,
                &match sample.value {
                    HistogramRef::Integer(histogram) => format!("{histogram} {:?}", histogram.counter_reset_hint),
                    HistogramRef::Float(histogram) => format!("float{histogram} {:?}", histogram.counter_reset_hint),
                },
            ),
            _ => "?".to_owned(),
        });
    }
    Ok(lines)
}

/// The samples alone.
pub(crate) fn samples(parser: impl Parser) -> Vec<String> {
    let lines = dump(parser).unwrap_or_else(|error| vec![error.to_string()]);
    let is_metadata = |line: &String| ["help ", "type ", "unit "].iter().any(|keyword| line.starts_with(keyword));
    lines.into_iter().filter(|line| !is_metadata(line)).collect()
}

fn line<V>(sample: &Sample<'_, V>, value: &str) -> String {
    let mut text = String::new();
    let mut separator = '{';
    sample.for_each_label(|name, value| {
        if name == "__name__" {
            text.push_str(value);
        } else {
            write!(text, "{separator}{name}={value:?}").expect("a string takes all");
            separator = ',';
        }
    });
    if separator == ',' {
        text.push('}');
    }
    write!(text, " {value}").expect("a string takes all");
    if let Some(time) = sample.timestamp {
        write!(text, " @{time}").expect("a string takes all");
    }
    if let Some(start) = sample.start_timestamp() {
        write!(text, " >{start}").expect("a string takes all");
    }
    text + &exemplars(sample.exemplars())
}

fn exemplars(exemplars: Exemplars<'_>) -> String {
    let mut text = String::new();
    for exemplar in exemplars {
        let mut labels = Vec::new();
        exemplar.for_each_label(|name, value| labels.push(format!("{name}={value:?}")));
        write!(text, " # {{{}}} {}", labels.join(","), float::g(exemplar.value)).expect("a string takes all");
        if let Some(time) = exemplar.timestamp {
            write!(text, " @{time}").expect("a string takes all");
        }
    }
    text
}

/// A delimited message.
pub(crate) fn message(build: impl FnOnce(&mut proto::Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    proto::Writer::new(&mut out).delimited(build);
    out
}

pub(crate) const COUNTER: u64 = 0;
pub(crate) const GAUGE: u64 = 1;
pub(crate) const SUMMARY: u64 = 2;
pub(crate) const HISTOGRAM: u64 = 4;
pub(crate) const GAUGE_HISTOGRAM: u64 = 5;

/// A family with one metric, whose value is the message `value` in the field that its type has.
pub(crate) fn family(name: &str, metric_type: u64, value: impl FnOnce(&mut proto::Writer<'_>)) -> Vec<u8> {
    message(|family| {
        family.string(1, name);
        family.uint64(3, metric_type);
        family.message(4, |metric| metric.message(value_field(metric_type), value));
    })
}

/// The field of a metric for the value of a type.
pub(crate) fn value_field(metric_type: u64) -> u32 {
    match metric_type {
        COUNTER => 3,
        GAUGE => 2,
        SUMMARY => 4,
        HISTOGRAM | GAUGE_HISTOGRAM => 7,
        _ => 5,
    }
}

/// Count, sum, and classic buckets.
pub(crate) fn classic(histogram: &mut proto::Writer<'_>, count: u64, sum: f64, buckets: &[(f64, u64)]) {
    histogram.uint64(1, count);
    histogram.double(2, sum);
    for (upper_bound, count) in buckets {
        histogram.message(3, |bucket| {
            bucket.uint64(1, *count);
            bucket.double(2, *upper_bound);
        });
    }
}

/// Native buckets above zero: one span from index 0 on.
pub(crate) fn native(histogram: &mut proto::Writer<'_>, schema: i64, length: u64, deltas: &[i64]) {
    histogram.sint64(5, schema);
    histogram.message(12, |span| {
        span.sint64(1, 0);
        span.uint64(2, length);
    });
    histogram.packed_sint64s(13, deltas.iter().copied());
}

/// An exemplar with the label `trace`, in the field `number`.
pub(crate) fn exemplar(parent: &mut proto::Writer<'_>, number: u32, trace: &str, value: f64, seconds: Option<i64>) {
    parent.message(number, |exemplar| {
        exemplar.message(1, |label| {
            label.string(1, "trace");
            label.string(2, trace);
        });
        exemplar.double(2, value);
        if let Some(seconds) = seconds {
            exemplar.message(3, |time| {
                time.int64(1, seconds);
                time.int64(2, 250_999_999);
            });
        }
    });
}
