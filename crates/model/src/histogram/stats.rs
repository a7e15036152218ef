//! Estimates of how observations are spread, as `histogram_stdvar` and `histogram_stddev` give them.

use super::{Bucket, FloatHistogram};
use crate::KahanSum;

impl FloatHistogram {
    /// The variance, as if all observations of a bucket were one and the same value: the geometric mean of an exponential
    /// bucket's bounds, the arithmetic mean of a custom one's, and 0 in the zero bucket.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let mean = self.sum / self.count;
        let squares: KahanSum = self
            .all()
            .filter(|bucket| bucket.count != 0.0)
            .map(|bucket| {
                let delta = self.centre(&bucket) - mean;
                bucket.count * delta * delta
            })
            .collect();
        squares.value() / self.count
    }

    /// The standard deviation: the root of the [`variance`](Self::variance).
    #[must_use]
    pub fn stddev(&self) -> f64 {
        self.variance().sqrt()
    }

    fn centre(&self, bucket: &Bucket) -> f64 {
        if self.uses_custom_buckets() {
            (bucket.upper + bucket.lower) / 2.0
        } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            0.0
        } else {
            let mean = (bucket.upper * bucket.lower).sqrt();
            if bucket.upper < 0.0 { -mean } else { mean }
        }
    }
}
