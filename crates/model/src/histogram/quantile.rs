//! Quantiles, as `histogram_quantile` gives them.

use super::iter::Place;
use super::{Bucket, FloatHistogram};
use crate::math::{exp2, log2};

/// An estimated quantile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The estimate.
    pub value: f64,
    /// Whether observations of NaN have to do with it, which a query tells its user.
    pub nan_observations: NanObservations,
}

/// What observations of NaN, which are in no bucket and rank above all others, mean for a quantile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NanObservations {
    /// Nothing: there are none.
    #[default]
    None,
    /// The quantile is one of them.
    AreTheResult,
    /// The quantile is higher than it would be without them.
    SkewTheResult,
}

impl From<f64> for Quantile {
    fn from(value: f64) -> Self {
        Self { value, nan_observations: NanObservations::None }
    }
}

impl FloatHistogram {
    /// Estimates the φ-quantile.
    ///
    /// Exponential buckets are taken to be filled evenly on a logarithmic scale, custom buckets and the zero bucket on a
    /// linear one. A zero bucket with populated neighbours on one side only is taken to end at 0 on the other. Of the
    /// first custom bucket the lower bound is taken to be 0 if its upper one is above; where it is not, and in the last
    /// bucket, the finite bound is the result.
    ///
    /// −Inf and +Inf come out for a φ outside of 0 to 1, and NaN for a φ of NaN or no observations.
    #[must_use]
    pub fn quantile(&self, phi: f64) -> Quantile {
        if phi < 0.0 {
            return f64::NEG_INFINITY.into();
        }
        if phi > 1.0 {
            return f64::INFINITY.into();
        }
        if self.count == 0.0 || phi.is_nan() {
            return f64::NAN.into();
        }
        // NaN has been observed, perhaps: it is in no bucket, so ranks can only be counted from below.
        let nan_sum = self.sum.is_nan();
        let upwards = nan_sum || phi < 0.5;
        let rank = if upwards { phi * self.count } else { (1.0 - phi) * self.count };

        let mut populations = self.populations();
        let mut count = 0.0;
        let mut last: Option<(Place, f64)> = None;
        while let Some((place, population)) = if upwards { populations.next() } else { populations.next_back() } {
            last = Some((place, population));
            count += population;
            if population != 0.0 && count >= rank {
                break;
            }
        }
        let mut bucket = last.map_or_else(Bucket::default, |(place, population)| self.bucket_at(place, population));
        if self.uses_custom_buckets() {
            if bucket.lower == f64::NEG_INFINITY {
                if bucket.upper <= 0.0 {
                    return bucket.upper.into();
                }
                bucket.lower = 0.0;
            } else if bucket.upper == f64::INFINITY {
                return bucket.lower.into();
            }
        } else if bucket.lower < 0.0 && bucket.upper > 0.0 {
            bucket = self.halve_zero(bucket);
        }
        // Rounding may have made the sum of the buckets larger than the count.
        count = if count > self.count { self.count } else { count };
        if count < rank {
            return match nan_sum {
                true => Quantile { value: f64::NAN, nan_observations: NanObservations::AreTheResult },
                // The buckets hold less than the count, though no NaN explains it.
                false => bucket.upper.into(),
            };
        }
        let rank_in_bucket = if upwards { rank - (count - bucket.count) } else { count - rank };

        let mut nan_observations = NanObservations::None;
        if nan_sum {
            // As in Prometheus, the last bucket is the one in which the estimate is made, as soon as the sum is NaN.
            for (place, population) in populations {
                bucket = self.bucket_at(place, population);
                count += population;
            }
            if count < self.count {
                nan_observations = NanObservations::SkewTheResult;
            }
        }
        let value = interpolate(&bucket, rank_in_bucket / bucket.count, self.uses_custom_buckets());
        Quantile { value, nan_observations }
    }

    /// Cuts off the side of the zero bucket on which nothing else was observed.
    pub(super) fn halve_zero(&self, mut zero: Bucket) -> Bucket {
        match (self.negative_buckets.is_empty(), self.positive_buckets.is_empty()) {
            (true, false) => zero.lower = 0.0,
            (false, true) => zero.upper = 0.0,
            _ => {}
        }
        zero
    }
}

/// The value below which the given fraction of the bucket lies.
fn interpolate(bucket: &Bucket, fraction: f64, custom: bool) -> f64 {
    if custom || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
        return bucket.lower + (bucket.upper - bucket.lower) * fraction;
    }
    let lower = log2(bucket.lower.abs());
    let upper = log2(bucket.upper.abs());
    if bucket.lower > 0.0 {
        exp2(lower + (upper - lower) * fraction)
    } else {
        -exp2(upper + (lower - upper) * (1.0 - fraction))
    }
}
