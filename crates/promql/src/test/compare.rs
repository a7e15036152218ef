//! Whether an answer is the expected one.

use std::collections::BTreeMap;
use std::sync::Arc;

use promd_model::{CounterResetHint, FloatHistogram, Labels, float};
use promd_promql_parser::series::SeriesValue;
use promd_regex::Regex;

use super::load::line;
use super::script::{Eval, Expect};
use crate::{Answer, MatrixSeries, Number, QueryError, Value, VectorSample};

/// What is expected of a series: its labels and its values, one a step.
type Expected = (Labels, Vec<SeriesValue>);

pub(super) fn check(eval: &Eval<'_>, answer: Result<Answer, QueryError>) -> Result<(), String> {
    let answer = match (answer, eval.fail) {
        (Err(error), Some(expected)) if matches(expected, &error.to_string())? => return Ok(()),
        (Err(error), Some(expected)) => return Err(format!("expected the error {expected:?}, got {error}")),
        (Err(error), None) => return Err(format!("error: {error}")),
        (Ok(_), Some(_)) => return Err("expected an error".to_owned()),
        (Ok(answer), None) => answer,
    };
    annotations("warning", &eval.warns, eval.no_warn, &answer.warnings)?;
    annotations("info", &eval.infos, eval.no_info, &answer.infos)?;
    value(eval, &answer.value)
}

fn matches(expected: Expect<'_>, got: &str) -> Result<bool, String> {
    Ok(match expected {
        Expect::Some => true,
        Expect::Message(message) => message == got,
        Expect::Regex(regex) => Regex::new(regex).map_err(|error| error.to_string())?.is_match(got),
    })
}

fn annotations(kind: &str, expected: &[Expect<'_>], none: bool, got: &[String]) -> Result<(), String> {
    if none && !got.is_empty() {
        return Err(format!("unexpected {kind}: {got:?}"));
    }
    if expected.is_empty() {
        return Ok(());
    }
    if got.is_empty() {
        return Err(format!("expected a {kind}: {expected:?}"));
    }
    for text in got {
        let known = expected.iter().map(|expected| matches(*expected, text)).collect::<Result<Vec<_>, _>>()?;
        if !known.contains(&true) {
            return Err(format!("expected the {kind} {expected:?}, got {text:?}"));
        }
    }
    for one in expected {
        let met = got.iter().map(|text| matches(*one, text)).collect::<Result<Vec<_>, _>>()?;
        if !met.contains(&true) {
            return Err(format!("expected the {kind} {one:?}, got {got:?}"));
        }
    }
    Ok(())
}

/// Whether a number alone is expected.
pub(super) fn is_scalar(eval: &Eval<'_>) -> bool {
    matches!(eval.results[..], [line] if float::parse(line.as_bytes()).is_ok())
}

pub(super) fn value(eval: &Eval<'_>, value: &Value) -> Result<(), String> {
    if let Some(expected) = &eval.string {
        let Value::String { text, .. } = value else { return Err(format!("expected a string, got {value:?}")) };
        return if text == expected { Ok(()) } else { Err(format!("expected {expected:?}, got {text:?}")) };
    }
    if let [line] = eval.results[..]
        && let Ok(expected) = float::parse(line.as_bytes())
    {
        return match value {
            Value::Scalar { v, .. } if same(expected, *v) => Ok(()),
            Value::Scalar { v, .. } => Err(format!("expected {expected}, got {v}")),
            other => Err(format!("expected a scalar, got {other:?}")),
        };
    }
    let expected = eval.results.iter().map(|text| line(text));
    let expected = expected.collect::<Result<Vec<Expected>, String>>()?;
    match value {
        Value::Vector(samples) if eval.range_vector.is_none() && eval.step.is_none() => {
            vector(&expected, samples, eval.ordered)
        }
        Value::Matrix(series) => {
            let (start, step) = eval.range_vector.unwrap_or((eval.start, eval.step.unwrap_or(1)));
            matrix(&expected, series, start, step)
        }
        other => Err(format!("expected another type, got {other:?}")),
    }
}

fn vector(expected: &[Expected], got: &[VectorSample], ordered: bool) -> Result<(), String> {
    let mut by_labels: BTreeMap<&Labels, (usize, &VectorSample)> = BTreeMap::new();
    for (position, sample) in got.iter().enumerate() {
        if by_labels.insert(&sample.labels, (position, sample)).is_some() {
            return Err(format!("{} comes twice", sample.labels));
        }
    }
    for (position, (labels, values)) in expected.iter().enumerate() {
        let Some((at, sample)) = by_labels.remove(labels) else {
            return Err(format!("{labels} is missing; got {got:?}"));
        };
        if ordered && at != position {
            return Err(format!("{labels} is in place {at}, not {position}"));
        }
        let [item] = &values[..] else { return Err(format!("{labels} needs one value")) };
        compare(labels, sample.t, item, Some(&sample.value))?;
    }
    match by_labels.keys().next() {
        Some(labels) => Err(format!("{labels} was not expected")),
        None => Ok(()),
    }
}

fn matrix(expected: &[Expected], got: &[MatrixSeries], start: i64, step: i64) -> Result<(), String> {
    if !got.is_sorted_by(|a, b| a.labels < b.labels) {
        return Err("the series are not in order, or one comes twice".to_owned());
    }
    let mut by_labels: BTreeMap<&Labels, &MatrixSeries> = got.iter().map(|series| (&series.labels, series)).collect();
    for (labels, values) in expected {
        let Some(series) = by_labels.remove(labels) else {
            return Err(format!("{labels} is missing; got {got:?}"));
        };
        let mut points: BTreeMap<i64, Number> = series.floats.iter().map(|(t, v)| (*t, Number::Float(*v))).collect();
        points.extend(series.histograms.iter().map(|(t, h)| (*t, Number::Histogram(Arc::clone(h)))));
        let mut t = start;
        for item in values {
            compare(labels, t, item, points.remove(&t).as_ref())?;
            t = t.saturating_add(step);
        }
        if let Some((t, point)) = points.iter().next() {
            return Err(format!("{labels} has {point:?} at {t}, where nothing was expected"));
        }
    }
    match by_labels.keys().next() {
        Some(labels) => Err(format!("{labels} was not expected")),
        None => Ok(()),
    }
}

fn compare(labels: &Labels, t: i64, expected: &SeriesValue, got: Option<&Number>) -> Result<(), String> {
    let fits = match (expected, got) {
        (SeriesValue::Missing, None) => true,
        (SeriesValue::Float(expected), Some(Number::Float(got))) => same(*expected, *got),
        (SeriesValue::Histogram { histogram, names_hint }, Some(Number::Histogram(got))) => {
            same_histogram(histogram, got, *names_hint)
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("{labels} at {t}: expected {expected:?}, got {got:?}")) }
}

/// Nearly equal, by the measure of Prometheus' own tests (`util/almost`).
fn same(a: f64, b: f64) -> bool {
    const EPSILON: f64 = 1e-6;
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}

fn same_histogram(expected: &FloatHistogram, got: &FloatHistogram, hint: bool) -> bool {
    let compacted = |histogram: &FloatHistogram| {
        let mut histogram = histogram.clone();
        histogram.compact(0);
        histogram
    };
    let (a, b) = (compacted(expected), compacted(got));
    let all = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(*a, *b));
    a.schema == b.schema
        && same(a.count, b.count)
        && same(a.sum, b.sum)
        && (a.uses_custom_buckets() || a.zero_threshold == b.zero_threshold)
        && same(a.zero_count, b.zero_count)
        && a.custom_values == b.custom_values
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && all(&a.positive_buckets, &b.positive_buckets)
        && all(&a.negative_buckets, &b.negative_buckets)
        && (!hint || a.counter_reset_hint == b.counter_reset_hint || a.counter_reset_hint == CounterResetHint::Unknown)
}
