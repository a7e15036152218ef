//! The newest exemplars of all series, in one ring (`tsdb/exemplar.go` of Prometheus).
//!
//! The ring bounds what all series have together: a new exemplar takes the place of the oldest that was added, whichever series
//! that belongs to. A series that has lost all of its exemplars costs nothing.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use hashbrown::HashMap;
use promd_model::{Exemplar, Interval};

/// Why an exemplar is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// It is the newest of its series, shown again, or lies between others at a time that is taken: no mistake.
    Duplicate,
    /// It comes before the newest of its series, by more than the window allows.
    OutOfOrder,
    /// Its labels have more than 128 characters.
    TooLong,
    /// The ring has no room at all.
    Disabled,
}

/// What became of exemplars so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExemplarCounts {
    /// They were kept, for a while at least.
    pub(crate) appended: u64,
    /// They came too late.
    pub(crate) out_of_order: u64,
    /// Their labels were too long.
    pub(crate) too_long: u64,
    /// Their series was not known.
    pub(crate) unknown: u64,
}

/// The ring.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    capacity: usize,
    /// How much older than the newest of its series an exemplar may be, in milliseconds.
    window: i64,
    /// The series of each exemplar, in the order in which they were added.
    order: VecDeque<u64>,
    /// Those of each series, in the order of their times and, at one time, of their arrival, each with its number in the order of
    /// arrival of all.
    series: HashMap<u64, Vec<(u64, Exemplar)>>,
    arrived: u64,
    counts: ExemplarCounts,
}

impl Exemplars {
    /// Room for so many.
    pub(crate) fn new(capacity: usize, window: i64) -> Self {
        Self { capacity, window, ..Self::default() }
    }

    /// For how many there is room.
    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Of how many series.
    pub(crate) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// What became of those that were added, or tried to be.
    pub(crate) const fn counts(&self) -> ExemplarCounts {
        self.counts
    }

    /// The time of the exemplar that will be dropped next.
    pub(crate) fn oldest(&self) -> Option<i64> {
        let kept = self.series.get(self.order.front()?)?;
        kept.iter().min_by_key(|(arrival, _)| *arrival).map(|(_, exemplar)| exemplar.timestamp.0)
    }

    /// Makes room for so many, and drops the oldest where there are more.
    pub(crate) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.order.len() > capacity {
            self.drop_oldest();
        }
        self.order.shrink_to(capacity);
        self.series.shrink_to_fit();
    }

    /// Changes how late exemplars may be.
    pub(crate) const fn set_window(&mut self, window: i64) {
        self.window = window;
    }

    /// Counts one of which nobody knows the series.
    pub(crate) const fn count_unknown(&mut self) {
        self.counts.unknown += 1;
    }

    /// Says whether an exemplar would be kept, as far as that can be told without a look at all of its series'.
    pub(crate) fn check(&mut self, series: u64, exemplar: &Exemplar) -> Result<(), NotKept> {
        if self.capacity == 0 {
            return Err(NotKept::Disabled);
        }
        if exemplar.label_chars() > Exemplar::MAX_LABEL_CHARS {
            self.counts.too_long += 1;
            return Err(NotKept::TooLong);
        }
        let Some((_, newest)) = self.series.get(&series).and_then(|kept| kept.last()) else { return Ok(()) };
        if newest.is_duplicate_of(exemplar) {
            return Err(NotKept::Duplicate);
        }
        let (t, last) = (exemplar.timestamp.0, newest.timestamp.0);
        let is_before = if t == last {
            exemplar.value < newest.value
                || (exemplar.value == newest.value && exemplar.labels.hash() < newest.labels.hash())
        } else {
            t < last && t <= last.saturating_sub(self.window)
        };
        if is_before {
            self.counts.out_of_order += 1;
            return Err(NotKept::OutOfOrder);
        }
        Ok(())
    }

    /// Adds an exemplar of a series.
    pub(crate) fn add(&mut self, series: u64, exemplar: Exemplar) -> Result<(), NotKept> {
        self.check(series, &exemplar)?;
        let kept = self.series.get(&series).map_or(&[][..], Vec::as_slice);
        let t = exemplar.timestamp.0;
        let at = kept.partition_point(|(_, other)| other.timestamp.0 <= t);
        let before = at.checked_sub(1).and_then(|before| kept.get(before));
        // Between others, one at the same time is taken for the same: a histogram shows all of its exemplars again and again.
        if at < kept.len() && before.is_some_and(|(_, other)| other.timestamp.0 == t) {
            return Err(NotKept::Duplicate);
        }
        self.series.entry(series).or_default().insert(at, (self.arrived, exemplar));
        self.arrived += 1;
        self.counts.appended += 1;
        self.order.push_back(series);
        if self.order.len() > self.capacity {
            self.drop_oldest();
        }
        Ok(())
    }

    /// Forgets those of some series.
    pub(crate) fn forget(&mut self, series: &[u64]) {
        let before = self.series.len();
        for reference in series {
            self.series.remove(reference);
        }
        if self.series.len() < before {
            let left = &self.series;
            self.order.retain(|reference| left.contains_key(reference));
        }
    }

    /// The series that have any.
    pub(crate) fn series(&self) -> impl Iterator<Item = u64> {
        self.series.keys().copied()
    }

    /// Those of a series within a stretch of time, in order.
    pub(crate) fn of_series(&self, series: u64, times: Interval) -> impl Iterator<Item = &Exemplar> {
        let kept = self.series.get(&series).map_or(&[][..], Vec::as_slice);
        kept.iter().map(|(_, exemplar)| exemplar).filter(move |exemplar| times.contains(exemplar.timestamp.0))
    }

    /// The memory that is held.
    pub(crate) fn heap_bytes(&self) -> usize {
        let of_series = |kept: &Vec<(u64, Exemplar)>| {
            let texts: usize = kept.iter().map(|(_, exemplar)| exemplar.labels.as_packed().len()).sum();
            kept.capacity() * size_of::<(u64, Exemplar)>() + texts
        };
        let kept: usize = self.series.values().map(of_series).sum();
        kept + self.series.allocation_size() + self.order.capacity() * size_of::<u64>()
    }

    fn drop_oldest(&mut self) {
        let Some(series) = self.order.pop_front() else { return };
        let Some(kept) = self.series.get_mut(&series) else { return };
        let oldest = kept.iter().enumerate().min_by_key(|(_, (arrival, _))| *arrival).map(|(at, _)| at);
        if let Some(at) = oldest {
            kept.remove(at);
        }
        if kept.is_empty() {
            self.series.remove(&series);
        }
    }
}
