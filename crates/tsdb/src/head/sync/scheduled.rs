//! The locks of `shuttle` with the signatures of `parking_lot`.
//!
//! A schedule in which a thread fails is given up, so that nothing is ever poisoned for somebody who would go on.

use std::ops::{Deref, DerefMut};

use shuttle::sync;
pub(in crate::head) use shuttle::sync::atomic::{AtomicI64, AtomicU64, Ordering};
pub(in crate::head) use shuttle::sync::{RwLockReadGuard, RwLockWriteGuard};

/// A schedule that has failed ends all of its threads.
const POISONED: &str = "another thread of this schedule has failed";

#[derive(Debug, Default)]
pub(in crate::head) struct Mutex<T>(sync::Mutex<T>);

/// Empty while its thread waits on a [`Condvar`].
pub(in crate::head) struct MutexGuard<'a, T>(Option<sync::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    pub(in crate::head) const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(in crate::head) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().expect(POISONED)))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("its thread does not wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("its thread does not wait")
    }
}

#[derive(Debug, Default)]
pub(in crate::head) struct Condvar(sync::Condvar);

impl Condvar {
    pub(in crate::head) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().expect("its thread does not wait");
        guard.0 = Some(self.0.wait(held).expect(POISONED));
    }

    pub(in crate::head) fn notify_all(&self) {
        self.0.notify_all();
    }
}

#[derive(Debug, Default)]
pub(in crate::head) struct RwLock<T>(sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(in crate::head) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().expect(POISONED)
    }

    pub(in crate::head) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().expect(POISONED)
    }
}
