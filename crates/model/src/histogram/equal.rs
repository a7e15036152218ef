//! Two kinds of equality: the same data, and the same populations.

use super::custom::same_bounds;
use super::span::{Walk, same_layout};
use super::{FloatHistogram, Histogram, Span};
use crate::value::{all_same_bits, same_bits};

impl Histogram {
    /// Whether this is the same sample: the same buckets, even empty ones, with the same counts, and the same bits of the
    /// sum. Spans may be cut by empty ones in other places; the hint does not count.
    #[must_use]
    pub fn same_data(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.count == other.count
            && same_bits(self.sum, other.sum)
            && (!self.uses_custom_buckets() || same_bounds(&self.custom_values, &other.custom_values))
            && self.zero_threshold == other.zero_threshold
            && self.zero_count == other.zero_count
            && same_layout(&self.negative_spans, &other.negative_spans)
            && self.negative_buckets == other.negative_buckets
            && same_layout(&self.positive_spans, &other.positive_spans)
            && self.positive_buckets == other.positive_buckets
    }
}

impl FloatHistogram {
    /// Whether this is the same sample: the same buckets, even empty ones, and the same bits in every number. Spans may
    /// be cut by empty ones in other places; the hint does not count. This is PromQL's `==`.
    #[must_use]
    pub fn same_data(&self, other: &Self) -> bool {
        self.schema == other.schema
            && same_bits(self.count, other.count)
            && same_bits(self.sum, other.sum)
            && (!self.uses_custom_buckets() || same_bounds(&self.custom_values, &other.custom_values))
            && self.zero_threshold == other.zero_threshold
            && same_bits(self.zero_count, other.zero_count)
            && same_layout(&self.negative_spans, &other.negative_spans)
            && all_same_bits(&self.negative_buckets, &other.negative_buckets)
            && same_layout(&self.positive_spans, &other.positive_spans)
            && all_same_bits(&self.positive_buckets, &other.positive_buckets)
    }

    /// Whether both say the same of the same grid: equal numbers, where a bucket that is missing is an empty one. A NaN
    /// equals nothing.
    #[must_use]
    pub fn same_populations(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.zero_threshold == other.zero_threshold
            && (!self.uses_custom_buckets() || same_bounds(&self.custom_values, &other.custom_values))
            && self.count == other.count
            && self.sum == other.sum
            && self.zero_count == other.zero_count
            && populated(&self.positive_spans, &self.positive_buckets)
                .eq(populated(&other.positive_spans, &other.positive_buckets))
            && populated(&self.negative_spans, &self.negative_buckets)
                .eq(populated(&other.negative_spans, &other.negative_buckets))
    }
}

fn populated<'a>(spans: &'a [Span], buckets: &'a [f64]) -> impl Iterator<Item = (i64, f64)> + 'a {
    Walk::new(spans, buckets.len()).zip(buckets.iter().copied()).filter(|(_, count)| *count != 0.0)
}
