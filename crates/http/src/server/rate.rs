//! How many requests are answered: a bucket of tokens (`rate_limit` of the web configuration).

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use promd_clock::{Clock, Monotonic};

/// A bucket that holds `burst` tokens at most, and gets one each `interval`.
#[derive(Debug)]
pub(super) struct RateLimit {
    clock: Arc<dyn Clock>,
    interval: Duration,
    burst: Duration,
    /// What is in the bucket.
    credit: Mutex<Credit>,
}

#[derive(Debug)]
struct Credit {
    /// Time that has been saved up, at most `burst`.
    saved: Duration,
    at: Monotonic,
}

impl RateLimit {
    /// `None` if there is no limit.
    pub(super) fn new(clock: Arc<dyn Clock>, interval: Duration, burst: u32) -> Option<Self> {
        if interval.is_zero() {
            return None;
        }
        let burst = interval.saturating_mul(burst);
        let credit = Mutex::new(Credit { saved: burst, at: clock.monotonic() });
        Some(Self { clock, interval, burst, credit })
    }

    /// Takes a token, if there is one.
    pub(super) fn allow(&self) -> bool {
        let mut credit = self.credit.lock();
        let now = self.clock.monotonic();
        credit.saved = credit.saved.saturating_add(now.since(credit.at)).min(self.burst);
        credit.at = now;
        match credit.saved.checked_sub(self.interval) {
            Some(left) => {
                credit.saved = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use promd_clock::{SimClock, WallTime};

    use super::*;

    /// Expected answers are those of a token bucket, counted by hand.
    #[test]
    fn a_burst_and_then_one_an_interval() {
        let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
        let limit = RateLimit::new(Arc::clone(&clock) as Arc<dyn Clock>, Duration::from_millis(100), 3).unwrap();
        let mut allowed = |wait: u64| {
            clock.advance(Duration::from_millis(wait));
            limit.allow()
        };
        assert_eq!([0, 0, 0, 0].map(&mut allowed), [true, true, true, false]);
        assert_eq!([99, 1, 0, 250, 0, 0].map(&mut allowed), [false, true, false, true, true, false]);
        assert_eq!([10_000, 0, 0, 0].map(&mut allowed), [true, true, true, false]);
        assert!(RateLimit::new(clock, Duration::ZERO, 3).is_none());
    }
}
