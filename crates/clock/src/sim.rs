//! Time that a test moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sleep::Host;
use crate::timers::Timers;
use crate::{Clock, Monotonic, Sleep, WallTime};

/// How long [`SimClock::wait_for_sleepers`] waits, in real time, for threads to get where they are going.
const PATIENCE: Duration = Duration::from_secs(30);

/// A clock that stands still until it is moved. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
///
/// use promd_clock::{Clock, SimClock};
///
/// let clock = SimClock::default();
/// let start = clock.monotonic();
/// assert!(!clock.advance_to_next_timer(), "nobody sleeps");
/// clock.advance(Duration::from_millis(5));
/// assert_eq!(clock.monotonic().since(start), Duration::from_millis(5));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SimClock {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    now: Mutex<Now>,
    timers: Timers,
}

#[derive(Debug, Clone, Copy, Default)]
struct Now {
    wall: WallTime,
    monotonic: Monotonic,
}

impl SimClock {
    /// A clock on which it is `wall`.
    #[must_use]
    pub fn new(wall: WallTime) -> Self {
        let clock = Self::default();
        clock.shared.lock().wall = wall;
        clock
    }

    /// Lets time pass. Timers that become due are woken one deadline after the other, while the clock shows that deadline.
    pub fn advance(&self, duration: Duration) {
        let end = self.monotonic() + duration;
        while let Some(deadline) = self.next_deadline().filter(|deadline| *deadline <= end) {
            self.run_to(deadline);
        }
        self.run_to(end);
    }

    /// Lets time pass up to the next timer, and wakes it; `false` if there is none.
    pub fn advance_to_next_timer(&self) -> bool {
        let Some(deadline) = self.next_deadline().filter(|deadline| *deadline < Monotonic::NEVER) else { return false };
        self.run_to(deadline);
        true
    }

    /// Sets the calendar ahead, as an operator or a time service would. Nobody wakes.
    pub fn jump_wall(&self, by: Duration) {
        let mut now = self.shared.lock();
        now.wall = now.wall + by;
    }

    /// Sets the calendar back. Nobody wakes.
    pub fn jump_wall_back(&self, by: Duration) {
        let mut now = self.shared.lock();
        now.wall = now.wall - by;
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.shared.timers.next()
    }

    /// How many sleeps are waiting. A sleep waits from its first poll on.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.shared.timers.len()
    }

    /// Blocks until at least `count` sleeps are waiting: other threads have come to rest, and time may be moved.
    ///
    /// # Panics
    ///
    /// If they do not within half a minute of real time, since a test would otherwise hang.
    pub fn wait_for_sleepers(&self, count: usize) {
        let came = self.shared.timers.wait_for(count, PATIENCE);
        assert!(came, "{} of {count} sleepers came within {PATIENCE:?}", self.sleepers());
    }

    /// Moves both times on, and wakes what is due. Time that another thread has moved further already stays.
    fn run_to(&self, moment: Monotonic) {
        let mut now = self.shared.lock();
        now.wall = now.wall + moment.since(now.monotonic);
        now.monotonic = now.monotonic.max(moment);
        let current = now.monotonic;
        drop(now);
        self.shared.timers.fire(current);
    }
}

impl Clock for SimClock {
    fn wall(&self) -> WallTime {
        self.shared.lock().wall
    }

    fn monotonic(&self) -> Monotonic {
        self.shared.lock().monotonic
    }

    fn sleep_until(&self, deadline: Monotonic) -> Sleep {
        Sleep::new(Arc::clone(&self.shared) as Arc<dyn Host>, deadline)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Now> {
        // Two numbers, each written at once.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Shared {
    fn now(&self) -> Monotonic {
        self.lock().monotonic
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }
}
