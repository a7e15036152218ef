//! What leaves the head: chunks that are in a block, series without chunks, samples that were deleted.

use std::collections::VecDeque;

use promd_model::{Interval, Matcher};
use promd_storage::Order;

use super::Head;
use super::late::hull;
use super::stripe::{join, split};
use super::sync::Ordering;

/// Slots of series that are gone, each with the number of the first reader who cannot know of it. The slot, and the pairs of its labels,
/// are used again when all older readers are gone.
#[derive(Debug, Default)]
pub(super) struct Limbo(VecDeque<(u64, u32)>);

impl Head {
    /// Forgets what lies before `before`, and the series that have nothing else. It waits until nobody reads what is to go; appends go on meanwhile.
    ///
    /// Returns the references of the series that are gone.
    pub(crate) fn truncate(&self, before: i64) -> Vec<u64> {
        self.set_min_valid_time(before);
        self.readers.wait_for(before);
        self.forget(before)
    }

    /// The same without waiting: nothing is done while somebody reads what is to go. Who opens a reader from here on does not read it, so
    /// that a later call succeeds.
    pub(crate) fn try_truncate(&self, before: i64) -> Option<Vec<u64>> {
        self.set_min_valid_time(before);
        if self.readers.reach_before(before) { None } else { Some(self.forget(before)) }
    }

    fn forget(&self, before: i64) -> Vec<u64> {
        let mut oldest = i64::MAX;
        let mut empty = Vec::new();
        for (number, stripe) in self.stripes.iter().enumerate() {
            let locals = stripe.lock().locals();
            for local in locals {
                // The lock is taken for one series at a time: appenders wait for the others.
                let mut stripe = stripe.lock();
                if stripe.slot(local).reference == 0 {
                    continue;
                }
                match stripe.truncate(local, before) {
                    Some(interval) => oldest = oldest.min(interval.min),
                    None if stripe.slot(local).pending == 0 && stripe.late(local).is_none() => {
                        empty.push(join(number, local));
                    }
                    None => {}
                }
            }
        }
        let gone = self.remove_empty(&empty);
        self.reclaim();
        // Samples that were committed meanwhile are newer than what was found.
        if oldest == i64::MAX {
            oldest = before;
        }
        if self.min_time().is_some() {
            self.bounds.min.fetch_max(oldest.min(self.max_time().unwrap_or(oldest)), Ordering::Relaxed);
        }
        gone
    }

    pub(super) fn remove_empty(&self, slots: &[u32]) -> Vec<u64> {
        if slots.is_empty() {
            return Vec::new();
        }
        let mut index = self.index.write();
        let mut gone = Vec::new();
        let mut limbo = self.limbo.lock();
        // Whoever opens a reader from here on finds the series gone: the index is locked until it is.
        let reader = self.readers.next();
        for slot in slots {
            let (stripe, local) = split(*slot);
            let mut stripe = self.stripes[stripe].lock();
            let state = stripe.slot(local);
            let has_samples = stripe.interval(local).is_some() || stripe.late(local).is_some();
            if state.reference == 0 || state.pending > 0 || has_samples {
                continue;
            }
            gone.push(stripe.slot(local).reference);
            let said = stripe.remove(local);
            self.sayings.lock().release(said);
            index.strike(*slot);
            limbo.0.push_back((reader, *slot));
        }
        self.exemplars.lock().forget(&gone);
        gone
    }

    /// Makes slots free that nobody can know of any more.
    pub(super) fn reclaim(&self) {
        let mut index = self.index.write();
        let mut limbo = self.limbo.lock();
        let oldest = self.readers.oldest();
        let ready = limbo.0.partition_point(|(reader, _)| *reader <= oldest);
        let slots: Vec<u32> = limbo.0.drain(..ready).map(|(_, slot)| slot).collect();
        index.release(&slots);
        for slot in slots {
            let (stripe, local) = split(slot);
            self.stripes[stripe].lock().free_slot(local);
        }
        self.stripes.iter().for_each(|stripe| stripe.lock().shrink());
    }

    /// Hides samples of all series that match, at once and from every reader. Returns what is to be logged: for each series the part of the
    /// interval in which it has samples.
    pub(crate) fn delete(&self, matchers: &[Matcher], times: Interval) -> Vec<(u64, Interval)> {
        let reader = self.reader(times);
        let mut deleted = Vec::new();
        for slot in reader.slots(matchers, Order::Any) {
            let (stripe, local) = split(slot);
            let mut stripe = self.stripes[stripe].lock();
            let all = stripe.interval(local).into_iter().chain(stripe.late_interval(local)).reduce(hull);
            let Some(interval) = all.filter(|interval| interval.overlaps(&times)) else { continue };
            let part = Interval::new(interval.min.max(times.min), interval.max.min(times.max));
            stripe.delete(local, part);
            deleted.push((stripe.slot(local).reference, part));
        }
        self.deletions.fetch_add(deleted.len() as u64, Ordering::Relaxed);
        deleted
    }
}
