//! Where commits of the head are logged: the log of `promd_wal`, and a second copy of the series records.
//!
//! The records of a commit are appended in one piece and in Prometheus' order: series, metadata, then of each batch floats,
//! histograms and histograms of floats, each kind with custom buckets in a record of its own after it, then exemplars
//! (`tsdb/head_append.go`). So a reader that stops anywhere knows each series before its first sample.

mod durability;
mod encode;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use promd_storage::Position;
use promd_wal::record::Version;
use promd_wal::{Log, SeriesCopy};

pub(crate) use durability::LogDurability;
pub(crate) use encode::Records;

use crate::TsdbError;
use crate::head::{Commit, CommitLog};
use durability::to_storage;

/// The log of a head.
#[derive(Debug)]
pub(crate) struct HeadLog {
    log: Log,
    copy: Option<SeriesCopy>,
    /// Kept from commit to commit, with its memory.
    records: Mutex<Records>,
    copies_failed: AtomicU64,
}

impl HeadLog {
    /// Logs to these. Samples get their starts only in records of [`Version::V2`], which Prometheus before 3.14 passes over.
    pub(crate) fn new(log: Log, copy: Option<SeriesCopy>, version: Version) -> Self {
        Self { log, copy, records: Mutex::new(Records::new(version)), copies_failed: AtomicU64::new(0) }
    }

    /// The log, for checkpoints, truncation and maintenance.
    pub(crate) fn wal(&self) -> &Log {
        &self.log
    }

    /// The second copy of the series, if there is one.
    pub(crate) fn copy(&self) -> Option<&SeriesCopy> {
        self.copy.as_ref()
    }

    /// How a commit becomes safe from a power loss.
    pub(crate) fn durability(&self) -> LogDurability {
        LogDurability::new(self.log.durability())
    }

    /// How often the second copy could not be written. The commit is good all the same; what the copy lacks is lost only if the
    /// same series are damaged in the log.
    pub(crate) fn copies_failed(&self) -> u64 {
        self.copies_failed.load(Ordering::Relaxed)
    }
}

impl CommitLog for HeadLog {
    fn log(&self, commit: &Commit<'_>) -> Result<Position, TsdbError> {
        let mut records = self.records.lock();
        let records = records.encode(commit);
        let position = self.log.append(&records)?;
        if let Some(copy) = &self.copy
            && copy.append(&records).is_err()
        {
            self.copies_failed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(to_storage(position))
    }
}
