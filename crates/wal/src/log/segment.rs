//! One segment that is, or was, written to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{Appender, ErrorKind, File, Fs, OpenMode};

use crate::frame;
use crate::names::segment_name;
use crate::page::PAGE;
use crate::position::Position;

/// A segment of which something may not be safe yet.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    /// Up to where a sync has covered it.
    pub(super) safe: u64,
    appender: Appender,
}

impl Segment {
    /// Begins a segment, under a name that is safe on return: a number must never be missing between two others, and a power
    /// loss can take a name and leave the next one.
    ///
    /// `leftover` says that a segment of that number, without records, may be left from an attempt that failed.
    pub(super) fn create(fs: &dyn Fs, dir: &Path, number: u64, leftover: bool) -> promd_fs::Result<Self> {
        let path = dir.join(segment_name(number));
        let file = match fs.open(&path, OpenMode::CreateNew) {
            Err(error) if leftover && error.kind() == ErrorKind::AlreadyExists => {
                fs.remove_file(&path)?;
                fs.open(&path, OpenMode::CreateNew)?
            }
            opened => opened?,
        };
        let appender = Appender::new(file)?;
        fs.sync_dir(dir)?;
        Ok(Self { number, safe: 0, appender })
    }

    /// A segment that somebody else has begun.
    pub(super) fn adopt(number: u64, file: Arc<dyn File>) -> promd_fs::Result<Self> {
        Ok(Self { number, safe: 0, appender: Appender::new(file)? })
    }

    /// The offset of the next byte.
    pub(super) fn end(&self) -> u64 {
        self.appender.end()
    }

    pub(super) fn position(&self) -> Position {
        Position::new(self.number, self.end())
    }

    pub(super) fn file(&self) -> &Arc<dyn File> {
        self.appender.file()
    }

    /// Writes fragments, all of them or none.
    pub(super) fn write(&mut self, fragments: &[u8]) -> promd_fs::Result<()> {
        self.appender.append(fragments).map(|_| ())
    }

    /// Cuts what a failed write left.
    pub(super) fn roll_back(&mut self) -> promd_fs::Result<()> {
        self.appender.roll_back()
    }

    /// Ends the last page, as Prometheus does with a segment to which nothing will be added. Returns how many bytes that took.
    pub(super) fn pad(&mut self) -> promd_fs::Result<usize> {
        let padding = frame::padding(self.end());
        self.write(ZEROS.get(..padding).unwrap_or(&ZEROS))?;
        Ok(padding)
    }
}

static ZEROS: [u8; PAGE] = [0; PAGE];

/// A file that has to be cut: it ends in what a failed write left, or in what a failed sync may have lost.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) number: u64,
    pub(super) file: Arc<dyn File>,
    /// The length that it ought to have.
    pub(super) len: u64,
    /// Whether the cut is made safe on its own. Not while the segment is still to be synced with the others: two syncs of
    /// one file at the same time share its errors, and either could miss one.
    pub(super) sync: bool,
}

impl Cut {
    /// Of what a failed write left.
    pub(super) fn torn(segment: &Segment) -> Self {
        Self { file: Arc::clone(segment.file()), len: segment.end(), sync: false, number: segment.number }
    }

    /// Of what a failed sync may have lost.
    pub(super) fn unsafe_rest(segment: &Segment) -> Self {
        Self { len: segment.safe, sync: true, ..Self::torn(segment) }
    }

    pub(super) fn make(&self) -> promd_fs::Result<()> {
        // Also if it has that length already: an earlier cut may be among what the sync has lost.
        self.file.set_len(self.len)?;
        // The one sync of a file after a failed one: it is asked for the length alone, since what lies before was safe already.
        if self.sync { self.file.sync_data() } else { Ok(()) }
    }
}

/// Where a segment is written that appears under its name only when it is whole.
pub(super) fn temporary(dir: &Path, number: u64) -> PathBuf {
    dir.join(segment_name(number) + crate::names::TMP_SUFFIX)
}
