//! What is known to be missing from the head, across restarts: `promd/head/promd-holes.json`.
//!
//! A damaged log is repaired at the start, and is sound from then on. What it had lost is lost all the same, and answers that touch
//! that time go on saying so: the list is kept beside the log, and goes with the samples when they become a block.

use std::path::{Path, PathBuf};

use promd_block::{BlockError, BlockSource, Hole, Holes, LostSeries, SourceSeries};
use promd_fs::Fs;
use promd_model::{Interval, Labels};
use promd_wal::Cause;

/// What causes begin with, by the log that was damaged.
pub(super) const OF_LOG: &str = "write-ahead log";
pub(super) const OF_LATE_LOG: &str = "out-of-order log";

/// Where the list is kept.
const FOLDER: &str = "promd/head";

/// What is missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses(Holes);

impl Losses {
    /// What was known when the database was closed.
    pub(super) fn read(fs: &dyn Fs, dir: &Path) -> Self {
        match Holes::read(fs, &folder(dir)) {
            Ok(holes) => Self(holes),
            // The times are lost with the list, and so any time may be concerned.
            Err(damage) => {
                let mut losses = Self::default();
                losses.add(LostSeries {
                    labels: None,
                    hole: Hole { interval: Interval::ALL, cause: damage.to_string().into() },
                });
                losses
            }
        }
    }

    pub(super) fn write(&self, fs: &dyn Fs, dir: &Path) -> Result<(), BlockError> {
        let folder = folder(dir);
        if !fs.exists(&folder)? {
            fs.create_dir_all(&folder)?;
            // The names of the two folders.
            folder.ancestors().skip(1).take(2).try_for_each(|above| fs.sync_dir(above))?;
        }
        self.0.write(fs, &folder)
    }

    /// Writes these and others.
    pub(super) fn write_with(&self, others: &Self, fs: &dyn Fs, dir: &Path) -> Result<(), BlockError> {
        let mut all = self.clone();
        for (labels, hole) in others.0.iter() {
            all.add(LostSeries { labels: labels.cloned(), hole: hole.clone() });
        }
        all.write(fs, dir)
    }

    pub(super) fn add(&mut self, lost: LostSeries) {
        self.0.add(lost);
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.0.iter().map(|(_, hole)| hole)
    }

    /// The holes that overlap a stretch of time.
    pub(super) fn within(&self, times: Interval) -> impl Iterator<Item = &Hole> {
        self.holes().filter(move |hole| hole.interval.overlaps(&times))
    }

    /// The parts of holes that lie in a stretch of time, for the block that it becomes: those of one log.
    pub(super) fn part(&self, of: &str, times: Interval) -> Vec<LostSeries> {
        let clipped = |(labels, hole): (Option<&Labels>, &Hole)| {
            let interval = Interval::new(hole.interval.min.max(times.min), hole.interval.max.min(times.max));
            LostSeries { labels: labels.cloned(), hole: Hole { interval, cause: hole.cause.clone() } }
        };
        // Operators are told of a header that was mended, and the block has all that was logged.
        let mended = Cause::Mended.to_string();
        let is_lost = |hole: &Hole| hole.cause.starts_with(of) && !hole.cause.ends_with(&mended);
        self.0.iter().filter(|(_, hole)| hole.interval.overlaps(&times) && is_lost(hole)).map(clipped).collect()
    }

    /// The rest when a stretch of time has become a block: without the holes of one log that end in it.
    pub(super) fn without(&self, of: &str, times: Interval) -> Self {
        let mut rest = Self::default();
        for (labels, hole) in self.0.iter() {
            if !(hole.cause.starts_with(of) && times.contains(hole.interval.max)) {
                rest.add(LostSeries { labels: labels.cloned(), hole: hole.clone() });
            }
        }
        rest
    }
}

fn folder(dir: &Path) -> PathBuf {
    dir.join(FOLDER)
}

/// Series, and what is known to be missing beside them.
pub(super) struct WithLosses<S> {
    pub(super) source: S,
    pub(super) lost: Vec<LostSeries>,
}

impl<S: BlockSource> BlockSource for WithLosses<S> {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        self.source.next_symbol(symbol)
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        self.source.next_series(series)
    }

    fn lost(&self) -> &[LostSeries] {
        &self.lost
    }
}
