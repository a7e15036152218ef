//! Bytes on their way into a file: gathered, and written in large pieces.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_codec::Writer;
use promd_fs::{Error, ErrorKind, File, Fs, Op, OpenMode};

use crate::BlockError;
use crate::index::format::MAX_LEN;

/// How much is gathered before it is written.
const PIECE: usize = 256 << 10;

/// A file that is written from front to back.
#[derive(Debug)]
pub(super) struct Output {
    file: Arc<dyn File>,
    /// How much is in the file.
    written: u64,
    /// What follows it.
    buffer: Vec<u8>,
}

impl Output {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        Self { file, written: 0, buffer: Vec::new() }
    }

    /// The offset of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends what `put` writes.
    pub(super) fn put(&mut self, put: impl FnOnce(&mut Writer<'_>)) -> Result<(), BlockError> {
        put(&mut Writer::new(&mut self.buffer));
        if self.position() > MAX_LEN {
            return Err(BlockError::Invalid(format!("{:?} exceeding max size of 64GiB", self.file.path())));
        }
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(())
    }

    /// Appends zeros up to the next multiple of `size`.
    pub(super) fn pad(&mut self, size: usize) -> Result<(), BlockError> {
        let position = self.position();
        let zeros = position.next_multiple_of(size as u64) - position;
        self.put(|writer| writer.put_zeros(usize::try_from(zeros).unwrap_or_default()))
    }

    /// Puts all that was gathered into the file. If it fails it can be tried again: nothing was passed over.
    pub(super) fn flush(&mut self) -> Result<(), BlockError> {
        self.file.write_all_at(&self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Replaces bytes that are in the file already.
    pub(super) fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<(), BlockError> {
        self.flush()?;
        Ok(self.file.write_all_at(bytes, offset)?)
    }

    /// The file, to read back what was flushed.
    pub(super) fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// What was written a moment ago does not read back.
    pub(super) fn lost(&self) -> BlockError {
        Error::new(Op::Read, self.file.path(), ErrorKind::Io).into()
    }

    /// Makes the bytes durable.
    pub(super) fn sync(&mut self) -> Result<(), BlockError> {
        self.flush()?;
        Ok(self.file.sync_data()?)
    }
}

/// How much of a spool is kept in memory.
const SPOOLED_IN_MEMORY: usize = 1 << 20;

/// Bytes put aside until the place is reached where they belong: in memory, or in a temporary file once they are many.
pub(super) struct Spool {
    fs: Arc<dyn Fs>,
    path: PathBuf,
    buffer: Vec<u8>,
    file: Option<Output>,
}

impl Spool {
    /// A spool whose file, if it needs one, is called `path`.
    pub(super) fn new(fs: Arc<dyn Fs>, path: PathBuf) -> Self {
        Self { fs, path, buffer: Vec::new(), file: None }
    }

    /// How many bytes were put aside.
    pub(super) fn len(&self) -> u64 {
        self.file.as_ref().map_or(0, Output::position) + self.buffer.len() as u64
    }

    /// Puts aside what `put` writes.
    pub(super) fn put(&mut self, put: impl FnOnce(&mut Writer<'_>)) -> Result<(), BlockError> {
        put(&mut Writer::new(&mut self.buffer));
        if self.buffer.len() >= SPOOLED_IN_MEMORY {
            if self.file.is_none() {
                self.file = Some(Output::new(self.fs.open(&self.path, OpenMode::Truncate)?));
            }
            if let Some(file) = &mut self.file {
                file.put(|writer| writer.put_bytes(&self.buffer))?;
                self.buffer.clear();
            }
        }
        Ok(())
    }

    /// Hands back, piece by piece, what was put aside.
    pub(super) fn drain(&mut self, mut take: impl FnMut(&[u8]) -> Result<(), BlockError>) -> Result<(), BlockError> {
        if let Some(output) = &mut self.file {
            output.flush()?;
            let mut piece = vec![0; PIECE];
            let mut offset = 0;
            while offset < output.written {
                let length = output.file.read_at(&mut piece, offset)?;
                if length == 0 {
                    return Err(output.lost());
                }
                take(piece.get(..length).unwrap_or_default())?;
                offset += length as u64;
            }
        }
        take(&self.buffer)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // A leftover goes with the temporary folder of the block.
            self.fs.remove_file(&self.path).ok();
        }
    }
}

/// The name of the temporary file for the postings offset table, as Prometheus calls it.
pub(super) fn spool_path(index: &Path) -> PathBuf {
    let mut name = index.file_name().unwrap_or_default().to_os_string();
    name.push("_tmp_po");
    index.with_file_name(name)
}
