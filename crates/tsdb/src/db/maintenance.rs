//! Work that nobody asks for: done by a task in the background, or by the caller's ticks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use promd_wal::Maintenance;

use super::Inner;

/// How long the task waits after a round that failed, and how much longer after each further one (`tsdb/db.go`).
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Starts the task, if there is to be one.
pub(super) fn start(inner: &Arc<Inner>) {
    if let Maintenance::Background(executor) = &inner.options.maintenance {
        let inner = Arc::clone(inner);
        executor.spawn(Box::new(move || run(&inner)));
    }
}

/// Rounds until the database is closed, the first one at once.
fn run(inner: &Inner) {
    let mut after_failure = FIRST_WAIT;
    loop {
        let outcome = {
            let mut work = inner.work.lock();
            // Asked under the lock: whoever closes takes it last.
            if inner.closed.load(Ordering::Relaxed) {
                return;
            }
            inner.round(&mut work)
        };
        let wait = match outcome {
            Ok(()) => {
                after_failure = FIRST_WAIT;
                inner.options.reload_interval
            }
            Err(_) => {
                let wait = after_failure;
                after_failure = (after_failure * 2).min(LONGEST_WAIT);
                wait
            }
        };
        inner.wake.wait_until(&*inner.clock, inner.clock.monotonic() + wait);
    }
}
