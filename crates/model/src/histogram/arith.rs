//! Addition and subtraction.
//!
//! Two histograms are first made to fit: the zero buckets are widened until they are the same, the finer one is reduced to
//! the resolution of the coarser one, and custom bounds are reduced to those in common. Then one side after the other is
//! merged. Each number is added in the order that Prometheus adds it in, so the sums have the same bits.

use super::cell::Cell;
use super::custom::{common_bounds, onto, same_bounds};
use super::schema::{coarser_index, is_custom_schema, steps};
use super::side::{SideMut, coalesce};
use super::span::{Span, Walk};
use super::{CounterResetHint, FloatHistogram, HistogramError, bounds};

/// What an addition or subtraction had to do beside its arithmetic: a query warns of either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Combined {
    /// One histogram said that its counter was reset, the other that it was not.
    pub counter_resets_collide: bool,
    /// The custom bounds differed, and the result has those in common.
    pub bounds_reconciled: bool,
}

impl FloatHistogram {
    /// Adds another histogram. The zero threshold, the resolution and custom bounds are reconciled; empty buckets and
    /// adjacent spans may come out, which [`compact`](Self::compact) removes.
    ///
    /// As in Prometheus, the zero buckets are reconciled before the resolution: a finer bucket that went into the zero bucket
    /// is counted there and, where the coarser bucket around it reaches further than the threshold, in that one as well.
    ///
    /// # Errors
    ///
    /// [`HistogramError::IncompatibleSchemas`] if only one of the two has custom bounds; nothing is changed then.
    pub fn add(&mut self, other: &Self) -> Result<Combined, HistogramError> {
        self.parts().combine(other, 1.0)
    }

    /// Subtracts another histogram, in the same way. PromQL's `-` makes a gauge of the result; this does not.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add).
    pub fn sub(&mut self, other: &Self) -> Result<Combined, HistogramError> {
        self.parts().combine(other, -1.0)
    }

    fn parts(&mut self) -> PartsMut<'_, f64> {
        PartsMut {
            counter_reset_hint: &mut self.counter_reset_hint,
            schema: &mut self.schema,
            zero_threshold: &mut self.zero_threshold,
            zero_count: &mut self.zero_count,
            count: &mut self.count,
            sum: &mut self.sum,
            positive: SideMut { spans: &mut self.positive_spans, cells: &mut self.positive_buckets },
            negative: SideMut { spans: &mut self.negative_spans, cells: &mut self.negative_buckets },
            custom_values: &mut self.custom_values,
        }
    }
}

/// A histogram taken apart, whatever its cells hold.
pub(crate) struct PartsMut<'a, C> {
    pub(crate) counter_reset_hint: &'a mut CounterResetHint,
    pub(crate) schema: &'a mut i32,
    pub(crate) zero_threshold: &'a mut f64,
    pub(crate) zero_count: &'a mut C,
    pub(crate) count: &'a mut C,
    pub(crate) sum: &'a mut C,
    pub(crate) positive: SideMut<'a, C>,
    pub(crate) negative: SideMut<'a, C>,
    pub(crate) custom_values: &'a mut Vec<f64>,
}

impl<C: Cell + From<f64>> PartsMut<'_, C> {
    /// Adds `sign` times the other histogram.
    pub(crate) fn combine(mut self, other: &FloatHistogram, sign: f64) -> Result<Combined, HistogramError> {
        let custom = is_custom_schema(*self.schema);
        if custom != other.uses_custom_buckets() {
            return Err(HistogramError::IncompatibleSchemas);
        }
        let (hint, counter_resets_collide) = self.counter_reset_hint.combine(other.counter_reset_hint);
        *self.counter_reset_hint = hint;
        let bounds_reconciled = if custom {
            self.combine_custom(other, sign)
        } else {
            self.combine_exponential(other, sign);
            false
        };
        self.count.absorb(C::from(sign * other.count));
        self.sum.absorb(C::from(sign * other.sum));
        Ok(Combined { counter_resets_collide, bounds_reconciled })
    }

    fn combine_exponential(&mut self, other: &FloatHistogram, sign: f64) {
        // The zero buckets come first, each histogram still in its own resolution.
        let zero_count = self.reconcile_zero(other, sign);
        self.zero_count.absorb(zero_count);

        let own_steps = steps(*self.schema, other.schema);
        if own_steps > 0 {
            self.positive.coarsen(own_steps);
            self.negative.coarsen(own_steps);
            *self.schema = other.schema;
        }
        let fit = Fit {
            schema: *self.schema,
            steps: steps(other.schema, *self.schema),
            threshold: *self.zero_threshold,
            sign,
        };
        fit.merge(&mut self.positive, &other.positive_spans, &other.positive_buckets);
        fit.merge(&mut self.negative, &other.negative_spans, &other.negative_buckets);
    }

    /// Returns whether bounds had to be reconciled.
    fn combine_custom(&mut self, other: &FloatHistogram, sign: f64) -> bool {
        let own = std::mem::take(self.custom_values);
        let theirs = &other.custom_values;
        let at_most = other.positive_buckets.len();
        let cells = other.positive_buckets.iter().map(|count| C::from(sign * count));
        let incoming = Walk::new(&other.positive_spans, other.positive_buckets.len()).zip(cells);
        let same = same_bounds(&own, theirs);
        if same {
            self.positive.merge(incoming, at_most);
            *self.custom_values = own;
        } else {
            let common = common_bounds(&own, theirs);
            self.positive.regroup(onto(&own, &common));
            let mut target = onto(theirs, &common);
            self.positive.merge(incoming.map(move |(index, cell)| (target(index), cell)), at_most);
            *self.custom_values = common;
        }
        !same
    }
}

/// How the buckets of one exponential histogram are to be added to those of another.
struct Fit {
    schema: i32,
    /// How many times the number of incoming buckets is to be halved.
    steps: u32,
    /// What lies below is in the zero bucket already.
    threshold: f64,
    sign: f64,
}

impl Fit {
    fn merge<C: Cell + From<f64>>(&self, side: &mut SideMut<'_, C>, spans: &[Span], buckets: &[f64]) {
        let &Self { schema, steps, threshold, sign } = self;
        let walk = Walk::new(spans, buckets.len());
        let in_zero = |index| bounds::exponential_bound(index, schema) <= threshold;
        let first = walk.clone().next();
        if steps == 0 && side.spans.as_slice() == spans && !first.is_some_and(in_zero) {
            // The same layout, as between two samples of one series: no index is needed.
            side.cells.iter_mut().zip(buckets).for_each(|(cell, count)| cell.absorb(C::from(sign * count)));
            return;
        }
        let counts = buckets.iter().map(|count| C::from(sign * count));
        let near_zero = |(index, _): &(i64, C)| in_zero(*index);
        if steps == 0 {
            side.merge(walk.zip(counts).skip_while(near_zero), buckets.len());
        } else {
            // Added up first: that order gives the bits of Prometheus.
            let cells = coalesce(walk.map(|index| coarser_index(index, steps)).zip(counts));
            side.merge(cells.skip_while(near_zero), buckets.len());
        }
    }
}
