//! A simulated machine: counts and logs every operation, and decides which of them fail.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::{self, Write as _};
use std::path::Path;

use super::faults::Faults;
use super::names::Ino;
use super::plan::{Failure, FaultPlan};
use super::random::Random;
use super::volume::Volume;
use crate::{Error, ErrorKind, Op, Result};

/// How many operations the log remembers.
const LOG: usize = 1000;

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) volume: Volume,
    pub(super) plan: FaultPlan,
    pub(super) failures: Vec<Failure>,
    pub(super) faults: Faults,
    pub(super) random: Random,
    /// The files that are locked. They are locked for this machine only: a restart frees them.
    pub(super) locks: BTreeSet<Ino>,
    pub(super) stopped: bool,
    pub(super) ops: u64,
    log: VecDeque<String>,
}

/// How an operation fails before it has begun.
pub(super) enum Strike {
    /// The machine stops in the middle of it.
    Stop,
    /// It fails, and the machine goes on.
    Fail(ErrorKind),
}

impl Strike {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Stop => ErrorKind::Stopped,
            Self::Fail(kind) => *kind,
        }
    }
}

impl Machine {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            volume: Volume::new(),
            plan: FaultPlan::new(),
            failures: Vec::new(),
            faults: Faults::default(),
            random: Random::new(seed),
            locks: BTreeSet::new(),
            stopped: false,
            ops: 0,
            log: VecDeque::new(),
        }
    }

    /// The machine after an accident: the same plan and log, another state of the disk, and nothing that was in memory.
    pub(super) fn restarted(&mut self, what: &str, volume: Volume, faults: Faults) -> Self {
        let plan = FaultPlan { stop_at: None, ..self.plan.clone() };
        let mut next = Self { volume, plan, faults, log: self.log.clone(), ..Self::new(self.random.next()) };
        next.note(format!("-- {what} --"));
        next
    }

    /// Begins an operation that has no special way to fail.
    pub(super) fn begin(&mut self, op: Op, path: &Path, detail: fmt::Arguments<'_>) -> Result<()> {
        match self.strike(op, path, detail) {
            None => Ok(()),
            Some(strike) => Err(self.fail(op, path, strike.kind())),
        }
    }

    /// Counts and logs an operation, and decides whether it fails.
    pub(super) fn strike(&mut self, op: Op, path: &Path, detail: fmt::Arguments<'_>) -> Option<Strike> {
        if self.stopped {
            return Some(Strike::Fail(ErrorKind::Stopped));
        }
        self.ops += 1;
        self.note(format!("{} {op} {}{detail}", self.ops, path.display()));
        if self.plan.stop_at == Some(self.ops) {
            self.stopped = true;
            self.faults.stops += 1;
            return Some(Strike::Stop);
        }
        // All of them count, also those behind the one that hits.
        let injected = self.failures.iter_mut().filter_map(|failure| failure.hits(op, path).then_some(failure.kind));
        let injected = injected.fold(None, |first, kind| first.or(Some(kind)));
        let (chance, counter) = match op {
            Op::Read => (self.plan.read_errors, &mut self.faults.read_errors),
            Op::Write => (self.plan.write_errors, &mut self.faults.write_errors),
            Op::Sync | Op::SyncDir => (self.plan.sync_errors, &mut self.faults.sync_errors),
            _ => (0, &mut self.faults.other_errors),
        };
        let kind = injected.or_else(|| self.random.one_in(chance).then_some(ErrorKind::Io))?;
        *counter += 1;
        Some(Strike::Fail(kind))
    }

    /// An error, which the log shows behind its operation.
    pub(super) fn fail(&mut self, op: Op, path: &Path, kind: ErrorKind) -> Error {
        if let Some(entry) = self.log.back_mut() {
            // Writing to a string does not fail.
            let _ = write!(entry, ": {kind}");
        }
        Error::new(op, path, kind)
    }

    pub(super) fn log(&self) -> String {
        self.log.iter().fold(String::new(), |log, entry| log + entry + "\n")
    }

    fn note(&mut self, entry: String) {
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(entry);
    }

    /// How many of the bytes the disk has room for, from the first on.
    pub(super) fn room(&mut self, ino: Ino, offset: u64, len: usize) -> usize {
        let Some(mut free) = self.free_blocks() else { return len };
        let Ok(node) = self.volume.file(ino) else { return 0 };
        let end = offset + len as u64;
        let mut at = offset;
        while at < end {
            let block = at / super::disk::BLOCK;
            if !node.data.blocks.contains(&block) {
                if free == 0 {
                    break;
                }
                free -= 1;
            }
            at = (block + 1) * super::disk::BLOCK;
        }
        usize::try_from(at.min(end) - offset).unwrap_or(len)
    }

    /// The blocks that are free. `None`: the disk has no end.
    pub(super) fn free_blocks(&self) -> Option<u64> {
        let capacity = self.plan.capacity? / super::disk::BLOCK;
        Some(capacity.saturating_sub(self.volume.used_blocks()))
    }
}
