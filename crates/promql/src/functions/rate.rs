//! Rates (`extrapolatedRate` and its relatives of `promql/functions.go`).

use promd_model::{CounterResetHint, FloatHistogram};

use super::time::seconds;
use super::{Implementation, Output, RangeFunction, Table, Told, extended};
use crate::annotations::{Note, Operation};
use crate::error::Result;
use crate::eval::Window;

pub(super) const TABLE: &Table = &[
    ("delta", Implementation::Range(function(|w, _, told| over_range(w, told, false, false), false, false))),
    ("idelta", Implementation::Range(function(|w, _, told| of_last_two(w, told, false), false, false))),
    ("increase", Implementation::Range(function(|w, _, told| over_range(w, told, true, false), true, true))),
    ("irate", Implementation::Range(function(|w, _, told| of_last_two(w, told, true), false, true))),
    ("rate", Implementation::Range(function(|w, _, told| over_range(w, told, true, true), true, true))),
];

const fn function(
    call: fn(&Window<'_>, &[f64], &Told<'_>) -> Result<Option<Output>>,
    is_counter: bool,
    uses_starts: bool,
) -> RangeFunction {
    RangeFunction { call, keeps_name: false, is_counter, uses_starts }
}

/// Whether start timestamps say that a counter was reset between two samples.
pub(crate) fn is_start_reset(start_before: i64, before: i64, start: i64, now: i64) -> bool {
    // Not known, or impossible, or unknown in the way of OpenTelemetry.
    if start == 0 || start >= now || start < before {
        return false;
    }
    // A start at the sample before is that of a delta, unless that sample's start is not known either.
    start > before || (start_before <= before && start_before != 0 && start_before != before)
}

/// Whether a sample's start lies before the sample before it, while the two do not start together.
fn overlaps(start_before: i64, before: i64, start: i64) -> bool {
    start != 0 && start < before && start != start_before
}

fn say_overlap(starts: &[i64], t: &[i64], window: &Window<'_>, told: &Told<'_>) {
    let pairs = starts.windows(2).zip(t);
    if pairs.into_iter().any(|(starts, before)| overlaps(starts[0], *before, starts[1])) {
        told.say(Note::StartTimeOverlap { metric: window.metric.to_owned(), count: 1 });
    }
}

fn over_range(window: &Window<'_>, told: &Told<'_>, counter: bool, per_second: bool) -> Result<Option<Output>> {
    if !window.t.is_empty() && !window.histogram_t.is_empty() {
        told.say(Note::MixedFloatsHistograms(window.metric.to_owned()));
        return Ok(None);
    }
    if window.mode.is_some() {
        return Ok(extended::rate(window, told, counter, per_second));
    }
    let floats = !window.t.is_empty();
    let t = if floats { window.t } else { window.histogram_t };
    let starts = if floats { window.starts } else { window.histogram_starts };
    let ([first, ..], [.., last]) = (t, t) else { return Ok(None) };
    let mut sum = 0.0;
    let mut histogram = None;
    if floats {
        sum = window.v[window.v.len() - 1] - window.v[0];
        if counter {
            window.before_resets().for_each(|before| sum += before);
            say_overlap(starts, t, window, told);
        }
    } else if t.len() > 1 {
        histogram = histogram_increase(window, told, counter);
        if histogram.is_none() {
            return Ok(None);
        }
    }

    let gaps = t.len() - 1;
    let known_start =
        starts.first().filter(|start| counter && **start != 0 && **start > window.start && *start < first);
    if known_start.is_some() {
        // The counter was 0 then.
        if floats {
            sum += window.v[0];
        } else if let Some(increase) = &mut histogram {
            if !combine(increase, &window.histograms[0], Operation::Addition, window, told) {
                return Ok(None);
            }
        } else {
            histogram = Some(window.histograms[0].clone());
        }
    } else if gaps == 0 {
        return Ok(None);
    }
    let origin = match &histogram {
        _ if !counter => None,
        None => Some((window.v[0], sum)),
        Some(increase) => Some((window.histograms[0].count, increase.count)),
    };
    let mut factor = reach((*first, *last), gaps, (window.start, window.end), known_start.copied(), origin);
    if per_second {
        factor /= window.seconds;
    }
    Ok(Some(match histogram {
        None => Output::Float(sum * factor),
        Some(mut histogram) => {
            histogram.mul(factor);
            Output::Histogram(Box::new(histogram))
        }
    }))
}

/// By what the growth between the first and the last sample is multiplied to reach the ends of the range: to the very ends
/// where they are near, otherwise half the way to a further sample. A counter has an origin, its first value and its
/// growth, and is not extrapolated below zero; one that is known to have begun within the range is not extrapolated back.
#[inline]
pub(crate) fn reach(
    (first, last): (i64, i64),
    gaps: usize,
    (start, end): (i64, i64),
    begun: Option<i64>,
    origin: Option<(f64, f64)>,
) -> f64 {
    let mut sampled = seconds(last - first);
    let mut to_start = seconds(first - start);
    let mut to_end = seconds(end - last);
    let spacing = if gaps > 0 { sampled / gaps as f64 } else { 0.0 };
    let threshold = spacing * 1.1;
    if let Some(begun) = begun {
        to_start = 0.0;
        sampled = seconds(last - begun);
    } else {
        if to_start >= threshold {
            to_start = spacing / 2.0;
        }
        if let Some((first, growth)) = origin
            && growth > 0.0
            && first >= 0.0
        {
            let to_zero = sampled * (first / growth);
            if to_zero < to_start {
                to_start = to_zero;
            }
        }
    }
    if to_end >= threshold {
        to_end = spacing / 2.0;
    }
    if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled }
}

/// Adds or subtracts a histogram, and says what was odd about it. `false` if it cannot be done.
pub(super) fn combine(
    to: &mut FloatHistogram,
    other: &FloatHistogram,
    operation: Operation,
    window: &Window<'_>,
    told: &Told<'_>,
) -> bool {
    let combined = if operation == Operation::Subtraction { to.sub(other) } else { to.add(other) };
    match combined {
        Ok(combined) if combined.bounds_reconciled => told.say(Note::BoundsReconciled(operation)),
        Ok(_) => {}
        Err(_) => {
            told.say(Note::MixedSchemas(window.metric.to_owned()));
            return false;
        }
    }
    true
}

/// By how much histograms have grown from the first to the last of a window. What they say of counter resets may
/// contradict itself here: resets are looked at one by one.
fn histogram_increase(window: &Window<'_>, told: &Told<'_>, counter: bool) -> Option<FloatHistogram> {
    let (t, starts, all) = (window.histogram_t, window.histogram_starts, window.histograms);
    let [first, .., last] = all else { return None };
    let gauge = |histogram: &FloatHistogram| histogram.counter_reset_hint == CounterResetHint::Gauge;
    let mixed = || told.say(Note::MixedSchemas(window.metric.to_owned()));
    let reset_by_start = |at: usize| at < starts.len() && is_start_reset(starts[at - 1], t[at - 1], starts[at], t[at]);
    if counter && (gauge(first) || gauge(last)) {
        told.say(Note::NotACounter(window.metric.to_owned()));
    }
    // The first sample does not matter if the counter was reset behind it; neither does its layout then.
    let nothing;
    let mut before = first;
    let mut custom = first.uses_custom_buckets();
    if counter && (reset_by_start(1) || all[1].detect_reset(first)) {
        nothing = FloatHistogram {
            schema: all[1].schema,
            custom_values: all[1].custom_values.clone(),
            ..FloatHistogram::default()
        };
        before = &nothing;
        custom = all[1].uses_custom_buckets();
    }
    if last.uses_custom_buckets() != custom {
        mixed();
        return None;
    }
    let mut schema = last.schema.min(before.schema);
    if counter {
        for between in &all[1..all.len() - 1] {
            if gauge(between) {
                told.say(Note::NotACounter(window.metric.to_owned()));
            }
            schema = schema.min(between.schema);
            if between.uses_custom_buckets() != custom {
                mixed();
                return None;
            }
        }
    }
    let mut increase = last.copy_to_schema(schema).ok()?;
    if !combine(&mut increase, before, Operation::Subtraction, window, told) {
        return None;
    }
    if counter {
        say_overlap(starts, t, window, told);
        for (at, now) in all.iter().enumerate().skip(1) {
            if (reset_by_start(at) || now.detect_reset(before))
                && !combine(&mut increase, before, Operation::Addition, window, told)
            {
                return None;
            }
            before = now;
        }
    } else if !gauge(first) || !gauge(last) {
        told.say(Note::NotAGauge(window.metric.to_owned()));
    }
    increase.counter_reset_hint = CounterResetHint::Gauge;
    increase.compact(0);
    Some(increase)
}

/// A sample with what `irate` has to know of it.
#[derive(Clone, Copy)]
struct Newest<'a> {
    t: i64,
    start: i64,
    v: f64,
    histogram: Option<&'a FloatHistogram>,
}

fn of_last_two(window: &Window<'_>, told: &Told<'_>, rate: bool) -> Result<Option<Output>> {
    let mut newest: Vec<Newest<'_>> = Vec::with_capacity(4);
    let start = |starts: &[i64], at: usize| starts.get(at).copied().unwrap_or(0);
    for at in window.t.len().saturating_sub(2)..window.t.len() {
        newest.push(Newest { t: window.t[at], start: start(window.starts, at), v: window.v[at], histogram: None });
    }
    for at in window.histogram_t.len().saturating_sub(2)..window.histogram_t.len() {
        let (t, start) = (window.histogram_t[at], start(window.histogram_starts, at));
        newest.push(Newest { t, start, v: 0.0, histogram: Some(&window.histograms[at]) });
    }
    newest.sort_by_key(|sample| sample.t);
    let [.., before, now] = newest[..] else { return Ok(None) };
    let elapsed = now.t - before.t;
    if elapsed == 0 {
        return Ok(None);
    }
    let by_start = is_start_reset(before.start, before.t, now.start, now.t);
    let elapsed = seconds(elapsed);
    match (before.histogram, now.histogram) {
        (None, None) => {
            let reset = rate && (now.v < before.v || by_start);
            let v = if reset { now.v } else { now.v - before.v };
            Ok(Some(Output::Float(if rate { v / elapsed } else { v })))
        }
        (Some(earlier), Some(histogram)) => {
            let gauges = [earlier, histogram].map(|h| h.counter_reset_hint == CounterResetHint::Gauge);
            if rate && gauges.contains(&true) {
                told.say(Note::NotACounter(window.metric.to_owned()));
            }
            if !rate && gauges.contains(&false) {
                told.say(Note::NotAGauge(window.metric.to_owned()));
            }
            let mut result = histogram.clone();
            let grown = !rate || (!by_start && !histogram.detect_reset(earlier));
            if grown && !combine(&mut result, earlier, Operation::Subtraction, window, told) {
                return Ok(None);
            }
            result.counter_reset_hint = CounterResetHint::Gauge;
            result.compact(0);
            if rate {
                result.div(elapsed);
            }
            Ok(Some(Output::Histogram(Box::new(result))))
        }
        _ => {
            told.say(Note::MixedFloatsHistograms(window.metric.to_owned()));
            Ok(None)
        }
    }
}
