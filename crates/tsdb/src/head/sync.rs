//! Locks and atomics of the head: the one door through which its parts get them.
//!
//! In the tests that try interleavings (`head/interleavings.rs`) they are those of a scheduler that decides at each of them
//! which thread goes on; everywhere else they are what their names say.

#[cfg(not(all(test, feature = "shuttle")))]
pub(super) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock, RwLockWriteGuard};
#[cfg(not(all(test, feature = "shuttle")))]
pub(super) use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

#[cfg(all(test, feature = "shuttle"))]
mod scheduled;
#[cfg(all(test, feature = "shuttle"))]
pub(super) use scheduled::{AtomicI64, AtomicU64, Condvar, Mutex, MutexGuard, Ordering, RwLock, RwLockWriteGuard};
