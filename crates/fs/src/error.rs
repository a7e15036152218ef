//! What can go wrong, sorted by what a caller can do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

/// The result of an operation on a file system.
pub type Result<T> = std::result::Result<T, Error>;

/// An operation that failed: which one, on which path, and why.
///
/// Its text has the shape that Go programs, Prometheus among them, print: `open data/lock: no such file or directory`.
/// The operating system's own error, where there was one, is the [`source`](std::error::Error::source).
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    op: Op,
    path: PathBuf,
    target: Option<PathBuf>,
    kind: ErrorKind,
    source: Option<Arc<io::Error>>,
}

impl Error {
    /// An error that no operating system reported.
    #[must_use]
    pub fn new(op: Op, path: impl Into<PathBuf>, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { op, path: path.into(), target: None, kind, source: None }))
    }

    /// An error of the operating system, its kind taken from the error number.
    #[must_use]
    pub fn from_io(op: Op, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let kind = ErrorKind::of(&source);
        Self(Box::new(Inner { op, path: path.into(), target: None, kind, source: Some(Arc::new(source)) }))
    }

    /// The same error, of an operation with a second path: the new name of a rename or a link.
    #[must_use]
    pub fn with_target(mut self, target: impl Into<PathBuf>) -> Self {
        self.0.target = Some(target.into());
        self
    }

    /// The same error with a kind that the error number alone does not tell.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What was tried.
    #[must_use]
    pub fn op(&self) -> Op {
        self.0.op
    }

    /// The path it was tried on.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The second path of a rename or a link.
    #[must_use]
    pub fn target(&self) -> Option<&Path> {
        self.0.target.as_deref()
    }

    /// Why it failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether something that had to be there was not: the most common question.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { op, path, target, kind, source } = &*self.0;
        write!(f, "{op} {}", path.display())?;
        if let Some(target) = target {
            write!(f, " {}", target.display())?;
        }
        match (kind, source) {
            // The kind has no words of its own for it.
            (ErrorKind::Other, Some(source)) => write!(f, ": {source}"),
            _ => write!(f, ": {kind}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("op", &self.0.op)
            .field("path", &self.0.path)
            .field("target", &self.0.target)
            .field("kind", &self.0.kind)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

/// An operation, under the name that Prometheus' own errors give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Op {
    /// Opening or creating a file.
    Open,
    /// Reading at an offset.
    Read,
    /// Writing at an offset.
    Write,
    /// Setting the length.
    Truncate,
    /// Reserving space.
    Preallocate,
    /// Making the bytes and size of a file durable.
    Sync,
    /// Making the entries of a directory durable.
    SyncDir,
    /// Mapping a file, or reading through a map.
    Map,
    /// Renaming.
    Rename,
    /// Adding a hard link.
    Link,
    /// Removing a file or an empty directory.
    Remove,
    /// Making a directory.
    CreateDir,
    /// Listing a directory.
    ReadDir,
    /// Asking for kind and size.
    Stat,
    /// Taking or releasing a lock.
    Lock,
    /// Asking for free space or the kind of file system.
    StatFs,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Truncate => "truncate",
            Self::Preallocate => "fallocate",
            Self::Sync => "sync",
            Self::SyncDir => "sync directory",
            Self::Map => "mmap",
            Self::Rename => "rename",
            Self::Link => "link",
            Self::Remove => "remove",
            Self::CreateDir => "mkdir",
            Self::ReadDir => "readdir",
            Self::Stat => "stat",
            Self::Lock => "flock",
            Self::StatFs => "statfs",
        })
    }
}

/// Why an operation failed, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The path, or a directory on the way to it, does not exist.
    NotFound,
    /// Something of that name exists.
    AlreadyExists,
    /// This user may not.
    PermissionDenied,
    /// The file system is mounted read-only, which Linux also does by itself after an error.
    ReadOnly,
    /// No space, or no quota, is left.
    DiskFull,
    /// A part of the path is a file where a directory is needed.
    NotADirectory,
    /// A directory where a file is needed.
    IsADirectory,
    /// The directory holds entries.
    DirectoryNotEmpty,
    /// Another process, or another part of this one, holds the lock.
    Locked,
    /// The file is in use in a way that forbids it.
    Busy,
    /// The two paths are on different file systems.
    CrossDevice,
    /// The limit of open files is reached.
    TooManyOpenFiles,
    /// The kernel refuses another map: `vm.max_map_count` is reached, or memory is out.
    TooManyMaps,
    /// The file is larger than the caller, or the file system, allows.
    TooLarge,
    /// The file ended before the bytes that were asked for.
    UnexpectedEnd,
    /// The file was cut, or its disk failed, below a map that was being read, or whose bytes were being written elsewhere.
    LostPages,
    /// The path, offset or mode makes no sense.
    InvalidInput,
    /// The file system cannot do it.
    Unsupported,
    /// The device failed.
    Io,
    /// The simulated machine has stopped.
    Stopped,
    /// Anything else: see the source.
    Other,
}

impl ErrorKind {
    fn of(error: &io::Error) -> Self {
        let Some(errno) = Errno::from_io_error(error) else {
            return match error.kind() {
                io::ErrorKind::UnexpectedEof => Self::UnexpectedEnd,
                // A path with a NUL byte never reaches the kernel.
                io::ErrorKind::InvalidInput => Self::InvalidInput,
                _ => Self::Other,
            };
        };
        match errno {
            Errno::NOENT => Self::NotFound,
            Errno::EXIST => Self::AlreadyExists,
            Errno::ACCESS | Errno::PERM => Self::PermissionDenied,
            Errno::ROFS => Self::ReadOnly,
            Errno::NOSPC | Errno::DQUOT => Self::DiskFull,
            Errno::NOTDIR => Self::NotADirectory,
            Errno::ISDIR => Self::IsADirectory,
            Errno::NOTEMPTY => Self::DirectoryNotEmpty,
            Errno::AGAIN => Self::Locked,
            Errno::BUSY | Errno::TXTBSY => Self::Busy,
            Errno::XDEV => Self::CrossDevice,
            Errno::MFILE | Errno::NFILE => Self::TooManyOpenFiles,
            Errno::FBIG => Self::TooLarge,
            Errno::INVAL | Errno::NAMETOOLONG | Errno::BADF => Self::InvalidInput,
            Errno::OPNOTSUPP | Errno::NOSYS => Self::Unsupported,
            Errno::IO => Self::Io,
            // The kernel was handed a page of a map that is gone: where we would get a signal, it gets this.
            Errno::FAULT => Self::LostPages,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ErrorKind {
    /// The words of Go's `syscall` where an error number stands behind the kind, since operators search logs for them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no such file or directory",
            Self::AlreadyExists => "file exists",
            Self::PermissionDenied => "permission denied",
            Self::ReadOnly => "read-only file system",
            Self::DiskFull => "no space left on device",
            Self::NotADirectory => "not a directory",
            Self::IsADirectory => "is a directory",
            Self::DirectoryNotEmpty => "directory not empty",
            Self::Locked => "resource temporarily unavailable",
            Self::Busy => "device or resource busy",
            Self::CrossDevice => "invalid cross-device link",
            Self::TooManyOpenFiles => "too many open files",
            Self::TooManyMaps => "too many memory maps (raise vm.max_map_count)",
            Self::TooLarge => "file too large",
            Self::UnexpectedEnd => "unexpected end of file",
            Self::LostPages => "the file was cut or its disk failed while it was mapped",
            Self::InvalidInput => "invalid argument",
            Self::Unsupported => "operation not supported",
            Self::Io => "input/output error",
            Self::Stopped => "the simulated machine has stopped",
            Self::Other => "unknown error",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn text_has_the_shape_of_gos_path_and_link_errors() {
        // As `os.Open` and `os.Rename` of Go 1.19 print them on Linux.
        let error = Error::from_io(Op::Open, "a/b", io::Error::from_raw_os_error(2));
        assert_eq!(error.to_string(), "open a/b: no such file or directory");
        let error = Error::from_io(Op::Rename, "a", io::Error::from_raw_os_error(18)).with_target("b");
        assert_eq!(error.to_string(), "rename a b: invalid cross-device link");
    }

    #[test]
    fn an_unsorted_error_number_shows_its_own_text_and_is_kept_as_the_source() {
        let error = Error::from_io(Op::Read, "a", io::Error::from_raw_os_error(116));
        assert_eq!(error.kind(), ErrorKind::Other);
        assert_eq!(error.to_string(), "read a: Stale file handle (os error 116)");
        assert!(error.source().is_some());
    }

    #[test]
    fn a_full_quota_is_a_full_disk() {
        // EDQUOT and ENOSPC of Linux' asm-generic/errno.h and errno-base.h.
        for number in [122, 28] {
            assert_eq!(ErrorKind::of(&io::Error::from_raw_os_error(number)), ErrorKind::DiskFull, "{number}");
        }
    }
}
