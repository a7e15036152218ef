//! Following a log that is being written.
//!
//! A [`Tail`] reads by [`Position`], as fast as the records come and never ahead of them: a record of which a part is
//! missing is not there yet. It needs nothing from the writer but the files, so it may as well run in another process, or
//! after the writer is gone.
//!
//! What it cannot know from the files is when to look again. A [`Log`](crate::Log) in the same process rings its [`Bell`]; each
//! follower subscribes before it first looks, and waits on its own signal when there is nothing more:
//!
//! ```
//! use std::{path::Path, sync::Arc, time::Duration};
//!
//! use promd_clock::{Clock, RealClock, Woken};
//! use promd_fs::{Fs, SimFs};
//! use promd_wal::{Log, Options, ReadOptions, Tail, Tailed};
//!
//! let (fs, clock) = (Arc::new(SimFs::new(1)), Arc::new(RealClock::new()));
//! let log = Log::open(fs.clone(), clock.clone(), Path::new("/wal"), Options::default())?;
//! let signal = log.bell().subscribe();
//! let mut tail = Tail::new(fs, log.dir(), log.position(), ReadOptions::default());
//! assert_eq!(tail.next()?, Tailed::Nothing);
//!
//! log.append(&[b"news"])?;
//! // In another thread, as a rule. The deadline is for a log whose writer is gone.
//! assert_eq!(signal.wait_until(&*clock, clock.monotonic() + Duration::from_secs(60)), Woken::Notified);
//! assert!(matches!(tail.next()?, Tailed::Record(record) if record.bytes == b"news"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When a part of a record is missing
//!
//! Whether it is still to come or never will is decided by the next segment: a writer begins one only when it has written
//! all that goes into the one before. So the tail first looks whether the next segment is there, and then at the end of
//! its own; what is incomplete then is damage, and told as such.
//!
//! # When a segment is missing
//!
//! A segment that is removed while it is read is read to its end, since the file lives as long as it is open. If the next
//! one is gone by then, or the first to be read, that is a [`Tailed::Gap`], with the number of segments.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use promd_clock::Signal;
use promd_fs::{Fs, Result};

use crate::read::{Step, list_or_none};
use crate::{Cause, Damage, Event, LogRecord, Position, ReadOptions, SegmentId, SegmentReader, segment_name};

/// What a tail finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tailed<'a> {
    /// A record.
    Record(LogRecord<'a>),
    /// Nothing more yet.
    Nothing,
    /// Something is lost, and reading goes on behind it.
    Damage(Damage),
    /// Segments that should be next are gone.
    Gap {
        /// How many.
        segments: u64,
        /// Where reading goes on.
        next: Position,
    },
}

/// Follows a log from a position.
#[derive(Debug)]
pub struct Tail {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    reader: SegmentReader,
    position: Position,
    /// Whether the segment of the position is open.
    open: bool,
    /// Whether the writer had gone on to another segment when this one was last looked at.
    complete: bool,
}

impl Tail {
    /// Follows the log in `dir` from a position on: the end of a record, or the begin of a segment, that may be still to come.
    #[must_use]
    pub fn new(fs: Arc<dyn Fs>, dir: &Path, position: Position, options: ReadOptions) -> Self {
        let reader = SegmentReader::new(options);
        Self { fs, dir: dir.to_path_buf(), reader, position, open: false, complete: false }
    }

    /// Where the next record is looked for: what a [cursor](crate::Cursors) should remember once everything before it is done.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// What comes next, without waiting for it.
    #[expect(clippy::should_implement_trait, reason = "what it returns borrows from the tail")]
    pub fn next(&mut self) -> Result<Tailed<'_>> {
        loop {
            if !self.open {
                match self.open_segment()? {
                    Opened::Segment => {}
                    Opened::NotYet => return Ok(Tailed::Nothing),
                    Opened::Gap(segments) => return Ok(Tailed::Gap { segments, next: self.position }),
                }
            }
            match self.reader.advance()? {
                Some(Step::Damage(damage)) if !self.complete && self.may_be_unfinished(&damage) => {
                    if self.look_again()? {
                        continue;
                    }
                    return Ok(Tailed::Nothing);
                }
                Some(step) => {
                    self.position.offset = self.position.offset.max(step.end());
                    return Ok(match self.reader.event(step) {
                        Event::Record(record) => Tailed::Record(record),
                        Event::Damage(mut damage) => {
                            if damage.cause == Cause::Torn {
                                damage.cause = Cause::Truncated;
                            }
                            Tailed::Damage(damage)
                        }
                    });
                }
                None if self.complete => {
                    self.position = Position::new(self.position.segment.saturating_add(1), 0);
                    self.open = false;
                }
                None => {
                    if !self.look_again()? {
                        return Ok(Tailed::Nothing);
                    }
                }
            }
        }
    }

    /// Whether damage reaches the end of what is written, so that it may be a record that is being written.
    fn may_be_unfinished(&self, damage: &Damage) -> bool {
        damage.cause == Cause::Torn || damage.range.end >= self.reader.size()
    }

    /// Looks whether the segment has grown, or is complete, and goes back to the position if so.
    fn look_again(&mut self) -> Result<bool> {
        let before = self.reader.size();
        // In this order: what is written before the next segment is begun is there when that is.
        self.complete = self.has_next()?;
        self.reader.seek(self.position.offset)?;
        Ok(self.complete || self.reader.size() > before)
    }

    fn has_next(&self) -> Result<bool> {
        let next = self.position.segment.saturating_add(1);
        if self.fs.exists(&self.dir.join(segment_name(next)))? {
            return Ok(true);
        }
        // It may be gone already.
        Ok(list_or_none(&*self.fs, &self.dir)?.last().is_some_and(|last| last.number > self.position.segment))
    }

    fn open_segment(&mut self) -> Result<Opened> {
        self.complete = self.has_next()?;
        match self.reader.open(&*self.fs, &self.dir, SegmentId::log(self.position.segment)) {
            Ok(()) => {
                self.open = true;
                if self.position.offset > 0 {
                    // Beyond the end if the segment was cut: what was behind is lost, and what follows is in the next.
                    self.reader.seek(self.position.offset)?;
                }
                Ok(Opened::Segment)
            }
            Err(error) if error.is_not_found() => {
                let segments = list_or_none(&*self.fs, &self.dir)?;
                let Some(next) = segments.iter().find(|segment| segment.number > self.position.segment) else {
                    return Ok(Opened::NotYet);
                };
                let missing = next.number - self.position.segment;
                self.position = Position::new(next.number, 0);
                Ok(Opened::Gap(missing))
            }
            Err(error) => Err(error),
        }
    }
}

enum Opened {
    Segment,
    NotYet,
    Gap(u64),
}

/// Wakes those who follow a log.
#[derive(Debug, Default)]
pub struct Bell {
    /// Those who wait. Whoever is gone is forgotten at the next ring.
    signals: Mutex<Vec<Weak<Signal>>>,
}

impl Bell {
    /// A bell that nobody listens to.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A signal that each ring notifies, for as long as it is held.
    #[must_use]
    pub fn subscribe(&self) -> Arc<Signal> {
        let signal = Arc::new(Signal::new());
        self.signals.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&signal));
        signal
    }

    /// Something was logged. Without listeners it costs a lock that nobody else holds.
    pub fn ring(&self) {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        signals.retain(|signal| signal.upgrade().inspect(|signal| signal.notify()).is_some());
    }
}
