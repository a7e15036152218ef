//! Fractions of observations between two values, as `histogram_fraction` gives them.

use super::{Bucket, FloatHistogram};

/// An estimated fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fraction {
    /// The estimate.
    pub value: f64,
    /// Whether NaN has been observed, which is between no two values: a query tells its user.
    pub nan_observations: bool,
}

impl From<f64> for Fraction {
    fn from(value: f64) -> Self {
        Self { value, nan_observations: false }
    }
}

impl FloatHistogram {
    /// Estimates the fraction of observations between two values: the inverse of [`quantile`](Self::quantile), with the same
    /// assumptions about how buckets are filled.
    ///
    /// NaN comes out for a limit of NaN or no observations, and 0 where `lower` is not below `upper`.
    #[must_use]
    pub fn fraction(&self, lower: f64, upper: f64) -> Fraction {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return f64::NAN.into();
        }
        if lower >= upper {
            return 0.0.into();
        }
        let mut lower = Limit { value: lower, rank: None };
        let mut upper = Limit { value: upper, rank: None };
        // Observations below the bucket, and those in the buckets seen so far.
        let (mut rank, mut count) = (0.0, 0.0);
        let mut buckets = self.all();
        for bucket in buckets.by_ref() {
            count += bucket.count;
            let around_zero = bucket.lower <= 0.0 && bucket.upper >= 0.0;
            let bucket = if around_zero { self.halve_zero(bucket) } else { bucket };
            let linear = around_zero || self.uses_custom_buckets();
            lower.look_in(&bucket, rank, linear);
            upper.look_in(&bucket, rank, linear);
            if lower.rank.is_some() && upper.rank.is_some() {
                break;
            }
            rank += bucket.count;
        }
        let mut nan_observations = false;
        if self.sum.is_nan() {
            count = buckets.fold(count, |count, bucket| count + bucket.count);
            nan_observations = count < self.count;
        } else {
            count = self.count;
        }
        let value = (upper.rank_within(count) - lower.rank_within(count)) / self.count;
        Fraction { value, nan_observations }
    }
}

/// One of the two values, and how many observations are below it once that is known.
struct Limit {
    value: f64,
    rank: Option<f64>,
}

impl Limit {
    fn look_in(&mut self, bucket: &Bucket, rank: f64, linear: bool) {
        if self.rank.is_some() {
            return;
        }
        if bucket.lower >= self.value {
            self.rank = Some(rank);
        } else if bucket.upper > self.value {
            // A bucket without a lower end cannot be split: all of it counts as below.
            self.rank = Some(match linear && bucket.lower == f64::NEG_INFINITY {
                true => bucket.count,
                false => rank + bucket.count * bucket.fraction_below(self.value, linear),
            });
        }
    }

    /// The rank, which is no larger than the number of all observations.
    fn rank_within(&self, count: f64) -> f64 {
        match self.rank {
            Some(rank) if rank > count => count,
            Some(rank) => rank,
            None => count,
        }
    }
}
