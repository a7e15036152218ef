//! Who works on a query beside the thread that asked.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads that help with a query. They are the caller's: the engine starts none.
///
/// The answer does not depend on who helps, or how many: what helpers make is put together in the order of the series.
pub trait Executor: Send + Sync + fmt::Debug {
    /// Runs `here` on the thread that calls, and `help` at the same time on up to `most` others, once on each. Returns when
    /// all have returned.
    ///
    /// `here` does all the work if nobody helps, and `help` returns when there is nothing left to do. So an executor may use
    /// fewer threads than it is asked for, or none.
    fn run(&self, most: usize, help: &(dyn Fn() + Sync), here: &mut dyn FnMut());

    /// How many threads may help at the most.
    fn helpers(&self) -> usize;
}

/// Nobody helps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Executor for Alone {
    fn run(&self, _: usize, _: &(dyn Fn() + Sync), here: &mut dyn FnMut()) {
        here();
    }

    fn helpers(&self) -> usize {
        0
    }
}

/// So many threads of the standard library for all queries together, started for each piece of work and ended with it.
///
/// To start a thread takes some 20 µs, so the engine asks for help only where there is work for milliseconds.
///
/// ```
/// use std::sync::Arc;
/// use promd_promql::{Engine, ScopedThreads};
///
/// let engine = Engine::default().with_executor(Arc::new(ScopedThreads::new(3)));
/// ```
#[derive(Debug)]
pub struct ScopedThreads {
    helpers: usize,
    free: AtomicUsize,
}

impl ScopedThreads {
    /// At most so many threads beside those that ask.
    #[must_use]
    pub const fn new(helpers: usize) -> Self {
        Self { helpers, free: AtomicUsize::new(helpers) }
    }

    /// Takes up to `most` of the threads that are free.
    fn take(&self, most: usize) -> usize {
        let taken = |free: usize| Some(free - free.min(most));
        match self.free.fetch_update(Ordering::AcqRel, Ordering::Acquire, taken) {
            Ok(before) => before.min(most),
            Err(_) => 0,
        }
    }
}

impl Executor for ScopedThreads {
    fn run(&self, most: usize, help: &(dyn Fn() + Sync), here: &mut dyn FnMut()) {
        let taken = Taken { of: self, count: self.take(most) };
        thread::scope(|scope| {
            for _ in 0..taken.count {
                // A machine that has no thread left answers with those that it has.
                if thread::Builder::new().name("promql".to_owned()).spawn_scoped(scope, help).is_err() {
                    break;
                }
            }
            here();
        });
    }

    fn helpers(&self) -> usize {
        self.helpers
    }
}

/// Gives threads back, also when `here` panics.
struct Taken<'a> {
    of: &'a ScopedThreads,
    count: usize,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.of.free.fetch_add(self.count, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(executor: &dyn Executor, most: usize, expected: usize) {
        let ran = AtomicUsize::new(0);
        let mut here = 0;
        let help = || {
            ran.fetch_add(1, Ordering::Relaxed);
        };
        executor.run(most, &help, &mut || here += 1);
        assert_eq!((ran.into_inner(), here), (expected, 1));
    }

    #[test]
    fn as_many_help_as_there_are() {
        check(&Alone, 4, 0);
        check(&ScopedThreads::new(0), 4, 0);
        check(&ScopedThreads::new(2), 4, 2);
        check(&ScopedThreads::new(8), 3, 3);
    }

    #[test]
    fn threads_come_back() {
        let threads = ScopedThreads::new(3);
        check(&threads, 3, 3);
        threads.run(2, &|| {}, &mut || check(&threads, 3, 1));
        check(&threads, 3, 3);
    }
}
