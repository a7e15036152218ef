//! What a bucket can hold.

use crate::value::KahanSum;

/// The population of a bucket while an operation works on it.
pub(crate) trait Cell: Copy {
    /// Takes in another population.
    fn absorb(&mut self, other: Self);

    /// Whether the bucket is empty, so that compaction may drop it.
    fn is_empty(&self) -> bool;
}

impl Cell for f64 {
    #[inline]
    fn absorb(&mut self, other: Self) {
        *self += other;
    }

    #[inline]
    fn is_empty(&self) -> bool {
        *self == 0.0
    }
}

/// Whole numbers wrap around, as in Go: only histograms that do not validate come that far.
impl Cell for i64 {
    #[inline]
    fn absorb(&mut self, other: Self) {
        *self = self.wrapping_add(other);
    }

    #[inline]
    fn is_empty(&self) -> bool {
        *self == 0
    }
}

impl Cell for KahanSum {
    #[inline]
    fn absorb(&mut self, other: Self) {
        self.merge(other);
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.sum == 0.0 && self.compensation == 0.0
    }
}

impl From<f64> for KahanSum {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}

/// Turns deltas into absolute counts, in place.
pub(crate) fn undo_deltas(buckets: &mut [i64]) {
    let mut count = 0i64;
    for bucket in buckets {
        count = count.wrapping_add(*bucket);
        *bucket = count;
    }
}

/// Turns absolute counts into deltas, in place.
pub(crate) fn redo_deltas(buckets: &mut [i64]) {
    let mut before = 0i64;
    for bucket in buckets {
        let count = *bucket;
        *bucket = count.wrapping_sub(before);
        before = count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_there_and_back() {
        for deltas in [vec![], vec![3], vec![1, 2, -3, 0, 5], vec![i64::MAX, i64::MAX, i64::MIN]] {
            let mut buckets = deltas.clone();
            undo_deltas(&mut buckets);
            redo_deltas(&mut buckets);
            assert_eq!(buckets, deltas);
        }
        let mut buckets = vec![1, 2, -3, 0, 5];
        undo_deltas(&mut buckets);
        assert_eq!(buckets, [1, 3, 0, 0, 5]);
    }
}
