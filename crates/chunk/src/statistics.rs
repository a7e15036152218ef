//! What the floats of a chunk are like, gathered while they are decoded.

use promd_model::is_stale;

/// A summary of the floats of a chunk. Stale markers count as samples and as nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// How many samples there are, stale markers included.
    pub count: u32,
    /// How many of them are stale markers.
    pub stale: u32,
    /// The first sample that is not stale.
    pub first: Option<(i64, f64)>,
    /// The last sample that is not stale.
    pub last: Option<(i64, f64)>,
    /// The smallest value; NaN only if there is no other.
    pub min: f64,
    /// The largest value; NaN only if there is no other.
    pub max: f64,
    /// The plain sum, in order.
    pub sum: f64,
    /// How often a value is smaller than the one before it: the resets, if this is a counter.
    pub resets: u32,
}

/// Statistics in the making.
#[derive(Debug)]
pub(crate) struct Tally(Statistics);

impl Default for Tally {
    fn default() -> Self {
        Self(Statistics {
            count: 0,
            stale: 0,
            first: None,
            last: None,
            min: f64::NAN,
            max: f64::NAN,
            sum: 0.0,
            resets: 0,
        })
    }
}

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, t: i64, v: f64) {
        let Self(all) = self;
        all.count += 1;
        if is_stale(v) {
            all.stale += 1;
            return;
        }
        if let Some((_, before)) = all.last {
            all.resets += u32::from(v < before);
        } else {
            all.first = Some((t, v));
        }
        all.last = Some((t, v));
        // `f64::min` takes the other operand where one is NaN.
        all.min = all.min.min(v);
        all.max = all.max.max(v);
        all.sum += v;
    }

    pub(crate) fn finish(self) -> Statistics {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use promd_model::STALE_NAN;

    use super::*;

    fn tally(values: &[f64]) -> Statistics {
        let mut tally = Tally::default();
        for (t, v) in values.iter().enumerate() {
            tally.add(t as i64, *v);
        }
        tally.finish()
    }

    #[test]
    fn a_counter_with_a_reset() {
        let all = tally(&[5.0, 7.0, STALE_NAN, 1.0, 4.0]);
        assert_eq!((all.count, all.stale, all.resets), (5, 1, 1));
        assert_eq!((all.first, all.last), (Some((0, 5.0)), Some((4, 4.0))));
        assert_eq!((all.min, all.max, all.sum), (1.0, 7.0, 17.0));
    }

    #[test]
    fn nan_is_no_extreme() {
        let all = tally(&[f64::NAN, 2.0, f64::NAN]);
        assert_eq!((all.min, all.max), (2.0, 2.0));
        assert!(tally(&[]).min.is_nan() && tally(&[f64::NAN]).max.is_nan());
    }
}
