//! The machine's time. Nothing here waits for more than a few milliseconds unless something is broken.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use promd_clock::{Clock, RealClock, Signal, Woken};

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn a_sleep_ends_not_before_its_deadline() {
    let clock = RealClock::new();
    let signal = Signal::new();
    for milliseconds in [0, 1, 5, 2] {
        let deadline = clock.monotonic() + MILLISECOND * milliseconds;
        assert_eq!(signal.wait_until(&clock, deadline), Woken::DeadlinePassed);
        assert!(clock.monotonic() >= deadline);
    }
}

#[test]
fn a_later_timer_does_not_hold_up_an_earlier_one() {
    let clock = RealClock::new();
    let hour = clock.sleep(Duration::from_secs(3_600));
    let mut hour = pin!(hour);
    assert!(hour.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // The thread of the clock waits for the hour, and has to think again.
    let soon = clock.monotonic() + MILLISECOND;
    assert_eq!(Signal::new().wait_until(&clock, soon), Woken::DeadlinePassed);
    assert!(hour.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[test]
fn a_notification_ends_a_wait_that_has_no_end() {
    let clock = RealClock::new();
    let signal = Arc::new(Signal::new());
    let waiting = {
        let (clock, signal) = (clock.clone(), Arc::clone(&signal));
        thread::spawn(move || signal.wait_until(&clock, clock.monotonic() + Duration::MAX))
    };
    signal.notify();
    assert_eq!(waiting.join().unwrap(), Woken::Notified);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "compared with the operating system's own")]
fn wall_time_is_that_of_the_machine() {
    let clock = RealClock::new();
    let millis = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let before = millis();
    let wall = clock.wall().millis();
    let after = millis();
    assert!((before..=after).contains(&wall), "{before} {wall} {after}");
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default());
        names.filter(|name| name.trim() == "promd-clock").count()
    };
    // Other tests of this file have clocks of their own, which end too: at last there are none but those begun here.
    let clocks: Vec<RealClock> = (0..20).map(|_| RealClock::new()).collect();
    for clock in &clocks {
        Signal::new().wait_until(clock, clock.monotonic() + MILLISECOND);
    }
    assert!(threads() >= 20);
    drop(clocks);
    let witness = RealClock::new();
    let deadline = witness.monotonic() + Duration::from_secs(20);
    while threads() >= 20 {
        assert!(witness.monotonic() < deadline, "{} threads are left", threads());
        thread::yield_now();
    }
}
