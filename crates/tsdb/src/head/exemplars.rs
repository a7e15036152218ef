//! Exemplars on their way in and out.
//!
//! The ring is under a lock that is taken last, with a stripe in hand where something is added: so a series that is collected takes
//! along what was added before, and nothing is added behind it.

use promd_model::{Exemplar, Interval, Matcher};
use promd_storage::{SeriesExemplars, SeriesRef};

use super::Head;
use super::stripe::{join, stripe_of};
use crate::exemplars::{ExemplarCounts, NotKept};

/// What there is of exemplars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExemplarStats {
    /// How many there may be.
    pub(crate) capacity: usize,
    /// How many there are.
    pub(crate) exemplars: usize,
    /// How many series have any.
    pub(crate) series: usize,
    /// The time of the one that goes next.
    pub(crate) oldest: Option<i64>,
    /// What became of those that came.
    pub(crate) counts: ExemplarCounts,
}

impl Head {
    /// Makes room for so many exemplars of all series together.
    pub(crate) fn set_max_exemplars(&self, most: usize) {
        self.exemplars.lock().resize(most);
    }

    /// What there is of exemplars.
    pub(crate) fn exemplar_stats(&self) -> ExemplarStats {
        let ring = self.exemplars.lock();
        ExemplarStats {
            capacity: ring.capacity(),
            exemplars: ring.len(),
            series: ring.series_count(),
            oldest: ring.oldest(),
            counts: ring.counts(),
        }
    }

    /// Takes those exemplars that will be kept, as far as that can be told before their commit.
    pub(super) fn take_exemplars(&self, exemplars: &[(SeriesRef, Exemplar)], taken: &mut Vec<(u64, Exemplar)>) {
        for (SeriesRef(series), exemplar) in exemplars {
            let stripe = self.stripes[stripe_of(*series)].lock();
            let known = stripe.find(*series).is_some();
            let mut ring = self.exemplars.lock();
            if !known {
                ring.count_unknown();
            } else if ring.check(*series, exemplar).is_ok() {
                let mut exemplar = exemplar.clone();
                if exemplar.labels.has_empty_value() {
                    exemplar.labels = exemplar.labels.without_empty();
                }
                taken.push((*series, exemplar));
            }
        }
    }

    /// Adds exemplars that were logged.
    pub(super) fn apply_exemplars(&self, exemplars: &[(u64, Exemplar)]) {
        for (series, exemplar) in exemplars {
            // The ring counts those that it does not keep.
            let _ = self.add_exemplar(*series, exemplar);
        }
    }

    /// Adds an exemplar: `None` if nobody knows the series.
    pub(super) fn add_exemplar(&self, series: u64, exemplar: &Exemplar) -> Option<Result<(), NotKept>> {
        let stripe = self.stripes[stripe_of(series)].lock();
        let known = stripe.find(series).is_some();
        let mut ring = self.exemplars.lock();
        if !known {
            ring.count_unknown();
            return None;
        }
        Some(ring.add(series, exemplar.clone()))
    }

    /// The exemplars of series that match one of several selectors, by labels.
    pub(super) fn find_exemplars(&self, selectors: &[Vec<Matcher>], times: Interval) -> Vec<SeriesExemplars> {
        let references: Vec<u64> = self.exemplars.lock().series().collect();
        if references.is_empty() {
            return Vec::new();
        }
        let index = self.index.read();
        let selected: Vec<_> = selectors.iter().map(|matchers| index.select(matchers)).collect();
        let mut found = Vec::new();
        for reference in references {
            let stripe = stripe_of(reference);
            let Some(slot) = self.stripes[stripe].lock().find(reference).map(|local| join(stripe, local)) else {
                continue;
            };
            if !selected.iter().any(|slots| slots.contains(slot)) {
                continue;
            }
            let exemplars: Vec<Exemplar> = self.exemplars.lock().of_series(reference, times).cloned().collect();
            if !exemplars.is_empty() {
                found.push(SeriesExemplars { labels: index.labels(slot, None), exemplars });
            }
        }
        found.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        found
    }
}
