//! An open file of the simulated machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Shared;
use super::disk::BLOCK;
use super::machine::{Machine, Strike};
use super::names::Ino;
use crate::lock::HeldLock;
use crate::{ErrorKind, File, Op, Result};

/// Files live in memory. One that wants to be larger is a mistake of the code under test.
const LARGEST: u64 = 1 << 30;

pub(super) struct SimFile {
    pub(super) machine: Shared,
    pub(super) ino: Ino,
    pub(super) path: PathBuf,
    pub(super) writable: bool,
    /// Keeps the file while it has no name.
    pub(super) _handle: Arc<()>,
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFile").field("path", &self.path).field("writable", &self.writable).finish_non_exhaustive()
    }
}

impl SimFile {
    /// Does an operation on the machine; an error of it is one of this file.
    fn run<T>(
        &self,
        op: Op,
        detail: fmt::Arguments<'_>,
        run: impl FnOnce(&mut Machine) -> std::result::Result<T, ErrorKind>,
    ) -> Result<T> {
        let mut machine = self.machine.lock();
        machine.begin(op, &self.path, detail)?;
        run(&mut machine).map_err(|kind| machine.fail(op, &self.path, kind))
    }

    fn sync(&self) -> Result<()> {
        let mut machine = self.machine.lock();
        let strike = machine.strike(Op::Sync, &self.path, format_args!(""));
        let Machine { volume, random, plan, faults, .. } = &mut *machine;
        let done = volume.file(self.ino).and_then(|node| match strike {
            None => {
                node.data.sync();
                Ok(())
            }
            // What it had done by then, the power loss decides.
            Some(strike @ Strike::Stop) => Err(strike.kind()),
            Some(Strike::Fail(ErrorKind::Stopped)) => Err(ErrorKind::Stopped),
            Some(Strike::Fail(kind)) => {
                faults.count(node.data.fail_sync(random, plan.tear));
                Err(kind)
            }
        });
        done.map_err(|kind| machine.fail(Op::Sync, &self.path, kind))
    }
}

impl Machine {
    /// Whether a file may be changed now.
    fn changeable(&mut self, ino: Ino) -> std::result::Result<(), ErrorKind> {
        if self.volume.file(ino)?.is_mapped() {
            self.faults.mapped_writes += 1;
            return Err(ErrorKind::Busy);
        }
        Ok(())
    }

    /// Cuts a file to nothing.
    pub(super) fn empty(&mut self, ino: Ino) -> std::result::Result<(), ErrorKind> {
        self.changeable(ino)?;
        self.volume.file(ino)?.data.set_len(0);
        Ok(())
    }

    fn read(&mut self, ino: Ino, buffer: &mut [u8], offset: u64) -> std::result::Result<usize, ErrorKind> {
        let data = &self.volume.file(ino)?.data;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.live.len());
        let end = start.saturating_add(buffer.len()).min(data.live.len());
        let (start_at, end_at) = (start as u64, end as u64);
        let bad = data.bad.iter().filter(|bad| bad.start < end_at && bad.end > start_at).map(|bad| bad.start).min();
        let mut count = match bad {
            Some(bad) if bad <= start_at => {
                self.faults.read_errors += 1;
                return Err(ErrorKind::Io);
            }
            Some(bad) => usize::try_from(bad - start_at).unwrap_or(0),
            None => end - start,
        };
        if count > 1 && self.random.one_in(self.plan.short_reads) {
            count = 1 + self.random.below(count - 1);
            self.faults.short_reads += 1;
        }
        let live = &self.volume.file(ino)?.data.live;
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), live.get(start..start + count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn write(&mut self, ino: Ino, bytes: &[u8], offset: u64) -> std::result::Result<usize, ErrorKind> {
        let wanted = bytes.len();
        let start = usize::try_from(offset).map_err(|_| ErrorKind::TooLarge)?;
        if offset.saturating_add(wanted as u64) > LARGEST {
            return Err(ErrorKind::TooLarge);
        }
        self.changeable(ino)?;
        let room = self.room(ino, offset, wanted);
        if room == 0 && wanted > 0 {
            self.faults.disk_full += 1;
            return Err(ErrorKind::DiskFull);
        }
        let mut count = room;
        if count > 1 && self.random.one_in(self.plan.short_writes) {
            count = 1 + self.random.below(count - 1);
        }
        self.faults.short_writes += u64::from(count < wanted);
        self.store(ino, bytes.get(..count).unwrap_or(bytes), offset, start)?;
        Ok(count)
    }

    fn store(&mut self, ino: Ino, bytes: &[u8], offset: u64, start: usize) -> std::result::Result<(), ErrorKind> {
        if !bytes.is_empty() {
            let data = &mut self.volume.file(ino)?.data;
            data.write(bytes, start);
            data.blocks.extend(offset / BLOCK..(offset + bytes.len() as u64).div_ceil(BLOCK));
        }
        Ok(())
    }
}

impl File for SimFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn size(&self) -> Result<u64> {
        self.run(Op::Stat, format_args!(""), |machine| Ok(machine.volume.file(self.ino)?.data.live.len() as u64))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let detail = format_args!(" {} at {offset}", buffer.len());
        let mut machine = self.machine.lock();
        machine.begin(Op::Read, &self.path, detail)?;
        machine.read(self.ino, buffer, offset).map_err(|kind| machine.fail(Op::Read, &self.path, kind))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        let mut machine = self.machine.lock();
        let strike = machine.strike(Op::Write, &self.path, format_args!(" {} at {offset}", bytes.len()));
        let done = match strike {
            _ if !self.writable => Err(ErrorKind::InvalidInput),
            None => machine.write(self.ino, bytes, offset),
            Some(strike) => {
                if matches!(strike, Strike::Stop) {
                    let part = machine.random.below(bytes.len() + 1);
                    // How far it got; whether it would have failed otherwise does not matter any more.
                    let _ = machine.write(self.ino, bytes.get(..part).unwrap_or(bytes), offset);
                }
                Err(strike.kind())
            }
        };
        done.map_err(|kind| machine.fail(Op::Write, &self.path, kind))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.run(Op::Truncate, format_args!(" to {len}"), |machine| {
            if !self.writable {
                return Err(ErrorKind::InvalidInput);
            }
            let to = usize::try_from(len).ok().filter(|_| len <= LARGEST).ok_or(ErrorKind::TooLarge)?;
            machine.changeable(self.ino)?;
            machine.volume.file(self.ino)?.data.set_len(to);
            Ok(())
        })
    }

    fn preallocate(&self, len: u64) -> Result<bool> {
        self.run(Op::Preallocate, format_args!(" {len}"), |machine| {
            if len == 0 {
                return Ok(true);
            }
            if !self.writable {
                return Err(ErrorKind::InvalidInput);
            }
            let wanted = usize::try_from(len).ok().filter(|_| len <= LARGEST).ok_or(ErrorKind::TooLarge)?;
            if machine.room(self.ino, 0, wanted) < wanted {
                machine.faults.disk_full += 1;
                return Err(ErrorKind::DiskFull);
            }
            machine.volume.file(self.ino)?.data.blocks.extend(0..len.div_ceil(BLOCK));
            Ok(true)
        })
    }

    fn sync_data(&self) -> Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> Result<()> {
        self.sync()
    }
}

/// A lock of the simulated machine.
pub(super) struct SimLock {
    pub(super) machine: Shared,
    pub(super) ino: Ino,
    pub(super) path: PathBuf,
}

impl HeldLock for SimLock {
    fn release(self: Box<Self>) -> Result<()> {
        let mut machine = self.machine.lock();
        machine.begin(Op::Remove, &self.path, format_args!(""))?;
        machine.volume.remove_file(&self.path).map_err(|kind| machine.fail(Op::Remove, &self.path, kind))
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.machine.lock().locks.remove(&self.ino);
    }
}
