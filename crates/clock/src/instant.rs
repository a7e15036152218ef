//! Points in wall time and in monotonic time.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment by the calendar: nanoseconds since the beginning of 1970, UTC. From the year 1677 to 2262; arithmetic stops there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WallTime(i64);

impl WallTime {
    /// The moment so many nanoseconds after the beginning of 1970.
    #[must_use]
    pub const fn from_nanos(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// The moment so many milliseconds after the beginning of 1970.
    #[must_use]
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the beginning of 1970.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds since the beginning of 1970, rounded down: the timestamp of a sample.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long after `earlier` this is; nothing if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let nanoseconds = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_nanos(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX))
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos_i64(duration)))
    }
}

impl Sub<Duration> for WallTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos_i64(duration)))
    }
}

/// How far a clock has run. Comparable only with others of the same clock; arithmetic stops at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(u64);

impl Monotonic {
    /// The end of time: a timer set for it never fires.
    pub const NEVER: Self = Self(u64::MAX);

    pub(crate) const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// How long after `earlier` this is; nothing if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos_u64(duration)))
    }
}

impl Sub<Duration> for Monotonic {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos_u64(duration)))
    }
}

/// The nanoseconds of a duration, at most those that a clock can run.
pub(crate) fn nanos_u64(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn nanos_i64(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_round_down_on_both_sides_of_1970() {
        assert_eq!(WallTime::from_nanos(1_999_999).millis(), 1);
        assert_eq!(WallTime::from_nanos(-1).millis(), -1);
        assert_eq!(WallTime::from_nanos(-1_000_000).millis(), -1);
        assert_eq!(WallTime::from_millis(-7).millis(), -7);
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(WallTime::from_millis(i64::MAX), WallTime::from_nanos(i64::MAX));
        assert_eq!(WallTime::from_nanos(i64::MAX) + Duration::MAX, WallTime::from_nanos(i64::MAX));
        assert_eq!(WallTime::from_nanos(i64::MIN) - Duration::from_nanos(1), WallTime::from_nanos(i64::MIN));
        let all = WallTime::from_nanos(i64::MAX).since(WallTime::from_nanos(i64::MIN));
        assert_eq!(all, Duration::from_nanos(u64::MAX));
        assert_eq!(Monotonic::default() + Duration::MAX, Monotonic::NEVER);
        assert_eq!(Monotonic::default() - Duration::from_secs(1), Monotonic::default());
    }

    #[test]
    fn what_is_not_later_is_no_time_later() {
        let (early, late) = (WallTime::from_millis(1), WallTime::from_millis(2));
        assert_eq!((late.since(early), early.since(late)), (Duration::from_millis(1), Duration::ZERO));
    }
}
