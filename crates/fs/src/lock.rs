//! A lock on a file, held until it is dropped.

use std::fmt;

use crate::Result;

/// A lock taken by [`Fs::lock`](crate::Fs::lock).
///
/// Dropping it unlocks and leaves the file, as a crash does; [`release`](Self::release) also removes it, which is how
/// Prometheus leaves a directory after a clean stop. So [`existed`](Self::existed) tells at the next start how the last
/// one ended (Prometheus' `prometheus_tsdb_clean_start`).
#[must_use = "the lock is given up when this is dropped"]
pub struct Lock {
    existed: bool,
    held: Box<dyn HeldLock>,
}

/// What an implementation of [`Fs`](crate::Fs) keeps while a lock is held. Dropping it unlocks.
pub trait HeldLock: Send + Sync {
    /// Removes the file while the lock is still held, then unlocks.
    fn release(self: Box<Self>) -> Result<()>;
}

impl Lock {
    /// A lock that an implementation has taken.
    pub fn new(existed: bool, held: Box<dyn HeldLock>) -> Self {
        Self { existed, held }
    }

    /// Whether the file was there before, left by a program that did not stop cleanly.
    #[must_use]
    pub fn existed(&self) -> bool {
        self.existed
    }

    /// Removes the file and unlocks.
    pub fn release(self) -> Result<()> {
        self.held.release()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("existed", &self.existed).finish_non_exhaustive()
    }
}
