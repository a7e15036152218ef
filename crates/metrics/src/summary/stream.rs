//! Quantiles of a stream in little memory.
//!
//! The method is that of Cormode, Korn, Muthukrishnan and Srivastava ("Effective computation of biased quantiles over
//! data streams", ICDE 2005) in its form for targeted quantiles, which client_golang uses too. The stream is kept as an
//! ascending list of some of the observations. Each knows how many it stands for (its *width*: those before it that were
//! dropped, and itself) and by how much its rank may be larger than the widths up to it add up to (its *delta*). Width and
//! delta together may be as large as the *allowance* at that rank, which the objectives give: generous far from their
//! ranks, tight near them. Whoever fits into the allowance of its successor is dropped.
//!
//! What is different here:
//!
//! - Observations of one value are one entry that counts them exactly, apart from its width. Durations are often equal, as a
//!   clock ticks, and the method as published keeps thousands of equal entries near a rank with a small error.
//! - The allowance of an entry is the least over all ranks that it may cover, not that at its lower end. An entry that
//!   begins below an objective's rank would otherwise reach into the narrow part with the width of the generous one.
//! - The delta of an observation is what its successor leaves uncertain, and not all that the allowance permits.
//! - The smallest is kept beside the list, so the ranks 0 and 1 are exact and put no demand on it.
//!
//! While observations come, the allowance of an entry that is in the list never falls: it is a multiple of its rank or
//! of its distance from the end, and both only grow. So what fitted once fits for ever.

use super::Objective;

/// The list is kept below this many entries, at the cost of accuracy if need be. Ordinary objectives need some hundred
/// (`stream/tests.rs`); the bound is for those that are finer than the memory is worth: 32 bytes an entry.
const MAX_ENTRIES: usize = 8192;

#[derive(Debug)]
pub(super) struct Stream {
    targets: Box<[Target]>,
    entries: Vec<Entry>,
    /// Where the next list is put together.
    scratch: Vec<Entry>,
    count: u64,
    least: f64,
}

/// An objective: the allowance falls towards its rank and rises after it.
#[derive(Debug)]
struct Target {
    rank: f64,
    /// By so much for each rank below.
    falling: f64,
    /// By so much for each rank above.
    rising: f64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    value: f64,
    /// How many observations are equal to the value.
    equal: u64,
    /// How many were dropped between the entry before and this one.
    dropped: u64,
    delta: u64,
}

impl Entry {
    fn width(&self) -> u64 {
        self.equal + self.dropped
    }
}

impl Stream {
    pub(super) fn new(objectives: &[Objective]) -> Stream {
        let inner = objectives.iter().filter(|objective| objective.rank > 0.0 && objective.rank < 1.0);
        let targets = inner.map(|Objective { rank, error }| Target {
            rank: *rank,
            falling: 2.0 * error / (1.0 - rank),
            rising: 2.0 * error / rank,
        });
        Stream { targets: targets.collect(), entries: Vec::new(), scratch: Vec::new(), count: 0, least: f64::NAN }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.count = 0;
    }

    /// How many observations an entry may lump together, or be wrong by, that covers ranks from `low` to `high`.
    fn allowance(&self, low: f64, high: f64) -> f64 {
        let count = self.count as f64;
        let at = |target: &Target| {
            let lowest = target.rank * count;
            let rank = lowest.clamp(low, high);
            if rank >= lowest { target.rising * rank } else { target.falling * (count - rank) }
        };
        self.targets.iter().map(at).fold(f64::INFINITY, f64::min)
    }

    /// Adds observations, which are sorted and none of them NaN.
    pub(super) fn insert_sorted(&mut self, values: &[f64]) {
        let Some(first) = values.first() else { return };
        let least = if self.count == 0 { *first } else { self.least };
        let mut merged = std::mem::take(&mut self.scratch);
        merged.clear();
        let mut old = self.entries.iter().peekable();
        for value in values {
            while let Some(entry) = old.next_if(|entry| entry.value <= *value) {
                merged.push(*entry);
            }
            if let Some(last) = merged.last_mut()
                && last.value == *value
            {
                last.equal += 1;
                continue;
            }
            // Those that were dropped before the successor may be smaller or larger, unless it is smaller than all.
            let delta = match old.peek() {
                Some(successor) if *value > least => successor.dropped + successor.delta,
                _ => 0,
            };
            merged.push(Entry { value: *value, equal: 1, dropped: 0, delta });
        }
        merged.extend(old);
        self.least = least.min(*first);
        self.count += values.len() as u64;
        self.scratch = std::mem::replace(&mut self.entries, merged);
        self.compress(1.0);
        let mut relaxed = 1.0;
        while self.entries.len() > MAX_ENTRIES {
            relaxed *= 2.0;
            self.compress(relaxed);
        }
    }

    /// Drops whoever fits into its successor, from the end. `relaxed` times the allowance is taken.
    fn compress(&mut self, relaxed: f64) {
        let mut kept = std::mem::take(&mut self.scratch);
        kept.clear();
        let mut rank = self.count;
        for entry in self.entries.iter().rev() {
            // The rank below the entry, where its predecessors end.
            rank = rank.saturating_sub(entry.width());
            let joined = |after: &Entry| entry.width() + after.dropped + 1 + after.delta;
            match kept.last_mut() {
                Some(after) if self.fits(rank, joined(after), relaxed) => after.dropped += entry.width(),
                _ => kept.push(*entry),
            }
        }
        kept.reverse();
        self.scratch = std::mem::replace(&mut self.entries, kept);
    }

    /// Whether an entry may cover this many ranks above `below`. Of those that are equal, one counts: the ranks of the others
    /// are as good.
    fn fits(&self, below: u64, covers: u64, relaxed: f64) -> bool {
        covers as f64 <= relaxed * self.allowance(below as f64, (below + covers) as f64)
    }

    /// An observation whose rank is within the error of `rank`; `None` if there were no observations.
    pub(super) fn quantile(&self, rank: f64) -> Option<f64> {
        let last = self.entries.last()?.value;
        if rank <= 0.0 {
            return Some(self.least);
        }
        if rank >= 1.0 {
            return Some(last);
        }
        let target = (rank * self.count as f64).ceil();
        let limit = target + (self.allowance(target, target) / 2.0).ceil();
        let mut below = 0;
        let mut before = self.least;
        for entry in &self.entries {
            if (below + entry.dropped + 1 + entry.delta) as f64 > limit {
                return Some(before);
            }
            below += entry.width();
            before = entry.value;
        }
        Some(last)
    }
}

#[cfg(test)]
mod tests;
