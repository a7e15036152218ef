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
use promd_model::{Interval, Labels};
use promd_storage::Position;
use promd_wal::record::{SeriesEncoder, Tombstone, TombstonesEncoder, Version};
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
    counts: LogCounts,
}

/// What was logged.
#[derive(Debug, Default)]
pub(crate) struct LogCounts {
    pub(crate) floats: AtomicU64,
    pub(crate) histograms: AtomicU64,
    pub(crate) series: AtomicU64,
}

impl LogCounts {
    fn add(&self, commit: &Commit<'_>) {
        let add = |count: &AtomicU64, more: usize| count.fetch_add(more as u64, Ordering::Relaxed);
        for batch in commit.batches {
            add(&self.floats, batch.floats.times().len());
            add(&self.histograms, batch.histograms.series.len() + batch.float_histograms.series.len());
        }
        add(&self.series, commit.series.len());
    }
}

impl HeadLog {
    /// Logs to these. Samples get their starts only in records of [`Version::V2`], which Prometheus before 3.14 passes over.
    pub(crate) fn new(log: Log, copy: Option<SeriesCopy>, version: Version) -> Self {
        Self {
            log,
            copy,
            records: Mutex::new(Records::new(version)),
            copies_failed: AtomicU64::new(0),
            counts: LogCounts::default(),
        }
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

    /// What was logged.
    pub(crate) fn counts(&self) -> &LogCounts {
        &self.counts
    }

    /// Logs what was deleted from series, and waits until a power loss does not bring it back.
    pub(crate) fn log_deletions(&self, deleted: &[(u64, Interval)]) -> Result<(), TsdbError> {
        let mut record = Vec::new();
        let mut encoder = TombstonesEncoder::new(&mut record);
        for (series, Interval { min, max }) in deleted {
            encoder.push(Tombstone { series: *series, min: *min, max: *max });
        }
        self.log.append(&[&record])?;
        // Whoever deletes wants to be sure, whatever the policy is for samples.
        Ok(self.log.sync()?)
    }

    /// Writes series to the second copy that it lacks. What cannot be written it goes on lacking.
    pub(crate) fn copy_series(&self, series: &[(u64, Labels)]) {
        let Some(copy) = self.copy.as_ref().filter(|_| !series.is_empty()) else { return };
        let mut record = Vec::new();
        let mut encoder = SeriesEncoder::new(&mut record);
        for (reference, labels) in series {
            encoder.push(*reference, labels.iter_bytes());
        }
        if copy.append(&[&record]).is_err() {
            self.copies_failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends both. Nothing can be logged after that.
    pub(crate) fn close(&self) -> Result<(), TsdbError> {
        let copied = self.copy.as_ref().map_or(Ok(()), |copy| copy.log().close());
        self.log.close()?;
        Ok(copied?)
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
        self.counts.add(commit);
        Ok(to_storage(position))
    }
}
