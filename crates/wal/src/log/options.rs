//! What a log can be told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::page::Compression;

use super::metrics::LogMetrics;

/// When what was logged is made safe from a power loss. A crash of the process alone takes nothing under any policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When a segment is full, as Prometheus does it. A power loss takes up to a segment, or up to
    /// [`Options::max_unsynced`], whichever is less.
    Segment,
    /// At most this long after it was logged.
    Interval(Duration),
    /// Before it is acknowledged. Those who wait at the same time share one sync.
    Always,
}

impl Default for SyncPolicy {
    /// One second.
    fn default() -> Self {
        Self::Interval(Duration::from_secs(1))
    }
}

/// Who does what is not done in an append.
#[derive(Clone, Debug, Default)]
pub enum Maintenance {
    /// The caller, by [`Log::tick`](super::Log::tick): tests, simulations, and programs with a loop of their own.
    #[default]
    Manual,
    /// A task on this executor, until the log is closed or dropped.
    Background(Arc<dyn Executor>),
}

impl Maintenance {
    /// In the background, on whatever this function starts.
    ///
    /// ```
    /// let maintenance = promd_wal::Maintenance::background(|task| {
    ///     std::thread::spawn(task);
    /// });
    /// ```
    #[must_use]
    pub fn background(spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self::Background(Arc::new(spawn))
    }
}

/// What an executor is handed.
pub type Task = Box<dyn FnOnce() + Send>;

/// Runs tasks. Every function that takes a [`Task`] is one.
pub trait Executor: Send + Sync {
    /// Starts a task, which blocks its thread while it sleeps and syncs, for as long as the log is open.
    fn spawn(&self, task: Task);
}

impl<F: Fn(Task) + Send + Sync> Executor for F {
    fn spawn(&self, task: Task) {
        self(task);
    }
}

impl fmt::Debug for dyn Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Executor")
    }
}

/// The settings of a log; the default is that of promd.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The size at which a segment is full: a multiple of [`PAGE`](crate::PAGE). One record larger than that has a segment of its own.
    pub segment_size: u64,
    /// How records are compressed.
    pub compression: Compression,
    /// When they are made safe.
    pub sync: SyncPolicy,
    /// Who sees to it.
    pub maintenance: Maintenance,
    /// How many bytes of records may wait for a sync. They are kept in memory until then, so that they can be written again
    /// if the sync fails; whoever appends more does the sync itself, and so is slowed down to what the disk can take.
    pub max_unsynced: usize,
    /// Where the log counts.
    pub metrics: Arc<LogMetrics>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // Prometheus' sizes: `DefaultSegmentSize` in tsdb/wlog/wlog.go, snappy since 2.20.
            segment_size: 128 << 20,
            compression: Compression::Snappy,
            sync: SyncPolicy::default(),
            maintenance: Maintenance::Manual,
            // A second of two million samples, at about eight bytes each.
            max_unsynced: 16 << 20,
            metrics: Arc::new(LogMetrics::new(LogMetrics::WAL)),
        }
    }
}

impl Options {
    /// The same, with segments of this size.
    #[must_use]
    pub fn segment_size(self, segment_size: u64) -> Self {
        Self { segment_size, ..self }
    }

    /// The same, with this compression.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// The same, with this sync policy.
    #[must_use]
    pub fn sync(self, sync: SyncPolicy) -> Self {
        Self { sync, ..self }
    }

    /// The same, maintained by this.
    #[must_use]
    pub fn maintenance(self, maintenance: Maintenance) -> Self {
        Self { maintenance, ..self }
    }

    /// The same, with so many bytes of records that may wait for a sync.
    #[must_use]
    pub fn max_unsynced(self, max_unsynced: usize) -> Self {
        Self { max_unsynced, ..self }
    }

    /// The same, counting there.
    #[must_use]
    pub fn metrics(self, metrics: Arc<LogMetrics>) -> Self {
        Self { metrics, ..self }
    }
}
