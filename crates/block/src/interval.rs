//! Times, both ends included, as tombstones and holes have them.

#[cfg(test)]
mod tests;

use std::ops::Deref;

/// A stretch of time in milliseconds, both ends included. One whose end lies before its start holds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// The first millisecond.
    pub min: i64,
    /// The last millisecond.
    pub max: i64,
}

impl Interval {
    /// All of time.
    pub const ALL: Self = Self { min: i64::MIN, max: i64::MAX };

    /// From `min` to `max`, both included.
    #[must_use]
    pub const fn new(min: i64, max: i64) -> Self {
        Self { min, max }
    }

    /// Whether a millisecond belongs to it.
    #[must_use]
    pub const fn contains(&self, t: i64) -> bool {
        self.min <= t && t <= self.max
    }

    /// Whether the two share a millisecond.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.min <= other.max && other.min <= self.max
    }

    /// Whether all of `other` lies in it.
    #[must_use]
    pub const fn covers(&self, other: &Self) -> bool {
        self.min <= other.min && other.max <= self.max
    }
}

/// Intervals that ascend, and neither overlap nor touch: what was deleted from one series.
///
/// ```
/// use promd_block::{Interval, Intervals};
///
/// let mut deleted = Intervals::new();
/// deleted.add(Interval::new(10, 20));
/// deleted.add(Interval::new(40, 50));
/// // Time is discrete: 21 follows 20, so the two are one.
/// deleted.add(Interval::new(21, 30));
/// assert_eq!(*deleted, [Interval::new(10, 30), Interval::new(40, 50)]);
/// assert!(deleted.contains(30) && !deleted.contains(31));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals(Vec<Interval>);

impl Intervals {
    /// No intervals. Nothing is allocated.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an interval, and makes one of it and all that it overlaps or touches, as `Intervals.Add` of
    /// `tsdb/tombstones` does. An interval that holds nothing adds nothing; there Prometheus keeps it, without an effect
    /// on any sample.
    pub fn add(&mut self, interval: Interval) {
        if interval.min > interval.max {
            return;
        }
        let Self(all) = self;
        // Those before `first` end, and those from `end` on begin, with at least a millisecond between them and it.
        let first = all.partition_point(|one| one.max < interval.min.saturating_sub(1));
        let end = all.partition_point(|one| one.min <= interval.max.saturating_add(1)).max(first);
        let touched = all.get(first..end).unwrap_or_default();
        let min = touched.first().map_or(interval.min, |one| one.min.min(interval.min));
        let max = touched.last().map_or(interval.max, |one| one.max.max(interval.max));
        all.splice(first..end, [Interval { min, max }]);
    }

    /// Removes all intervals and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether a millisecond belongs to one of them.
    #[must_use]
    pub fn contains(&self, t: i64) -> bool {
        self.0.get(self.0.partition_point(|one| one.max < t)).is_some_and(|one| one.min <= t)
    }

    /// Whether one of them shares a millisecond with `interval`.
    #[must_use]
    pub fn overlaps(&self, interval: &Interval) -> bool {
        self.0.get(self.0.partition_point(|one| one.max < interval.min)).is_some_and(|one| one.overlaps(interval))
    }

    /// Whether one of them covers all of `interval`.
    #[must_use]
    pub fn covers(&self, interval: &Interval) -> bool {
        self.0.get(self.0.partition_point(|one| one.max < interval.min)).is_some_and(|one| one.covers(interval))
    }
}

impl Deref for Intervals {
    type Target = [Interval];

    fn deref(&self) -> &[Interval] {
        &self.0
    }
}

impl Extend<Interval> for Intervals {
    fn extend<T: IntoIterator<Item = Interval>>(&mut self, intervals: T) {
        intervals.into_iter().for_each(|interval| self.add(interval));
    }
}

impl FromIterator<Interval> for Intervals {
    fn from_iter<T: IntoIterator<Item = Interval>>(intervals: T) -> Self {
        let mut all = Self::new();
        all.extend(intervals);
        all
    }
}

impl<'a> IntoIterator for &'a Intervals {
    type Item = &'a Interval;
    type IntoIter = std::slice::Iter<'a, Interval>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
