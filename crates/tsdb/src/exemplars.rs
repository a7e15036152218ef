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
    /// It is the newest of its series, shown again: no mistake.
    Duplicate,
    /// It comes before the newest of its series.
    OutOfOrder,
    /// Its labels have more than 128 characters.
    TooLong,
    /// The ring has no room at all.
    Disabled,
}

/// The ring.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    capacity: usize,
    /// How much older than the newest of its series an exemplar may be, in milliseconds.
    window: i64,
    /// The series of each exemplar, in the order in which they were added.
    order: VecDeque<u64>,
    /// Those of each series, in the order of [`Exemplar::compare`], each with its number in the order of arrival.
    series: HashMap<u64, Vec<(u64, Exemplar)>>,
    arrived: u64,
}

impl Exemplars {
    /// Room for so many.
    pub(crate) fn new(capacity: usize, window: i64) -> Self {
        Self { capacity, window, ..Self::default() }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Of how many series.
    pub(crate) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Makes room for so many, and drops the oldest where there are more.
    pub(crate) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.order.len() > capacity {
            self.drop_oldest();
        }
    }

    /// Adds an exemplar of a series.
    pub(crate) fn add(&mut self, series: u64, exemplar: Exemplar) -> Result<(), NotKept> {
        if self.capacity == 0 {
            return Err(NotKept::Disabled);
        }
        if exemplar.label_chars() > Exemplar::MAX_LABEL_CHARS {
            return Err(NotKept::TooLong);
        }
        let kept = self.series.get(&series).map_or(&[][..], Vec::as_slice);
        if let Some((_, newest)) = kept.last() {
            if newest.is_duplicate_of(&exemplar) {
                return Err(NotKept::Duplicate);
            }
            let (t, last) = (exemplar.timestamp.0, newest.timestamp.0);
            // Among those of one moment Prometheus goes by the hash of the labels, which says nothing; here it is the labels.
            let is_before =
                (t < last && t <= last.saturating_sub(self.window)) || (t == last && newest.compare(&exemplar).is_gt());
            if is_before {
                return Err(NotKept::OutOfOrder);
            }
        }
        let at = kept.partition_point(|(_, other)| other.compare(&exemplar).is_le());
        if at
            .checked_sub(1)
            .and_then(|before| kept.get(before))
            .is_some_and(|(_, other)| other.is_duplicate_of(&exemplar))
        {
            return Err(NotKept::Duplicate);
        }
        self.series.entry(series).or_default().insert(at, (self.arrived, exemplar));
        self.arrived += 1;
        self.order.push_back(series);
        if self.order.len() > self.capacity {
            self.drop_oldest();
        }
        Ok(())
    }

    /// Those of a series within a stretch of time, in order.
    pub(crate) fn of_series(&self, series: u64, times: Interval) -> impl Iterator<Item = &Exemplar> {
        let kept = self.series.get(&series).map_or(&[][..], Vec::as_slice);
        kept.iter().map(|(_, exemplar)| exemplar).filter(move |exemplar| times.contains(exemplar.timestamp.0))
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
