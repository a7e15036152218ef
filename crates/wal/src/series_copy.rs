//! The second copy of the series records.
//!
//! A log names a series once and afterwards calls it by a number. One damaged byte in a series record would therefore
//! take the samples of up to thousands of series, in all that follows. So series records are written a second time, to a
//! log of their own (`promd/series` in the data directory): the same segments, checksums and compression, so that
//! everything that reads, repairs and shortens the one does it with the other.
//!
//! - **What it costs:** what the record takes in the log itself: 18 bytes for each new series with snappy, 89 without, as the
//!   test `what_it_costs` measures on records that Prometheus wrote of targets with some tens of series each. Nothing for a
//!   sample.
//! - **It is bounded:** [`truncate`](SeriesCopy::truncate), called with each checkpoint of the log, leaves the series that
//!   are still alive.
//! - **It may be missing or damaged.** It is never read but after damage, and what it does not have stays lost. It is not
//!   synced before anything is acknowledged: a power loss takes the same seconds of both.

use std::path::Path;
use std::sync::Arc;

use promd_clock::Clock;
use promd_fs::Fs;

use crate::record::{Record, RecordType, SeriesEntry};
use crate::{
    CheckpointError, CheckpointOptions, CheckpointStats, Event, Log, LogError, LogKind, LogReader, Options,
    ReadOptions, checkpoint, remove_checkpoints,
};

/// The size of its segments. Small, since only whole segments go into a checkpoint.
const SEGMENT_SIZE: u64 = 4 << 20;

/// The second copy, open for writing.
#[derive(Debug)]
pub struct SeriesCopy {
    fs: Arc<dyn Fs>,
    log: Log,
}

impl SeriesCopy {
    /// Opens the copy in a folder, which is made if it is missing. The size of segments is chosen here.
    pub fn open(fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, folder: &Path, options: Options) -> Result<Self, LogError> {
        let log = Log::open(Arc::clone(&fs), clock, folder, options.segment_size(SEGMENT_SIZE))?;
        Ok(Self { fs, log })
    }

    /// Writes those of a batch that are series records.
    pub fn append(&self, records: &[&[u8]]) -> Result<(), LogError> {
        let is_series = |record: &&&[u8]| RecordType::of(record) == Some(RecordType::Series);
        // A batch without one, which is nearly every batch, costs a look at each first byte.
        if records.iter().any(|record| is_series(&record)) {
            let series: Vec<&[u8]> = records.iter().filter(is_series).copied().collect();
            self.log.append(&series)?;
        }
        Ok(())
    }

    /// The log that it is, for syncing and closing.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Drops the series that are not kept. To be called with the same `keep` after each checkpoint of the log.
    pub fn truncate(&self, keep: impl FnMut(u64) -> bool) -> Result<CheckpointStats, CheckpointError> {
        let begun = self.log.next_segment()?;
        let Some(last) = begun.checked_sub(1) else { return Ok(CheckpointStats::default()) };
        // No sample has a time as late as this: none is in it, either.
        let stats = checkpoint(&self.fs, self.log.dir(), last, keep, i64::MAX, &CheckpointOptions::default())?;
        // What is not safe yet the log does not let go.
        self.log.sync()?;
        self.log.truncate(begun)?;
        remove_checkpoints(&*self.fs, self.log.dir(), last)?;
        Ok(stats)
    }

    /// Calls `found` for each series in the copy in `folder`, from the oldest record to the newest. Series may come more
    /// than once.
    ///
    /// Damage costs what it hits: it is passed over.
    pub fn lookup(fs: &Arc<dyn Fs>, folder: &Path, mut found: impl FnMut(SeriesEntry<'_>)) -> promd_fs::Result<()> {
        let mut log = LogReader::open(Arc::clone(fs), folder, LogKind::Wal, ReadOptions::default())?;
        while let Some(event) = log.next()? {
            if let Event::Record(record) = event
                && let Ok(Record::Series(entries)) = Record::parse(record.bytes)
            {
                entries.flatten().for_each(&mut found);
            }
        }
        Ok(())
    }
}
