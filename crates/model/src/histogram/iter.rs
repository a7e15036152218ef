//! Walking over buckets with their bounds.

use std::iter::{Copied, Zip};
use std::slice;

use super::bucket::Grid;
use super::span::{Span, Walk};
use super::{Bucket, FloatHistogram, Histogram};

type Cells<'a> = Zip<Walk<'a>, Copied<slice::Iter<'a, f64>>>;

fn cells<'a>(spans: &'a [Span], buckets: &'a [f64]) -> Cells<'a> {
    let walk = Walk::new(spans, buckets.len());
    // Of equal length, so that both ends of the pair belong together.
    let buckets = &buckets[..walk.len()];
    walk.zip(buckets.iter().copied())
}

/// The buckets of one side of a [`FloatHistogram`], from zero outwards; from the far end inwards when reversed.
#[derive(Debug, Clone)]
pub struct Buckets<'a> {
    grid: Grid<'a>,
    cells: Cells<'a>,
}

impl Iterator for Buckets<'_> {
    type Item = Bucket;

    fn next(&mut self) -> Option<Bucket> {
        self.cells.next().map(|(index, count)| self.grid.bucket(index, count))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cells.size_hint()
    }
}

impl DoubleEndedIterator for Buckets<'_> {
    fn next_back(&mut self) -> Option<Bucket> {
        self.cells.next_back().map(|(index, count)| self.grid.bucket(index, count))
    }
}

impl ExactSizeIterator for Buckets<'_> {}

/// Which bucket of a whole histogram.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Negative(i64),
    Zero,
    Positive(i64),
}

/// The populations of a whole histogram in ascending order, without bounds: those cost more than the rest.
#[derive(Debug, Clone)]
pub(crate) struct Populations<'a> {
    negative: Cells<'a>,
    zero: Option<f64>,
    positive: Cells<'a>,
}

impl Iterator for Populations<'_> {
    type Item = (Place, f64);

    fn next(&mut self) -> Option<(Place, f64)> {
        if let Some((index, count)) = self.negative.next_back() {
            return Some((Place::Negative(index), count));
        }
        if let Some(count) = self.zero.take() {
            return Some((Place::Zero, count));
        }
        self.positive.next().map(|(index, count)| (Place::Positive(index), count))
    }
}

impl DoubleEndedIterator for Populations<'_> {
    fn next_back(&mut self) -> Option<(Place, f64)> {
        if let Some((index, count)) = self.positive.next_back() {
            return Some((Place::Positive(index), count));
        }
        if let Some(count) = self.zero.take() {
            return Some((Place::Zero, count));
        }
        self.negative.next().map(|(index, count)| (Place::Negative(index), count))
    }
}

/// All buckets of a [`FloatHistogram`] in ascending order, or in descending order when reversed.
#[derive(Debug, Clone)]
pub struct AllBuckets<'a> {
    histogram: &'a FloatHistogram,
    populations: Populations<'a>,
}

impl Iterator for AllBuckets<'_> {
    type Item = Bucket;

    fn next(&mut self) -> Option<Bucket> {
        self.populations.next().map(|(place, count)| self.histogram.bucket_at(place, count))
    }
}

impl DoubleEndedIterator for AllBuckets<'_> {
    fn next_back(&mut self) -> Option<Bucket> {
        self.populations.next_back().map(|(place, count)| self.histogram.bucket_at(place, count))
    }
}

impl FloatHistogram {
    /// The buckets above the zero bucket, upwards.
    #[must_use]
    pub fn positive(&self) -> Buckets<'_> {
        Buckets { grid: self.grid(true), cells: cells(&self.positive_spans, &self.positive_buckets) }
    }

    /// The buckets below the zero bucket, downwards.
    #[must_use]
    pub fn negative(&self) -> Buckets<'_> {
        Buckets { grid: self.grid(false), cells: cells(&self.negative_spans, &self.negative_buckets) }
    }

    /// All buckets, upwards: the negative ones, the zero bucket if it is populated, the positive ones. The bound of a bucket
    /// that reaches into the zero bucket is that of the zero bucket.
    ///
    /// ```
    /// use promd_model::{FloatHistogram, Span};
    ///
    /// let histogram = FloatHistogram {
    ///     zero_threshold: 0.6,
    ///     zero_count: 2.0,
    ///     positive_spans: vec![Span::new(0, 1)],
    ///     positive_buckets: vec![5.0],
    ///     ..FloatHistogram::default()
    /// };
    /// let text: Vec<String> = histogram.all().map(|bucket| bucket.to_string()).collect();
    /// assert_eq!(text, ["[-0.6,0.6]:2", "(0.6,1]:5"]);
    /// ```
    #[must_use]
    pub fn all(&self) -> AllBuckets<'_> {
        AllBuckets { histogram: self, populations: self.populations() }
    }

    pub(super) fn populations(&self) -> Populations<'_> {
        Populations {
            negative: cells(&self.negative_spans, &self.negative_buckets),
            zero: (self.zero_count > 0.0 && !self.uses_custom_buckets()).then_some(self.zero_count),
            positive: cells(&self.positive_spans, &self.positive_buckets),
        }
    }

    /// The bucket of [`all`](Self::all) at a place.
    pub(super) fn bucket_at(&self, place: Place, count: f64) -> Bucket {
        let mut bucket = match place {
            Place::Negative(index) => self.grid(false).bucket(index, count),
            Place::Zero => return Bucket::zero(self.zero_threshold, count),
            Place::Positive(index) => self.grid(true).bucket(index, count),
        };
        if bucket.lower > 0.0 && bucket.lower < self.zero_threshold {
            bucket.lower = self.zero_threshold;
        } else if bucket.upper < 0.0 && bucket.upper > -self.zero_threshold {
            bucket.upper = -self.zero_threshold;
        }
        bucket
    }

    fn grid(&self, positive: bool) -> Grid<'_> {
        let custom_values: &[f64] = if positive { &self.custom_values } else { &[] };
        Grid { schema: self.schema, custom_values, positive }
    }
}

/// The buckets of one side of a [`Histogram`], from zero outwards.
#[derive(Debug, Clone)]
pub struct IntegerBuckets<'a> {
    grid: Grid<'a>,
    deltas: Zip<Walk<'a>, Copied<slice::Iter<'a, i64>>>,
    count: i64,
}

impl Iterator for IntegerBuckets<'_> {
    type Item = Bucket<u64>;

    fn next(&mut self) -> Option<Bucket<u64>> {
        let (index, delta) = self.deltas.next()?;
        self.count = self.count.wrapping_add(delta);
        Some(self.grid.bucket(index, self.count.cast_unsigned()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.deltas.size_hint()
    }
}

impl Histogram {
    /// The buckets above the zero bucket, upwards.
    #[must_use]
    pub fn positive(&self) -> IntegerBuckets<'_> {
        let grid = Grid { schema: self.schema, custom_values: &self.custom_values, positive: true };
        let walk = Walk::new(&self.positive_spans, self.positive_buckets.len());
        IntegerBuckets { grid, deltas: walk.zip(self.positive_buckets.iter().copied()), count: 0 }
    }

    /// The buckets below the zero bucket, downwards.
    #[must_use]
    pub fn negative(&self) -> IntegerBuckets<'_> {
        let grid = Grid { schema: self.schema, custom_values: &[], positive: false };
        let walk = Walk::new(&self.negative_spans, self.negative_buckets.len());
        IntegerBuckets { grid, deltas: walk.zip(self.negative_buckets.iter().copied()), count: 0 }
    }

    /// The populations of the zero bucket, if it has one, and of the positive buckets, each with all that lies below it:
    /// what a classic histogram with these bounds would count. Buckets that do not exist are left out, since the count
    /// does not change there.
    pub fn cumulative(&self) -> impl Iterator<Item = Bucket<u64>> + '_ {
        let mut count = self.negative().fold(0u64, |count, bucket| count.wrapping_add(bucket.count));
        let zero = self.zero_bucket().filter(|zero| zero.count > 0);
        zero.into_iter().chain(self.positive()).map(move |bucket| {
            count = count.wrapping_add(bucket.count);
            Bucket { lower: f64::NEG_INFINITY, lower_inclusive: true, upper_inclusive: true, count, ..bucket }
        })
    }
}
