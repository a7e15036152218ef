//! A file in memory, and the honest answer whether all of it is there.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Error, ErrorKind, Op, Result};

/// How a map will be read: a hint that decides how much the kernel reads around a page that is not in memory.
///
/// It matters on a cold cache. A chunk of 1 KiB at a random place costs one page with `Random`, and up to some megabytes
/// with `Normal`; a pass over a whole file wants the read-ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// The kernel guesses.
    #[default]
    Normal,
    /// Scattered small reads: chunk segments and index files under queries.
    Random,
    /// One pass from front to back: compaction.
    Sequential,
}

/// A mapped file. Cheap to clone; the map lives as long as any clone, or any [`Bytes`] cut from it.
///
/// A file can be cut short, and a disk can fail, while it is mapped. The process survives, the missing pages read as
/// zeros, and [`check`](Self::check) says so. Zeros do not always betray themselves, so:
///
/// 1. take the bytes, with [`slice`](Self::slice) or [`read`](Self::read);
/// 2. verify their checksum, which also catches what no map can notice: flipped bits, punched holes, and the zeros that
///    follow the new end of a file inside its last page;
/// 3. ask `check` after the last look at the bytes (`read` does).
///
/// ```
/// use promd_fs::{Access, ErrorKind, Fs, OpenMode, RealFs};
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = &dir.path().join("segment");
/// let fs = RealFs::new();
/// let file = fs.open(path, OpenMode::CreateNew)?;
/// file.write_all_at(&[7; 100_000], 0)?;
/// let map = fs.map(path, Access::Random)?;
/// assert_eq!(map.read(60_000..60_010, |bytes| bytes.to_vec())?, [7; 10]);
///
/// // Somebody cuts the file. What is left of it can be read; what is gone is an error, not a signal.
/// file.set_len(10)?;
/// assert_eq!(map.read(0..10, |bytes| bytes.to_vec())?, [7; 10]);
/// let error = map.read(60_000..60_010, |bytes| bytes.to_vec()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::LostPages);
/// # Ok::<(), promd_fs::Error>(())
/// ```
///
/// A system call that is handed lost bytes, to write them elsewhere, fails with [`ErrorKind::LostPages`] by itself.
///
/// Bytes near a lost page may be reported as lost although they are not (a map remembers losses by 1/256 of its length):
/// [`File::read_at`](crate::File::read_at) then tells what the disk still has.
#[derive(Clone)]
pub struct Map {
    path: Arc<Path>,
    bytes: Bytes,
    witness: Option<Arc<dyn Witness>>,
}

/// Knows which parts of a map were lost. For implementors of [`Fs`](crate::Fs).
pub trait Witness: Send + Sync {
    /// Whether a byte of the range (which lies inside the map) may be missing.
    fn lost(&self, range: Range<usize>) -> bool;

    /// Takes the pages that lie within the range (which lies inside the map) out of the memory of the process, if they can be had
    /// again from the file.
    fn forget(&self, _range: Range<usize>) {}
}

impl Map {
    /// Bytes that cannot be lost, for instance because they were copied.
    #[must_use]
    pub fn new(path: &Path, bytes: Bytes) -> Self {
        Self { path: path.into(), bytes, witness: None }
    }

    /// Bytes that can be lost, and who knows about it.
    #[must_use]
    pub fn with_witness(path: &Path, bytes: Bytes, witness: Arc<dyn Witness>) -> Self {
        Self { path: path.into(), bytes, witness: Some(witness) }
    }

    /// The path that was mapped.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the file when it was mapped.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the file was empty when it was mapped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All of it, unchecked.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// A part of it, without a copy; past the end is [`ErrorKind::UnexpectedEnd`]. Says what is known to be lost already.
    pub fn slice(&self, range: Range<usize>) -> Result<Bytes> {
        self.check(range.clone())?;
        Ok(self.bytes.slice(range))
    }

    /// Looks at a part of it, and says afterwards whether what was seen was there.
    pub fn read<T>(&self, range: Range<usize>, look: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let Some(bytes) = self.bytes.get(range.clone()) else { return Err(self.error(ErrorKind::UnexpectedEnd)) };
        let seen = look(bytes);
        self.check(range)?;
        Ok(seen)
    }

    /// Whether a part of it has been there whenever it was read so far. Costs one atomic load while
    /// the process has lost nothing.
    pub fn check(&self, range: Range<usize>) -> Result<()> {
        if range.start > range.end || range.end > self.bytes.len() {
            return Err(self.error(ErrorKind::UnexpectedEnd));
        }
        match &self.witness {
            Some(witness) if witness.lost(range) => Err(self.error(ErrorKind::LostPages)),
            _ => Ok(()),
        }
    }

    /// Says that a part of it is not needed soon: whole pages of it leave the memory of the process. What is read there later is
    /// fetched again, and losses are remembered. So it is never wrong, only slow for what is needed again.
    ///
    /// For a pass over files that together are larger than the memory should get, by a reader that is told how much memory it
    /// takes: the kernel lets go of such pages by itself, but only when it is short of memory.
    pub fn forget(&self, range: Range<usize>) {
        if let Some(witness) = &self.witness
            && range.start < range.end
            && range.end <= self.bytes.len()
        {
            witness.forget(range);
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Op::Map, &*self.path, kind)
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("path", &self.path).field("len", &self.bytes.len()).finish_non_exhaustive()
    }
}
