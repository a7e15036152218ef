//! One bucket, as iterators give it.

use super::bounds::bound;
use super::schema::is_custom_schema;
use super::span::narrow;

/// A bucket with its bounds and the number of observations in it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bucket<C = f64> {
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
    /// Whether an observation of exactly `lower` is counted here.
    pub lower_inclusive: bool,
    /// Whether an observation of exactly `upper` is counted here.
    pub upper_inclusive: bool,
    /// How many observations are in the bucket, or up to its upper bound if it is a cumulative one.
    pub count: C,
    /// The index in its side's grid; 0 for the zero bucket.
    pub index: i32,
}

/// The grid that an index belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid<'a> {
    pub(crate) schema: i32,
    pub(crate) custom_values: &'a [f64],
    pub(crate) positive: bool,
}

impl Grid<'_> {
    pub(crate) fn bucket<C>(&self, index: i64, count: C) -> Bucket<C> {
        let far = bound(index, self.schema, self.custom_values);
        let near = bound(index - 1, self.schema, self.custom_values);
        let (lower, upper) = if self.positive { (near, far) } else { (-far, -near) };
        let custom = is_custom_schema(self.schema);
        Bucket {
            lower,
            upper,
            lower_inclusive: if custom { index == 0 } else { lower < 0.0 },
            upper_inclusive: custom || upper > 0.0,
            count,
            index: narrow(index),
        }
    }
}

impl Bucket<f64> {
    /// The share of the bucket's width that lies at or below `value`, which must be inside its finite bounds.
    ///
    /// Custom and zero buckets are taken to be evenly filled; exponential ones evenly on a logarithmic scale.
    pub(crate) fn fraction_below(&self, value: f64, linear: bool) -> f64 {
        use crate::math::log2;

        if linear {
            return (value - self.lower) / (self.upper - self.lower);
        }
        let lower = log2(self.lower.abs());
        let upper = log2(self.upper.abs());
        let value_log = log2(value.abs());
        if value > 0.0 { (value_log - lower) / (upper - lower) } else { 1.0 - (value_log - upper) / (lower - upper) }
    }

    /// The zero bucket of a histogram with this threshold.
    pub(crate) fn zero(threshold: f64, count: f64) -> Self {
        Self { lower: -threshold, upper: threshold, lower_inclusive: true, upper_inclusive: true, count, index: 0 }
    }
}
