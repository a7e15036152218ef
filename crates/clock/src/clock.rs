//! The trait that code takes.

use std::fmt::Debug;
use std::time::Duration;

use crate::{Monotonic, Sleep, WallTime};

/// A source of time. Code holds it as `Arc<dyn Clock>` and asks it alone.
pub trait Clock: Debug + Send + Sync {
    /// What the calendar says. It may jump, also backwards.
    fn wall(&self) -> WallTime;

    /// How far this clock has run. It never goes back.
    fn monotonic(&self) -> Monotonic;

    /// A future that is ready once the clock has run to `deadline`.
    fn sleep_until(&self, deadline: Monotonic) -> Sleep;

    /// A future that is ready after `duration`.
    fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.monotonic() + duration)
    }
}
