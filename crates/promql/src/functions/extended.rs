//! `anchored` and `smoothed`: values at the very edges of a range.

use promd_model::{CounterResetHint, FloatHistogram};
use promd_promql_parser::ast::RangeMode;

use super::rate::combine;
use super::{Output, Told};
use crate::annotations::{Note, Operation};
use crate::eval::Window;

/// On a line between two points; a counter that was reset between them starts at 0.
pub(crate) fn interpolate(a: (i64, f64), b: (i64, f64), t: i64, counter: bool) -> f64 {
    let from = if counter && b.1 < a.1 { 0.0 } else { a.1 };
    from + (b.1 - from) * (t - a.0) as f64 / (b.0 - a.0) as f64
}

/// The first and last sample that matter: of those before the start the last, and with `smoothed` the first at or behind
/// the end. `None` if nothing lies in the range.
fn ends(t: &[i64], start: i64, end: i64, smoothed: bool) -> Option<(usize, usize)> {
    let newest = t.len().checked_sub(1)?;
    let first = t[..newest].partition_point(|t| *t <= start).saturating_sub(1);
    let last = if smoothed { t[..newest].partition_point(|t| *t < end) } else { newest };
    (t[last] > start && !(smoothed && t[first] > end)).then_some((first, last))
}

/// The values at the start and the end.
fn edges(
    t: &[i64],
    v: &[f64],
    (first, last): (usize, usize),
    range: (i64, i64),
    smoothed: bool,
    counter: bool,
) -> (f64, f64) {
    let point = |at: usize| (t[at], v[at]);
    let left = if smoothed && t[first] < range.0 {
        interpolate(point(first), point(first + 1), range.0, counter)
    } else {
        v[first]
    };
    let right = if smoothed && last > 0 && t[last] > range.1 {
        interpolate(point(last - 1), point(last), range.1, counter)
    } else {
        v[last]
    };
    (left, right)
}

/// The samples that lie within, without those at the edges.
fn inner(t: &[i64], (first, last): (usize, usize), start: i64, end: i64) -> std::ops::Range<usize> {
    let from = first + usize::from(t[first] <= start);
    let to = last + usize::from(t[last] < end);
    from..to.max(from)
}

/// What a range vector that is shown by itself holds.
pub(crate) fn points(floats: &[(i64, f64)], start: i64, end: i64, mode: RangeMode) -> Vec<(i64, f64)> {
    let smoothed = mode == RangeMode::Smoothed;
    let (t, v): (Vec<i64>, Vec<f64>) = floats.iter().copied().unzip();
    let Some(newest) = t.len().checked_sub(1) else { return Vec::new() };
    let first = t[..newest].partition_point(|t| *t <= start).saturating_sub(1);
    let last = if smoothed { t[..newest].partition_point(|t| *t < end) } else { newest };
    if t[last] <= start {
        return Vec::new();
    }
    let (left, right) = edges(&t, &v, (first, last), (start, end), smoothed, false);
    let mut points = vec![(start, left)];
    points.extend_from_slice(&floats[inner(&t, (first, last), start, end)]);
    points.push((end, right));
    points
}

pub(super) fn rate(window: &Window<'_>, told: &Told<'_>, counter: bool, per_second: bool) -> Option<Output> {
    let smoothed = window.mode == Some(RangeMode::Smoothed);
    if window.t.is_empty() {
        return histogram_rate(window, told, counter, per_second, smoothed);
    }
    let (t, v) = (window.t, window.v);
    let found = ends(t, window.start, window.end, smoothed)?;
    let (left, right) = edges(t, v, found, (window.start, window.end), smoothed, counter);
    let mut result = right - left;
    if counter {
        let (mut correction, mut before) = (0.0, left);
        for value in v[inner(t, found, window.start, window.end)].iter().chain([&right]) {
            if *value < before {
                correction += before;
            }
            before = *value;
        }
        result += correction;
    }
    Some(Output::Float(if per_second { result / window.seconds } else { result }))
}

/// On a line between two histograms; a counter that was reset between them starts at nothing. `None` if they do not fit.
pub(crate) fn interpolate_histograms(
    a: (i64, &FloatHistogram),
    b: (i64, &FloatHistogram),
    t: i64,
    counter: bool,
    mut reconciled: impl FnMut(Operation),
) -> Option<FloatHistogram> {
    if t == a.0 {
        return Some(a.1.clone());
    }
    let mut result = b.1.clone();
    if t == b.0 {
        return Some(result);
    }
    let fraction = (t - a.0) as f64 / (b.0 - a.0) as f64;
    if counter && b.1.detect_reset(a.1) {
        result.mul(fraction);
        return Some(result);
    }
    if result.sub(a.1).ok()?.bounds_reconciled {
        reconciled(Operation::Subtraction);
    }
    result.mul(fraction);
    if result.add(a.1).ok()?.bounds_reconciled {
        reconciled(Operation::Addition);
    }
    Some(result)
}

fn histogram_rate(
    window: &Window<'_>,
    told: &Told<'_>,
    counter: bool,
    per_second: bool,
    smoothed: bool,
) -> Option<Output> {
    let (t, all) = (window.histogram_t, window.histograms);
    let (first, last) = ends(t, window.start, window.end, smoothed)?;
    let custom = all[first].uses_custom_buckets();
    let gauge = |histogram: &FloatHistogram| histogram.counter_reset_hint == CounterResetHint::Gauge;
    for histogram in &all[first..=last] {
        if histogram.uses_custom_buckets() != custom {
            told.say(Note::MixedSchemas(window.metric.to_owned()));
            return None;
        }
        if counter && gauge(histogram) {
            told.say(Note::NotACounter(window.metric.to_owned()));
        }
    }
    let point = |at: usize| (t[at], &all[at]);
    let say = |operation| told.say(Note::BoundsReconciled(operation));
    let left = if smoothed && t[first] < window.start {
        interpolate_histograms(point(first), point(first + 1), window.start, counter, say)?
    } else {
        all[first].clone()
    };
    let right = if smoothed && last > 0 && t[last] > window.end {
        interpolate_histograms(point(last - 1), point(last), window.end, counter, say)?
    } else {
        all[last].clone()
    };
    if !counter && (!gauge(&left) || !gauge(&right)) {
        told.say(Note::NotAGauge(window.metric.to_owned()));
    }
    let mut result = right.clone();
    if !combine(&mut result, &left, Operation::Subtraction, window, told) {
        return None;
    }
    if counter {
        // A reset that the left edge was interpolated over is in it already.
        let over_reset = smoothed && t[first] < window.start && all[first + 1].detect_reset(&all[first]);
        let (mut before, from) = if over_reset { (&all[first + 1], first + 2) } else { (&left, first + 1) };
        if from <= last {
            let mut correction: Option<FloatHistogram> = None;
            for histogram in all[from..last].iter().chain([&right]) {
                if histogram.detect_reset(before) {
                    match &mut correction {
                        None => correction = Some(before.clone()),
                        Some(sum) => {
                            if !combine(sum, before, Operation::Addition, window, told) {
                                return None;
                            }
                        }
                    }
                }
                before = histogram;
            }
            if let Some(correction) = correction
                && !combine(&mut result, &correction, Operation::Addition, window, told)
            {
                return None;
            }
        }
    }
    if per_second {
        result.div(window.seconds);
    }
    result.counter_reset_hint = CounterResetHint::Gauge;
    result.compact(0);
    Some(Output::Histogram(Box::new(result)))
}
