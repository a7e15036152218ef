//! The future over a timer.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::Monotonic;
use crate::timers::{TimerId, Timers};

/// What a [`Sleep`] asks of the clock that made it.
pub(crate) trait Host: Debug + Send + Sync {
    fn now(&self) -> Monotonic;

    /// The timers, with whatever they need to fire already running.
    fn timers(&self) -> &Timers;
}

/// Ready once its clock has run to the deadline. It needs no particular executor, and dropping it removes its timer.
#[must_use = "a sleep does nothing unless it is awaited"]
#[derive(Debug)]
pub struct Sleep {
    host: Arc<dyn Host>,
    deadline: Monotonic,
    timer: Option<TimerId>,
}

impl Sleep {
    pub(crate) fn new(host: Arc<dyn Host>, deadline: Monotonic) -> Self {
        Self { host, deadline, timer: None }
    }

    /// When it is ready.
    #[must_use]
    pub fn deadline(&self) -> Monotonic {
        self.deadline
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.host.now() >= this.deadline {
            if let Some(timer) = this.timer.take() {
                this.host.timers().cancel(timer);
            }
            return Poll::Ready(());
        }
        let timers = this.host.timers();
        let waiting = this.timer.is_some_and(|timer| timers.replace(timer, context.waker()));
        if !waiting {
            // Also when it fired early, by a clock that rounds: then it is set again.
            this.timer = Some(timers.set(this.deadline, context.waker().clone()));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.host.timers().cancel(timer);
        }
    }
}
