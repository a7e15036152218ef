//! The log is shortened when the head has become a block: what is still of use of its first segments goes into a checkpoint.
//!
//! Two things stay that Prometheus would remove. Segments that somebody has still to read by a cursor (`promd/cursors`) are kept behind
//! the checkpoint, where a replay does not look, as far as the bytes for them reach. And what is found damaged on this occasion is put
//! aside before its segment goes.

use promd_block::{Hole, LostSeries};
use promd_model::Interval;
use promd_wal::{
    CheckpointOptions, Cursors, Damage, Log, checkpoint, list_checkpoints, list_segments, put_aside, remove_checkpoints,
};

use super::live::{ASIDE, CURSORS};
use super::losses::OF_LOG;
use super::{DbError, Inner};
use crate::TsdbError;

impl Inner {
    /// Makes a checkpoint of the first two thirds of the log, and removes them: the rule of `Head.truncateWAL` of `tsdb/head.go`.
    pub(super) fn truncate_log(&self, mint: i64) -> Result<(), DbError> {
        let Some(log) = &self.live.log else { return Ok(()) };
        let wal = log.wal();
        let Some((first, last)) = wal.segments().map_err(TsdbError::from)? else { return Ok(()) };
        // What a checkpoint stands for is there for cursors only.
        let stood_for = list_checkpoints(&*self.fs, wal.dir())?.last().map_or(0, |newest| newest + 1);
        let first = first.max(stood_for);
        // A log that is hardly written to is cut as well.
        wal.next_segment().map_err(TsdbError::from)?;
        let Some(last) = last.checked_sub(1).map(|last| first + last.saturating_sub(first) * 2 / 3) else {
            return Ok(());
        };
        if last <= first {
            return Ok(());
        }
        let begun = self.clock.monotonic();
        let needs = |reference| self.live.needs_record(reference, mint);
        // Where all samples were deleted there is no block, and what a chunk still has of them is found again by the next start.
        let tombstones_from = self.end_of_blocks().unwrap_or(i64::MIN);
        let options =
            CheckpointOptions::default().compression(self.options.log.compression).tombstones_from(tombstones_from);
        self.metrics.checkpoints.inc();
        let made = checkpoint(&self.fs, wal.dir(), last, needs, mint, &options);
        let made = made.inspect_err(|_| self.metrics.checkpoints_failed.inc()).map_err(TsdbError::from)?;
        self.keep_damaged(wal, made.damage, mint)?;
        let keep_from = self.held_for_cursors(wal, last + 1)?;
        // The log does not let go of what is not safe.
        wal.sync().and_then(|()| wal.truncate(keep_from)).map_err(TsdbError::from)?;
        remove_checkpoints(&*self.fs, wal.dir(), last)?;
        if let Some(copy) = log.copy() {
            copy.truncate(needs).map_err(TsdbError::from)?;
        }
        self.live.expiries.lock().retain(|_, until| *until >= mint);
        self.metrics.log_truncation.observe_duration(self.clock.monotonic().since(begun));
        Ok(())
    }

    /// The first segment that stays: that of the oldest cursor, but no more bytes before `end` than are meant for that.
    fn held_for_cursors(&self, wal: &Log, end: u64) -> Result<u64, DbError> {
        let oldest = Cursors::open(self.fs.clone(), &self.dir.join(CURSORS)).oldest()?;
        let Some(oldest) = oldest.filter(|oldest| oldest.segment < end) else { return Ok(end) };
        let (mut from, mut bytes) = (end, 0_u64);
        for segment in list_segments(&*self.fs, wal.dir())?.iter().rev().filter(|segment| segment.number < end) {
            bytes = bytes.saturating_add(segment.size);
            if segment.number < oldest.segment || bytes > self.options.cursor_bytes {
                break;
            }
            from = segment.number;
        }
        Ok(from)
    }

    /// Puts segments aside whose damage the checkpoint has met. The head has what they say, and so nothing is missing from answers; it would
    /// be after the next start, unless the head has become a block until then.
    fn keep_damaged(&self, wal: &Log, damage: Vec<Damage>, mint: i64) -> Result<(), DbError> {
        let times = Interval::new(mint, self.live.head.max_time().unwrap_or(mint).max(mint));
        let lost = damage.iter().filter(|damage| damage.cause.is_loss()).map(|damage| LostSeries {
            labels: None,
            hole: Hole { interval: times, cause: format!("{OF_LOG}, {damage}").into() },
        });
        let (lost, segments): (Vec<_>, Vec<_>) = (lost.collect(), damage.iter().map(|damage| damage.segment).collect());
        self.live.found.lock().log.damage.extend(damage);
        let remembered = self.live.lose_at_restart(&*self.fs, &self.dir, lost);
        // Those that could not be kept the last time, on a full disk, say, are still there.
        let mut unkept = self.live.unkept.lock();
        unkept.extend(segments);
        unkept.dedup();
        while let Some(segment) = unkept.last() {
            match put_aside(&*self.fs, wal.dir(), *segment, &self.dir.join(ASIDE)) {
                // A segment that is missing cannot be kept.
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => unkept.pop(),
            };
        }
        remembered
    }
}
