//! The timers of one clock, by deadline.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use crate::Monotonic;

/// A timer: its deadline, and the order in which it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerId {
    deadline: Monotonic,
    serial: u64,
}

/// The timers of one clock.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Held for a few operations on the map at a time, and never while a waker runs or is dropped.
    queue: Mutex<Queue>,
    /// Told whenever there is an earlier first deadline, or the queue was closed: what the thread of a real clock waits for.
    sooner: Condvar,
    /// Told whenever a timer was set.
    another: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<TimerId, Waker>,
    serial: u64,
    closed: bool,
}

impl Timers {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic while it was held cannot have left the map half-changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets a timer.
    pub(crate) fn set(&self, deadline: Monotonic, waker: Waker) -> TimerId {
        let mut queue = self.lock();
        queue.serial += 1;
        let id = TimerId { deadline, serial: queue.serial };
        queue.waiting.insert(id, waker);
        let is_first = queue.waiting.keys().next() == Some(&id);
        drop(queue);
        if is_first {
            self.sooner.notify_all();
        }
        self.another.notify_all();
        id
    }

    /// Gives a timer another waker. `false`: it has fired.
    pub(crate) fn replace(&self, id: TimerId, waker: &Waker) -> bool {
        let mut queue = self.lock();
        let Some(current) = queue.waiting.get_mut(&id) else { return false };
        if current.will_wake(waker) {
            return true;
        }
        let replaced = std::mem::replace(current, waker.clone());
        drop(queue);
        drop(replaced);
        true
    }

    /// Removes a timer that may have fired.
    pub(crate) fn cancel(&self, id: TimerId) {
        let waker = self.lock().waiting.remove(&id);
        drop(waker);
    }

    /// The first deadline.
    pub(crate) fn next(&self) -> Option<Monotonic> {
        self.lock().waiting.keys().next().map(|id| id.deadline)
    }

    /// How many timers are waiting.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Wakes all timers whose deadline is not after `now`, in order.
    pub(crate) fn fire(&self, now: Monotonic) {
        let due = {
            let mut queue = self.lock();
            let after = TimerId { deadline: now, serial: u64::MAX };
            let later = queue.waiting.split_off(&after);
            std::mem::replace(&mut queue.waiting, later)
        };
        for waker in due.into_values() {
            waker.wake();
        }
    }

    /// Blocks until at least `count` timers are waiting; `false` if `patience` of real time runs out first.
    pub(crate) fn wait_for(&self, count: usize, patience: Duration) -> bool {
        let queue = self.lock();
        let waiting = self.another.wait_timeout_while(queue, patience, |queue| queue.waiting.len() < count);
        !waiting.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Blocks until the first deadline has passed by `now`, and wakes what is due; `false` once the queue is closed.
    pub(crate) fn wait_and_fire(&self, now: impl Fn() -> Monotonic) -> bool {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return false;
            }
            let first = queue.waiting.keys().next().map(|id| id.deadline);
            let current = now();
            queue = match first {
                Some(deadline) if deadline <= current => break,
                Some(deadline) => {
                    let left = deadline.since(current);
                    self.sooner.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.sooner.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
        drop(queue);
        self.fire(now());
        true
    }

    /// Ends the thread that waits in [`wait_and_fire`](Self::wait_and_fire).
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.sooner.notify_all();
    }
}
