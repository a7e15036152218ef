//! Simulated time: what wakes, when, and in which order.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use promd_clock::{Clock, Monotonic, Signal, SimClock, Sleep, Ticker, WallTime, Woken};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

/// Writes down who was woken, and what time it was.
struct Log {
    clock: SimClock,
    woken: Mutex<Vec<(usize, Duration)>>,
}

struct Named(usize, Arc<Log>);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        let now = self.1.clock.monotonic().since(Monotonic::default());
        self.1.woken.lock().unwrap().push((self.0, now));
    }
}

impl Log {
    fn new(clock: &SimClock) -> Arc<Self> {
        Arc::new(Self { clock: clock.clone(), woken: Mutex::default() })
    }

    fn waker(self: &Arc<Self>, name: usize) -> Waker {
        Waker::from(Arc::new(Named(name, Arc::clone(self))))
    }

    fn take(&self) -> Vec<(usize, Duration)> {
        std::mem::take(&mut self.woken.lock().unwrap())
    }
}

fn poll(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

#[test]
fn sleepers_wake_by_deadline_and_then_in_the_order_in_which_they_came() {
    let clock = SimClock::default();
    let log = Log::new(&clock);
    let mut sleeps: Vec<Sleep> = [3, 1, 2, 1, 3].iter().map(|seconds| clock.sleep(SECOND * *seconds)).collect();
    for (name, sleep) in sleeps.iter_mut().enumerate() {
        assert_eq!(poll(sleep, &log.waker(name)), Poll::Pending);
    }
    assert_eq!((clock.sleepers(), clock.next_deadline()), (5, Some(clock.monotonic() + SECOND)));
    clock.advance(SECOND * 2);
    assert_eq!(log.take(), [(1, SECOND), (3, SECOND), (2, SECOND * 2)]);
    assert!(clock.advance_to_next_timer());
    assert_eq!(log.take(), [(0, SECOND * 3), (4, SECOND * 3)]);
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep, Waker::noop()).is_ready()));
    assert!(!clock.advance_to_next_timer());
}

#[test]
fn a_dropped_sleep_leaves_nothing_behind() {
    let clock = SimClock::default();
    let log = Log::new(&clock);
    let mut sleep = clock.sleep(SECOND);
    assert_eq!(clock.sleepers(), 0, "nobody has asked it yet");
    let _ = poll(&mut sleep, &log.waker(0));
    assert_eq!(clock.sleepers(), 1);
    drop(sleep);
    assert_eq!(clock.sleepers(), 0);
    clock.advance(SECOND);
    assert_eq!(log.take(), []);
}

#[test]
fn the_last_waker_counts() {
    let clock = SimClock::default();
    let log = Log::new(&clock);
    let mut sleep = clock.sleep(SECOND);
    let _ = poll(&mut sleep, &log.waker(0));
    let _ = poll(&mut sleep, &log.waker(1));
    assert_eq!(clock.sleepers(), 1);
    clock.advance(SECOND);
    assert_eq!(log.take(), [(1, SECOND)]);
}

#[test]
fn the_calendar_may_jump_and_nobody_wakes() {
    let clock = SimClock::new(WallTime::from_millis(10_000));
    let log = Log::new(&clock);
    let mut sleep = clock.sleep(SECOND * 5);
    let _ = poll(&mut sleep, &log.waker(0));
    clock.jump_wall(SECOND * 60);
    assert_eq!(clock.wall().millis(), 70_000);
    clock.jump_wall_back(SECOND * 90);
    assert_eq!(clock.wall().millis(), -20_000);
    assert_eq!((log.take(), clock.monotonic()), (vec![], Monotonic::default()));
    clock.advance(SECOND * 5);
    assert_eq!(clock.wall().millis(), -15_000);
    assert_eq!(log.take(), [(0, SECOND * 5)]);
}

#[test]
fn a_deadline_in_the_past_is_ready_at_once() {
    let clock = SimClock::default();
    clock.advance(SECOND);
    assert!(poll(&mut clock.sleep_until(Monotonic::default()), Waker::noop()).is_ready());
    assert!(poll(&mut clock.sleep(Duration::ZERO), Waker::noop()).is_ready());
    let mut never = clock.sleep(Duration::MAX);
    assert!(poll(&mut never, Waker::noop()).is_pending());
    assert!(!clock.advance_to_next_timer(), "the end of time does not come");
}

#[test]
fn a_late_consumer_gets_one_tick_and_then_the_schedule() {
    let clock = SimClock::default();
    let mut ticker = Ticker::new(Arc::new(clock.clone()), clock.monotonic() + SECOND, SECOND * 10);
    let mut tick = || {
        let polled = pin!(ticker.tick()).poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(scheduled) => Some(scheduled.since(Monotonic::default()).as_secs()),
            Poll::Pending => None,
        }
    };
    assert_eq!(tick(), None);
    clock.advance(SECOND);
    assert_eq!((tick(), tick()), (Some(1), None));
    clock.advance(SECOND * 35);
    assert_eq!((tick(), tick()), (Some(11), None), "21 and 31 were missed");
    clock.advance(SECOND * 5);
    assert_eq!((tick(), tick()), (Some(41), None));
}

#[test]
fn a_thread_waits_for_simulated_time() {
    let clock = SimClock::default();
    let signal = Arc::new(Signal::new());
    let wait = |clock: &SimClock| {
        let (clock, signal) = (clock.clone(), Arc::clone(&signal));
        thread::spawn(move || signal.wait_until(&clock, clock.monotonic() + SECOND))
    };
    let waiting = wait(&clock);
    clock.wait_for_sleepers(1);
    clock.advance(SECOND);
    assert_eq!(waiting.join().unwrap(), Woken::DeadlinePassed);

    let waiting = wait(&clock);
    clock.wait_for_sleepers(1);
    signal.notify();
    assert_eq!(waiting.join().unwrap(), Woken::Notified);
    assert_eq!(clock.sleepers(), 0);

    signal.notify();
    signal.notify();
    assert_eq!(signal.wait_until(&clock, Monotonic::NEVER), Woken::Notified, "one kept for the next");
    assert_eq!(signal.wait_until(&clock, clock.monotonic()), Woken::DeadlinePassed, "and only one");
}

proptest! {
    /// Against a sorted list: who is woken by which advance, and at which moment.
    #[test]
    fn advancing_wakes_what_is_due(
        sleeps in prop::collection::vec((0..100u32, any::<bool>()), 0..40),
        steps in prop::collection::vec(0..30u32, 0..10),
    ) {
        let clock = SimClock::default();
        let log = Log::new(&clock);
        let mut futures: Vec<Option<Sleep>> = Vec::new();
        let mut expected: Vec<(u32, usize)> = Vec::new();
        for (name, (seconds, cancelled)) in sleeps.iter().enumerate() {
            let mut sleep = clock.sleep(SECOND * *seconds);
            let pending = poll(&mut sleep, &log.waker(name)).is_pending();
            prop_assert_eq!(pending, *seconds > 0);
            futures.push((!cancelled).then_some(sleep));
            if pending && !cancelled {
                expected.push((*seconds, name));
            }
        }
        expected.sort_unstable();
        let mut now = 0;
        for step in steps {
            clock.advance(SECOND * step);
            now += step;
            let due: Vec<_> = expected.extract_if(.., |(seconds, _)| *seconds <= now).collect();
            let due: Vec<_> = due.into_iter().map(|(seconds, name)| (name, SECOND * seconds)).collect();
            prop_assert_eq!(log.take(), due);
            prop_assert_eq!(clock.sleepers(), expected.len());
        }
    }
}
