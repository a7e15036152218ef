//! Waking a thread that waits for a deadline.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::{Clock, Monotonic};

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Somebody notified the signal.
    Notified,
    /// The deadline passed.
    DeadlinePassed,
}

/// Lets synchronous code wait for a deadline of a [`Clock`], and others end the wait: what a maintenance thread sleeps on.
///
/// A notification without a waiting thread is kept for the next one; several of them are one.
#[derive(Debug, Default)]
pub struct Signal {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    notified: bool,
    waiting: Option<Waker>,
}

impl Signal {
    /// A signal that nobody has notified.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the wait of the thread that waits, or else the next wait.
    pub fn notify(&self) {
        let waiting = {
            let mut state = self.lock();
            state.notified = true;
            state.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Blocks the thread until the signal is notified or `clock` has run to `deadline`. One thread at a time may wait.
    pub fn wait_until(&self, clock: &dyn Clock, deadline: Monotonic) -> Woken {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut sleep = pin!(clock.sleep_until(deadline));
        loop {
            {
                let mut state = self.lock();
                if state.notified {
                    *state = State::default();
                    return Woken::Notified;
                }
                state.waiting = Some(waker.clone());
            }
            if sleep.as_mut().poll(&mut context) == Poll::Ready(()) {
                let notified = std::mem::take(&mut *self.lock()).notified;
                return if notified { Woken::Notified } else { Woken::DeadlinePassed };
            }
            // May return without a reason; the loop looks.
            thread::park();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is of one field, or of all.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
