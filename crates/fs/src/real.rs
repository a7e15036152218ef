//! The file system of the operating system (Linux).

mod guard;
mod mapped;
mod registry;

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{FallocateFlags, FlockOperation};

use crate::lock::HeldLock;
use crate::{Access, Entry, EntryKind, Error, ErrorKind, File, Fs, FsKind, Lock, Map, Metadata, Op, OpenMode};
use crate::{Limits, Result, Space};

pub use registry::lost_pages;

/// The file system of the operating system.
///
/// The first [`map`](Fs::map) of the process installs a handler of SIGBUS, which keeps the process alive when a mapped
/// file is cut or its disk fails, and passes on every other SIGBUS to the handler that was there before. A program that
/// installs one of its own later must pass on what it does not know, or use [`without_maps`](Self::without_maps).
#[derive(Clone, Debug)]
pub struct RealFs {
    maps: bool,
}

impl RealFs {
    /// With memory maps.
    #[must_use]
    pub fn new() -> Self {
        Self { maps: true }
    }

    /// [`map`](Fs::map) reads the file into memory instead. No signal handler, no address space, and memory in proportion
    /// to the files: for tools, tests and comparisons.
    #[must_use]
    pub fn without_maps() -> Self {
        Self { maps: false }
    }
}

impl Default for RealFs {
    fn default() -> Self {
        Self::new()
    }
}

impl Fs for RealFs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        Ok(Arc::new(open(Op::Open, path, mode)?))
    }

    fn map(&self, path: &Path, access: Access) -> Result<Map> {
        let failed = |error| Error::from_io(Op::Map, path, error);
        let RealFile { file, .. } = open(Op::Map, path, OpenMode::Read)?;
        let size = file.metadata().map_err(failed)?.len();
        let len = usize::try_from(size).map_err(|_| Error::new(Op::Map, path, ErrorKind::TooLarge))?;
        if !self.maps {
            let bytes = self.read_to_vec(path, size)?;
            return Ok(Map::new(path, bytes.into()));
        }
        if len == 0 {
            // The kernel does not map nothing.
            return Ok(Map::new(path, Bytes::new()));
        }
        let mapping = mapped::map(&file, len, access).map_err(|error| match error.raw_os_error() {
            Some(libc::ENOMEM) => failed(error).with_kind(ErrorKind::TooManyMaps),
            _ => failed(error),
        })?;
        let mapping = Arc::new(mapping);
        Ok(Map::with_witness(path, Bytes::from_owner(mapped::Owner(Arc::clone(&mapping))), mapping))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).map_err(|error| Error::from_io(Op::Rename, from, error).with_target(to))
    }

    fn hard_link(&self, original: &Path, link: &Path) -> Result<()> {
        fs::hard_link(original, link).map_err(|error| Error::from_io(Op::Link, original, error).with_target(link))
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        fs::remove_file(path).map_err(|error| Error::from_io(Op::Remove, path, error))
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        fs::remove_dir(path).map_err(|error| Error::from_io(Op::Remove, path, error))
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        fs::create_dir(path).map_err(|error| Error::from_io(Op::CreateDir, path, error))
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<Entry>> {
        let failed = |error| Error::from_io(Op::ReadDir, path, error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            match entry.metadata() {
                Ok(found) => entries.push(Entry::new(entry.file_name(), metadata(&found))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        let found = fs::metadata(path).map_err(|error| Error::from_io(Op::Stat, path, error))?;
        Ok(metadata(&found))
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        let failed = |error| Error::from_io(Op::SyncDir, path, error);
        let dir = fs::File::open(path).map_err(failed)?;
        if !dir.metadata().map_err(failed)?.is_dir() {
            return Err(Error::new(Op::SyncDir, path, ErrorKind::NotADirectory));
        }
        dir.sync_all().map_err(failed)
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        lock(path)
    }

    fn space(&self, path: &Path) -> Result<Space> {
        let found = rustix::fs::statvfs(path).map_err(|error| Error::from_io(Op::StatFs, path, error.into()))?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Space::new(bytes(found.f_blocks), bytes(found.f_bfree), bytes(found.f_bavail)))
    }

    fn kind(&self, path: &Path) -> Result<FsKind> {
        let found = rustix::fs::statfs(path).map_err(|error| Error::from_io(Op::StatFs, path, error.into()))?;
        // The field is signed and 32 bits wide on some machines; the numbers are not.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers have 32 bits")]
        let magic = found.f_type as u32;
        Ok(FsKind::from_magic(magic.into()))
    }

    fn limits(&self) -> Limits {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        // The second version of control groups, and the first one.
        let memory = match text("/sys/fs/cgroup/memory.max") {
            none if none.is_empty() => text("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
            memory => memory,
        };
        Limits::parse(&text("/proc/self/limits"), &text("/proc/sys/vm/max_map_count"), &memory)
    }
}

fn metadata(found: &fs::Metadata) -> Metadata {
    let kind = found.file_type();
    if kind.is_file() {
        Metadata::file(found.len())
    } else if kind.is_dir() {
        Metadata::other(EntryKind::Directory)
    } else if kind.is_symlink() {
        Metadata::other(EntryKind::Symlink)
    } else {
        Metadata::other(EntryKind::Other)
    }
}

/// Opens a file on behalf of an operation.
fn open(op: Op, path: &Path, mode: OpenMode) -> Result<RealFile> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(mode != OpenMode::Read);
    match mode {
        OpenMode::Read | OpenMode::Write => {}
        OpenMode::Create => _ = options.create(true),
        OpenMode::CreateNew => _ = options.create_new(true),
        OpenMode::Truncate => _ = options.create(true).truncate(true),
    }
    let failed = |error| Error::from_io(op, path, error);
    let file = options.open(path).map_err(failed)?;
    // Linux opens a directory for reading, and only the first read fails.
    if mode == OpenMode::Read && file.metadata().map_err(failed)?.is_dir() {
        return Err(Error::new(op, path, ErrorKind::IsADirectory));
    }
    Ok(RealFile { path: path.to_path_buf(), file })
}

#[derive(Debug)]
struct RealFile {
    path: PathBuf,
    file: fs::File,
}

impl RealFile {
    fn failed(&self, op: Op) -> impl Fn(io::Error) -> Error {
        move |error| Error::from_io(op, &self.path, error)
    }
}

impl File for RealFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn size(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(self.failed(Op::Stat))?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        uninterrupted(|| self.file.read_at(buffer, offset)).map_err(self.failed(Op::Read))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        uninterrupted(|| self.file.write_at(bytes, offset)).map_err(self.failed(Op::Write))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(self.failed(Op::Truncate))
    }

    fn preallocate(&self, len: u64) -> Result<bool> {
        if len == 0 {
            return Ok(true);
        }
        let reserve = || Ok(rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, len)?);
        match uninterrupted(reserve).map_err(self.failed(Op::Preallocate)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn sync_data(&self) -> Result<()> {
        self.file.sync_data().map_err(self.failed(Op::Sync))
    }

    fn sync_all(&self) -> Result<()> {
        self.file.sync_all().map_err(self.failed(Op::Sync))
    }
}

fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// `flock(LOCK_EX | LOCK_NB)`, as Prometheus takes it (`tsdb/fileutil/flock_unix.go`); the two kinds of lock that Linux
/// has, `flock` and `fcntl`, do not see each other.
fn lock(path: &Path) -> Result<Lock> {
    let failed = |error| Error::from_io(Op::Lock, path, error);
    loop {
        let existed = fs::exists(path).map_err(failed)?;
        let file = open(Op::Lock, path, OpenMode::Create)?.file;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| failed(errno.into()))?;
        // Between the two calls another process may have released the lock and removed the file: what is locked then has
        // no name, and a third process would lock its successor.
        let locked = file.metadata().map_err(failed)?;
        match fs::metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (locked.dev(), locked.ino()) => {
                return Ok(Lock::new(existed, Box::new(RealLock { path: path.to_path_buf(), _file: file })));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// The kernel unlocks when the file is closed.
struct RealLock {
    path: PathBuf,
    _file: fs::File,
}

impl HeldLock for RealLock {
    fn release(self: Box<Self>) -> Result<()> {
        // Needs no sync: a lock file that reappears after a power loss locks nothing.
        fs::remove_file(&self.path).map_err(|error| Error::from_io(Op::Remove, &self.path, error))
    }
}
