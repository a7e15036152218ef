//! Making a damaged log one that can be served, and that Prometheus can replay.
//!
//! Prometheus deletes every segment after the first bad record, and does not start over a gap in the numbers or a bad
//! checkpoint. So before anything is served:
//!
//! - A damaged segment, of the log or of its checkpoint, is written again under its own number with the records that were
//!   found, as they were stored; the original moves aside. The rules by which they are found are those of
//!   [`LogReader`].
//! - The last segment is cut behind its last whole record, if a write was not finished.
//! - A number that is missing becomes an empty segment. Prometheus replays it as nothing. The alternative, to number the
//!   segments behind the gap anew, would invalidate every position that anybody keeps; it is used only where the gap is
//!   so large that it can only come from a stray file ([`MAX_GAP`]).
//! - A log that begins above 0 without a checkpoint gets one, which stands for the segments before. Prometheus would look for
//!   segment 0, and not start.
//! - What the log uses and no longer defines comes back from the second copy of the series records
//!   ([`SeriesCopy`](crate::SeriesCopy)), in front of the first loss, so that Prometheus has it, too.
//!
//! # A crash at any moment
//!
//! Everything that is replaced is replaced in one step, and each step leaves a log that a second repair finds in the same
//! state or a better one:
//!
//! 1. The new segment is written as `N.tmp`, a name that nobody reads, and synced.
//! 2. The original gets a second name in the folder aside, and that folder is synced. (Where the file system has no
//!    hard links, or the folder lies on another one, it is copied, synced, and then named.) From here on nothing can be lost.
//! 3. Cursors that point behind the first loss move back to it: what follows will lie elsewhere, and a record that is sent
//!    twice is better than one that is not sent. What lies before it stays where it was.
//! 4. `N.tmp` becomes `N`: a rename over the original, so that there is no moment without a segment of that number.
//!
//! After a crash between 2 and 4 the next repair puts the original aside once more, under another name.
//!
//! A full disk, or any other error, ends the repair with the log as it was found, or with some of its segments repaired.

mod aside;
mod orphans;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{Fs, OpenMode, Result};

pub use aside::put_aside;

use crate::cursor::Cursors;
use crate::frame::{Framer, Payload};
use crate::output::Output;
use crate::read::{list_or_none, newest_checkpoint};
use crate::{
    Cause, Compression, Damage, Event, LogKind, LogReader, Position, ReadOptions, SegmentId, SegmentReader, TMP_SUFFIX,
    checkpoint_name, segment_name,
};

/// How many numbers may be missing in a row before the segments behind them are numbered anew.
///
/// A log of this many segments of 128 MiB has 8 TiB.
pub const MAX_GAP: u64 = 65_536;

/// What a repair is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RepairOptions {
    /// Which log it is.
    pub kind: LogKind,
    /// Where originals go: `promd/aside` in the data directory. It is made when it is needed.
    pub aside: PathBuf,
    /// The cursors that point into this log, if there are some.
    pub cursors: Option<PathBuf>,
    /// The second copy of its series records, if there is one.
    pub series: Option<PathBuf>,
    /// How the log is read.
    pub read: ReadOptions,
}

impl RepairOptions {
    /// For a log of this kind, with originals going to `aside`; without cursors and second copy.
    #[must_use]
    pub fn new(kind: LogKind, aside: impl Into<PathBuf>) -> Self {
        Self { kind, aside: aside.into(), cursors: None, series: None, read: ReadOptions::default() }
    }

    /// The same, with the cursors in this folder.
    #[must_use]
    pub fn cursors(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cursors = Some(folder.into());
        self
    }

    /// The same, reading the log in this way.
    #[must_use]
    pub fn read(mut self, read: ReadOptions) -> Self {
        self.read = read;
        self
    }

    /// The same, with the second copy of the series records in this folder.
    #[must_use]
    pub fn series(mut self, folder: impl Into<PathBuf>) -> Self {
        self.series = Some(folder.into());
        self
    }
}

/// What was wrong, and what was done about it. Without damage it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// All that was found, in the order of the log.
    pub damage: Vec<Damage>,
    /// The segments that were written again, and where their originals are.
    pub rewritten: Vec<Rewritten>,
    /// Where the last segment was cut.
    pub cut: Option<Position>,
    /// The numbers for which empty segments were made.
    pub filled: Vec<Range<u64>>,
    /// The number of a checkpoint that was made, of nothing but the series that came back, since the log began above 0 without one.
    pub checkpoint_made: Option<u64>,
    /// Segments that have another number now: the old and the new one.
    pub renumbered: Vec<(u64, u64)>,
    /// How many series came back from the second copy.
    pub series_restored: u64,
    /// How many series are used by the log and defined nowhere: their samples cannot be told whose they are.
    pub series_lost: u64,
    /// How many cursors went back to the first loss of their segment.
    pub cursors_moved: u64,
}

impl Report {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something that was written whole is gone.
    #[must_use]
    pub fn has_loss(&self) -> bool {
        self.damage.iter().any(|damage| damage.cause.is_loss())
    }
}

/// A segment that was written again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The segment.
    pub segment: SegmentId,
    /// How many records it has.
    pub records: u64,
    /// Where the original is.
    pub original: PathBuf,
}

/// Repairs a log that nobody has open, and tells what it found.
///
/// A log without damage is read once, and nothing is written.
pub fn repair(fs: &Arc<dyn Fs>, dir: &Path, options: &RepairOptions) -> Result<Report> {
    if !fs.exists(dir)? {
        return Ok(Report::default());
    }
    Repair { fs, dir, options, report: Report::default(), restore: Vec::new() }.run()
}

struct Repair<'a> {
    fs: &'a Arc<dyn Fs>,
    dir: &'a Path,
    options: &'a RepairOptions,
    report: Report,
    /// A series record to be put in front of the first loss; empty if there is none, or it was put.
    restore: Vec<u8>,
}

impl Repair<'_> {
    fn run(mut self) -> Result<Report> {
        self.close_large_gaps()?;
        self.report.damage = self.inspect()?;
        self.find_orphans()?;
        let mut segments: BTreeMap<SegmentId, Vec<Damage>> = BTreeMap::new();
        for damage in &self.report.damage {
            segments.entry(damage.segment).or_default().push(damage.clone());
        }
        for (segment, damage) in &segments {
            match damage.as_slice() {
                [Damage { cause: Cause::Missing { segments }, .. }] => self.fill(*segment, *segments)?,
                [Damage { cause: Cause::Torn, range, .. }] => self.cut(*segment, range.start)?,
                _ => self.rewrite(*segment, damage)?,
            }
        }
        self.close_gaps()?;
        Ok(self.report)
    }

    fn reader(&self) -> Result<LogReader> {
        LogReader::open(Arc::clone(self.fs), self.dir, self.options.kind, self.options.read)
    }

    fn inspect(&self) -> Result<Vec<Damage>> {
        let mut reader = self.reader()?;
        let mut found = Vec::new();
        while let Some(event) = reader.next()? {
            if let Event::Damage(damage) = event {
                found.push(damage);
            }
        }
        Ok(found)
    }

    /// Looks in the second copy for the series whose records are lost.
    fn find_orphans(&mut self) -> Result<()> {
        if self.options.kind != LogKind::Wal || !self.report.has_loss() {
            return Ok(());
        }
        let orphans = orphans::find(self.reader()?)?;
        let (mut restored, mut record) = (0, Vec::new());
        if let Some(series) = self.options.series.as_ref().filter(|_| !orphans.is_empty()) {
            restored = orphans::restore(self.fs, series, &orphans, &mut record)?;
        }
        self.restore = record;
        self.report.series_restored = restored;
        self.report.series_lost = orphans.len() as u64 - restored;
        Ok(())
    }

    /// Puts the series that came back, unless that has been done.
    fn put_restored(&mut self, output: &mut Output) -> Result<()> {
        if self.restore.is_empty() {
            return Ok(());
        }
        let record = std::mem::take(&mut self.restore);
        // An encoder that fails leaves the record as it is.
        let plain = Payload { compression: Compression::None, bytes: &record };
        let mut framer = Framer::new();
        output.put(framer.payload(Compression::Snappy, &record).unwrap_or(plain))
    }

    fn rewrite(&mut self, segment: SegmentId, damage: &[Damage]) -> Result<()> {
        let path = self.dir.join(segment.path());
        let temporary = temporary(&path);
        let written = self.write_again(segment, damage, &temporary);
        let records = written.inspect_err(|_| {
            // It takes space, which may be what there is too little of.
            self.fs.remove_file(&temporary).ok();
        })?;
        let original = aside::put(&**self.fs, &path, &self.options.aside, &aside::name(self.dir, segment))?;
        if let (None, Some(first)) = (segment.checkpoint, damage.first()) {
            self.move_cursors(Position::new(segment.number, first.range.start))?;
        }
        self.fs.rename_durably(&temporary, &path)?;
        self.report.rewritten.push(Rewritten { segment, records, original });
        Ok(())
    }

    fn write_again(&mut self, segment: SegmentId, damage: &[Damage], temporary: &Path) -> Result<u64> {
        let mut reader = SegmentReader::new(self.options.read);
        reader.open(&**self.fs, self.dir, segment)?;
        let mut output = Output::create(&**self.fs, temporary)?;
        let first_loss =
            damage.iter().find(|damage| damage.cause.is_loss()).map_or(u64::MAX, |damage| damage.range.start);
        while let Some(event) = reader.next()? {
            let Event::Record(record) = event else { continue };
            if record.start >= first_loss {
                self.put_restored(&mut output)?;
            }
            output.put(Payload { compression: record.compression, bytes: record.stored })?;
        }
        if first_loss != u64::MAX {
            self.put_restored(&mut output)?;
        }
        let records = output.records();
        output.finish()?;
        Ok(records)
    }

    /// Cuts what was not written to its end. In place: nothing that was acknowledged lies there.
    fn cut(&mut self, segment: SegmentId, len: u64) -> Result<()> {
        let file = self.fs.open(&self.dir.join(segment.path()), OpenMode::Write)?;
        file.set_len(len)?;
        file.sync_data()?;
        let position = Position::new(segment.number, len);
        self.move_cursors(position)?;
        self.report.cut = Some(position);
        Ok(())
    }

    /// Makes segments for numbers that are missing.
    fn fill(&mut self, first: SegmentId, segments: u64) -> Result<()> {
        let numbers = first.number..first.number + segments;
        if self.is_before_begin(first)? {
            return self.make_checkpoint(numbers.end - 1);
        }
        for number in numbers.clone() {
            self.create(SegmentId { number, ..first })?;
        }
        if first.checkpoint.is_none() {
            self.report.filled.push(numbers);
        }
        Ok(())
    }

    /// Whether a missing segment is one before all others, without a checkpoint that they would have to follow.
    fn is_before_begin(&self, missing: SegmentId) -> Result<bool> {
        if missing.checkpoint.is_some() || newest_checkpoint(&**self.fs, self.dir)?.is_some() {
            return Ok(false);
        }
        Ok(list_or_none(&**self.fs, self.dir)?.first().is_none_or(|segment| segment.number > missing.number))
    }

    /// Makes a checkpoint that stands for the segments before the first one: without it Prometheus looks for segment 0, and
    /// does not start. It is empty, or holds the series that came back.
    fn make_checkpoint(&mut self, number: u64) -> Result<()> {
        let path = self.dir.join(checkpoint_name(number));
        let temporary = temporary(&path);
        if self.fs.exists(&temporary)? {
            self.fs.remove_dir_all(&temporary)?;
        }
        self.fs.create_dir(&temporary)?;
        let mut output = Output::create(&**self.fs, &temporary.join(segment_name(0)))?;
        self.put_restored(&mut output)?;
        output.finish()?;
        self.fs.sync_dir(&temporary)?;
        self.fs.rename_durably(&temporary, &path)?;
        self.report.checkpoint_made = Some(number);
        Ok(())
    }

    /// Makes a segment that is not there: empty, or of the series that came back.
    fn create(&mut self, segment: SegmentId) -> Result<()> {
        let path = self.dir.join(segment.path());
        let temporary = temporary(&path);
        let mut output = Output::create(&**self.fs, &temporary)?;
        self.put_restored(&mut output)?;
        output.finish()?;
        self.fs.rename_durably(&temporary, &path)
    }

    /// Fills the gaps that are no damage to a reader: among segments that the checkpoint stands for, and up to it if there is
    /// no segment behind it. Prometheus does not start over the first, and in the second case would number its next
    /// segments as if the checkpoint stood for them.
    fn close_gaps(&mut self) -> Result<()> {
        let (mut gaps, mut next) = (Vec::new(), None);
        for segment in list_or_none(&**self.fs, self.dir)? {
            gaps.extend(next.map(|next| next..segment.number));
            next = segment.number.checked_add(1);
        }
        if self.options.kind == LogKind::Wal
            && let Some(checkpoint) = newest_checkpoint(&**self.fs, self.dir)?
        {
            gaps.push(next.unwrap_or(checkpoint)..checkpoint.saturating_add(1));
        }
        for gap in gaps.into_iter().filter(|gap| !gap.is_empty() && gap.end - gap.start <= MAX_GAP) {
            for number in gap.clone() {
                self.create(SegmentId::log(number))?;
            }
            self.report.filled.push(gap);
        }
        Ok(())
    }

    /// Moves down what lies behind a gap that no log can have.
    fn close_large_gaps(&mut self) -> Result<()> {
        let mut expected = None;
        if self.options.kind == LogKind::Wal {
            expected = newest_checkpoint(&**self.fs, self.dir)?.map(|checkpoint| checkpoint.saturating_add(1));
        }
        for segment in list_or_none(&**self.fs, self.dir)? {
            let mut number = segment.number;
            if let Some(expected) = expected.filter(|expected| number.saturating_sub(*expected) > MAX_GAP) {
                let path = |number| self.dir.join(segment_name(number));
                self.fs.rename_durably(&path(number), &path(expected))?;
                self.report.renumbered.push((number, expected));
                number = expected;
            }
            expected = number.checked_add(1).max(expected);
        }
        Ok(())
    }

    fn move_cursors(&mut self, to: Position) -> Result<()> {
        let Some(folder) = &self.options.cursors else { return Ok(()) };
        self.report.cursors_moved += Cursors::open(Arc::clone(self.fs), folder).move_back(to)?;
        Ok(())
    }
}

/// What a segment is called until it is whole.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TMP_SUFFIX);
    PathBuf::from(name)
}

/// Removes what a crash left behind: checkpoints and segments that were not finished. They hold nothing that is not
/// elsewhere.
///
/// Whoever opens a log does it before anything else; [`repair`] does not need it.
pub fn remove_leftovers(fs: &dyn Fs, dir: &Path) -> Result<()> {
    let listed = match fs.read_dir(dir) {
        Err(error) if error.is_not_found() => return Ok(()),
        listed => listed?,
    };
    for entry in listed {
        let Some(name) = entry.text().and_then(|name| name.strip_suffix(TMP_SUFFIX)) else { continue };
        let path = dir.join(&entry.name);
        if crate::parse_segment_name(name).is_some() {
            fs.remove_file(&path)?;
        } else if crate::parse_checkpoint_name(name).is_some() {
            fs.remove_dir_all(&path)?;
        }
    }
    if let Some(checkpoint) = newest_checkpoint(fs, dir)? {
        let inside = dir.join(checkpoint_name(checkpoint));
        for entry in fs.read_dir(&inside)? {
            if entry.text().is_some_and(|name| name.ends_with(TMP_SUFFIX)) {
                fs.remove_file(&inside.join(&entry.name))?;
            }
        }
    }
    Ok(())
}
