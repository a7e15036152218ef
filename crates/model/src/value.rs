//! Sample values: the two NaNs that Prometheus tells apart by their bits, and sums that keep what rounding loses.

/// The stale marker: a signalling NaN that says "this series has ended here". The bits are those of
/// `model/value/value.go`; every copy of a value must keep them.
pub const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// The NaN that is written for a value that is not a number, such as a `NaN` that was scraped.
pub const NORMAL_NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// Whether `value` is the stale marker. Any other NaN is a sample like others.
///
/// ```
/// use promd_model::{NORMAL_NAN, STALE_NAN, is_stale};
///
/// assert!(is_stale(STALE_NAN));
/// assert!(!is_stale(NORMAL_NAN) && !is_stale(f64::NAN) && !is_stale(1.0));
/// ```
#[inline]
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN.to_bits()
}

/// Whether two values are the same datum: bit for bit, so that a NaN equals itself and `0` differs from `-0`.
///
/// This is what "duplicate sample" means; `==` is what PromQL's comparison operators mean.
#[inline]
#[must_use]
pub fn same_bits(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

/// Whether two columns of values are the same data, bit for bit.
#[must_use]
pub fn all_same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_bits(*a, *b))
}

/// A sum with Neumaier's variant of Kahan's compensation: the rounding error of each addition is kept beside the sum.
///
/// The steps are those of Prometheus (`util/kahansum/kahansum.go`), so the same values in the same order give the same
/// bits: an addition that overflows drops the compensation, and so an infinite sum stays what it is.
///
/// ```
/// use promd_model::KahanSum;
///
/// let values = [1.0, 1e100, 1.0, -1e100];
/// assert_eq!(values.iter().sum::<f64>(), 0.0);
/// assert_eq!(values.into_iter().collect::<KahanSum>().value(), 2.0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct KahanSum {
    /// The sum as plain additions give it.
    pub sum: f64,
    /// What is to be added to the sum to make up for the rounding so far.
    pub compensation: f64,
}

impl KahanSum {
    /// A sum that starts at `first`.
    #[must_use]
    pub const fn new(first: f64) -> Self {
        Self { sum: first, compensation: 0.0 }
    }

    /// Adds one value.
    #[inline]
    pub fn inc(&mut self, value: f64) {
        let total = self.sum + value;
        // Without branches, so that several sums side by side are one loop over vectors.
        let (larger, smaller) = if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
        let compensation = self.compensation + ((larger - total) + smaller);
        self.compensation = if total.is_infinite() { 0.0 } else { compensation };
        self.sum = total;
    }

    /// Adds another sum: first what it holds, then what it has lost.
    #[inline]
    pub fn merge(&mut self, other: Self) {
        self.inc(other.sum);
        if other.compensation != 0.0 {
            self.inc(other.compensation);
        }
    }

    /// The sum with its compensation.
    #[inline]
    #[must_use]
    pub fn value(self) -> f64 {
        self.sum + self.compensation
    }
}

impl Extend<f64> for KahanSum {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.inc(value));
    }
}

impl FromIterator<f64> for KahanSum {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sum = Self::default();
        sum.extend(values);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markers_have_the_bits_that_prometheus_writes() {
        assert_eq!(STALE_NAN.to_bits(), 0x7ff0_0000_0000_0002);
        assert_eq!(NORMAL_NAN.to_bits(), 0x7ff8_0000_0000_0001);
        assert!(STALE_NAN.is_nan() && NORMAL_NAN.is_nan());
    }

    #[test]
    fn sameness_is_of_bits() {
        assert!(same_bits(f64::NAN, f64::NAN));
        assert!(!same_bits(0.0, -0.0));
        assert!(!same_bits(STALE_NAN, NORMAL_NAN));
        assert!(all_same_bits(&[1.0, STALE_NAN], &[1.0, STALE_NAN]));
        assert!(!all_same_bits(&[1.0], &[1.0, 2.0]));
    }

    #[track_caller]
    fn check(values: &[f64], expect: f64) {
        let sum: KahanSum = values.iter().copied().collect();
        assert!(
            same_bits(sum.value(), expect) || sum.value().is_nan() && expect.is_nan(),
            "{sum:?}, expected {expect}"
        );
    }

    #[test]
    fn sums() {
        // Expected values by arithmetic.
        check(&[], 0.0);
        check(&[0.1; 10], 1.0);
        check(&[5.0, 1e16, 1e16, -1e16, -1e16], 5.0);
        check(&[f64::MAX, f64::MAX], f64::INFINITY);
        check(&[f64::MAX, f64::MAX, f64::MAX], f64::INFINITY);
        check(&[f64::INFINITY, 1.0], f64::INFINITY);
        check(&[f64::INFINITY, f64::NEG_INFINITY], f64::NAN);
        check(&[1.0, f64::NAN], f64::NAN);
    }

    #[test]
    fn merging_keeps_what_either_sum_has_lost() {
        let mut left: KahanSum = [1.0, 1e100].into_iter().collect();
        let right: KahanSum = [1.0, -1e100].into_iter().collect();
        left.merge(right);
        assert_eq!(left.value(), 2.0);
    }
}
