//! What a histogram can be set to.

use std::time::Duration;

/// The bounds that client_golang takes where none are given: latencies of a network service, in seconds.
pub const DEFAULT_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// `count` bounds, each `width` above the one before.
pub fn linear_buckets(start: f64, width: f64, count: usize) -> Vec<f64> {
    // Added up, as client_golang does, and not multiplied: the label values must be the same to the last digit.
    std::iter::successors(Some(start), |bound| Some(bound + width)).take(count).collect()
}

/// `count` bounds, each `factor` times the one before.
pub fn exponential_buckets(start: f64, factor: f64, count: usize) -> Vec<f64> {
    std::iter::successors(Some(start), |bound| Some(bound * factor)).take(count).collect()
}

/// `count` bounds from `min` to `max`, both positive, each the same factor above the one before.
pub fn exponential_range_buckets(min: f64, max: f64, count: usize) -> Vec<f64> {
    let factor = (max / min).powf(1.0 / (count as f64 - 1.0));
    (0..count).map(|at| if at == 0 { min } else { min * factor.powf(at as f64) }).collect()
}

/// Which buckets a histogram has. The default is classic, with [`DEFAULT_BUCKETS`].
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSettings {
    bounds: Box<[f64]>,
    native: Option<NativeSettings>,
}

impl Default for HistogramSettings {
    fn default() -> Self {
        HistogramSettings::classic(DEFAULT_BUCKETS)
    }
}

impl HistogramSettings {
    /// Classic buckets with these upper bounds, each inclusive. They are put in order; `+Inf` is always there and need not be
    /// given, and NaN bounds nothing.
    pub fn classic(bounds: impl IntoIterator<Item = f64>) -> HistogramSettings {
        let mut bounds: Vec<f64> =
            bounds.into_iter().filter(|bound| !bound.is_nan() && *bound != f64::INFINITY).collect();
        bounds.sort_by(f64::total_cmp);
        // By value: zero and negative zero are one bound.
        bounds.dedup_by(|a, b| a == b);
        HistogramSettings { bounds: bounds.into(), native: None }
    }

    /// Native buckets alone.
    pub fn native(native: NativeSettings) -> HistogramSettings {
        HistogramSettings { bounds: Box::default(), native: Some(native) }
    }

    /// Native buckets beside the classic ones.
    pub fn with_native(self, native: NativeSettings) -> HistogramSettings {
        HistogramSettings { native: Some(native), ..self }
    }

    pub(super) fn bounds(&self) -> Box<[f64]> {
        self.bounds.clone()
    }

    pub(super) fn native_settings(&self) -> Option<&NativeSettings> {
        self.native.as_ref()
    }
}

/// How fine native buckets are, and how many there may be. The defaults are those of client_golang.
///
/// Where there would be more than [`max_buckets`](NativeSettings::max_buckets):
///
/// 1. if [`min_reset`](NativeSettings::min_reset) has passed since the last reset, the whole histogram begins anew;
/// 2. else the zero bucket is widened to swallow the buckets next to it, up to
///    [`max_zero_threshold`](NativeSettings::max_zero_threshold);
/// 3. else the resolution is halved, down to schema -4.
///
/// After 2 and 3, a reset follows as soon as `min_reset` has passed. Time passes when the histogram is collected, and what
/// was observed until then is handed out before the reset.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeSettings {
    pub(super) bucket_factor: f64,
    pub(super) zero_threshold: f64,
    pub(super) max_zero_threshold: f64,
    pub(super) max_buckets: usize,
    pub(super) min_reset: Duration,
    pub(super) max_exemplars: usize,
    pub(super) exemplar_ttl: Duration,
}

impl NativeSettings {
    /// 2^-128, the zero threshold where none is given.
    pub const DEFAULT_ZERO_THRESHOLD: f64 = 1.0 / (1u128 << 127) as f64 / 2.0;

    /// Each bucket is at most `bucket_factor` times as wide as the one before. 1.1, which is usual, divides each power of
    /// two into eight buckets. The finest factor is 2^(2^-8), about 1.0027, and is taken for anything below.
    pub fn new(bucket_factor: f64) -> NativeSettings {
        NativeSettings {
            bucket_factor,
            zero_threshold: NativeSettings::DEFAULT_ZERO_THRESHOLD,
            max_zero_threshold: 0.0,
            max_buckets: 0,
            min_reset: Duration::ZERO,
            max_exemplars: 10,
            exemplar_ttl: Duration::from_secs(300),
        }
    }

    /// Observations whose absolute value is at most this go into the zero bucket. With zero, only zero itself does.
    pub fn zero_threshold(self, zero_threshold: f64) -> NativeSettings {
        NativeSettings { zero_threshold: zero_threshold.max(0.0), ..self }
    }

    /// How far the zero bucket may be widened.
    pub fn max_zero_threshold(self, max_zero_threshold: f64) -> NativeSettings {
        NativeSettings { max_zero_threshold, ..self }
    }

    /// How many buckets there may be, positive and negative together. Zero, the default, is no limit: an observer of
    /// outside data should set one.
    pub fn max_buckets(self, max_buckets: usize) -> NativeSettings {
        NativeSettings { max_buckets, ..self }
    }

    /// How long the histogram counts at least before it is reset to return to its resolution. Zero, the default, is
    /// for ever.
    pub fn min_reset(self, min_reset: Duration) -> NativeSettings {
        NativeSettings { min_reset, ..self }
    }

    /// How many exemplars are kept. Zero keeps none on the native side.
    pub fn max_exemplars(self, max_exemplars: usize) -> NativeSettings {
        NativeSettings { max_exemplars, ..self }
    }

    /// For how long an exemplar is kept for the sake of its value. After that, and with zero always, the oldest
    /// makes room for another.
    pub fn exemplar_ttl(self, exemplar_ttl: Duration) -> NativeSettings {
        NativeSettings { exemplar_ttl, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{HistogramSettings, exponential_buckets, exponential_range_buckets, linear_buckets};

    #[test]
    fn bounds_by_arithmetic() {
        assert_eq!(linear_buckets(-15.0, 5.0, 6), [-15.0, -10.0, -5.0, 0.0, 5.0, 10.0]);
        // Added up, 0.1 is not three times itself: Go prints 0.30000000000000004 too.
        assert_eq!(linear_buckets(0.1, 0.1, 3), [0.1, 0.2, 0.30000000000000004]);
        assert_eq!(exponential_buckets(100.0, 1.5, 3), [100.0, 150.0, 225.0]);
        let range = exponential_range_buckets(1.0, 10_000.0, 5);
        assert!(range.iter().zip([1.0, 10.0, 100.0, 1000.0, 10_000.0]).all(|(a, b)| (a / b - 1.0f64).abs() < 1e-12));
        assert_eq!(exponential_range_buckets(1.0, 2.0, 1), [1.0]);
        assert!(linear_buckets(1.0, 1.0, 0).is_empty() && exponential_range_buckets(1.0, 2.0, 0).is_empty());
    }

    #[test]
    fn classic_bounds_are_put_in_order() {
        let settings = HistogramSettings::classic([2.0, f64::NAN, f64::INFINITY, -1.0, 0.0, -0.0, 2.0]);
        assert_eq!(*settings.bounds(), [-1.0, 0.0, 2.0]);
    }
}
