//! The syncing half of a log: what is done without its lock, so that appends go on meanwhile.
//!
//! Locks are taken in this order: `syncing`, `writer`, and that of `progress` or of the bell. An append takes `writer` alone, and
//! rings the bell when it has let go of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use promd_clock::{Monotonic, Signal};

use super::durability::Progress;
use super::error::LogError;
use super::options::SyncPolicy;
use super::writer::{Env, Writer};
use crate::tail::Bell;

/// All of a log, as its handles and its background task share it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) env: Env,
    writer: Mutex<Writer>,
    /// Held by whoever syncs: two syncs of one file at the same time share its errors, and either could miss one.
    syncing: Mutex<()>,
    pub(super) progress: Progress,
    /// Wakes the background task.
    pub(super) signal: Arc<Signal>,
    /// Wakes those who follow the log.
    pub(super) bell: Bell,
}

impl Shared {
    pub(super) fn new(env: Env, writer: Writer) -> Self {
        let progress = Progress::new(writer.synced());
        Self {
            env,
            writer: Mutex::new(writer),
            syncing: Mutex::new(()),
            progress,
            signal: Arc::default(),
            bell: Bell::new(),
        }
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        // No operation on a file panics, and everything else in it is changed as a whole.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the writer. What that made safe, by making good an earlier failure, is told to those who wait, and that
    /// there is more to read to those who follow.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Writer, &Env) -> T) -> T {
        let mut writer = self.writer();
        let (synced, end) = (writer.synced(), writer.end());
        let done = change(&mut writer, &self.env);
        if writer.synced() != synced {
            self.progress.advance(writer.synced());
        }
        let has_more = writer.end() != end;
        drop(writer);
        if has_more {
            self.bell.ring();
        }
        done
    }

    /// Waits until nobody else syncs.
    pub(super) fn begin_sync(&self) -> MutexGuard<'_, ()> {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes safe what was written when it was called.
    pub(super) fn sync(&self, _syncing: &MutexGuard<'_, ()>) -> Result<(), LogError> {
        let env = &self.env;
        let unsynced = {
            let mut writer = self.writer();
            writer.retry_cuts(env);
            if writer.is_broken() {
                let rewritten = writer.rewrite_if_broken(env);
                self.bell.ring();
                return self.tell(&writer, rewritten);
            }
            match writer.begin_sync() {
                Some(unsynced) => unsynced,
                None => return self.tell(&writer, Ok(())),
            }
        };
        let synced = unsynced.files().try_for_each(|file| {
            let start = env.clock.monotonic();
            let synced = file.sync_data();
            env.options.metrics.synced(env.clock.monotonic().since(start), env.clock.wall());
            synced
        });
        let mut writer = self.writer();
        let done = match synced {
            Ok(()) => {
                writer.end_sync(&unsynced);
                Ok(())
            }
            // Made good or not, it is for the operator to know: the disk is failing.
            Err(_) => {
                env.options.metrics.syncs_failed.inc();
                let rewritten = writer.fail_sync(env);
                self.bell.ring();
                rewritten
            }
        };
        self.tell(&writer, done)
    }

    /// Tells those who wait.
    fn tell(&self, writer: &Writer, done: Result<(), LogError>) -> Result<(), LogError> {
        match &done {
            Ok(()) => self.progress.advance(writer.synced()),
            Err(error) => self.progress.fail(error),
        }
        done
    }

    /// Does what is due. Returns whether anything was.
    pub(super) fn tick(&self) -> Result<bool, LogError> {
        let due = {
            let writer = self.writer();
            writer.is_broken()
                || writer.has_cuts()
                || self.due(&writer).is_some_and(|due| due <= self.env.clock.monotonic())
        };
        if due {
            self.sync(&self.begin_sync())?;
        }
        Ok(due)
    }

    /// When the next sync is due; `None`: when something happens.
    fn due(&self, writer: &Writer) -> Option<Monotonic> {
        if self.progress.is_awaited() {
            return Some(Monotonic::default());
        }
        let dirty_since = writer.dirty_since()?;
        match self.env.options.sync {
            SyncPolicy::Segment => writer.has_sealed().then_some(dirty_since),
            SyncPolicy::Interval(interval) => Some(dirty_since + interval),
            // Also what nobody waits for is not left lying about.
            SyncPolicy::Always => Some(dirty_since),
        }
    }

    /// The life of the background task: it ends with the last handle of the log.
    pub(super) fn run(shared: &Weak<Self>) {
        /// How long after a failure the next attempt is made, and how long the task sleeps if there is nothing to do.
        const RETRY: Duration = Duration::from_secs(1);
        const IDLE: Duration = Duration::from_secs(60);
        loop {
            let Some(log) = shared.upgrade() else { return };
            let failed = log.tick().is_err();
            let (signal, clock) = (Arc::clone(&log.signal), Arc::clone(&log.env.clock));
            let deadline = {
                let writer = log.writer();
                if writer.is_closed() {
                    return;
                }
                let now = clock.monotonic();
                match log.due(&writer) {
                    _ if failed || writer.is_broken() || writer.has_cuts() => now + RETRY,
                    Some(due) => due,
                    None => now + IDLE,
                }
            };
            // Not to be kept alive by its own maintenance.
            drop(log);
            signal.wait_until(&*clock, deadline);
        }
    }
}
