//! How far the log has been replayed, for whoever waits for the database to open.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use promd_fs::Fs;
use promd_wal::{SegmentId, list_segments};

/// How far the log has been replayed. Hand one to [`Options::progress`](crate::Options::progress), and look at it from another thread
/// while [`Db::open`](crate::Db::open) is at work.
#[derive(Debug, Default)]
pub struct ReplayProgress {
    first: AtomicU64,
    last: AtomicU64,
    current: AtomicU64,
    done: AtomicBool,
}

impl ReplayProgress {
    /// Nothing was replayed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the first segment, of the last, and of that which is being replayed. All are 0 before it begins.
    #[must_use]
    pub fn segments(&self) -> (u64, u64, u64) {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        (load(&self.first), load(&self.last), load(&self.current))
    }

    /// Whether everything has been replayed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self, fs: &dyn Fs, wal: &Path) {
        let segments = list_segments(fs, wal).unwrap_or_default();
        if let Some((first, last)) = segments.first().zip(segments.last()) {
            self.first.store(first.number, Ordering::Relaxed);
            self.last.store(last.number, Ordering::Relaxed);
            self.current.store(first.number, Ordering::Relaxed);
        }
    }

    pub(super) fn reach(&self, segment: SegmentId) {
        if segment.checkpoint.is_none() {
            self.current.store(segment.number, Ordering::Relaxed);
        }
    }

    pub(super) fn end(&self) {
        self.current.store(self.last.load(Ordering::Relaxed), Ordering::Relaxed);
        self.done.store(true, Ordering::Relaxed);
    }
}
