//! Waiting until what was logged is safe, by blocking or by polling.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::position::Position;

use super::error::LogError;
use super::options::SyncPolicy;
use super::sync::Shared;

/// How far a log is safe, shared by those who make it so and those who wait for it.
#[derive(Debug)]
pub(super) struct Progress(Mutex<State>);

#[derive(Debug)]
struct State {
    synced: Position,
    /// How many attempts came to nothing, and why the last did.
    failures: u64,
    failure: Option<LogError>,
    waiting: Vec<(Position, Waker)>,
}

impl Progress {
    pub(super) fn new(synced: Position) -> Self {
        Self(Mutex::new(State { synced, failures: 0, failure: None, waiting: Vec::new() }))
    }

    pub(super) fn synced(&self) -> Position {
        self.lock().synced
    }

    /// Whether somebody waits for a sync.
    pub(super) fn is_awaited(&self) -> bool {
        !self.lock().waiting.is_empty()
    }

    /// Everything before `to` is safe.
    pub(super) fn advance(&self, to: Position) {
        let woken: Vec<_> = {
            let mut state = self.lock();
            state.synced = state.synced.max(to);
            let synced = state.synced;
            state.waiting.extract_if(.., |(position, _)| *position <= synced).collect()
        };
        // Outside the lock: a waker may do anything.
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// An attempt came to nothing: everybody who waited for it is told.
    pub(super) fn fail(&self, error: &LogError) {
        let woken = {
            let mut state = self.lock();
            state.failures += 1;
            state.failure = Some(error.clone());
            std::mem::take(&mut state.waiting)
        };
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers for positions of a log whether they are safe. A cheap handle, which can be given to those who do not log.
#[derive(Clone, Debug)]
pub struct Durability {
    shared: Arc<Shared>,
}

impl Durability {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Everything before this survives a power loss.
    #[must_use]
    pub fn synced_to(&self) -> Position {
        self.shared.progress.synced()
    }

    /// What has to be waited for before a record is acknowledged that was logged up to `position`: under
    /// [`SyncPolicy::Always`] the sync, under the other policies nothing.
    #[must_use = "it waits for nothing unless it is polled or `block` is called"]
    pub fn wait(&self, position: Position) -> Synced {
        match self.shared.env.options.sync {
            SyncPolicy::Always => self.synced(position),
            SyncPolicy::Segment | SyncPolicy::Interval(_) => self.synced(Position::default()),
        }
    }

    /// The moment from which everything before `position` survives a power loss, under any policy. Waiting for it asks for
    /// a sync.
    #[must_use = "it waits for nothing unless it is polled or `block` is called"]
    pub fn synced(&self, position: Position) -> Synced {
        // Nothing can be waited for that is not logged.
        let position = position.min(self.shared.writer().end());
        let failures = self.shared.progress.lock().failures;
        Synced { shared: Arc::clone(&self.shared), position, failures }
    }
}

/// Ready when a position is safe, or when an attempt to make it so has failed: then it is still in the log and still
/// kept in memory, and another wait is another attempt.
///
/// As a future it asks whoever maintains the log for the sync, and blocks no thread.
#[derive(Debug)]
#[must_use = "it waits for nothing unless it is polled or `block` is called"]
pub struct Synced {
    shared: Arc<Shared>,
    position: Position,
    /// The failures when the wait began: those before it do not concern it.
    failures: u64,
}

impl Synced {
    /// Blocks the thread, which does the sync itself unless another one is at it. Those who block while a sync is under way share
    /// the next one.
    pub fn block(self) -> Result<(), LogError> {
        let progress = &self.shared.progress;
        if progress.synced() >= self.position {
            return Ok(());
        }
        let syncing = self.shared.begin_sync();
        if progress.synced() >= self.position {
            return Ok(());
        }
        self.shared.sync(&syncing)
    }

    /// Whether there is nothing to wait for any more.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.shared.progress.lock();
        state.synced >= self.position || state.failures > self.failures
    }
}

impl Future for Synced {
    type Output = Result<(), LogError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        {
            let mut state = self.shared.progress.lock();
            if state.synced >= self.position {
                return Poll::Ready(Ok(()));
            }
            if let Some(failure) = state.failure.as_ref().filter(|_| state.failures > self.failures) {
                return Poll::Ready(Err(failure.clone()));
            }
            let waker = context.waker();
            if !state.waiting.iter().any(|(at, other)| *at == self.position && other.will_wake(waker)) {
                state.waiting.push((self.position, waker.clone()));
            }
        }
        self.shared.signal.notify();
        Poll::Pending
    }
}
