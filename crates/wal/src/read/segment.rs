//! One segment, record by record.

use std::path::Path;
use std::sync::Arc;

use promd_fs::{ErrorKind, File, Fs, OpenMode, Result};

use super::assemble::{Assembler, Found, Place};
use super::damage::{Cause, Damage, SegmentId};
use super::scan::{Page, Piece, Scanner};
use crate::{Compression, PAGE, Position};

/// What disks fail by.
const SECTOR: usize = 512;

/// How a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// A record that is larger than this, compressed or not, is damage. It is what a compressed record can make the
    /// reader allocate at most.
    pub max_record: usize,
}

impl Default for ReadOptions {
    /// Records of at most 128 MiB: as much as a segment holds by default, which no record can exceed uncompressed.
    fn default() -> Self {
        Self { max_record: 128 << 20 }
    }
}

impl ReadOptions {
    /// The same, with this limit.
    #[must_use]
    pub fn max_record(self, max_record: usize) -> Self {
        let mut options = self;
        options.max_record = max_record;
        options
    }
}

/// What a reader meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A record.
    Record(LogRecord<'a>),
    /// Something is not as it was written. Reading goes on behind it.
    Damage(Damage),
}

/// A record, as it was given to the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRecord<'a> {
    /// The segment that it is in.
    pub segment: SegmentId,
    /// Where its first fragment begins.
    pub start: u64,
    /// Where its last fragment ends: the place from which to read on.
    pub end: u64,
    /// Its bytes; the first is the type. Decompressed.
    pub bytes: &'a [u8],
    /// The same bytes as the fragments hold them.
    pub stored: &'a [u8],
    /// How those are compressed.
    pub compression: Compression,
}

impl LogRecord<'_> {
    /// Where it begins. Of a checkpoint's record, the place in the checkpoint.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.segment.number, self.start)
    }
}

/// Reads a segment.
///
/// Memory is taken for a page and for the largest record met, and used again by [`open`](Self::open).
#[derive(Debug)]
pub struct SegmentReader {
    segment: SegmentId,
    file: Option<Arc<dyn File>>,
    scanner: Scanner,
    assembler: Assembler,
    /// The page that is being read, where it begins in the file, and the place in it.
    page: Vec<u8>,
    offset: u64,
    at: usize,
    /// Where the last byte of the file that is not zero lies, plus one.
    data_end: u64,
    size: u64,
    /// Damage that is told before anything else.
    queued: Option<Damage>,
    /// A loss that may go on in the next page, and what was found behind it when it does not.
    held: Option<Damage>,
    ready: Option<Found>,
    /// Whether all pages are read.
    ended: bool,
}

/// A record that was found, without its bytes.
pub(crate) struct Whole {
    start: u64,
    end: u64,
    at: Place,
    compression: Compression,
}

/// An event without the bytes of a record.
pub(crate) enum Step {
    Record(Whole),
    Damage(Damage),
}

impl Step {
    /// Where reading goes on.
    pub(crate) fn end(&self) -> u64 {
        match self {
            Self::Record(whole) => whole.end,
            Self::Damage(damage) => damage.range.end,
        }
    }
}

impl SegmentReader {
    /// A reader of nothing yet.
    #[must_use]
    pub fn new(options: ReadOptions) -> Self {
        Self {
            segment: SegmentId::log(0),
            file: None,
            scanner: Scanner::default(),
            assembler: Assembler::new(options.max_record),
            page: Vec::new(),
            offset: 0,
            at: 0,
            data_end: 0,
            size: 0,
            queued: None,
            held: None,
            ready: None,
            ended: true,
        }
    }

    /// Begins to read a segment of the log in `dir`.
    pub fn open(&mut self, fs: &dyn Fs, dir: &Path, segment: SegmentId) -> Result<()> {
        let file = fs.open(&dir.join(segment.path()), OpenMode::Read)?;
        self.segment = segment;
        self.file = Some(file);
        self.seek(0)
    }

    /// Goes to a place of the segment: the begin of a record, or the end. Looks again how long the file is.
    pub fn seek(&mut self, offset: u64) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        self.size = file.size()?;
        self.data_end = data_end(&**file, self.size, offset)?;
        // A record is never open at its own begin.
        self.assembler.reset(false);
        (self.queued, self.held, self.ready) = (None, None, None);
        self.ended = false;
        let page = PAGE as u64;
        self.offset = offset / page * page;
        self.load()?;
        self.at = usize::try_from(offset % page).unwrap_or_default();
        Ok(())
    }

    /// The segment that is being read.
    #[must_use]
    pub fn segment(&self) -> SegmentId {
        self.segment
    }

    /// The length of the file when it was opened, or sought in.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next record or damage; `None` at the end of the segment.
    ///
    /// Errors of the disk are damage. Only an error that says nothing about the file is returned as one.
    #[expect(clippy::should_implement_trait, reason = "what it returns borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>> {
        Ok(self.advance()?.map(|step| self.event(step)))
    }

    /// The bytes of the step that was just made.
    pub(crate) fn event(&self, step: Step) -> Event<'_> {
        match step {
            Step::Record(whole) => Event::Record(self.record(&whole)),
            Step::Damage(damage) => Event::Damage(damage),
        }
    }

    fn record(&self, whole: &Whole) -> LogRecord<'_> {
        let Whole { start, end, compression, .. } = *whole;
        let (stored, bytes) = match &whole.at {
            Place::Page(range) => (self.page.get(range.clone()), None),
            Place::PageDecoded(range) => (self.page.get(range.clone()), Some(self.assembler.decoded())),
            Place::Payload(len) => (self.assembler.payload().get(..*len), None),
            Place::PayloadDecoded(len) => (self.assembler.payload().get(..*len), Some(self.assembler.decoded())),
        };
        let stored = stored.unwrap_or_default();
        LogRecord { segment: self.segment, start, end, bytes: bytes.unwrap_or(stored), stored, compression }
    }

    /// [`next`](Self::next) without the bytes, so that a caller can look at it and go on.
    pub(crate) fn advance(&mut self) -> Result<Option<Step>> {
        let segment = self.segment;
        loop {
            if let Some(damage) = self.queued.take() {
                return Ok(Some(Step::Damage(damage)));
            }
            let found = match self.ready.take() {
                Some(found) => Some(found),
                None => self.find()?,
            };
            match (found, self.held.take()) {
                (None, None) => return Ok(None),
                (None, Some(held)) => return Ok(Some(Step::Damage(held))),
                // The rest of a record whose begin is lost is the same loss.
                (Some(Found::Lost { range, cause: Cause::Part }), Some(mut held)) if held.range.end == range.start => {
                    held.range.end = range.end;
                    self.held = Some(held);
                }
                (found, Some(held)) => {
                    self.ready = found;
                    return Ok(Some(Step::Damage(held)));
                }
                (Some(Found::Lost { range, cause }), None) => self.held = Some(Damage { segment, range, cause }),
                (Some(Found::Record { range, at, compression, mended }), None) => {
                    let (start, end) = (range.start, range.end);
                    self.queued = mended.then_some(Damage { segment, range, cause: Cause::Mended });
                    return Ok(Some(Step::Record(Whole { start, end, at, compression })));
                }
            }
        }
    }

    /// What the next piece leads to; `None` at the end of the file.
    fn find(&mut self) -> Result<Option<Found>> {
        while !self.ended {
            let data_end = usize::try_from(self.data_end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
            let page = Page { bytes: &self.page, data_end };
            let Some(piece) = self.scanner.piece(page, self.at) else {
                self.turn()?;
                continue;
            };
            let end = piece.end();
            match piece {
                Piece::Fragment(fragment) => {
                    let outcome = self.assembler.feed(&fragment, &self.page, self.offset);
                    if !outcome.again {
                        self.at = end;
                    }
                    if outcome.found.is_some() {
                        return Ok(outcome.found);
                    }
                }
                Piece::Lost { range, cause } => {
                    self.at = end;
                    let place = |at: usize| self.offset + at as u64;
                    // One loss: the begin of a record, and a fragment of it.
                    let start = self.assembler.lose().unwrap_or(place(range.start));
                    return Ok(Some(Found::Lost { range: start..place(range.end), cause }));
                }
            }
        }
        Ok(self.assembler.finish())
    }

    /// Turns to the next page.
    fn turn(&mut self) -> Result<()> {
        if self.page.len() < PAGE {
            self.ended = true;
            return Ok(());
        }
        self.offset += PAGE as u64;
        self.load()
    }

    /// Reads the page at `offset`.
    fn load(&mut self) -> Result<()> {
        self.at = 0;
        self.scanner.turn();
        let Some(file) = &self.file else { return Ok(()) };
        self.page.resize(PAGE, 0);
        let mut filled = 0;
        while let Some(rest) = self.page.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, self.offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Io => {
                    // Sector by sector, so that a bad one takes no more than itself. What cannot be read is taken for
                    // bytes that no header begins with: zeros would look like the end of the page.
                    let sector = (filled / SECTOR + 1) * SECTOR;
                    let end = usize::try_from(self.size.saturating_sub(self.offset)).unwrap_or(PAGE).min(sector);
                    let Some(missing) = self.page.get_mut(filled..end).filter(|missing| !missing.is_empty()) else {
                        break;
                    };
                    let at = self.offset + filled as u64;
                    if file.read_exact_at(missing, at).is_ok() {
                        filled = end;
                        continue;
                    }
                    missing.fill(0xff);
                    let range = at..at + missing.len() as u64;
                    let cause = Cause::Unreadable { kind: error.kind() };
                    let start = self.queued.take().map_or(range.start, |queued| queued.range.start);
                    self.queued = Some(Damage { segment: self.segment, range: start..range.end, cause });
                    filled = end;
                }
                Err(error) => return Err(error),
            }
        }
        self.page.truncate(filled);
        self.ended = filled == 0;
        Ok(())
    }
}

/// Where the zeros begin that a file ends with, as far as that is behind `from`: a file that was longer when the power
/// went than what was synced of it.
fn data_end(file: &dyn File, size: u64, from: u64) -> Result<u64> {
    let mut buffer = [0; 4096];
    let mut end = size;
    while end > from {
        let len = buffer.len().min(usize::try_from(end - from).unwrap_or(usize::MAX));
        let Some(chunk) = buffer.get_mut(..len) else { break };
        match file.read_exact_at(chunk, end - len as u64) {
            Ok(()) => {}
            // What cannot be read is not known to be zero; a file that shrinks meanwhile ends where it ends.
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::UnexpectedEnd) => return Ok(end),
            Err(error) => return Err(error),
        }
        if let Some(last) = chunk.iter().rposition(|&byte| byte != 0) {
            return Ok(end - len as u64 + last as u64 + 1);
        }
        end -= len as u64;
    }
    Ok(end)
}
