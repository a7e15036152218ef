//! The log of samples that came out of order: the WBL of Prometheus, in the folder `wbl`.
//!
//! The log of commits has such samples, too, for those who follow it; but it is replayed in order, and its replay passes over them.
//! Here they stand with markers that say which of them are in full chunks ([`MmapMarker`]). Series are named by the other log alone, so
//! this one is replayed after it. Its begin is removed when the samples are in blocks.
//!
//! It holds nothing that the head has not yet, or will not have in a moment: it is logged before a commit is shown, and with the same care
//! as the other log.

mod replay;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use promd_clock::Clock;
use promd_fs::Fs;
use promd_wal::record::{MmapMarkersEncoder, Version};
use promd_wal::{Log, Options};

pub(crate) use replay::replay;

use crate::TsdbError;
use crate::head::{LateLog, LateStep};
use crate::log::Records;

/// The log of late samples.
#[derive(Debug)]
pub(crate) struct Wbl {
    log: Log,
    /// Kept from commit to commit, with its memory.
    records: Mutex<Records>,
}

impl Wbl {
    /// Opens the log in this folder, which has been repaired before, and begins a segment.
    pub(crate) fn open(
        fs: Arc<dyn Fs>,
        clock: Arc<dyn Clock>,
        dir: &Path,
        options: Options,
        version: Version,
    ) -> Result<Self, TsdbError> {
        let log = Log::open(fs, clock, dir, options)?;
        Ok(Self { log, records: Mutex::new(Records::new(version)) })
    }

    /// The log, for maintenance.
    pub(crate) fn wal(&self) -> &Log {
        &self.log
    }
}

impl LateLog for Wbl {
    fn log(&self, steps: &[LateStep]) -> Result<(), TsdbError> {
        let mut records = self.records.lock();
        records.clear();
        for LateStep { markers, batch } in steps {
            records.put(|bytes| {
                let mut encoder = MmapMarkersEncoder::new(bytes);
                markers.iter().for_each(|marker| encoder.push(*marker));
            });
            records.batch(batch);
        }
        let position = self.log.append(&records.slices())?;
        // Whoever waits for a commit waits for the other log: here it is safe at once, if that is asked for.
        self.log.durability().wait(position).block()?;
        Ok(())
    }

    fn next_segment(&self) -> Result<u64, TsdbError> {
        Ok(self.log.next_segment()?)
    }

    fn truncate(&self, before: u64) -> Result<(), TsdbError> {
        // A segment that is not safe yet is not removed.
        self.log.sync()?;
        Ok(self.log.truncate(before)?)
    }
}
