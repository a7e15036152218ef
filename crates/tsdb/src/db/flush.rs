//! The head becomes blocks: its oldest range is written, shown, and then forgotten, with the part of the log that it makes superfluous.
//!
//! Nothing here is waited for by those who append. What a reader or an appender still holds is left to the next round: until
//! then the samples are in the head and in a block, and readers see them once.

use std::path::Path;

use promd_block::{BlockError, BlockSource, Meta, Written, write};
use promd_model::Interval;

use super::live::Live;
use super::losses::{OF_LATE_LOG, OF_LOG, WithLosses};
use super::work::Work;
use super::{DbError, Inner};
use crate::TsdbError;

/// What `meta.json` says of a block of samples that came out of order.
pub(super) const OUT_OF_ORDER: &str = "from-out-of-order";

/// What posting lists are gathered in, at the least, while a part of the head becomes a block,
const LEAST_INDEX_MEMORY: usize = 4 << 20;

/// and what part of the head's own memory otherwise: little, since the head is still there, and in proportion, so that the series of the
/// index are read some ten times, however many there are.
const INDEX_SHARE: usize = 32;

impl Inner {
    /// Writes the oldest ranges of the head as blocks, for as long as it holds more than one and a half, and then, as
    /// Prometheus does, what came out of order.
    pub(super) fn flush_head(&self, work: &mut Work) -> Result<(), DbError> {
        let flushed = self.flush_ranges(work).and_then(|()| self.flush_late(work));
        let Some(before) = work.truncate_files else { return flushed };
        let Live { head, chunks, .. } = &self.live;
        chunks.truncate_but(before, head.oldest_late_chunk()).map_err(TsdbError::from)?;
        self.truncate_log(before)?;
        work.truncate_files = None;
        flushed
    }

    fn flush_ranges(&self, work: &mut Work) -> Result<(), DbError> {
        loop {
            if let Some(before) = work.truncate_head {
                let Some(gone) = self.live.head.try_truncate(before) else { return Ok(()) };
                self.metrics.series_removed.add(gone.len() as u64);
                self.live.expiries.lock().extend(gone.into_iter().map(|reference| (reference, before)));
                work.truncate_head = None;
                work.truncate_files = Some(before);
                work.flush_late = true;
                self.metrics.head_truncations.inc();
            }
            let Some(range) = self.full_range() else { return Ok(()) };
            let before = range.max.saturating_add(1);
            if !self.live.head.close_before(before) || !self.flush_range(work, range)? {
                return Ok(());
            }
            work.truncate_head = Some(before);
        }
    }

    /// The range of the next block, if the head has one that is complete.
    fn full_range(&self) -> Option<Interval> {
        let head = &self.live.head;
        let (min, max) = (head.min_time()?.max(head.min_valid_time()), head.max_time()?);
        let range = self.options.min_block_duration;
        // As `Head.compactable` of `tsdb/head.go`.
        let is_long = max.saturating_sub(min) > (range / 2).saturating_mul(3);
        let end = (min / range).wrapping_mul(range).saturating_add(range);
        is_long.then(|| Interval::new(min, end - 1))
    }

    /// Writes a range as a block, and shows it. Says whether the head can do without it.
    fn flush_range(&self, work: &mut Work, range: Interval) -> Result<bool, DbError> {
        let meta = self.meta_of(work, range)?;
        let Some(written) = self.write_block(&self.dir, meta, self.live.head.source(range), OF_LOG)? else {
            return Ok(false);
        };
        self.show_written(written, range, OF_LOG)?;
        Ok(true)
    }

    /// Writes what came out of order as blocks beside those that there are, shows them, and forgets it. Nothing is done unless
    /// the head has become a block since the last time.
    fn flush_late(&self, work: &mut Work) -> Result<(), DbError> {
        let head = &self.live.head;
        if work.flush_late && work.truncate_late.is_none() {
            let Some(late) = head.late_blocks()? else {
                work.flush_late = false;
                return Ok(());
            };
            for range in late.ranges() {
                let mut meta = self.meta_of(work, *range)?;
                meta.compaction.hints = vec![OUT_OF_ORDER.to_owned()];
                let Some(written) = self.write_block(&self.dir, meta, head.late_source(&late, *range), OF_LATE_LOG)?
                else {
                    return Ok(());
                };
                self.show_written(written, *range, OF_LATE_LOG)?;
            }
            work.flush_late = false;
            work.truncate_late = Some(late);
        }
        let Some(late) = &work.truncate_late else { return Ok(()) };
        let Some(gone) = head.try_truncate_late(late)? else { return Ok(()) };
        self.metrics.series_removed.add(gone.len() as u64);
        let until = head.min_valid_time();
        self.live.expiries.lock().extend(gone.into_iter().map(|reference| (reference, until)));
        work.truncate_late = None;
        Ok(())
    }

    /// What `meta.json` says of a block that is made of a range of the head.
    pub(super) fn meta_of(&self, work: &mut Work, range: Interval) -> Result<Meta, DbError> {
        let id = self.new_id(work)?;
        let mut meta = Meta::new(id, range.min, range.max.saturating_add(1));
        meta.compaction.level = 1;
        meta.compaction.sources = vec![id];
        Ok(meta)
    }

    /// Writes a block of a part of the head into a folder, with what one log has lost of it. Nothing is returned if the work was broken off;
    /// there is no block in the end if there was no sample.
    pub(super) fn write_block(
        &self,
        folder: &Path,
        meta: Meta,
        source: impl BlockSource,
        of: &str,
    ) -> Result<Option<Option<Written>>, DbError> {
        self.metrics.compactions_triggered.inc();
        let begun = self.clock.monotonic();
        let lost = self.live.losses.read().part(of, meta.interval());
        let mut source = WithLosses { source, lost };
        let mut options = self.write_options();
        let share = self.live.head.memory().total() / INDEX_SHARE;
        options.index_memory = share.clamp(LEAST_INDEX_MEMORY, options.index_memory.max(LEAST_INDEX_MEMORY));
        let written = write(&self.fs, folder, meta, &mut source, &options, &mut |_| self.go_on());
        self.metrics.compaction_duration.observe_duration(self.clock.monotonic().since(begun));
        match written {
            Ok(written) => {
                if written.is_some() {
                    self.metrics.compactions.inc();
                }
                Ok(Some(written))
            }
            Err(BlockError::Cancelled) => Ok(None),
            Err(error) => {
                self.metrics.compactions_failed.inc();
                Err(error.into())
            }
        }
    }

    /// Shows a block that was made of a part of the head. What it says of losses need not be remembered elsewhere.
    fn show_written(&self, written: Option<Written>, range: Interval, of: &str) -> Result<(), DbError> {
        let Some(Written { meta, .. }) = written else { return Ok(()) };
        self.reload(&[])?;
        if self.list().absent.iter().any(|absent| absent.id == meta.id) {
            // The head still has it.
            return Err(BlockError::Invalid(format!("block {} cannot be read back", meta.id)).into());
        }
        self.live.settle_losses(&*self.fs, &self.dir, of, range)
    }
}
