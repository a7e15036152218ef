//! Something to do every so often.

use std::sync::Arc;
use std::time::Duration;

use crate::instant::nanos_u64;
use crate::{Clock, Monotonic};

/// Ticks at fixed distances from its first tick. Ticks that nobody waited for are skipped, as those of Go's `time.Ticker`: a
/// consumer that is late gets one tick at once, and the next one on schedule.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use promd_clock::{Clock, RealClock, Ticker};
///
/// # let _ = async {
/// let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
/// let mut ticker = Ticker::new(Arc::clone(&clock), clock.monotonic(), Duration::from_secs(15));
/// loop {
///     let scheduled = ticker.tick().await;
///     // scrape, as of `scheduled`
/// #   let _ = scheduled;
/// }
/// # };
/// ```
#[derive(Debug)]
pub struct Ticker {
    clock: Arc<dyn Clock>,
    next: Monotonic,
    period: Duration,
}

impl Ticker {
    /// A ticker that ticks at `first` and then every `period`, which is taken as a nanosecond if it is nothing.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, first: Monotonic, period: Duration) -> Self {
        Self { clock, next: first, period: period.max(Duration::from_nanos(1)) }
    }

    /// Waits for the next tick, and returns when it was scheduled. Dropping the future before it is ready loses nothing.
    pub async fn tick(&mut self) -> Monotonic {
        self.clock.sleep_until(self.next).await;
        let scheduled = self.next;
        let late = nanos_u64(self.clock.monotonic().since(scheduled));
        let skipped = late / nanos_u64(self.period).max(1);
        let passed = nanos_u64(self.period).saturating_mul(skipped.saturating_add(1));
        self.next = scheduled + Duration::from_nanos(passed);
        scheduled
    }

    /// When the next tick is scheduled.
    #[must_use]
    pub fn next(&self) -> Monotonic {
        self.next
    }
}
