//! Segments that are written in one go, and are nobody's until they have their name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{File, Fs, OpenMode, Result};

use crate::frame::{self, Payload};
use crate::{PAGE, segment_name};

/// How much is framed before it is written.
const PIECE: usize = 32 * PAGE;

/// A segment under construction.
#[derive(Debug)]
pub(crate) struct Output {
    file: Arc<dyn File>,
    /// What has been written to the file, and what has not.
    written: u64,
    buffer: Vec<u8>,
    records: u64,
}

impl Output {
    /// Begins a file, or begins it anew.
    pub(crate) fn create(fs: &dyn Fs, path: &Path) -> Result<Self> {
        Ok(Self { file: fs.open(path, OpenMode::Truncate)?, written: 0, buffer: Vec::new(), records: 0 })
    }

    /// The size so far.
    pub(crate) fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn put(&mut self, payload: Payload<'_>) -> Result<()> {
        payload.put(self.len(), &mut self.buffer);
        self.records += 1;
        if self.buffer.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.write_all_at(&self.buffer, self.written)?;
        self.written = self.len();
        self.buffer.clear();
        Ok(())
    }

    /// Ends the last page and makes the bytes safe. The name is the caller's business.
    pub(crate) fn finish(mut self) -> Result<u64> {
        self.buffer.resize(self.buffer.len() + frame::padding(self.len()), 0);
        self.flush()?;
        self.file.sync_data()?;
        Ok(self.written)
    }
}

/// The segments of a directory that is under construction, from number 0.
#[derive(Debug)]
pub(crate) struct Outputs {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    segment_size: u64,
    next: u64,
    current: Output,
    bytes: u64,
}

impl Outputs {
    pub(crate) fn create(fs: Arc<dyn Fs>, dir: &Path, segment_size: u64) -> Result<Self> {
        let current = Output::create(&*fs, &dir.join(segment_name(0)))?;
        Ok(Self { fs, dir: dir.to_path_buf(), segment_size, next: 1, current, bytes: 0 })
    }

    pub(crate) fn put(&mut self, payload: Payload<'_>) -> Result<()> {
        if self.current.len() > 0 && !payload.fits(self.current.len(), self.segment_size) {
            let next = Output::create(&*self.fs, &self.dir.join(segment_name(self.next)))?;
            self.next += 1;
            self.bytes += std::mem::replace(&mut self.current, next).finish()?;
        }
        self.current.put(payload)
    }

    /// Makes all of it safe, the names in the directory too, and returns the size.
    pub(crate) fn finish(self) -> Result<u64> {
        let bytes = self.bytes + self.current.finish()?;
        self.fs.sync_dir(&self.dir)?;
        Ok(bytes)
    }
}
