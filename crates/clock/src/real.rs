//! The time of the machine.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::instant::nanos_u64;
use crate::sleep::Host;
use crate::timers::Timers;
use crate::{Clock, Monotonic, Sleep, WallTime};

/// The time of the machine. Clones are the same clock.
///
/// The first sleep starts one thread, which waits for the next deadline and wakes what is due; it ends when the last clone
/// of the clock and the last sleep are gone.
#[derive(Debug, Clone)]
pub struct RealClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    origin: Instant,
    /// Shared with the thread alone, which must not keep the clock alive.
    timers: Arc<Timers>,
    thread: OnceLock<()>,
}

impl RealClock {
    /// A clock whose monotonic time begins at this moment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where monotonic time comes in")]
    pub fn new() -> Self {
        let timers = Arc::new(Timers::default());
        Self { shared: Arc::new(Shared { origin: Instant::now(), timers, thread: OnceLock::new() }) }
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is where wall time comes in")]
    fn wall(&self) -> WallTime {
        let now = SystemTime::now();
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => WallTime::default() + since,
            Err(before) => WallTime::default() - before.duration(),
        }
    }

    fn monotonic(&self) -> Monotonic {
        since(self.shared.origin)
    }

    fn sleep_until(&self, deadline: Monotonic) -> Sleep {
        Sleep::new(Arc::clone(&self.shared) as Arc<dyn Host>, deadline)
    }
}

fn since(origin: Instant) -> Monotonic {
    Monotonic::from_nanos(nanos_u64(origin.elapsed()))
}

impl Host for Shared {
    fn now(&self) -> Monotonic {
        since(self.origin)
    }

    fn timers(&self) -> &Timers {
        self.thread.get_or_init(|| {
            let (origin, timers) = (self.origin, Arc::clone(&self.timers));
            let thread = thread::Builder::new().name("promd-clock".to_owned());
            let run = move || while timers.wait_and_fire(|| since(origin)) {};
            thread.spawn(run).expect("a process that can start no thread can do nothing that this clock is for");
        });
        &self.timers
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.timers.close();
    }
}
