//! The writing half of a log: what happens under its lock.
//!
//! # What a failure leaves
//!
//! - **A write failed.** The segment is cut to where the append began, and ends there; the next append begins another one.
//!   What was written before stays where it is, and waits for its sync. If nothing was, the file is removed, so that a full
//!   disk does not fill up with empty segments.
//! - **A sync failed.** Nothing of what it was to cover can be trusted, although it can be read: see [`promd_fs::File::sync_data`]. All
//!   of it is still in memory (`covered` and `tail`), and is written to the next segment, which gets its name only when it is
//!   whole and safe; only then are the segments before it cut to what is known to be safe. So there is no moment at
//!   which a crash of the process finds a record nowhere, and at worst one finds it twice, all of the records in question in
//!   their order.
//! - **That failed, too.** The log is `broken`: it takes nothing until a later attempt succeeds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_clock::{Clock, Monotonic};
use promd_fs::{File, Fs, OpenMode};
use promd_metrics::Counter;

use crate::frame::{self, Framed, Framer};
use crate::names::{list_segments, segment_name};
use crate::page::{Compression, PAGE};
use crate::position::Position;

use super::error::LogError;
use super::options::Options;
use super::segment::{Cut, Segment, temporary};
use super::tail::{Mark, Tail};

/// What a log stands on, and does not change.
#[derive(Debug)]
pub(super) struct Env {
    pub(super) fs: Arc<dyn Fs>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) dir: PathBuf,
    pub(super) options: Options,
    /// Of the compression that is used, if one is.
    pub(super) bytes_saved: Option<Counter>,
}

impl Env {
    pub(super) fn new(fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, dir: &Path, options: Options) -> Self {
        let bytes_saved = match options.compression {
            Compression::None => None,
            compression => Some(options.metrics.bytes_saved.with([compression.name()])),
        };
        Self { fs, clock, dir: dir.to_path_buf(), options, bytes_saved }
    }

    /// Counts the bytes in the directory, checkpoints included, anew.
    pub(super) fn measure(&self) {
        if let Ok(size) = super::size(&*self.fs, &self.dir) {
            self.options.metrics.storage_size.set(size.cast_signed());
        }
    }

    /// Removes the segments before `before`.
    pub(super) fn truncate(&self, before: u64) -> Result<(), LogError> {
        let (fs, dir, metrics) = (&*self.fs, &self.dir, &self.options.metrics);
        // One by one, and none while an earlier one is not safe: a power loss may take any of several removals, and leave a
        // gap, over which Prometheus does not start.
        let remove = |number: u64| {
            fs.sync_dir(dir)?;
            fs.remove_file(&dir.join(segment_name(number)))
        };
        let remove_all = || {
            let segments = list_segments(fs, dir)?;
            segments.iter().map(|segment| segment.number).filter(|number| *number < before).try_for_each(remove)?;
            fs.sync_dir(dir)
        };
        metrics.truncations.inc();
        let removed = remove_all();
        self.measure();
        removed.map_err(|source| {
            metrics.truncations_failed.inc();
            self.error("remove a segment")(source)
        })
    }

    pub(super) fn error(&self, doing: &'static str) -> impl Fn(promd_fs::Error) -> LogError {
        LogError::io(&self.dir, doing)
    }
}

/// The state behind the lock.
#[derive(Debug)]
pub(super) struct Writer {
    /// The segment that is written to; none after a failure, until the next append.
    current: Option<Segment>,
    /// The number of the segment to begin next.
    next: u64,
    /// A file of that number, without records, may be left from an attempt that failed.
    leftover: bool,
    /// Segments that are written and not yet safe, oldest first.
    sealed: Vec<Segment>,
    /// Everything before this is safe.
    synced: Position,
    /// Where the last record ends.
    end: Position,
    /// The records behind `synced`: those that the sync under way covers, and those that came since.
    covered: Tail,
    tail: Tail,
    /// What of `tail` has reached its file.
    written: Mark,
    /// When the first of them came.
    dirty_since: Option<Monotonic>,
    /// A sync has failed, and the records are not yet written again.
    broken: bool,
    cuts: Vec<Cut>,
    closed: bool,
    framer: Framer,
    /// The fragments of the append under way.
    buffer: Vec<u8>,
}

/// What one sync is to make safe.
pub(super) struct Unsynced {
    sealed: Vec<Part>,
    current: Option<Part>,
    /// Where the last record ends that it covers.
    target: Position,
}

/// Of a segment, what was written when the sync began.
struct Part {
    number: u64,
    end: u64,
    file: Arc<dyn File>,
}

impl Unsynced {
    /// The files to sync, in this order: what comes later is worth nothing without what comes before.
    pub(super) fn files(&self) -> impl Iterator<Item = &dyn File> {
        self.sealed.iter().chain(&self.current).map(|part| &*part.file)
    }
}

impl Writer {
    pub(super) fn new(next: u64) -> Self {
        let synced = Position::new(next, 0);
        Self {
            current: None,
            next,
            leftover: false,
            sealed: Vec::new(),
            synced,
            end: synced,
            covered: Tail::default(),
            tail: Tail::default(),
            written: Mark::default(),
            dirty_since: None,
            broken: false,
            cuts: Vec::new(),
            closed: false,
            framer: Framer::new(),
            buffer: Vec::new(),
        }
    }

    /// Where the last record ends.
    pub(super) fn end(&self) -> Position {
        self.end
    }

    pub(super) fn synced(&self) -> Position {
        self.synced
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// How many bytes of records wait for a sync.
    pub(super) fn unsynced_bytes(&self) -> usize {
        self.covered.bytes() + self.tail.bytes()
    }

    /// Whether a segment was filled, or given up, and is not yet safe.
    pub(super) fn has_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    /// Since when something waits for a sync.
    pub(super) fn dirty_since(&self) -> Option<Monotonic> {
        self.dirty_since
    }

    /// Whether a sync has failed, and the records are not yet written again.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether a file is still to be cut.
    pub(super) fn has_cuts(&self) -> bool {
        !self.cuts.is_empty()
    }

    pub(super) fn append(&mut self, env: &Env, records: &[&[u8]]) -> Result<Position, LogError> {
        // Taken out for the time, since a payload borrows it.
        let mut framer = std::mem::take(&mut self.framer);
        let done = self.ready(env).and_then(|()| self.frame_all(env, &mut framer, records));
        self.framer = framer;
        if done.is_err() {
            self.buffer.clear();
            self.tail.cut(self.written);
            env.options.metrics.writes_failed.inc();
        }
        done.map(|()| self.end)
    }

    fn frame_all(&mut self, env: &Env, framer: &mut Framer, records: &[&[u8]]) -> Result<(), LogError> {
        let Options { segment_size, compression, ref metrics, .. } = env.options;
        let (mut sum, mut saved) = (Framed::default(), 0);
        for record in records.iter().filter(|record| !record.is_empty()) {
            let payload = framer
                .payload(compression, record)
                .map_err(|source| LogError::Compress { dir: env.dir.clone(), source })?;
            let taken = self.segment(env)?.end() + self.buffer.len() as u64;
            if taken > 0 && !payload.fits(taken, segment_size) {
                self.write(env)?;
                self.rotate(env)?;
            }
            let offset = self.segment(env)?.end() + self.buffer.len() as u64;
            self.tail.push(payload);
            sum += payload.put(offset, &mut self.buffer);
            saved += record.len() - payload.bytes.len();
        }
        self.write(env)?;
        metrics.part_writes.add(sum.fragments);
        metrics.part_bytes.add(sum.bytes);
        metrics.completed_pages.add(sum.pages);
        // As in Prometheus, each page that fills up is one, and so is what an append leaves in the last.
        let partial = frame::padding(self.end.offset) > 0 && sum.fragments > 0;
        metrics.page_flushes.add(sum.pages + u64::from(partial));
        if let Some(bytes_saved) = &env.bytes_saved {
            bytes_saved.add(saved as u64);
        }
        Ok(())
    }

    /// Writes what is framed. After an error nothing of it is in the log, and the segment has ended.
    fn write(&mut self, env: &Env) -> Result<(), LogError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let Some(segment) = self.current.as_mut() else { return Ok(()) };
        if let Err(error) = segment.write(&self.buffer) {
            self.give_up(env);
            return Err(env.error("write to its segment")(error));
        }
        self.end = segment.position();
        env.options.metrics.storage_size.add(signed(self.buffer.len()));
        self.buffer.clear();
        self.written = self.tail.end();
        self.dirty_since.get_or_insert_with(|| env.clock.monotonic());
        Ok(())
    }

    /// The segment that is written to, or a new one.
    fn segment(&mut self, env: &Env) -> Result<&mut Segment, LogError> {
        if self.current.is_none() {
            self.begin(env)?;
        }
        self.current.as_mut().ok_or_else(|| LogError::Closed { dir: env.dir.clone() })
    }

    /// Begins the next segment.
    fn begin(&mut self, env: &Env) -> Result<(), LogError> {
        self.retry_cuts(env);
        let leftover = std::mem::replace(&mut self.leftover, true);
        let segment = Segment::create(&*env.fs, &env.dir, self.next, leftover).map_err(env.error("begin a segment"))?;
        self.leftover = false;
        self.next += 1;
        self.end = self.end.max(segment.position());
        env.options.metrics.segment_current.set(segment.number.cast_signed());
        self.current = Some(segment);
        Ok(())
    }

    /// Begins the next segment, after what is in this one.
    pub(super) fn rotate(&mut self, env: &Env) -> Result<(), LogError> {
        self.seal(env);
        self.begin(env)
    }

    /// Ends the segment.
    pub(super) fn seal(&mut self, env: &Env) {
        let Some(mut segment) = self.current.take() else { return };
        match segment.pad() {
            Ok(padding) => env.options.metrics.storage_size.add(signed(padding)),
            // The end of a file stands for zeros up to the end of the page, so nothing is lost without them.
            Err(_) => self.roll_back(&mut segment),
        }
        self.dirty_since.get_or_insert_with(|| env.clock.monotonic());
        self.sealed.push(segment);
    }

    /// Ends the segment after a failed write.
    fn give_up(&mut self, env: &Env) {
        let Some(mut segment) = self.current.take() else { return };
        if segment.end() == 0 && env.fs.remove_file(segment.file().path()).is_ok() {
            self.next = segment.number;
            return;
        }
        self.roll_back(&mut segment);
        self.sealed.push(segment);
        // For the cut: what was cut off could come back in the middle of the log.
        self.dirty_since.get_or_insert_with(|| env.clock.monotonic());
    }

    fn roll_back(&mut self, segment: &mut Segment) {
        if segment.roll_back().is_err() {
            self.cuts.push(Cut::torn(segment));
        }
    }

    /// Cuts what could not be cut when it failed.
    pub(super) fn retry_cuts(&mut self, env: &Env) {
        if self.cuts.is_empty() {
            return;
        }
        let before = self.cuts.len();
        self.cuts.retain(|cut| cut.make().is_err());
        if self.cuts.len() < before {
            env.measure();
        }
    }

    /// Whether something can be appended, after making good what failed before.
    fn ready(&mut self, env: &Env) -> Result<(), LogError> {
        if self.closed {
            return Err(LogError::Closed { dir: env.dir.clone() });
        }
        self.rewrite_if_broken(env)
    }

    /// What is to be synced, in this order; `None` if everything is safe.
    pub(super) fn begin_sync(&mut self) -> Option<Unsynced> {
        let Some(_) = self.dirty_since.take() else {
            // What lies between is the begin of a segment.
            self.synced = self.end;
            return None;
        };
        debug_assert!(self.covered.is_empty(), "one sync at a time, and none while broken");
        std::mem::swap(&mut self.covered, &mut self.tail);
        self.written = Mark::default();
        let part =
            |segment: &Segment| Part { number: segment.number, end: segment.end(), file: Arc::clone(segment.file()) };
        Some(Unsynced {
            sealed: self.sealed.iter().map(part).collect(),
            current: self.current.as_ref().map(part),
            target: self.end,
        })
    }

    /// All of it is safe.
    pub(super) fn end_sync(&mut self, unsynced: &Unsynced) {
        self.covered.clear();
        self.synced = unsynced.target;
        // What was not yet sealed when the sync began stays: it may have got its last records, or its padding, since then.
        self.sealed.retain(|segment| unsynced.sealed.iter().all(|part| part.number != segment.number));
        for segment in self.sealed.iter_mut().chain(&mut self.current) {
            if let Some(part) = unsynced.current.as_ref().filter(|part| part.number == segment.number) {
                segment.safe = part.end;
            }
        }
    }

    /// Some of it is not, and never will be where it is.
    pub(super) fn fail_sync(&mut self, env: &Env) -> Result<(), LogError> {
        self.broken = true;
        self.rewrite(env)
    }

    /// Tries again what failed before.
    pub(super) fn rewrite_if_broken(&mut self, env: &Env) -> Result<(), LogError> {
        if self.broken { self.rewrite(env) } else { Ok(()) }
    }

    /// Writes the records behind `synced` to a segment of their own, and cuts them off where they were.
    fn rewrite(&mut self, env: &Env) -> Result<(), LogError> {
        let records = self.covered.len() + self.tail.len();
        let segment = if records == 0 { None } else { Some(self.write_again(env)?) };
        let untrusted: Vec<Segment> = self.sealed.drain(..).chain(self.current.take()).collect();
        for old in &untrusted {
            self.cuts.retain(|cut| cut.number != old.number);
            self.cuts.push(Cut::unsafe_rest(old));
        }
        if let Some(mut segment) = segment {
            self.next = segment.number + 1;
            self.leftover = false;
            self.end = segment.position();
            segment.safe = segment.end();
            env.options.metrics.segment_current.set(segment.number.cast_signed());
            self.current = Some(segment);
        }
        self.synced = self.end;
        self.covered.clear();
        self.tail.clear();
        self.written = Mark::default();
        self.dirty_since = None;
        self.broken = false;
        env.options.metrics.records_rewritten.add(records as u64);
        self.retry_cuts(env);
        env.measure();
        Ok(())
    }

    fn write_again(&mut self, env: &Env) -> Result<Segment, LogError> {
        /// How much is framed before it is written.
        const PIECE: usize = 32 * PAGE;
        let Env { fs, dir, .. } = env;
        let path = temporary(dir, self.next);
        let error = || env.error("write again what a failed sync may have lost");
        let write = |buffer: &mut Vec<u8>| {
            let mut segment = Segment::adopt(self.next, fs.open(&path, OpenMode::Truncate)?)?;
            for payload in self.covered.iter().chain(self.tail.iter()) {
                payload.put(segment.end() + buffer.len() as u64, buffer);
                if buffer.len() >= PIECE {
                    segment.write(buffer)?;
                    buffer.clear();
                }
            }
            segment.write(buffer)?;
            segment.file().sync_data()?;
            fs.rename(&path, &dir.join(segment_name(self.next)))?;
            fs.sync_dir(dir)?;
            Ok(segment)
        };
        self.buffer.clear();
        let written = write(&mut self.buffer);
        self.buffer.clear();
        written.map_err(|failed| {
            // It takes space, and the next attempt begins anew.
            fs.remove_file(&path).ok();
            error()(failed)
        })
    }

    /// The oldest segment that is still written to or not yet safe.
    pub(super) fn oldest_needed(&self) -> u64 {
        self.sealed.iter().chain(&self.current).map(|segment| segment.number).min().unwrap_or(self.next)
    }

    /// Begins the next segment, unless this one is empty, and returns the number of the one that is written to.
    pub(super) fn next_segment(&mut self, env: &Env) -> Result<u64, LogError> {
        self.ready(env)?;
        if self.segment(env)?.end() > 0 {
            self.rotate(env)?;
        }
        Ok(self.segment(env)?.number)
    }

    /// Ends the segment, and takes nothing more.
    pub(super) fn close(&mut self, env: &Env) {
        // An empty page more would say nothing.
        if self.current.as_ref().is_some_and(|segment| segment.end() > 0) {
            self.seal(env);
        }
        self.closed = true;
    }

    /// Takes nothing more.
    pub(super) fn abandon(&mut self) {
        self.closed = true;
    }

    /// Begins the first segment. A full disk is no reason not to start: the first append tries again.
    pub(super) fn begin_unless_full(&mut self, env: &Env) -> Result<(), LogError> {
        match self.begin(env) {
            Err(error) if error.is_disk_full() => Ok(()),
            begun => begun,
        }
    }
}

fn signed(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
