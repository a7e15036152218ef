//! A log from its first record to its last: the newest checkpoint, then the segments after it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{Fs, Result};

use super::damage::{Cause, Damage, SegmentId};
use super::segment::{Event, ReadOptions, SegmentReader};
use crate::{SegmentFile, checkpoint_name, list_checkpoints, list_segments};

/// What a directory of segments is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogKind {
    /// The log of all samples, whose begin moves into checkpoints.
    #[default]
    Wal,
    /// The log of out-of-order samples, whose begin is dropped.
    Wbl,
}

/// Where a reader goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Segment(SegmentId),
    Missing { first: SegmentId, segments: u64 },
}

/// Reads a log.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use promd_fs::{Fs, SimFs};
/// use promd_wal::{Event, LogKind, LogReader, ReadOptions};
///
/// let fs = Arc::new(SimFs::new(1));
/// fs.create_dir("/wal".as_ref())?;
/// fs.write_atomically("/wal/00000000".as_ref(), b"these bytes are no record")?;
///
/// let mut log = LogReader::open(fs, Path::new("/wal"), LogKind::Wal, ReadOptions::default())?;
/// let (mut records, mut damage) = (0, Vec::new());
/// while let Some(event) = log.next()? {
///     match event {
///         Event::Record(_) => records += 1,
///         Event::Damage(found) => damage.push(found.to_string()),
///     }
/// }
/// assert_eq!(records, 0);
/// assert_eq!(damage, ["segment 00000000, bytes 0 to 25: invalid fragment header"]);
/// # Ok::<(), promd_fs::Error>(())
/// ```
#[derive(Debug)]
pub struct LogReader {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    reader: SegmentReader,
    /// What is still to be read, in reverse.
    stops: Vec<Stop>,
    /// The last segment that holds something.
    newest: Option<u64>,
    reading: bool,
}

impl LogReader {
    /// A reader of all that a directory holds. A directory that is not there is an empty log.
    pub fn open(fs: Arc<dyn Fs>, dir: &Path, kind: LogKind, options: ReadOptions) -> Result<Self> {
        let segments = list_or_none(&*fs, dir)?;
        let checkpoint = if kind == LogKind::Wal { newest_checkpoint(&*fs, dir)? } else { None };
        let mut stops = Vec::new();
        if let Some(checkpoint) = checkpoint {
            let inside = list_segments(&*fs, &dir.join(checkpoint_name(checkpoint)))?;
            let id = |number| SegmentId::of_checkpoint(checkpoint, number);
            // It has a segment even if that holds nothing.
            if inside.is_empty() {
                stops.push(Stop::Missing { first: id(0), segments: 1 });
            }
            plan(&mut stops, &inside, Some(0), id);
        }
        let first = match (checkpoint, kind) {
            (Some(checkpoint), _) => Some(checkpoint.saturating_add(1)),
            // Nothing but a checkpoint lets the first segments go.
            (None, LogKind::Wal) => Some(0),
            (None, LogKind::Wbl) => None,
        };
        let after = segments.partition_point(|segment| first.is_some_and(|first| segment.number < first));
        let segments = segments.get(after..).unwrap_or_default();
        plan(&mut stops, segments, first, SegmentId::log);
        stops.reverse();
        let newest = segments.iter().rev().find(|segment| segment.size > 0).map(|segment| segment.number);
        Ok(Self { fs, dir: dir.to_path_buf(), reader: SegmentReader::new(options), stops, newest, reading: false })
    }

    /// The same, without the segments of the log behind `last`.
    #[must_use]
    pub fn until(mut self, last: u64) -> Self {
        self.stops.retain(|stop| {
            let (Stop::Segment(segment) | Stop::Missing { first: segment, .. }) = stop;
            segment.checkpoint.is_some() || segment.number <= last
        });
        self
    }

    /// The next record or damage; `None` at the end of the log as it was when the reader was opened.
    #[expect(clippy::should_implement_trait, reason = "what it returns borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>> {
        loop {
            if !self.reading {
                match self.stops.pop() {
                    None => return Ok(None),
                    Some(Stop::Missing { first, segments }) => return Ok(Some(missing(first, segments))),
                    Some(Stop::Segment(segment)) => match self.reader.open(&*self.fs, &self.dir, segment) {
                        Ok(()) => self.reading = true,
                        Err(error) if error.is_not_found() => return Ok(Some(missing(segment, 1))),
                        Err(error) => return Err(error),
                    },
                }
            }
            let last = self.is_newest();
            match self.reader.advance()? {
                Some(step) => {
                    return Ok(Some(match self.reader.event(step) {
                        Event::Damage(mut damage) if damage.cause == Cause::Torn && !last => {
                            damage.cause = Cause::Truncated;
                            Event::Damage(damage)
                        }
                        event => event,
                    }));
                }
                None => self.reading = false,
            }
        }
    }

    /// The segment that is being read.
    #[must_use]
    pub fn segment(&self) -> SegmentId {
        self.reader.segment()
    }

    fn is_newest(&self) -> bool {
        let segment = self.reader.segment();
        segment.checkpoint.is_none() && self.newest == Some(segment.number)
    }
}

fn missing(segment: SegmentId, segments: u64) -> Event<'static> {
    Event::Damage(Damage { segment, range: 0..0, cause: Cause::Missing { segments } })
}

/// Adds segments, and what lacks between them. `expected`: the number that the first one should have.
fn plan(stops: &mut Vec<Stop>, segments: &[SegmentFile], expected: Option<u64>, id: impl Fn(u64) -> SegmentId) {
    let mut expected = expected;
    for segment in segments {
        if let Some(expected) = expected.filter(|&expected| expected < segment.number) {
            stops.push(Stop::Missing { first: id(expected), segments: segment.number - expected });
        }
        stops.push(Stop::Segment(id(segment.number)));
        expected = segment.number.checked_add(1);
    }
}

/// The number of the checkpoint that counts.
pub(crate) fn newest_checkpoint(fs: &dyn Fs, dir: &Path) -> Result<Option<u64>> {
    match list_checkpoints(fs, dir) {
        Ok(checkpoints) => Ok(checkpoints.last().copied()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn list_or_none(fs: &dyn Fs, dir: &Path) -> Result<Vec<SegmentFile>> {
    match list_segments(fs, dir) {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        listed => listed,
    }
}
