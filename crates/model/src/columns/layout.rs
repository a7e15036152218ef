//! What all histograms of a run have in common.

use crate::histogram::{is_custom_schema, total_length};
use crate::{FloatHistogram, Histogram, Span, all_same_bits, same_bits};

/// What all histograms of a run have in common, borrowed from wherever it is.
///
/// It is not checked: spans may claim what they want, since a row must bring as many buckets as they claim.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HistogramLayout<'a> {
    /// The resolution, or [`CUSTOM_BUCKETS_SCHEMA`](crate::CUSTOM_BUCKETS_SCHEMA).
    pub schema: i32,
    /// The width of the zero bucket on either side of zero.
    pub zero_threshold: f64,
    /// Which buckets above zero there are.
    pub positive_spans: &'a [Span],
    /// Which buckets below zero there are, counted away from zero.
    pub negative_spans: &'a [Span],
    /// The ascending upper bounds of custom buckets.
    pub custom_values: &'a [f64],
}

impl HistogramLayout<'_> {
    /// Whether the buckets have custom bounds.
    #[must_use]
    pub fn uses_custom_buckets(&self) -> bool {
        is_custom_schema(self.schema)
    }

    /// Whether this is the same layout, bit for bit, so that rows of both can be in one run.
    #[must_use]
    pub fn is_same(&self, other: &HistogramLayout<'_>) -> bool {
        self.schema == other.schema
            && same_bits(self.zero_threshold, other.zero_threshold)
            && self.positive_spans == other.positive_spans
            && self.negative_spans == other.negative_spans
            && all_same_bits(self.custom_values, other.custom_values)
    }

    /// How many buckets the spans claim on the positive side.
    #[must_use]
    pub fn positive_width(&self) -> usize {
        width(self.positive_spans)
    }

    /// How many buckets the spans claim on the negative side.
    #[must_use]
    pub fn negative_width(&self) -> usize {
        width(self.negative_spans)
    }
}

fn width(spans: &[Span]) -> usize {
    usize::try_from(total_length(spans)).unwrap_or(usize::MAX)
}

impl<'a> From<&'a Histogram> for HistogramLayout<'a> {
    fn from(histogram: &'a Histogram) -> Self {
        Self {
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            positive_spans: &histogram.positive_spans,
            negative_spans: &histogram.negative_spans,
            custom_values: &histogram.custom_values,
        }
    }
}

impl<'a> From<&'a FloatHistogram> for HistogramLayout<'a> {
    fn from(histogram: &'a FloatHistogram) -> Self {
        Self {
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            positive_spans: &histogram.positive_spans,
            negative_spans: &histogram.negative_spans,
            custom_values: &histogram.custom_values,
        }
    }
}

/// A layout inside [`Columns`](crate::Columns): its spans and bounds are ranges of theirs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    schema: i32,
    zero_threshold: f64,
    spans: usize,
    positive_spans: usize,
    negative_spans: usize,
    bounds: usize,
    bounds_length: usize,
    positive_width: usize,
    negative_width: usize,
}

impl Layout {
    /// Copies a layout to the ends of `spans` and `bounds`.
    pub(super) fn store(layout: &HistogramLayout<'_>, spans: &mut Vec<Span>, bounds: &mut Vec<f64>) -> Self {
        let stored = Self {
            schema: layout.schema,
            zero_threshold: layout.zero_threshold,
            spans: spans.len(),
            positive_spans: layout.positive_spans.len(),
            negative_spans: layout.negative_spans.len(),
            bounds: bounds.len(),
            bounds_length: layout.custom_values.len(),
            positive_width: layout.positive_width(),
            negative_width: layout.negative_width(),
        };
        spans.extend_from_slice(layout.positive_spans);
        spans.extend_from_slice(layout.negative_spans);
        bounds.extend_from_slice(layout.custom_values);
        stored
    }

    pub(super) fn borrow<'a>(&self, spans: &'a [Span], bounds: &'a [f64]) -> HistogramLayout<'a> {
        let spans = &spans[self.spans..][..self.positive_spans + self.negative_spans];
        let (positive_spans, negative_spans) = spans.split_at(self.positive_spans);
        HistogramLayout {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            positive_spans,
            negative_spans,
            custom_values: &bounds[self.bounds..][..self.bounds_length],
        }
    }

    pub(super) fn positive_width(&self) -> usize {
        self.positive_width
    }

    pub(super) fn negative_width(&self) -> usize {
        self.negative_width
    }

    /// Buckets in a row. It saturates only for claims that no row can meet.
    pub(super) fn width(&self) -> usize {
        self.positive_width.saturating_add(self.negative_width)
    }
}
