//! What shall go wrong, and what did.

use std::path::Path;

use crate::{ErrorKind, FsKind, Op};

/// The unit in which a power loss or a failed sync tears what was being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tear {
    /// Whole sectors of 512 bytes: what disks promise.
    #[default]
    Sector,
    /// Whole sectors of 4096 bytes.
    Sector4K,
    /// Any byte: what careful storage survives all the same.
    Byte,
}

impl Tear {
    pub(super) fn unit(self) -> Option<usize> {
        match self {
            Self::Sector => Some(512),
            Self::Sector4K => Some(4096),
            Self::Byte => None,
        }
    }
}

/// The knobs of a [`SimFs`](crate::SimFs). The default does no harm until the power is lost.
///
/// ```
/// use promd_fs::{FaultPlan, SimFs, Tear};
///
/// let fs = SimFs::new(7);
/// fs.set_plan(FaultPlan::new().tear(Tear::Byte).capacity(1 << 20).short_writes(10).sync_errors(1000));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct FaultPlan {
    pub(super) tear: Tear,
    pub(super) capacity: Option<u64>,
    pub(super) stop_at: Option<u64>,
    pub(super) kind: Option<FsKind>,
    pub(super) short_reads: u32,
    pub(super) short_writes: u32,
    pub(super) read_errors: u32,
    pub(super) write_errors: u32,
    pub(super) sync_errors: u32,
    pub(super) flips: u32,
}

impl FaultPlan {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The unit of torn writes.
    pub fn tear(mut self, tear: Tear) -> Self {
        self.tear = tear;
        self
    }

    /// The disk holds this many bytes, in blocks of 4096. A write takes the blocks that are left, then fails.
    pub fn capacity(mut self, bytes: u64) -> Self {
        self.capacity = Some(bytes);
        self
    }

    /// The machine stops in operation number `op` ([`SimFs::ops`](crate::SimFs::ops) counts from 1): a write is done in
    /// part, everything else not at all, and every later operation fails.
    pub fn stop_at(mut self, op: u64) -> Self {
        self.stop_at = Some(op);
        self
    }

    /// What the file system says it is.
    pub fn kind(mut self, kind: FsKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// One in `n` reads returns fewer bytes than it could; 0 is never, here and below.
    pub fn short_reads(mut self, n: u32) -> Self {
        self.short_reads = n;
        self
    }

    /// One in `n` writes takes fewer bytes than it could.
    pub fn short_writes(mut self, n: u32) -> Self {
        self.short_writes = n;
        self
    }

    /// One in `n` reads fails.
    pub fn read_errors(mut self, n: u32) -> Self {
        self.read_errors = n;
        self
    }

    /// One in `n` writes fails, and writes nothing.
    pub fn write_errors(mut self, n: u32) -> Self {
        self.write_errors = n;
        self
    }

    /// One in `n` syncs, of files and of directories, fails. A failed sync of a file keeps some of the changes and forgets
    /// the rest for ever: the next sync succeeds without them. A failed sync of a directory makes nothing safe.
    pub fn sync_errors(mut self, n: u32) -> Self {
        self.sync_errors = n;
        self
    }

    /// A power loss flips this many bits of what was synced.
    pub fn flips(mut self, count: u32) -> Self {
        self.flips = count;
        self
    }
}

/// A fault at a chosen place: the n-th operation of a kind, on paths that contain a text.
///
/// ```
/// use promd_fs::{ErrorKind, Failure, Fs, Op, SimFs};
///
/// let fs = SimFs::new(1);
/// fs.inject(Failure::of(Op::Rename).on("meta.json").kind(ErrorKind::DiskFull));
/// let error = fs.write_atomically("/meta.json".as_ref(), b"{}").unwrap_err();
/// assert_eq!(error.to_string(), "rename /meta.json.tmp /meta.json: no space left on device");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Failure {
    op: Op,
    text: String,
    skip: u64,
    times: u64,
    pub(super) kind: ErrorKind,
}

impl Failure {
    /// The next operation of this kind fails, once, with [`ErrorKind::Io`].
    pub fn of(op: Op) -> Self {
        Self { op, text: String::new(), skip: 0, times: 1, kind: ErrorKind::Io }
    }

    /// Only on paths that contain this text.
    pub fn on(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The first `count` of them succeed.
    pub fn after(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// So many of them fail.
    pub fn times(mut self, count: u64) -> Self {
        self.times = count;
        self
    }

    /// They fail with this.
    pub fn kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Whether this operation is one of those to fail; counts it.
    pub(super) fn hits(&mut self, op: Op, path: &Path) -> bool {
        if self.op != op || self.times == 0 || !path.to_string_lossy().contains(&self.text) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}
