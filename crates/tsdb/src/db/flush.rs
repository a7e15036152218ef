//! The head becomes blocks: its oldest range is written, shown, and then forgotten, with the part of the log that it makes superfluous.
//!
//! Nothing here is waited for by those who append. What a reader or an appender still holds is left to the next round: until
//! then the samples are in the head and in a block, and readers see them once.

use promd_block::{BlockError, Meta, write};
use promd_model::Interval;
use promd_wal::{CheckpointOptions, checkpoint, remove_checkpoints};

use super::losses::WithLosses;
use super::work::Work;
use super::{DbError, Inner};
use crate::TsdbError;

impl Inner {
    /// Writes the oldest ranges of the head as blocks, for as long as it holds more than one and a half.
    pub(super) fn flush_head(&self, work: &mut Work) -> Result<(), DbError> {
        let flushed = self.flush_ranges(work);
        let Some(before) = work.truncate_files else { return flushed };
        self.live.chunks.truncate(before).map_err(TsdbError::from)?;
        self.truncate_log(before)?;
        work.truncate_files = None;
        flushed
    }

    fn flush_ranges(&self, work: &mut Work) -> Result<(), DbError> {
        loop {
            if let Some(before) = work.truncate_head {
                let Some(gone) = self.live.head.try_truncate(before) else { return Ok(()) };
                self.live.expiries.lock().extend(gone.into_iter().map(|reference| (reference, before)));
                work.truncate_head = None;
                work.truncate_files = Some(before);
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
        self.metrics.compactions_triggered.inc();
        let begun = self.clock.monotonic();
        let id = self.new_id(work)?;
        let mut meta = Meta::new(id, range.min, range.max.saturating_add(1));
        meta.compaction.level = 1;
        meta.compaction.sources = vec![id];
        let losses = self.live.losses.read().clone();
        let written = {
            let mut source = WithLosses { source: self.live.head.source(range), lost: losses.part(range) };
            write(&self.fs, &self.dir, meta, &mut source, &self.write_options(), &mut |_| self.go_on())
        };
        self.metrics.compaction_duration.observe_duration(self.clock.monotonic().since(begun));
        let written = match written {
            Ok(written) => written,
            Err(BlockError::Cancelled) => return Ok(false),
            Err(error) => {
                self.metrics.compactions_failed.inc();
                return Err(error.into());
            }
        };
        if written.is_some() {
            self.metrics.compactions.inc();
            self.reload(&[])?;
            let list = self.list();
            if let Some(absent) = list.absent.iter().find(|absent| absent.id == id) {
                // The head still has it.
                return Err(BlockError::Invalid(format!("block {} cannot be read back", absent.id)).into());
            }
            if losses.within(range).next().is_some() {
                let rest = losses.since(range.max.saturating_add(1));
                rest.write(&*self.fs, &self.dir)?;
                *self.live.losses.write() = rest.into();
            }
        }
        Ok(true)
    }

    /// Makes a checkpoint of the first two thirds of the log, and removes them: the rule of `Head.truncateWAL` of `tsdb/head.go`.
    fn truncate_log(&self, mint: i64) -> Result<(), DbError> {
        let Some(log) = &self.live.log else { return Ok(()) };
        let wal = log.wal();
        let Some((first, last)) = wal.segments().map_err(TsdbError::from)? else { return Ok(()) };
        // A log that is hardly written to is cut as well.
        wal.next_segment().map_err(TsdbError::from)?;
        let Some(last) = last.checked_sub(1).map(|last| first + last.saturating_sub(first) * 2 / 3) else {
            return Ok(());
        };
        if last <= first {
            return Ok(());
        }
        let needs = |reference| self.live.needs_record(reference, mint);
        let options = CheckpointOptions::default().compression(self.options.log.compression);
        self.metrics.checkpoints.inc();
        let outcome = checkpoint(&self.fs, wal.dir(), last, needs, mint, &options);
        outcome.inspect_err(|_| self.metrics.checkpoints_failed.inc()).map_err(TsdbError::from)?;
        // The log does not let go of what is not safe.
        wal.sync().and_then(|()| wal.truncate(last + 1)).map_err(TsdbError::from)?;
        remove_checkpoints(&*self.fs, wal.dir(), last)?;
        if let Some(copy) = log.copy() {
            copy.truncate(needs).map_err(TsdbError::from)?;
        }
        self.live.expiries.lock().retain(|_, until| *until >= mint);
        Ok(())
    }
}
