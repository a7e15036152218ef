//! Counter resets: when a histogram cannot be the continuation of the one before.

use std::iter::Peekable;

use super::custom::{common_bounds, onto, same_bounds};
use super::schema::{coarser_index, steps};
use super::side::coalesce;
use super::span::{Span, Walk};
use super::zero::Zero;
use super::{CounterResetHint, FloatHistogram, bounds};

impl FloatHistogram {
    /// Whether the counter was reset between `previous` and this histogram.
    ///
    /// A hint of this histogram that says so or denies it is believed. Otherwise it was if any count has fallen, or
    /// a populated bucket is gone; the sum does not matter. A finer schema and a smaller zero threshold only come with a
    /// reset. A coarser schema and a larger zero threshold do not: `previous` is then compared as if it had them; but a threshold
    /// inside one of its populated buckets is a reset. With custom bounds the buckets between common bounds are compared.
    #[must_use]
    pub fn detect_reset(&self, previous: &Self) -> bool {
        match self.counter_reset_hint {
            CounterResetHint::Reset => return true,
            CounterResetHint::NotReset => return false,
            // A gauge is treated as a counter where the function is one for counters; the user is warned elsewhere.
            CounterResetHint::Unknown | CounterResetHint::Gauge => {}
        }
        if self.count < previous.count || self.schema > previous.schema {
            return true;
        }
        if self.uses_custom_buckets() {
            return !previous.uses_custom_buckets() || self.custom_reset(previous);
        }
        if previous.uses_custom_buckets() || self.zero_threshold < previous.zero_threshold {
            return true;
        }
        let zero: Zero<f64> = previous.widened_zero(self.zero_threshold, 1.0);
        zero.threshold != self.zero_threshold
            || self.zero_count < zero.count
            || self.side_reset(
                (&self.positive_spans, &self.positive_buckets),
                (&previous.positive_spans, &previous.positive_buckets, previous.schema),
            )
            || self.side_reset(
                (&self.negative_spans, &self.negative_buckets),
                (&previous.negative_spans, &previous.negative_buckets, previous.schema),
            )
    }

    fn side_reset(&self, current: (&[Span], &[f64]), previous: (&[Span], &[f64], i32)) -> bool {
        let beyond_zero =
            |(index, _): &(i64, f64)| bounds::exponential_bound(*index, self.schema) <= self.zero_threshold;
        let halvings = steps(previous.2, self.schema);
        let earlier = cells(previous.0, previous.1).map(move |(index, count)| (coarser_index(index, halvings), count));
        fallen(
            cells(current.0, current.1).skip_while(beyond_zero).peekable(),
            coalesce(earlier).skip_while(beyond_zero),
        )
    }

    fn custom_reset(&self, previous: &Self) -> bool {
        let current = cells(&self.positive_spans, &self.positive_buckets);
        let earlier = cells(&previous.positive_spans, &previous.positive_buckets);
        if same_bounds(&self.custom_values, &previous.custom_values) {
            return fallen(current.peekable(), earlier);
        }
        let common = common_bounds(&self.custom_values, &previous.custom_values);
        let (mut target, mut earlier_target) =
            (onto(&self.custom_values, &common), onto(&previous.custom_values, &common));
        let current = coalesce(current.map(move |(index, count)| (target(index), count)));
        let earlier = coalesce(earlier.map(move |(index, count)| (earlier_target(index), count)));
        fallen(current.peekable(), earlier)
    }
}

fn cells<'a>(spans: &'a [Span], buckets: &'a [f64]) -> impl Iterator<Item = (i64, f64)> + Clone + 'a {
    Walk::new(spans, buckets.len()).zip(buckets.iter().copied())
}

/// Whether a bucket counts less than before, or is gone and was populated. Both sides ascend by index.
fn fallen(
    mut current: Peekable<impl Iterator<Item = (i64, f64)>>,
    mut previous: impl Iterator<Item = (i64, f64)>,
) -> bool {
    previous.any(|(index, before)| {
        while current.next_if(|(own, _)| *own < index).is_some() {}
        match current.peek() {
            Some((own, count)) if *own == index => *count < before,
            _ => before != 0.0,
        }
    })
}
