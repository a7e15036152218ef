//! Deleting samples, and writing blocks again without them.

use promd_block::{Block, postings};
use promd_fs::Fs;
use promd_model::{Interval, LabelsBuilder, Matcher};

use super::work::Work;
use super::{DbError, Inner};

impl Inner {
    /// Deletes the samples of matching series in a stretch of time.
    pub(super) fn delete(&self, times: Interval, matchers: &[Matcher]) -> Result<(), DbError> {
        // At once, and logged; what is not logged comes back with the next start, and is told as an error.
        let deleted = self.live.head.delete(matchers, times);
        let mut outcome = match &self.live.log {
            Some(log) if !deleted.is_empty() => log.log_deletions(&deleted).map_err(DbError::from),
            _ => Ok(()),
        };
        let list = self.list();
        let mut changed = Vec::new();
        for loaded in list.blocks.iter().filter(|loaded| loaded.block.meta().interval().overlaps(&times)) {
            match delete_from(&*self.fs, &loaded.block, times, matchers) {
                Ok(true) => changed.push(loaded.id()),
                Ok(false) => {}
                // What can be deleted elsewhere is; the first error is the one to tell. The files of the block may have
                // been changed nevertheless.
                Err(error) => {
                    changed.push(loaded.id());
                    outcome = outcome.and(Err(error));
                }
            }
        }
        if changed.is_empty() { outcome } else { outcome.and(self.reload(&changed)) }
    }

    /// Writes every block again from which something was deleted.
    pub(super) fn clean_tombstones(&self, work: &mut Work) -> Result<(), DbError> {
        let begun = self.clock.monotonic();
        let mut outcome = Ok(());
        for id in self.list().blocks.iter().filter(|loaded| !loaded.block.tombstones().is_empty()).map(|one| one.id()) {
            outcome = self.merge_blocks(work, &[id]);
            if outcome.is_err() {
                break;
            }
        }
        self.metrics.tombstone_cleanup.observe_duration(self.clock.monotonic().since(begun));
        outcome
    }
}

/// Deletes from a block, and says whether there was something to delete.
fn delete_from(fs: &dyn Fs, block: &Block, times: Interval, matchers: &[Matcher]) -> Result<bool, DbError> {
    let mut deleted = block.tombstones().clone();
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    for series in &postings::select(block.index(), matchers)? {
        // A series whose entry is damaged is shown by nobody.
        if block.index().series(series, &mut labels, &mut chunks).is_err() {
            continue;
        }
        let touched = chunks.iter().any(|chunk| Interval::new(chunk.min, chunk.max).overlaps(&times));
        let Some((first, last)) = chunks.first().zip(chunks.last()).filter(|_| touched) else { continue };
        // No further than the samples reach, as in Prometheus.
        deleted.add(series.into(), Interval::new(times.min.max(first.min), times.max.min(last.max)));
    }
    if deleted == *block.tombstones() {
        return Ok(false);
    }
    deleted.write(fs, block.dir())?;
    let mut meta = block.meta().clone();
    meta.stats.num_tombstones = deleted.len() as u64;
    meta.write(fs, block.dir())?;
    Ok(true)
}
