//! The writer of a log.
//!
//! - this file: the handle, and opening;
//! - `writer`: what happens under the lock: framing, segments, and what a failure leaves;
//! - `sync`: what happens without it: syncs, and the background task;
//! - `durability`: waiting for a sync;
//! - `tail`: the records that are not safe yet; `segment`: a file; `options`, `metrics`, `error`.

mod durability;
mod error;
mod metrics;
mod options;
mod segment;
mod sync;
mod tail;
mod writer;

use std::path::Path;
use std::sync::Arc;

use promd_clock::Clock;
use promd_fs::{EntryKind, Fs, OpenMode};

use crate::durable::create_durably;
use crate::names::{list_checkpoints, list_segments, segment_name};
use crate::page::PAGE;
use crate::position::Position;
use crate::repair::remove_leftovers;
use crate::tail::Bell;

use sync::Shared;
use writer::{Env, Writer};

pub use durability::{Durability, Synced};
pub use error::LogError;
pub use metrics::LogMetrics;
pub use options::{Executor, Maintenance, Options, SyncPolicy, Task};

/// A log that is written to. There is one at a time to a directory, which the lock of the data directory sees to.
///
/// All methods can be called from any thread, and block: an asynchronous caller appends from a blocking pool, and awaits
/// [`Durability::wait`].
///
/// ```
/// use std::{path::Path, sync::Arc, time::Duration};
/// use promd_clock::{SimClock, WallTime};
/// use promd_wal::{Log, Options, SyncPolicy};
///
/// let clock = SimClock::new(WallTime::from_millis(0));
/// let options = Options::default().sync(SyncPolicy::Interval(Duration::from_secs(1)));
/// let log = Log::open(Arc::new(promd_fs::SimFs::new(1)), Arc::new(clock.clone()), Path::new("/wal"), options)?;
///
/// let position = log.append(&[b"one", b"two"])?;
/// assert!(log.durability().synced_to() < position, "a power loss would take it");
/// clock.advance(Duration::from_secs(1));
/// log.tick()?;
/// assert_eq!(log.durability().synced_to(), position);
/// log.close()?;
/// # Ok::<(), promd_wal::LogError>(())
/// ```
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
}

impl Log {
    /// Opens the log in a directory, which is made if it is missing, and begins a segment after the last one.
    ///
    /// What is there is not looked at: segments are never written to again once their writer is gone, so a torn end of the
    /// last one stays until it is repaired. Repair first, then open. What was written before is synced, since whoever wrote
    /// it may have been killed before; if that fails for a segment, it is counted, and no reason not to start.
    pub fn open(fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, dir: &Path, options: Options) -> Result<Self, LogError> {
        if options.segment_size == 0 || !options.segment_size.is_multiple_of(PAGE as u64) {
            return Err(LogError::SegmentSize { size: options.segment_size });
        }
        let env = Env::new(fs, clock, dir, options);
        let next = prepare(&*env.fs, dir).map_err(env.error("open its directory"))?;
        // Names first: a power loss that takes one of them after the next segment has begun leaves a gap.
        env.fs.sync_dir(dir).map_err(env.error("open its directory"))?;
        if sync_all(&*env.fs, dir).is_err() {
            env.options.metrics.syncs_failed.inc();
        }
        let mut writer = Writer::new(next);
        writer.begin_unless_full(&env)?;
        env.measure();
        let shared = Arc::new(Shared::new(env, writer));
        if let Maintenance::Background(executor) = &shared.env.options.maintenance {
            let weak = Arc::downgrade(&shared);
            executor.spawn(Box::new(move || Shared::run(&weak)));
        }
        Ok(Self { shared })
    }

    /// Logs records, in this order, and returns the place behind the last: after [`Durability::wait`] for it they can be
    /// acknowledged.
    ///
    /// They are written in one piece, and a crash of the process does not take them. After an error none of them is in the
    /// log, except those that came before a change of segments within the call. An empty record stands for nothing, and
    /// is left out.
    pub fn append(&self, records: &[&[u8]]) -> Result<Position, LogError> {
        let shared = &self.shared;
        let (appended, is_news, unsynced) = shared.change(|writer, env| {
            let before = (writer.dirty_since().is_some(), writer.has_sealed());
            let appended = writer.append(env, records);
            (appended, before != (writer.dirty_since().is_some(), writer.has_sealed()), writer.unsynced_bytes())
        });
        if is_news {
            shared.signal.notify();
        }
        let position = appended?;
        if unsynced >= shared.env.options.max_unsynced {
            // The records are in the log whatever becomes of the sync; if it fails, the next append says so.
            self.sync().ok();
        }
        Ok(position)
    }

    /// Makes everything safe that was logged before.
    pub fn sync(&self) -> Result<(), LogError> {
        let position = self.position();
        self.durability().synced(position).block()
    }

    /// Does what is due: the sync that the policy asks for, or that somebody waits for, and making good what failed. Returns
    /// whether anything was. Of use under [`Maintenance::Manual`].
    pub fn tick(&self) -> Result<bool, LogError> {
        self.shared.tick()
    }

    /// Where waiting is done.
    #[must_use]
    pub fn durability(&self) -> Durability {
        Durability::new(Arc::clone(&self.shared))
    }

    /// The place behind the last record.
    #[must_use]
    pub fn position(&self) -> Position {
        self.shared.writer().end()
    }

    /// Goes on in the next segment, unless there is nothing in this one, and returns its number: everything before it has
    /// an end, and can be put into a checkpoint.
    pub fn next_segment(&self) -> Result<u64, LogError> {
        let number = self.shared.change(Writer::next_segment)?;
        self.shared.signal.notify();
        Ok(number)
    }

    /// Removes the segments before `before`. Those that are still written, or not yet safe, stay.
    pub fn truncate(&self, before: u64) -> Result<(), LogError> {
        // Those before it are nobody's business but that of readers.
        let needed = self.shared.writer().oldest_needed();
        self.shared.env.truncate(before.min(needed))
    }

    /// The numbers of the first and the last segment in the directory, if there is one.
    pub fn segments(&self) -> Result<Option<(u64, u64)>, LogError> {
        let Env { fs, dir, .. } = &self.shared.env;
        let segments = list_segments(&**fs, dir).map_err(self.shared.env.error("list its segments"))?;
        Ok(segments.first().zip(segments.last()).map(|(first, last)| (first.number, last.number)))
    }

    /// The bytes in the directory, checkpoints included.
    pub fn size(&self) -> Result<u64, LogError> {
        let Env { fs, dir, .. } = &self.shared.env;
        size(&**fs, dir).map_err(self.shared.env.error("measure its directory"))
    }

    /// What rings when something was logged, or another segment has begun: who [follows](crate::Tail) the log waits for it.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.shared.bell
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.shared.env.dir
    }

    /// The metrics.
    #[must_use]
    pub fn metrics(&self) -> &Arc<LogMetrics> {
        &self.shared.env.options.metrics
    }

    /// Ends the last segment and makes everything safe. Nothing can be logged after that, whether it succeeds or not.
    pub fn close(&self) -> Result<(), LogError> {
        self.shared.change(Writer::close);
        let closed = self.shared.sync(&self.shared.begin_sync());
        self.shared.signal.notify();
        closed
    }
}

impl Drop for Log {
    /// Without [`close`](Log::close) it is as after a crash of the process: nothing is lost, and nothing is synced.
    fn drop(&mut self) {
        self.shared.writer().abandon();
        self.shared.signal.notify();
    }
}

/// Makes the directory, removes what an unfinished attempt left, and returns the number of the segment to begin.
fn prepare(fs: &dyn Fs, dir: &Path) -> promd_fs::Result<u64> {
    create_durably(fs, dir)?;
    remove_leftovers(fs, dir)?;
    // A checkpoint stands for the segments up to its own number, so one that begins anew comes after that.
    let last = list_segments(fs, dir)?.last().map(|segment| segment.number);
    let checkpoint = list_checkpoints(fs, dir)?.last().copied();
    Ok(last.max(checkpoint).map_or(0, |last| last + 1))
}

/// Makes safe what an earlier process may have left unsynced.
fn sync_all(fs: &dyn Fs, dir: &Path) -> promd_fs::Result<()> {
    let mut first_error = Ok(());
    for segment in list_segments(fs, dir)? {
        let synced = fs.open(&dir.join(segment_name(segment.number)), OpenMode::Read).and_then(|file| file.sync_data());
        first_error = first_error.and(synced);
    }
    first_error
}

/// The bytes in a directory and in those below it.
fn size(fs: &dyn Fs, dir: &Path) -> promd_fs::Result<u64> {
    let mut sum = 0;
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs.read_dir(&dir)? {
            match entry.kind {
                EntryKind::Directory => dirs.push(dir.join(&entry.name)),
                _ => sum += entry.size,
            }
        }
    }
    Ok(sum)
}
