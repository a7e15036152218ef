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

    fn is_over(&self) -> bool {
        self.host.now() >= self.deadline
    }

    fn cancel(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.host.timers().cancel(timer);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if !this.is_over() {
            let timers = this.host.timers();
            if this.timer.is_some_and(|timer| timers.replace(timer, context.waker())) {
                return Poll::Pending;
            }
            // Also when it fired early, by a clock that rounds: then it is set again.
            this.timer = Some(timers.set(this.deadline, context.waker().clone()));
            // Whoever moved the clock to the deadline since it was asked above did not find this timer.
            if !this.is_over() {
                return Poll::Pending;
            }
        }
        this.cancel();
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;
    use std::task::Waker;
    use std::time::Duration;

    use super::*;

    /// A clock that another thread moves by a second as soon as it was asked for the time.
    #[derive(Debug, Default)]
    struct Moved {
        asked: AtomicBool,
        timers: Timers,
    }

    impl Host for Moved {
        fn now(&self) -> Monotonic {
            let seconds = u64::from(self.asked.swap(true, Relaxed));
            Monotonic::default() + Duration::from_secs(seconds)
        }

        fn timers(&self) -> &Timers {
            &self.timers
        }
    }

    #[test]
    fn a_clock_that_moves_while_a_timer_is_set_is_noticed() {
        let host = Arc::new(Moved::default());
        let deadline = Monotonic::default() + Duration::from_secs(1);
        let mut sleep = pin!(Sleep::new(Arc::clone(&host) as Arc<dyn Host>, deadline));
        assert_eq!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
        assert_eq!(host.timers.len(), 0, "and leaves no timer behind");
    }
}
