//! Widening the zero bucket, so that two histograms agree on what lies near zero.

use super::FloatHistogram;
use super::arith::PartsMut;
use super::bounds::exponential_bound;
use super::cell::Cell;
use super::span::{Span, Walk};

/// One side, for reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a, C> {
    pub(crate) spans: &'a [Span],
    pub(crate) cells: &'a [C],
}

impl<'a, C: Cell> Side<'a, C> {
    /// The buckets that begin below `threshold`.
    fn below(self, schema: i32, threshold: f64) -> impl Iterator<Item = (i64, C)> + 'a {
        Walk::new(self.spans, self.cells.len())
            .zip(self.cells.iter().copied())
            .take_while(move |(index, _)| exponential_bound(index - 1, schema) < threshold)
    }
}

/// The zero bucket that a histogram would have with a larger threshold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zero<C> {
    pub(crate) threshold: f64,
    pub(crate) count: C,
}

impl<D: Cell> Zero<D> {
    /// Widens the threshold to at least `threshold` and takes in all buckets that begin below it.
    ///
    /// A populated bucket cannot be split: a threshold inside one moves up to its bound. Both sides have the same grid,
    /// so a threshold on a bound of one side is on a bound of the other, and the search for it ends.
    pub(crate) fn widen<C: Cell>(
        self,
        threshold: f64,
        schema: i32,
        sides: [Side<'_, C>; 2],
        cell: impl Fn(C) -> D,
    ) -> Self {
        if threshold == self.threshold {
            return self;
        }
        let mut threshold = threshold;
        loop {
            let populated =
                sides.iter().flat_map(|side| side.below(schema, threshold)).filter(|(_, cell)| !cell.is_empty());
            let reach = populated.map(|(index, _)| exponential_bound(index, schema)).fold(threshold, f64::max);
            if reach > threshold {
                threshold = reach;
            } else {
                break;
            }
        }
        let mut count = self.count;
        for (_, taken) in sides.iter().flat_map(|side| side.below(schema, threshold)) {
            count.absorb(cell(taken));
        }
        Self { threshold, count }
    }
}

impl FloatHistogram {
    /// The zero bucket that this histogram would have with a larger threshold, its count times `sign`.
    pub(super) fn widened_zero<C: Cell + From<f64>>(&self, threshold: f64, sign: f64) -> Zero<C> {
        let sides = [
            Side { spans: &self.positive_spans, cells: &self.positive_buckets },
            Side { spans: &self.negative_spans, cells: &self.negative_buckets },
        ];
        let zero = Zero { threshold: self.zero_threshold, count: C::from(sign * self.zero_count) };
        zero.widen(threshold, self.schema, sides, |count: f64| C::from(sign * count))
    }
}

impl<C: Cell + From<f64>> PartsMut<'_, C> {
    /// Gives both histograms a zero bucket that holds those of both and splits no populated bucket of either. The other
    /// one is not changed; what its zero bucket would count, times `sign`, is returned.
    ///
    /// Each round widens the threshold to a bound of one of the two grids, of which one contains the other, so there are
    /// no more than three; a threshold of NaN is not compared at all.
    pub(super) fn reconcile_zero(&mut self, other: &FloatHistogram, sign: f64) -> C {
        let mut theirs = other.widened_zero(other.zero_threshold, sign);
        loop {
            if *self.zero_threshold > theirs.threshold {
                theirs = other.widened_zero(*self.zero_threshold, sign);
            }
            if theirs.threshold > *self.zero_threshold {
                self.widen_zero(theirs.threshold);
            } else {
                return theirs.count;
            }
        }
    }

    fn widen_zero(&mut self, threshold: f64) {
        let schema = *self.schema;
        let sides = [
            Side { spans: self.positive.spans, cells: self.positive.cells },
            Side { spans: self.negative.spans, cells: self.negative.cells },
        ];
        let zero = Zero { threshold: *self.zero_threshold, count: *self.zero_count };
        let zero = zero.widen(threshold, schema, sides, |cell| cell);
        *self.zero_threshold = zero.threshold;
        *self.zero_count = zero.count;
        for side in [&mut self.positive, &mut self.negative] {
            side.retain(|index, cell| exponential_bound(index - 1, schema) >= zero.threshold && !cell.is_empty());
        }
    }
}
