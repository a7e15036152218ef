//! The seam: what storage asks of a file system.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Access, Appender, Error, ErrorKind, FsKind, Limits, Lock, Map, Op, Result, Space};

/// A file system, as far as a storage engine needs one. Used as `Arc<dyn Fs>`.
///
/// The first half is what an implementation provides, each method one step that a crash can fall before or after. The
/// second half is composed of the first, so that a simulated crash also falls *inside* a composite.
///
/// Every method may be called from any thread. All of them block; an asynchronous caller comes through a pool of
/// blocking threads.
pub trait Fs: Debug + Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>>;

    /// Maps a whole file that nobody will change again: a finished block file, a sealed head-chunk file. `access` is a
    /// hint for the read-ahead. A file that still grows is read by [`File::read_at`].
    fn map(&self, path: &Path, access: Access) -> Result<Map>;

    /// Gives a file or directory another name, atomically replacing a file (or an empty directory) of that name.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Gives a file a second name.
    fn hard_link(&self, original: &Path, link: &Path) -> Result<()>;

    /// Removes a name of a file; its bytes go when the last name, handle and map are gone.
    fn remove_file(&self, path: &Path) -> Result<()>;

    /// Removes an empty directory.
    fn remove_dir(&self, path: &Path) -> Result<()>;

    /// Makes one directory in an existing one.
    fn create_dir(&self, path: &Path) -> Result<()>;

    /// The entries of a directory, sorted by name, bytewise. An entry that vanishes during the listing is left out.
    fn read_dir(&self, path: &Path) -> Result<Vec<Entry>>;

    /// Kind and size of what a path leads to; symbolic links are followed.
    fn metadata(&self, path: &Path) -> Result<Metadata>;

    /// Makes the entries of a directory durable: what was created, renamed, linked and removed in it. The bytes of the
    /// files are [`File::sync_data`]'s business.
    fn sync_dir(&self, path: &Path) -> Result<()>;

    /// Locks a file, which is created if need be, against every other process, Prometheus included. Does not wait: a lock
    /// held elsewhere is [`ErrorKind::Locked`].
    fn lock(&self, path: &Path) -> Result<Lock>;

    /// The size of the file system that holds `path`, and what is free of it.
    fn space(&self, path: &Path) -> Result<Space>;

    /// What sort of file system holds `path`.
    fn kind(&self, path: &Path) -> Result<FsKind>;

    /// What the operating system allows the process. Nothing is known to be limited unless a file system says so.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Whether something is at `path`.
    fn exists(&self, path: &Path) -> Result<bool> {
        match self.metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Opens a file for appending, creating it if it is missing.
    fn append(&self, path: &Path) -> Result<Appender> {
        Appender::new(self.open(path, OpenMode::Create)?)
    }

    /// Makes a directory and those above it that are missing. It is no error if it exists.
    fn create_dir_all(&self, path: &Path) -> Result<()> {
        let mut missing = Vec::new();
        let mut at = Some(path);
        while let Some(dir) = at.filter(|dir| !dir.as_os_str().is_empty()) {
            match self.create_dir(dir) {
                Ok(()) => break,
                Err(error) if error.is_not_found() => missing.push(dir),
                Err(error) => return unless_a_directory(self, dir, error),
            }
            at = dir.parent();
        }
        for dir in missing.into_iter().rev() {
            // Another thread may make the same directories.
            self.create_dir(dir).or_else(|error| unless_a_directory(self, dir, error))?;
        }
        Ok(())
    }

    /// Removes a directory and all that it holds; symbolic links are removed, not followed. Not atomic: rename it out of
    /// the way first if a half-removed directory could be mistaken for a whole one.
    fn remove_dir_all(&self, path: &Path) -> Result<()> {
        // Every directory follows the one that holds it, so that the reverse is an order of removal.
        let mut emptied: Vec<PathBuf> = Vec::new();
        let mut queue = VecDeque::from([path.to_path_buf()]);
        while let Some(dir) = queue.pop_front() {
            for entry in self.read_dir(&dir)? {
                let inside = dir.join(&entry.name);
                match entry.kind {
                    EntryKind::Directory => queue.push_back(inside),
                    _ => self.remove_file(&inside)?,
                }
            }
            emptied.push(dir);
        }
        emptied.iter().rev().try_for_each(|dir| self.remove_dir(dir))
    }

    /// Renames, and makes the rename durable in both directories.
    fn rename_durably(&self, from: &Path, to: &Path) -> Result<()> {
        self.rename(from, to)?;
        self.sync_dir(parent(to))?;
        if parent(from) == parent(to) { Ok(()) } else { self.sync_dir(parent(from)) }
    }

    /// Replaces the content of a file in one step, or leaves it as it was: whatever happens, power loss included, the
    /// path holds either the old content or the new. The new content is durable on return.
    ///
    /// The bytes go through `<path>.tmp`, the name that Prometheus uses for `meta.json` and removes at start.
    fn write_atomically(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let temporary = with_suffix(path, ".tmp");
        let written = self.open(&temporary, OpenMode::Truncate).and_then(|file| {
            file.write_all_at(bytes, 0)?;
            file.sync_all()
        });
        if let Err(error) = written.and_then(|()| self.rename(&temporary, path)) {
            // The first error is the one to tell; a leftover is removed by the next attempt.
            self.remove_file(&temporary).ok();
            return Err(error);
        }
        self.sync_dir(parent(path))
    }

    /// The whole content of a file of at most `cap` bytes; a larger one is [`ErrorKind::TooLarge`].
    fn read_to_vec(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        let file = self.open(path, OpenMode::Read)?;
        let too_large = || Error::new(Op::Read, path, ErrorKind::TooLarge);
        let size = file.size()?;
        if size > cap {
            return Err(too_large());
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| too_large())?];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, filled as u64)? {
                // It shrank after it was measured.
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

/// An open file. Dropping the handle closes it, and syncs nothing.
///
/// Reads may come from any number of threads at once. Writes to one file come from one thread at a time: who writes is
/// the business of the layer above, and [`Appender`] is the usual way.
pub trait File: Debug + Send + Sync {
    /// The path that it was opened by; a rename since then does not show.
    fn path(&self) -> &Path;

    /// Its length in bytes.
    fn size(&self) -> Result<u64>;

    /// Reads at an offset, at most as many bytes as the buffer holds. May read fewer; reads none only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes at an offset, which may lie past the end. May write fewer bytes than given; a full disk first does so, then
    /// says [`ErrorKind::DiskFull`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize>;

    /// Cuts the file, or extends it by zeros that take no space.
    fn set_len(&self, len: u64) -> Result<()>;

    /// Reserves space for the first `len` bytes and leaves the length as it is. `false`: the file system cannot, and a
    /// later write may find the disk full.
    fn preallocate(&self, len: u64) -> Result<bool>;

    /// Makes the bytes durable, and the length; not times and modes.
    ///
    /// After an error the bytes written since the last success may be lost *although they can still be read*, and the next
    /// call may succeed all the same: Linux reports a failed write-back once and forgets the pages. So never sync again;
    /// write the bytes again, to another place.
    fn sync_data(&self) -> Result<()>;

    /// [`sync_data`](Self::sync_data), with times and modes. The directory entry is [`Fs::sync_dir`]'s business.
    fn sync_all(&self) -> Result<()>;

    /// Fills the buffer; a file that ends before is [`ErrorKind::UnexpectedEnd`].
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset + filled as u64)? {
                0 => return Err(Error::new(Op::Read, self.path(), ErrorKind::UnexpectedEnd)),
                read => filled += read,
            }
        }
        Ok(())
    }

    /// Writes all bytes. After an error some of them may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match self.write_at(rest, offset + written as u64)? {
                // POSIX allows it only for an empty buffer; without this line it would loop for ever.
                0 => return Err(Error::new(Op::Write, self.path(), ErrorKind::DiskFull)),
                count => written += count,
            }
        }
        Ok(())
    }
}

/// How a file is opened. Every mode reads; all but the first write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, to read.
    Read,
    /// An existing file, to read and write.
    Write,
    /// An existing file as it is, or an empty one.
    Create,
    /// A file that must not exist.
    CreateNew,
    /// An existing file emptied, or an empty one.
    Truncate,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// File, directory or something else.
    pub kind: EntryKind,
    /// The length of a file; 0 for everything else.
    pub size: u64,
}

impl Metadata {
    /// Of a file of that length.
    #[must_use]
    pub fn file(size: u64) -> Self {
        Self { kind: EntryKind::File, size }
    }

    /// Of anything but a file.
    #[must_use]
    pub fn other(kind: EntryKind) -> Self {
        Self { kind, size: 0 }
    }
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its name in the directory.
    pub name: OsString,
    /// What it is; a symbolic link is not followed.
    pub kind: EntryKind,
    /// The length of a file; 0 for everything else.
    pub size: u64,
}

impl Entry {
    /// An entry of that name.
    #[must_use]
    pub fn new(name: OsString, metadata: Metadata) -> Self {
        Self { name, kind: metadata.kind, size: metadata.size }
    }

    /// The name as text. Every name that Prometheus or promd gives is; `None` is somebody else's file.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.name.to_str()
    }
}

/// The sort of thing that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link (only in a listing).
    Symlink,
    /// A pipe, a socket, a device.
    Other,
}

/// The directory that holds `path`: what to sync after a change of its name.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// An error of making a directory, unless it is that there is one.
fn unless_a_directory<F: Fs + ?Sized>(fs: &F, dir: &Path, error: Error) -> Result<()> {
    let there = error.kind() == ErrorKind::AlreadyExists && fs.metadata(dir)?.kind == EntryKind::Directory;
    if there { Ok(()) } else { Err(error) }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsStr::to_os_string);
    name.push(suffix);
    path.with_file_name(name)
}
