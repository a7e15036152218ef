//! How long changes are gathered before they are handed out.

use std::time::Duration;

use promd_clock::Monotonic;

/// The first delay after a quiet time.
const FIRST: Duration = Duration::from_millis(100);

/// A delay that grows by a half with each time that something is handed out, up to a limit, and starts again once nothing was
/// handed out for as long as that limit (`discovery/manager.go`, which adds chance: its servers ask in turns).
#[derive(Debug)]
pub(super) struct Throttle {
    limit: Duration,
    next: Duration,
    last: Option<Monotonic>,
}

impl Throttle {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, next: FIRST.min(limit), last: None }
    }

    /// How long to wait with a change that has come at `now`.
    pub(super) fn delay(&mut self, now: Monotonic) -> Duration {
        if self.last.is_none_or(|last| now.since(last) > self.limit) {
            self.next = FIRST.min(self.limit);
        }
        self.next
    }

    /// Notes that something was handed out at `now`.
    pub(super) fn sent(&mut self, now: Monotonic) {
        self.last = Some(now);
        self.next = (self.next + self.next / 2).min(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 ms, times 1.5 each: the intervals of `discovery/manager.go` without their jitter.
    #[test]
    fn delays_grow_while_there_is_much_to_say() {
        let mut throttle = Throttle::new(Duration::from_secs(5));
        let mut now = Monotonic::default();
        let mut delays = Vec::new();
        for _ in 0..12 {
            let delay = throttle.delay(now);
            delays.push(delay.as_millis());
            now = now + delay;
            throttle.sent(now);
        }
        assert_eq!(delays, [100, 150, 225, 337, 506, 759, 1139, 1708, 2562, 3844, 5000, 5000]);
        assert_eq!(throttle.delay(now + Duration::from_millis(5001)), FIRST);
    }
}
