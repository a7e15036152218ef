//! Appending, whole records or nothing.

use std::fmt;
use std::sync::Arc;

use crate::{File, Result};

/// Appends to a file, and keeps count of where its whole records end.
///
/// A write that fails half-way, as on a full disk, leaves a torn tail. The appender knows where it begins: the next
/// append overwrites it, and [`roll_back`](Self::roll_back) cuts it, so that a reader never meets a fragment in the
/// middle of the file. There is at most one appender to a file; readers share [`file`](Self::file).
///
/// ```
/// use promd_fs::{Fs, SimFs};
///
/// let fs = SimFs::new(1);
/// let mut wal = fs.append("/00000000".as_ref())?;
/// assert_eq!(wal.append(b"first")?, 0);
/// assert_eq!(wal.append(b"second")?, 5);
/// wal.file().sync_data()?;
/// # Ok::<(), promd_fs::Error>(())
/// ```
pub struct Appender {
    file: Arc<dyn File>,
    end: u64,
    torn: bool,
}

impl Appender {
    /// Appends after the last byte of a file.
    pub fn new(file: Arc<dyn File>) -> Result<Self> {
        let end = file.size()?;
        Ok(Self { file, end, torn: false })
    }

    /// Appends all the bytes, and returns the offset of the first. After an error the end is where it was.
    pub fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        let start = self.end;
        // A longer torn tail would stick out behind a shorter record.
        self.roll_back()?;
        if let Err(error) = self.file.write_all_at(bytes, start) {
            self.torn = true;
            return Err(error);
        }
        self.end = start + bytes.len() as u64;
        Ok(start)
    }

    /// Cuts what a failed append left. Does nothing if none failed.
    pub fn roll_back(&mut self) -> Result<()> {
        if self.torn {
            self.file.set_len(self.end)?;
            self.torn = false;
        }
        Ok(())
    }

    /// The offset of the next append.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The file, to sync it, to reserve space, or to read what was appended.
    #[must_use]
    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender").field("file", &self.file).field("end", &self.end).field("torn", &self.torn).finish()
    }
}
