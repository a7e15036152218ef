//! Shortening a log: what is still of use of its first segments, in one folder.
//!
//! `checkpoint.N` stands for the segments up to number N. It is made of the checkpoint before it and the segments since
//! then, record by record, in memory that does not grow with them (but for the newest metadata of each series that is kept):
//!
//! | record | what stays |
//! |---|---|
//! | series | those that are kept |
//! | samples, histograms, exemplars | those that are not older than `mint`, whether or not their series is kept |
//! | tombstones | those of series that are kept that do not end before `mint`, or before an earlier time that is asked for |
//! | metadata | the newest of each series that is kept, in one record at the end |
//! | m-map markers, types that are not known | nothing: nobody can say how long they are of use |
//!
//! Those are Prometheus' rules (`tsdb/wlog/checkpoint.go`), so either program goes on with what the other has made.
//! A record of which everything stays is copied as it is stored.
//!
//! # The order of things
//!
//! The segments are written to `checkpoint.N.tmp` and synced, with their names; then the folder gets its name, and that is
//! synced. Only then may the segments up to N go, the oldest first (`Log::truncate`); and after them the checkpoints before
//! N ([`remove_checkpoints`]). A crash in between leaves too much, never too little: of several checkpoints the last one
//! counts, and segments that it stands for are not read.

mod filter;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_codec::compress::CompressError;
use promd_fs::Fs;
use thiserror::Error;

use self::filter::{Fate, Filter};
use crate::frame::{Framer, Payload};
use crate::output::Outputs;
use crate::read::newest_checkpoint;
use crate::{
    Compression, Damage, Event, LogError, LogKind, LogReader, ReadOptions, TMP_SUFFIX, checkpoint_name,
    list_checkpoints,
};

/// Why there is no checkpoint. What was there before is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A file cannot be read or written.
    #[error("write a checkpoint")]
    Fs(#[from] promd_fs::Error),
    /// A record cannot be compressed.
    #[error("write a checkpoint")]
    Compress(#[from] CompressError),
    /// The log does not take part.
    #[error("begin a segment before a checkpoint")]
    Log(#[from] LogError),
}

/// How a checkpoint is made.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckpointOptions {
    /// How records are compressed that are not copied as they are.
    pub compression: Compression,
    /// The size of its segments. Prometheus makes them of 128 MiB whatever its flag for the log says.
    pub segment_size: u64,
    /// How the log is read.
    pub read: ReadOptions,
    /// From when on tombstones stay, if that is before `mint`: they are of use for as long as there are samples elsewhere that they hide.
    pub tombstones_from: i64,
}

impl Default for CheckpointOptions {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            segment_size: 128 << 20,
            read: ReadOptions::default(),
            tombstones_from: i64::MAX,
        }
    }
}

impl CheckpointOptions {
    /// The same, with this compression.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// The same, with segments of this size: a multiple of [`PAGE`](crate::PAGE).
    #[must_use]
    pub fn segment_size(self, segment_size: u64) -> Self {
        Self { segment_size, ..self }
    }

    /// The same, reading the log in this way.
    #[must_use]
    pub fn read(self, read: ReadOptions) -> Self {
        Self { read, ..self }
    }

    /// The same, with the tombstones that reach to this time or a later one.
    #[must_use]
    pub fn tombstones_from(self, tombstones_from: i64) -> Self {
        Self { tombstones_from, ..self }
    }
}

/// How many of something there were, and how many did not stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Those that did not stay.
    pub dropped: u64,
}

/// What a checkpoint was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointStats {
    /// Series.
    pub series: Counts,
    /// Samples, histograms among them.
    pub samples: Counts,
    /// Intervals of tombstones.
    pub tombstones: Counts,
    /// Exemplars.
    pub exemplars: Counts,
    /// Metadata.
    pub metadata: Counts,
    /// Records of other kinds, none of which stays.
    pub other: u64,
    /// The size of the checkpoint.
    pub bytes: u64,
    /// What could not be read, and is not in it. Before the segments are removed, somebody should be told, and
    /// [`repair`](crate::repair()) can put them aside.
    pub damage: Vec<Damage>,
}

/// Makes the checkpoint `checkpoint.<last>` of the log in `dir`, which must have gone on to another segment.
///
/// `keep` says whether a series is still of use, and must not change its mind meanwhile. If there is a checkpoint of that
/// number or a later one, nothing is done.
pub fn checkpoint(
    fs: &Arc<dyn Fs>,
    dir: &Path,
    last: u64,
    keep: impl FnMut(u64) -> bool,
    mint: i64,
    options: &CheckpointOptions,
) -> Result<CheckpointStats, CheckpointError> {
    if newest_checkpoint(&**fs, dir)?.is_some_and(|newest| newest >= last) {
        return Ok(CheckpointStats::default());
    }
    let path = dir.join(checkpoint_name(last));
    let temporary = temporary(dir, last);
    if fs.exists(&temporary)? {
        fs.remove_dir_all(&temporary)?;
    }
    let written = write(fs, dir, last, keep, mint, options, &temporary).and_then(|stats| {
        fs.rename_durably(&temporary, &path)?;
        Ok(stats)
    });
    written.inspect_err(|_| {
        // The error that came first is the one to tell; what is left goes with the next attempt.
        fs.remove_dir_all(&temporary).ok();
    })
}

fn write(
    fs: &Arc<dyn Fs>,
    dir: &Path,
    last: u64,
    keep: impl FnMut(u64) -> bool,
    mint: i64,
    options: &CheckpointOptions,
    temporary: &Path,
) -> Result<CheckpointStats, CheckpointError> {
    fs.create_dir(temporary)?;
    let mut log = LogReader::open(Arc::clone(fs), dir, LogKind::Wal, options.read)?.until(last);
    let mut outputs = Outputs::create(Arc::clone(fs), temporary, options.segment_size)?;
    let mut filter = Filter::new(keep, mint, options.tombstones_from.min(mint));
    let mut framer = Framer::new();
    let mut damage = Vec::new();
    while let Some(event) = log.next()? {
        match event {
            Event::Damage(found) => damage.push(found),
            Event::Record(record) => match filter.apply(record.bytes) {
                Fate::Kept => outputs.put(Payload { compression: record.compression, bytes: record.stored })?,
                Fate::Dropped => {}
                Fate::Changed => {
                    for changed in filter.changed() {
                        outputs.put(framer.payload(options.compression, changed)?)?;
                    }
                }
            },
        }
    }
    if let Some(metadata) = filter.metadata() {
        outputs.put(framer.payload(options.compression, &metadata)?)?;
    }
    let mut stats = filter.stats();
    stats.bytes = outputs.finish()?;
    stats.damage = damage;
    Ok(stats)
}

/// Removes the checkpoints before `number`, which must be one that is there. To be called when the segments that it
/// stands for are gone.
pub fn remove_checkpoints(fs: &dyn Fs, dir: &Path, number: u64) -> promd_fs::Result<()> {
    for old in list_checkpoints(fs, dir)?.into_iter().filter(|old| *old < number) {
        // Out of the way first: a checkpoint that lacks a segment is not to be found under its name.
        let temporary = temporary(dir, old);
        fs.rename_durably(&dir.join(checkpoint_name(old)), &temporary)?;
        fs.remove_dir_all(&temporary)?;
    }
    fs.sync_dir(dir)
}

/// The name of a checkpoint that is not whole yet, or any more.
fn temporary(dir: &Path, number: u64) -> PathBuf {
    dir.join(checkpoint_name(number) + TMP_SUFFIX)
}
