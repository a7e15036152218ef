//! Taking away the observations above or below a value: PromQL's `</` and `>/`.

use super::bucket::Grid;
use super::span::Walk;
use super::{Bucket, FloatHistogram};

/// Which observations a trim keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// Those below the value: `</`.
    KeepBelow,
    /// Those above the value: `>/`.
    KeepAbove,
}

impl FloatHistogram {
    /// Keeps the observations below or above a value. A bucket that the value is in is split, with the same assumption about
    /// how it is filled as in [`quantile`](Self::quantile); one without an end cannot be split and goes, or stays, whole.
    ///
    /// If anything is taken away, the count becomes that of the buckets and the sum is estimated from their midpoints;
    /// otherwise nothing changes.
    pub fn trim(&mut self, value: f64, trim: Trim) {
        let mut kept = Kept::default();
        let mut cut = |bucket: &Bucket, shape| {
            let (count, midpoint) = if trim.keeps(bucket, value) {
                (bucket.count, midpoint(bucket.lower, bucket.upper, shape))
            } else if trim.splits(bucket, value) {
                trim.split(bucket, value, shape)
            } else {
                // Not `kept.add`: an infinite midpoint times nothing would be NaN.
                kept.trimmed = true;
                return 0.0;
            };
            kept.add(bucket.count, count, midpoint);
            count
        };

        let custom = self.uses_custom_buckets();
        let Self { schema, custom_values, positive_spans, positive_buckets, negative_spans, negative_buckets, .. } =
            self;
        let mut side = |grid: Grid<'_>, spans: &[_], buckets: &mut [f64]| {
            let shape = match (custom, grid.positive) {
                (true, _) => Shape::Linear,
                (false, true) => Shape::Positive,
                (false, false) => Shape::Negative,
            };
            let mut populated = false;
            for (index, count) in Walk::new(spans, buckets.len()).zip(buckets).filter(|(_, count)| **count != 0.0) {
                populated = true;
                *count = cut(&grid.bucket(index, *count), shape);
            }
            populated
        };
        let grid = Grid { schema: *schema, custom_values, positive: true };
        let has_positive = side(grid, positive_spans, positive_buckets);
        let grid = Grid { schema: *schema, custom_values: &[], positive: false };
        let has_negative = side(grid, negative_spans, negative_buckets);

        if let Some(mut zero) = self.zero_bucket().filter(|zero| zero.count > 0.0) {
            if has_negative && !has_positive {
                zero.upper = 0.0;
            }
            if has_positive && !has_negative {
                zero.lower = 0.0;
            }
            let (count, midpoint) = trim.split_zero(&zero, value);
            kept.add(zero.count, count, midpoint);
            self.zero_count = count;
        }
        if kept.trimmed {
            self.count = kept.count;
            self.sum = kept.sum;
            self.compact(0);
        }
    }
}

/// What is left so far.
#[derive(Debug, Default)]
struct Kept {
    count: f64,
    sum: f64,
    trimmed: bool,
}

impl Kept {
    fn add(&mut self, before: f64, count: f64, midpoint: f64) {
        self.trimmed |= before != count;
        self.count += count;
        self.sum += midpoint * count;
    }
}

/// How a bucket is taken to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Evenly.
    Linear,
    /// Evenly on a logarithmic scale, above zero.
    Positive,
    /// Evenly on a logarithmic scale, below zero.
    Negative,
}

impl Trim {
    fn keeps(self, bucket: &Bucket, value: f64) -> bool {
        match self {
            Self::KeepBelow => bucket.upper <= value,
            Self::KeepAbove => bucket.lower >= value,
        }
    }

    fn splits(self, bucket: &Bucket, value: f64) -> bool {
        match self {
            Self::KeepBelow => bucket.lower < value,
            Self::KeepAbove => bucket.upper > value,
        }
    }

    /// The count and the midpoint of what is kept of a bucket that the value is in.
    fn split(self, bucket: &Bucket, value: f64, shape: Shape) -> (f64, f64) {
        if bucket.lower == f64::NEG_INFINITY {
            return self.split_lowest(bucket, value);
        }
        if bucket.upper == f64::INFINITY {
            return self.split_highest(bucket, value);
        }
        let below = if value <= bucket.lower {
            0.0
        } else if value >= bucket.upper {
            bucket.count
        } else {
            bucket.count * bucket.fraction_below(value, shape == Shape::Linear)
        };
        match self {
            Self::KeepBelow => (below, midpoint(bucket.lower, value, shape)),
            Self::KeepAbove => (bucket.count - below, midpoint(value, bucket.upper, shape)),
        }
    }

    /// As [`split`](Self::split), for a bucket that starts at −Inf. If it ends above 0 it is taken to start at 0.
    fn split_lowest(self, bucket: &Bucket, value: f64) -> (f64, f64) {
        let ends_above_zero = bucket.upper > 0.0 && bucket.upper.is_finite();
        let upper = finite_or_zero(bucket.upper);
        match self {
            Self::KeepBelow if value >= bucket.upper => (bucket.count, 0.0),
            Self::KeepBelow if value > 0.0 && ends_above_zero => (bucket.count * value / bucket.upper, value / 2.0),
            Self::KeepBelow if bucket.upper <= 0.0 => (bucket.count, value),
            Self::KeepAbove if value <= bucket.lower => (bucket.count, 0.0),
            Self::KeepAbove if value >= 0.0 && bucket.upper > value && bucket.upper.is_finite() => {
                (bucket.count * (1.0 - value / bucket.upper), (value + bucket.upper) / 2.0)
            }
            _ => (0.0, upper),
        }
    }

    /// As [`split`](Self::split), for a bucket that ends at +Inf: nothing is known of how it is filled.
    fn split_highest(self, bucket: &Bucket, value: f64) -> (f64, f64) {
        match self {
            Self::KeepAbove if value >= bucket.lower => (bucket.count, value),
            _ => (0.0, finite_or_zero(bucket.lower)),
        }
    }

    /// As [`split`](Self::split), for the zero bucket, whether or not the value is in it.
    fn split_zero(self, zero: &Bucket, value: f64) -> (f64, f64) {
        let &Bucket { lower, upper, count, .. } = zero;
        let all = (count, (lower + upper) / 2.0);
        let none = (0.0, 0.0);
        match self {
            Self::KeepBelow if value <= lower => none,
            Self::KeepBelow if value >= upper => all,
            Self::KeepBelow => (count * ((value - lower) / (upper - lower)), (lower + value) / 2.0),
            Self::KeepAbove if value <= lower => all,
            Self::KeepAbove if value >= upper => none,
            Self::KeepAbove => (count * ((upper - value) / (upper - lower)), (value + upper) / 2.0),
        }
    }
}

fn finite_or_zero(bound: f64) -> f64 {
    if bound.is_infinite() { 0.0 } else { bound }
}

/// The value that stands for all observations between two bounds.
fn midpoint(lower: f64, upper: f64, shape: Shape) -> f64 {
    match (lower.is_infinite(), upper.is_infinite()) {
        (true, true) => 0.0,
        (true, false) if upper > 0.0 => upper / 2.0,
        (true, false) => upper,
        (false, true) => lower,
        (false, false) => {
            let geometric = (lower * upper).abs().sqrt();
            match shape {
                Shape::Linear => (lower + upper) / 2.0,
                Shape::Positive => geometric,
                Shape::Negative => -geometric,
            }
        }
    }
}
