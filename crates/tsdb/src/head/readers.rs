//! Who reads what: which commits a reader sees, and what must stay for him.
//!
//! Commits have numbers, and are applied one at a time. A reader remembers the last one that was complete when he was opened, and
//! each series the time of the first sample of every commit that some living reader must not see (`Stripe::hide`): the samples of a series
//! ascend, so that one time cuts off all that is to be hidden. A reader who is opened while a commit is applied waits for
//! its end; so nothing needs to be noted as long as nobody reads.

use std::collections::BTreeMap;

use promd_model::Interval;

use super::sync::{Condvar, Mutex, RwLock, RwLockWriteGuard};

#[derive(Debug, Default)]
pub(super) struct Readers {
    state: Mutex<State>,
    /// A reader was closed.
    closed: Condvar,
    /// Written while a commit is applied. Taken before `state`.
    gate: RwLock<()>,
}

#[derive(Debug, Default)]
struct State {
    live: BTreeMap<u64, Live>,
    next: u64,
    committed: u64,
}

#[derive(Debug, Clone, Copy)]
struct Live {
    seen: u64,
    times: Interval,
    /// In which late samples are read, from chunks that have this number or a higher one.
    late: Interval,
    late_from: u64,
}

/// A living reader. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    readers: &'a Readers,
    number: u64,
    /// The last commit that is seen.
    pub(super) seen: u64,
}

/// A commit that is being applied.
pub(super) struct Applying<'a> {
    readers: &'a Readers,
    _gate: RwLockWriteGuard<'a, ()>,
    pub(super) number: u64,
    /// What all readers have seen, if there are any readers.
    pub(super) seen_by_all: u64,
    /// What the youngest reader has seen; nothing if there are no readers.
    pub(super) youngest: Option<u64>,
}

impl Readers {
    pub(super) fn open(&self, times: Interval) -> Ticket<'_> {
        let _gate = self.gate.read();
        let mut state = self.state.lock();
        let (number, seen) = (state.next, state.committed);
        state.next += 1;
        state.live.insert(number, Live { seen, times, late: times, late_from: 0 });
        Ticket { readers: self, number, seen }
    }

    /// Says that a reader reads less than he had said when he was opened: samples in order of these times only, and late ones only of
    /// chunks from a number on.
    pub(super) fn narrow(&self, ticket: &Ticket<'_>, times: Interval, late_from: u64) {
        if let Some(live) = self.state.lock().live.get_mut(&ticket.number) {
            (live.times, live.late_from) = (times, late_from);
        }
    }

    /// Whether somebody reads late samples of this time in chunks with a lower number.
    pub(super) fn read_late(&self, before: u64, times: Interval) -> bool {
        self.state.lock().live.values().any(|live| live.late_from < before && live.late.overlaps(&times))
    }

    /// Whether somebody reads what lies before `before`.
    pub(super) fn reach_before(&self, before: i64) -> bool {
        self.state.lock().live.values().any(|live| live.times.min < before)
    }

    /// The caller sees to it that there is one at a time.
    pub(super) fn apply(&self) -> Applying<'_> {
        let gate = self.gate.write();
        let state = self.state.lock();
        let youngest = state.live.values().map(|live| live.seen).max();
        let seen_by_all = state.live.values().map(|live| live.seen).min().unwrap_or(state.committed);
        Applying { readers: self, _gate: gate, number: state.committed + 1, seen_by_all, youngest }
    }

    /// Waits until nobody who came before this call reads what lies before `before`.
    pub(super) fn wait_for(&self, before: i64) {
        let mut state = self.state.lock();
        let now = state.next;
        while state.live.range(..now).any(|(_, live)| live.times.min < before) {
            self.closed.wait(&mut state);
        }
    }

    /// How many commits there have been.
    pub(super) fn committed(&self) -> u64 {
        self.state.lock().committed
    }

    /// The number that the next reader will have.
    pub(super) fn next(&self) -> u64 {
        self.state.lock().next
    }

    /// The number of the oldest living reader; that of the next one if there is none.
    pub(super) fn oldest(&self) -> u64 {
        let state = self.state.lock();
        state.live.first_key_value().map_or(state.next, |(number, _)| *number)
    }
}

impl Drop for Applying<'_> {
    fn drop(&mut self) {
        self.readers.state.lock().committed = self.number;
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.readers.state.lock().live.remove(&self.number);
        self.readers.closed.notify_all();
    }
}
