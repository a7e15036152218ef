//! A file system in memory that can lose power.

mod disk;
mod faults;
mod file;
mod machine;
mod names;
mod plan;
mod random;
mod volume;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use self::file::{SimFile, SimLock};
use self::machine::Machine;
use self::names::Ino;
use self::volume::Volume;
use crate::map::Witness;
use crate::{Access, Entry, EntryKind, Error, ErrorKind, File, Fs, FsKind, Lock, Map, Metadata, Op, OpenMode};
use crate::{Result, Space};

pub use faults::Faults;
pub use plan::{Failure, FaultPlan, Tear};

/// A file system in memory, deterministic from a seed, that can lose power, fill up and fail.
///
/// It starts as an empty root directory, which is also what relative paths start from. Without a [`FaultPlan`] it behaves
/// as [`RealFs`](crate::RealFs) does on Linux, error kinds included, until [`power_loss`](Self::power_loss). The crate's
/// introduction says what a power loss may take.
///
/// ```
/// use promd_fs::{Fs, OpenMode, SimFs};
///
/// let fs = SimFs::new(42);
/// let file = fs.open("/a".as_ref(), OpenMode::CreateNew)?;
/// file.write_all_at(b"kept", 0)?;
/// file.sync_data()?;
/// fs.sync_dir("/".as_ref())?;
/// file.write_all_at(b"doubtful", 4)?;
///
/// // Each call is another outcome of the same power loss.
/// for _ in 0..10 {
///     let rebooted = fs.power_loss();
///     assert!(rebooted.read_to_vec("/a".as_ref(), 100)?.starts_with(b"kept"), "{}", rebooted.log());
/// }
/// # Ok::<(), promd_fs::Error>(())
/// ```
#[derive(Clone)]
pub struct SimFs {
    seed: u64,
    machine: Shared,
}

/// The machine, as its handles share it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Machine>>);

impl Shared {
    fn new(machine: Machine) -> Self {
        Self(Arc::new(Mutex::new(machine)))
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        // No method leaves a machine half-changed on a panic; and the test that panicked has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimFs {
    /// An empty file system. The seed decides everything that is left to chance.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, machine: Shared::new(Machine::new(seed)) }
    }

    /// Says what shall go wrong from here on. Chances of the plan start with the next operation.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.machine.lock().plan = plan;
    }

    /// Adds a fault at a chosen place.
    pub fn inject(&self, failure: Failure) {
        self.machine.lock().failures.push(failure);
    }

    /// The machine after its power went and came back: this one stops, and every handle of it; the one returned has what
    /// the disk has kept.
    ///
    /// Called again, it returns another outcome of the same loss. The plan stays, but for
    /// [`stop_at`](FaultPlan::stop_at) and injected failures.
    #[must_use]
    pub fn power_loss(&self) -> Self {
        self.restart("power loss", |machine| {
            let mut faults = Faults { power_losses: 1, ..Faults::default() };
            let mut volume = machine.volume.after_power_loss(&mut machine.random, machine.plan.tear, &mut faults);
            for _ in 0..machine.plan.flips {
                faults.flipped_bits += u64::from(volume.flip(&mut machine.random));
            }
            (volume, faults)
        })
    }

    /// The machine after the process was killed: this one stops, and every handle of it; the one returned has all that was
    /// written, synced or not, and no locks. A power loss can still take what was not synced.
    #[must_use]
    pub fn crash_process(&self) -> Self {
        self.restart("process killed", |machine| {
            (machine.volume.after_process_crash(), Faults { process_crashes: 1, ..Faults::default() })
        })
    }

    fn restart(&self, what: &str, leave: impl FnOnce(&mut Machine) -> (Volume, Faults)) -> Self {
        let mut machine = self.machine.lock();
        machine.stopped = true;
        let (volume, faults) = leave(&mut machine);
        Self { seed: self.seed, machine: Shared::new(machine.restarted(what, volume, faults)) }
    }

    /// Flips a bit of a file, at rest. Only bytes that were synced are at rest; of others it is
    /// [`ErrorKind::UnexpectedEnd`].
    pub fn flip_bit(&self, path: &Path, offset: u64, bit: u32) -> Result<()> {
        self.damage(path, |machine, ino| {
            let offset = usize::try_from(offset).map_err(|_| ErrorKind::UnexpectedEnd)?;
            let flipped = machine.volume.file(ino)?.data.flip(offset, bit.into());
            machine.faults.flipped_bits += u64::from(flipped);
            if flipped { Ok(()) } else { Err(ErrorKind::UnexpectedEnd) }
        })
    }

    /// Makes a range of a file unreadable: [`ErrorKind::Io`] for a read, lost pages for a map that is made later.
    pub fn break_range(&self, path: &Path, range: Range<u64>) -> Result<()> {
        self.damage(path, |machine, ino| {
            machine.volume.file(ino)?.data.bad.push(range);
            Ok(())
        })
    }

    fn damage(
        &self,
        path: &Path,
        damage: impl FnOnce(&mut Machine, Ino) -> std::result::Result<(), ErrorKind>,
    ) -> Result<()> {
        let mut machine = self.machine.lock();
        let found = machine.volume.find_file(path);
        found.and_then(|ino| damage(&mut machine, ino)).map_err(|kind| Error::new(Op::Write, path, kind))
    }

    /// The number of operations so far: each call of a required method of [`Fs`] or [`File`] is one.
    #[must_use]
    pub fn ops(&self) -> u64 {
        self.machine.lock().ops
    }

    /// How often each kind of fault was hit.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.machine.lock().faults
    }

    /// Whether the machine has stopped, at a chosen operation or because its power went.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.machine.lock().stopped
    }

    /// The last operations, one a line, with their numbers and errors: for the message of a test that fails.
    #[must_use]
    pub fn log(&self) -> String {
        self.machine.lock().log()
    }

    /// Does an operation on the machine; an error of it is one of this path.
    fn run<T>(
        &self,
        op: Op,
        path: &Path,
        detail: fmt::Arguments<'_>,
        run: impl FnOnce(&mut Machine) -> std::result::Result<T, ErrorKind>,
    ) -> Result<T> {
        let mut machine = self.machine.lock();
        machine.begin(op, path, detail)?;
        run(&mut machine).map_err(|kind| machine.fail(op, path, kind))
    }
}

impl fmt::Debug for SimFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFs").field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl Fs for SimFs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        let (ino, handle) = self.run(Op::Open, path, format_args!(" {mode:?}"), |machine| {
            let ino = match mode {
                OpenMode::Read | OpenMode::Write => machine.volume.find_file(path)?,
                OpenMode::CreateNew => machine.volume.create_new(path)?,
                OpenMode::Create => machine.volume.find_or_create(path)?.0,
                OpenMode::Truncate => {
                    let (ino, existed) = machine.volume.find_or_create(path)?;
                    if existed {
                        machine.empty(ino)?;
                    }
                    ino
                }
            };
            Ok((ino, Arc::clone(&machine.volume.file(ino)?.handles)))
        })?;
        let writable = mode != OpenMode::Read;
        let path = path.to_path_buf();
        Ok(Arc::new(SimFile { machine: self.machine.clone(), ino, path, writable, _handle: handle }))
    }

    fn map(&self, path: &Path, _access: Access) -> Result<Map> {
        let mapped = self.run(Op::Map, path, format_args!(""), |machine| {
            let ino = machine.volume.find_file(path)?;
            let node = machine.volume.file(ino)?;
            let mut bytes = node.data.live.clone();
            for bad in &node.data.bad {
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(node.data.live.len());
                if let Some(missing) = bytes.get_mut(place(bad.start)..place(bad.end)) {
                    missing.fill(0);
                }
            }
            Ok(Mapped { bytes, bad: node.data.bad.clone(), _map: Arc::clone(&node.maps) })
        })?;
        let mapped = Arc::new(mapped);
        Ok(Map::with_witness(path, Bytes::from_owner(Owner(Arc::clone(&mapped))), mapped))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.run(Op::Rename, from, format_args!(" {}", to.display()), |machine| machine.volume.rename(from, to))
            .map_err(|error| error.with_target(to))
    }

    fn hard_link(&self, original: &Path, link: &Path) -> Result<()> {
        let detail = format_args!(" {}", link.display());
        self.run(Op::Link, original, detail, |machine| machine.volume.hard_link(original, link))
            .map_err(|error| error.with_target(link))
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        self.run(Op::Remove, path, format_args!(""), |machine| machine.volume.remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        self.run(Op::Remove, path, format_args!(" (directory)"), |machine| machine.volume.remove_dir(path))
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        self.run(Op::CreateDir, path, format_args!(""), |machine| machine.volume.create_dir(path))
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<Entry>> {
        self.run(Op::ReadDir, path, format_args!(""), |machine| {
            let listed = machine.volume.list(path)?;
            Ok(listed.map(|(name, len)| Entry::new(name.to_os_string(), metadata(len))).collect())
        })
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.run(Op::Stat, path, format_args!(""), |machine| {
            let ino = machine.volume.find(path)?;
            Ok(metadata(machine.volume.len(ino)))
        })
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        self.run(Op::SyncDir, path, format_args!(""), |machine| machine.volume.sync_dir(path))
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        let (ino, existed) = self.run(Op::Lock, path, format_args!(""), |machine| {
            let (ino, existed) = machine.volume.find_or_create(path)?;
            if machine.locks.insert(ino) { Ok((ino, existed)) } else { Err(ErrorKind::Locked) }
        })?;
        let held = SimLock { machine: self.machine.clone(), ino, path: path.to_path_buf() };
        Ok(Lock::new(existed, Box::new(held)))
    }

    fn space(&self, path: &Path) -> Result<Space> {
        self.run(Op::StatFs, path, format_args!(""), |machine| {
            machine.volume.find(path)?;
            let total = machine.plan.capacity.unwrap_or(UNLIMITED);
            let free = machine.free_blocks().map_or(UNLIMITED, |blocks| blocks * disk::BLOCK);
            Ok(Space::new(total, free, free))
        })
    }

    fn kind(&self, path: &Path) -> Result<FsKind> {
        self.run(Op::StatFs, path, format_args!(" (kind)"), |machine| {
            machine.volume.find(path)?;
            Ok(machine.plan.kind.unwrap_or(FsKind::Ext4))
        })
    }
}

/// What [`Fs::space`] says of a disk without a capacity.
const UNLIMITED: u64 = 1 << 40;

fn metadata(len: Option<u64>) -> Metadata {
    len.map_or(Metadata::other(EntryKind::Directory), Metadata::file)
}

/// A copy of a file, and the promise that the file does not change.
struct Mapped {
    bytes: Vec<u8>,
    bad: Vec<Range<u64>>,
    _map: Arc<()>,
}

impl Witness for Mapped {
    fn lost(&self, range: Range<usize>) -> bool {
        let range = range.start as u64..range.end as u64;
        self.bad.iter().any(|bad| bad.start < range.end && bad.end > range.start)
    }
}

struct Owner(Arc<Mapped>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0.bytes
    }
}
