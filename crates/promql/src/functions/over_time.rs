//! Aggregations over time.

use promd_model::{CounterResetHint, FloatHistogram, HistogramSum, KahanSum};
use promd_promql_parser::ast::RangeMode;

use super::order_of;
use super::time::seconds;
use super::{Implementation, Output, RangeFunction, Told, is_start_reset, range};
use crate::annotations::{Note, Operation};
use crate::error::Result;
use crate::eval::Window;

pub(super) const TABLE: &[(&str, Implementation)] = &[
    ("avg_over_time", range(average)),
    ("changes", range(changes)),
    ("count_over_time", range(|w, _, _| float((w.t.len() + w.histogram_t.len()) as f64))),
    ("first_over_time", Implementation::Range(RangeFunction { keeps_name: true, ..plain(first) })),
    ("last_over_time", Implementation::Range(RangeFunction { keeps_name: true, ..plain(last) })),
    ("mad_over_time", range(median_deviation)),
    ("max_over_time", range(|w, _, told| pick(w, told, |v, best| v > best).map(|at| at.map(|at| value(w.v[at]))))),
    ("min_over_time", range(|w, _, told| pick(w, told, |v, best| v < best).map(|at| at.map(|at| value(w.v[at]))))),
    ("present_over_time", range(|_, _, _| float(1.0))),
    ("quantile_over_time", range(quantile_over_time)),
    ("resets", Implementation::Range(RangeFunction { uses_starts: true, ..plain(resets) })),
    ("stddev_over_time", range(|w, _, told| Ok(variance(w, told).map(|v| value(v.sqrt()))))),
    ("stdvar_over_time", range(|w, _, told| Ok(variance(w, told).map(value)))),
    ("sum_over_time", range(sum)),
    ("ts_of_first_over_time", range(|w, _, _| float(seconds(edge(w, true))))),
    ("ts_of_last_over_time", range(|w, _, _| float(seconds(edge(w, false))))),
    (
        "ts_of_max_over_time",
        range(|w, _, t| pick(w, t, |v, best| v >= best).map(|at| at.map(|at| value(seconds(w.t[at]))))),
    ),
    (
        "ts_of_min_over_time",
        range(|w, _, t| pick(w, t, |v, best| v <= best).map(|at| at.map(|at| value(seconds(w.t[at]))))),
    ),
];

const fn plain(call: fn(&Window<'_>, &[f64], &Told<'_>) -> Result<Option<Output>>) -> RangeFunction {
    RangeFunction { call, keeps_name: false, is_counter: false, uses_starts: false }
}

const fn value(v: f64) -> Output {
    Output::Float(v)
}

#[expect(clippy::unnecessary_wraps, reason = "what range functions return")]
const fn float(v: f64) -> Result<Option<Output>> {
    Ok(Some(Output::Float(v)))
}

/// Says so if histograms are left out, and whether there are floats.
fn has_floats(window: &Window<'_>, told: &Told<'_>) -> bool {
    if window.t.is_empty() {
        return false;
    }
    if !window.histograms.is_empty() {
        told.say(Note::IgnoredInRange(window.metric.to_owned()));
    }
    true
}

/// Whether there are floats and histograms, which sums do not go over.
fn is_mixed(window: &Window<'_>, told: &Told<'_>) -> bool {
    let mixed = !window.t.is_empty() && !window.histograms.is_empty();
    if mixed {
        told.say(Note::MixedFloatsHistograms(window.metric.to_owned()));
    }
    mixed
}

fn sum(window: &Window<'_>, _: &[f64], told: &Told<'_>) -> Result<Option<Output>> {
    if is_mixed(window, told) {
        return Ok(None);
    }
    if window.t.is_empty() {
        let sum = histogram_sum(window, told, false);
        return Ok(sum.map(|sum| Output::Histogram(Box::new(sum))));
    }
    let sum: KahanSum = window.v.iter().copied().collect();
    float(if sum.sum.is_infinite() { sum.sum } else { sum.value() })
}

fn average(window: &Window<'_>, _: &[f64], told: &Told<'_>) -> Result<Option<Output>> {
    if is_mixed(window, told) {
        return Ok(None);
    }
    if window.t.is_empty() {
        let mean = histogram_sum(window, told, true);
        return Ok(mean.map(|mean| Output::Histogram(Box::new(mean))));
    }
    let mut mean = Mean::new(window.v[0]);
    window.v[1..].iter().for_each(|v| mean.add(*v));
    float(mean.value())
}

/// A mean: a sum, until it would overflow; from there on the mean itself is carried on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    sum: KahanSum,
    count: f64,
    incremental: bool,
}

impl Mean {
    pub(crate) const fn new(first: f64) -> Self {
        Self { sum: KahanSum::new(first), count: 1.0, incremental: false }
    }

    pub(crate) fn add(&mut self, v: f64) {
        self.count += 1.0;
        if !self.incremental {
            let mut sum = self.sum;
            sum.inc(v);
            if !sum.sum.is_infinite() {
                self.sum = sum;
                return;
            }
            self.incremental = true;
            self.sum.sum /= self.count - 1.0;
            self.sum.compensation /= self.count - 1.0;
        }
        let share = (self.count - 1.0) / self.count;
        self.sum.sum *= share;
        self.sum.compensation *= share;
        self.sum.inc(v / self.count);
    }

    pub(crate) fn value(&self) -> f64 {
        if self.incremental { self.sum.value() } else { self.sum.sum / self.count + self.sum.compensation / self.count }
    }
}

/// The sum of histograms, or their mean.
#[derive(Debug, Clone)]
pub(crate) struct HistogramFold {
    sum: HistogramSum,
    count: f64,
    mean: bool,
    incremental: bool,
    reset: bool,
    not_reset: bool,
}

impl HistogramFold {
    pub(crate) fn new(first: &FloatHistogram, mean: bool) -> Self {
        let mut fold = Self {
            sum: HistogramSum::new(first),
            count: 1.0,
            mean,
            incremental: false,
            reset: false,
            not_reset: false,
        };
        fold.note_reset(first);
        fold
    }

    fn note_reset(&mut self, histogram: &FloatHistogram) {
        self.reset |= histogram.counter_reset_hint == CounterResetHint::Reset;
        self.not_reset |= histogram.counter_reset_hint == CounterResetHint::NotReset;
    }

    /// Whether some histograms say that their counter was reset, and others that it was not.
    pub(crate) const fn resets_collide(&self) -> bool {
        self.reset && self.not_reset
    }

    /// Adds a histogram; says whether bounds had to be reconciled, or `None` if the two cannot be added.
    pub(crate) fn add(&mut self, histogram: &FloatHistogram) -> Option<bool> {
        self.note_reset(histogram);
        self.count += 1.0;
        if !self.mean {
            return self.sum.add(histogram).ok().map(|combined| combined.bounds_reconciled);
        }
        if !self.incremental {
            let mut sum = self.sum.clone();
            let combined = sum.add(histogram).ok()?;
            if !sum.has_overflow() {
                self.sum = sum;
                return Some(combined.bounds_reconciled);
            }
            self.incremental = true;
            self.sum.div(self.count - 1.0);
        }
        self.sum.mul((self.count - 1.0) / self.count);
        let mut share = histogram.clone();
        share.div(self.count);
        self.sum.add(&share).ok().map(|combined| combined.bounds_reconciled)
    }

    pub(crate) fn value(mut self) -> FloatHistogram {
        if self.mean && !self.incremental {
            self.sum.div(self.count);
        }
        self.sum.into_value()
    }
}

fn histogram_sum(window: &Window<'_>, told: &Told<'_>, mean: bool) -> Option<FloatHistogram> {
    let (first, rest) = window.histograms.split_first()?;
    let mut fold = HistogramFold::new(first, mean);
    let mut reconciled = false;
    for histogram in rest {
        let Some(did) = fold.add(histogram) else {
            told.say(Note::MixedSchemas(window.metric.to_owned()));
            return None;
        };
        reconciled |= did;
    }
    if fold.resets_collide() {
        told.say(Note::ResetsCollide(Operation::Aggregation));
    }
    if reconciled {
        told.say(Note::BoundsReconciled(Operation::Aggregation));
    }
    Some(fold.value())
}

/// Where the value is that is better than all others; a NaN is worse than anything.
fn pick(window: &Window<'_>, told: &Told<'_>, better: fn(f64, f64) -> bool) -> Result<Option<usize>> {
    if !has_floats(window, told) {
        return Ok(None);
    }
    let mut best = 0;
    for (at, v) in window.v.iter().enumerate() {
        if better(*v, window.v[best]) || window.v[best].is_nan() {
            best = at;
        }
    }
    Ok(Some(best))
}

/// The time of the first or the last sample.
fn edge(window: &Window<'_>, first: bool) -> i64 {
    let (floats, histograms) = (window.t, window.histogram_t);
    if first {
        floats.first().into_iter().chain(histograms.first()).copied().min().unwrap_or_default()
    } else {
        floats.last().into_iter().chain(histograms.last()).copied().max().unwrap_or_default()
    }
}

fn first(window: &Window<'_>, _: &[f64], _: &Told<'_>) -> Result<Option<Output>> {
    Ok(match (window.t.first(), window.histogram_t.first()) {
        (Some(t), Some(histogram_t)) if t < histogram_t => Some(value(window.v[0])),
        (Some(_), None) => Some(value(window.v[0])),
        _ => window.histograms.first().map(|histogram| Output::Histogram(Box::new(histogram.clone()))),
    })
}

fn last(window: &Window<'_>, _: &[f64], _: &Told<'_>) -> Result<Option<Output>> {
    Ok(match (window.t.last(), window.histogram_t.last()) {
        (Some(t), Some(histogram_t)) if histogram_t < t => window.v.last().copied().map(value),
        (Some(_), None) => window.v.last().copied().map(value),
        _ => window.histograms.last().map(|histogram| Output::Histogram(Box::new(histogram.clone()))),
    })
}

fn variance(window: &Window<'_>, told: &Told<'_>) -> Option<f64> {
    if !has_floats(window, told) {
        return None;
    }
    let mut spread = Spread::default();
    window.v.iter().zip(1u32..).for_each(|(v, count)| spread.add(*v, f64::from(count)));
    Some(spread.variance(window.v.len() as f64))
}

/// How far values are spread, found in one pass (Welford's).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread {
    mean: KahanSum,
    squares: KahanSum,
}

impl Spread {
    /// Adds a value, of which there are `count` with it.
    #[inline]
    pub(crate) fn add(&mut self, v: f64, count: f64) {
        let delta = v - self.mean.value();
        self.mean.inc(delta / count);
        self.squares.inc(delta * (v - self.mean.value()));
    }

    pub(crate) fn variance(self, count: f64) -> f64 {
        self.squares.value() / count
    }
}

fn quantile_over_time(window: &Window<'_>, args: &[f64], told: &Told<'_>) -> Result<Option<Output>> {
    if window.t.is_empty() {
        return Ok(None);
    }
    let phi = args[0];
    if !(0.0..=1.0).contains(&phi) {
        told.say(Note::InvalidQuantile(phi));
    }
    has_floats(window, told);
    float(quantile(phi, &mut window.v.to_vec()))
}

fn median_deviation(window: &Window<'_>, _: &[f64], told: &Told<'_>) -> Result<Option<Output>> {
    if !has_floats(window, told) {
        return Ok(None);
    }
    if window.v.iter().any(|v| v.is_nan()) {
        return float(f64::NAN);
    }
    let mut values = window.v.to_vec();
    let median = quantile(0.5, &mut values);
    values.iter_mut().for_each(|v| *v = (*v - median).abs());
    float(quantile(0.5, &mut values))
}

/// The φ-quantile of values, interpolated between the two next to it. The values are sorted, NaN first.
pub(crate) fn quantile(phi: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || phi.is_nan() {
        return f64::NAN;
    }
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| order_of(*a, *b));
    quantile_of_sorted(phi, values.len(), |at| values[at])
}

/// The φ-quantile, between 0 and 1, of so many sorted values.
pub(crate) fn quantile_of_sorted(phi: f64, count: usize, mut value: impl FnMut(usize) -> f64) -> f64 {
    let n = count as f64;
    let rank = phi * (n - 1.0);
    let lower = rank.floor().max(0.0);
    let upper = (lower + 1.0).min(n - 1.0);
    let weight = rank - rank.floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of values")]
    let (lower, upper) = (value(lower as usize), value(upper as usize));
    lower * (1.0 - weight) + upper * weight
}

/// A sample of either kind.
#[derive(Clone, Copy)]
enum Either<'a> {
    Float(f64),
    Histogram(&'a FloatHistogram),
}

/// The samples of a window in order of time, each with its start; of an anchored one those from the last before the range
/// on, and none if none lies in the range.
fn in_order<'a>(window: &Window<'a>) -> Vec<(i64, i64, Either<'a>)> {
    let start = |starts: &[i64], at: usize| starts.get(at).copied().unwrap_or(0);
    let floats = window.t.iter().enumerate().map(|(at, t)| (*t, start(window.starts, at), Either::Float(window.v[at])));
    let histograms = window.histogram_t.iter().enumerate();
    let histograms =
        histograms.map(|(at, t)| (*t, start(window.histogram_starts, at), Either::Histogram(&window.histograms[at])));
    let mut all: Vec<_> = floats.chain(histograms).collect();
    if !window.histogram_t.is_empty() {
        all.sort_by_key(|(t, ..)| *t);
    }
    if window.mode == Some(RangeMode::Anchored) {
        let before = all.partition_point(|(t, ..)| *t <= window.start);
        if before == all.len() {
            return Vec::new();
        }
        all.drain(..before.saturating_sub(1));
    }
    all
}

fn changes(window: &Window<'_>, _: &[f64], _: &Told<'_>) -> Result<Option<Output>> {
    let samples = in_order(window);
    let changed = samples.windows(2).filter(|pair| match (pair[0].2, pair[1].2) {
        (Either::Float(a), Either::Float(b)) => a != b && !(a.is_nan() && b.is_nan()),
        (Either::Histogram(a), Either::Histogram(b)) => !b.same_data(a),
        _ => true,
    });
    let count = changed.count() as f64;
    Ok((!samples.is_empty()).then_some(value(count)))
}

fn resets(window: &Window<'_>, _: &[f64], _: &Told<'_>) -> Result<Option<Output>> {
    let samples = in_order(window);
    let reset = samples.windows(2).filter(|pair| {
        let ((t, start, before), (now, now_start, after)) = (pair[0], pair[1]);
        match (before, after) {
            (Either::Float(a), Either::Float(b)) => b < a || is_start_reset(start, t, now_start, now),
            (Either::Histogram(a), Either::Histogram(b)) => {
                is_start_reset(start, t, now_start, now) || b.detect_reset(a)
            }
            _ => true,
        }
    });
    let count = reset.count() as f64;
    Ok((!samples.is_empty()).then_some(value(count)))
}
