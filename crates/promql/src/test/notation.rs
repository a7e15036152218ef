//! Series as test scripts write them: `name{label="value"} 1 2+3x4 _ stale {{schema:1 count:2}}`.

use promd_model::{
    CUSTOM_BUCKETS_SCHEMA, CounterResetHint, Duration, FloatHistogram, Labels, METRIC_NAME, MatchOp, STALE_NAN, Span,
    float,
};
use promd_promql_parser::{Options, Parser};

/// How many values an item may stand for.
const MOST_REPETITIONS: usize = 1 << 20;

/// What an item stands for.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Missing,
    Float(f64),
    /// Boxed: it is the rare case. The flag says whether the notation names a counter reset hint.
    Histogram(Box<FloatHistogram>, bool),
}

/// Splits a line into its series and its values.
pub(super) fn split(line: &str) -> (&str, &str) {
    let mut quote = None;
    let mut depth = 0usize;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.saturating_sub(1),
            (None, c) if depth == 0 && c.is_whitespace() => return line.split_at(at),
            _ => {}
        }
    }
    (line, "")
}

pub(super) fn labels(text: &str) -> Result<Labels, String> {
    if text == "{}" {
        return Ok(Labels::empty());
    }
    let matchers = Parser::new(Options::all()).parse_selector(text).map_err(|error| error.to_string())?;
    if let Some(other) = matchers.iter().find(|matcher| matcher.op() != MatchOp::Equal) {
        return Err(format!("{other} is no label"));
    }
    let pairs = matchers.iter().filter(|matcher| !matcher.value().is_empty() || matcher.name() != METRIC_NAME);
    Labels::from_pairs(pairs.map(|matcher| (matcher.name(), matcher.value())))
        .map(|labels| labels.without_empty())
        .map_err(|error| error.to_string())
}

/// The values of a line.
pub(super) fn values(text: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = item_end(rest);
        let (item, behind) = rest.split_at(end);
        if item.starts_with("{{") {
            histograms(item, &mut items)?;
        } else {
            floats(item, &mut items)?;
        }
        rest = behind.trim_start();
    }
    Ok(items)
}

/// Where the first item ends: at a blank outside of `{{ }}`.
fn item_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut inside = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"{{") => (inside, at) = (true, at + 2),
            Some(b"}}") => (inside, at) = (false, at + 2),
            _ if !inside && bytes[at].is_ascii_whitespace() => return at,
            _ => at += 1,
        }
    }
    at
}

fn repetitions(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n <= MOST_REPETITIONS).ok_or_else(|| format!("bad number of repetitions: {text:?}"))
}

fn floats(item: &str, items: &mut Vec<Item>) -> Result<(), String> {
    let (value, times) = match item.split_once('x') {
        Some((value, times)) => (value, Some(repetitions(times)?)),
        None => (item, None),
    };
    match value {
        "_" => items.extend(vec![Item::Missing; times.unwrap_or(1)]),
        "stale" => items.extend(vec![Item::Float(STALE_NAN); times.unwrap_or(0) + 1]),
        _ => {
            let (mut value, step) = with_step(value)?;
            for _ in 0..=times.unwrap_or(0) {
                items.push(Item::Float(value));
                value += step;
            }
        }
    }
    Ok(())
}

/// `1.5`, `1+2`, `1e-3-2`.
fn with_step(text: &str) -> Result<(f64, f64), String> {
    let number = |text: &str| float::parse(text.as_bytes()).map_err(|_| format!("bad number: {text:?}"));
    if let Ok(value) = number(text) {
        return Ok((value, 0.0));
    }
    let operators = text.char_indices().skip(1).filter(|(_, c)| matches!(c, '+' | '-'));
    for (at, c) in operators {
        if let (Ok(value), Ok(step)) = (number(&text[..at]), number(&text[at + 1..])) {
            return Ok((value, if c == '-' { -step } else { step }));
        }
    }
    Err(format!("bad value: {text:?}"))
}

fn histograms(item: &str, items: &mut Vec<Item>) -> Result<(), String> {
    let close = item.find("}}").ok_or("unclosed histogram")? + 2;
    let (first, behind) = item.split_at(close);
    let (mut value, named) = histogram(first)?;
    let (step, times) = match behind.find("}}") {
        Some(at) => (behind.get(..at + 2), &behind[at + 2..]),
        None => (None, behind),
    };
    let times = match times.strip_prefix('x') {
        Some(times) => repetitions(times)?,
        None if times.is_empty() => 0,
        None => return Err(format!("unexpected {times:?} behind a histogram")),
    };
    let step = step.map(|step| histogram(&step[1..]).map(|(h, _)| (h, step.starts_with('-')))).transpose()?;
    for repetition in 0..=times {
        if repetition > 0
            && let Some((step, negative)) = &step
        {
            // The series notation of Prometheus works on a copy in the coarser of both schemas.
            let schema = value.schema.min(step.schema);
            let sum = value.copy_to_schema(schema).and_then(|mut sum| {
                let step = step.copy_to_schema(schema)?;
                if *negative { sum.sub(&step) } else { sum.add(&step) }.map(|_| sum)
            });
            value = sum.map_err(|error| error.to_string())?;
        }
        items.push(Item::Histogram(Box::new(value.clone()), named));
    }
    Ok(())
}

fn histogram(text: &str) -> Result<(FloatHistogram, bool), String> {
    let inside = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).ok_or("bad histogram")?;
    let mut histogram = FloatHistogram::default();
    let (mut offset, mut negative_offset, mut named) = (0, 0, false);
    let mut rest = inside.trim();
    while !rest.is_empty() {
        let (key, behind) = rest.split_once(':').ok_or_else(|| format!("bad histogram part: {rest:?}"))?;
        let list = behind.starts_with('[');
        let end =
            if list { behind.find(']').ok_or("unclosed list")? + 1 } else { behind.find(' ').unwrap_or(behind.len()) };
        let (value, behind) = behind.split_at(end);
        let number = || float::parse(value.as_bytes()).map_err(|_| format!("bad number: {value:?}"));
        let integer = || value.parse::<i32>().map_err(|_| format!("bad integer: {value:?}"));
        let numbers = || {
            let inside = value.trim_matches(['[', ']']);
            let numbers =
                inside.split_whitespace().map(|text| float::parse(text.as_bytes())).collect::<Result<Vec<_>, _>>();
            numbers.map_err(|_| format!("bad list: {value:?}"))
        };
        match key.trim() {
            "schema" => histogram.schema = integer()?,
            "sum" => histogram.sum = number()?,
            "count" => histogram.count = number()?,
            "z_bucket" => histogram.zero_count = number()?,
            "z_bucket_w" => histogram.zero_threshold = number()?,
            "buckets" => histogram.positive_buckets = numbers()?,
            "n_buckets" => histogram.negative_buckets = numbers()?,
            "custom_values" => histogram.custom_values = numbers()?,
            "offset" => offset = integer()?,
            "n_offset" => negative_offset = integer()?,
            "counter_reset_hint" => {
                named = true;
                histogram.counter_reset_hint = match value {
                    "unknown" => CounterResetHint::Unknown,
                    "reset" => CounterResetHint::Reset,
                    "not_reset" => CounterResetHint::NotReset,
                    "gauge" => CounterResetHint::Gauge,
                    other => return Err(format!("bad counter reset hint: {other:?}")),
                };
            }
            other => return Err(format!("unknown histogram part: {other:?}")),
        }
        rest = behind.trim_start();
    }
    let spans = |offset, buckets: &[f64]| {
        let length = u32::try_from(buckets.len()).map_err(|_| "too many buckets")?;
        Ok::<_, String>(if length == 0 { Vec::new() } else { vec![Span::new(offset, length)] })
    };
    if histogram.custom_values.is_empty() || histogram.schema == CUSTOM_BUCKETS_SCHEMA {
        histogram.positive_spans = spans(offset, &histogram.positive_buckets)?;
        histogram.negative_spans = spans(negative_offset, &histogram.negative_buckets)?;
        return Ok((histogram, named));
    }
    Err("custom values need the schema -53".to_owned())
}

/// Start timestamps: offsets from the times of samples, in milliseconds.
pub(super) fn starts(text: &str) -> Result<Vec<Option<i64>>, String> {
    let mut starts = Vec::new();
    for item in text.split_whitespace() {
        let (value, times) = match item.split_once('x') {
            Some((value, times)) => (value, Some(repetitions(times)?)),
            None => (item, None),
        };
        if value == "_" {
            starts.extend(vec![None; times.unwrap_or(1)]);
            continue;
        }
        let duration = |text: &str| millis(text);
        let operator = value.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
        let (mut value, step) = match operator {
            Some((at, c)) => {
                let step = duration(&value[at + 1..])?;
                (duration(&value[..at])?, if c == '-' { -step } else { step })
            }
            None => (duration(value)?, 0),
        };
        for _ in 0..=times.unwrap_or(0) {
            starts.push(Some(value));
            value += step;
        }
    }
    Ok(starts)
}

/// A duration with a sign, or seconds.
pub(super) fn millis(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let duration =
        digits.parse::<Duration>().ok().or_else(|| Duration::from_secs_f64(float::parse(digits.as_bytes()).ok()?));
    let millis = duration.ok_or_else(|| format!("bad duration: {text:?}"))?.as_millis();
    Ok(if negative { -millis } else { millis })
}
