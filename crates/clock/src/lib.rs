#![doc = include_str!("../README.md")]
//!
//! # Two times
//!
//! *Wall* time says when something happened, to people and to other machines. It may jump, in either direction, at any
//! moment. *Monotonic* time says how long something took, and never goes back. They have types of their own
//! ([`WallTime`], [`Monotonic`]) so that one is not taken for the other; timers only know the second.
//!
//! # How it fits together
//!
//! `timers` holds the timers of one clock, ordered by deadline, and knows what to wake. [`RealClock`] has a thread that
//! waits for the first of them; [`SimClock`] wakes them when a test moves time. [`Sleep`] is the future over a timer. On these
//! stand [`Ticker`] and [`Signal`].
//!
//! # Invariants
//!
//! - This crate is the one place of the workspace that asks the operating system what time it is.
//! - A timer that is dropped is gone at once: nothing is left in the queue for it.
//! - Timers are woken in the order of their deadlines, and those of one deadline in the order in which they were set.
//! - Wakers run outside of all locks, so whatever they do to the clock is allowed.
#![forbid(unsafe_code)]

mod clock;
mod instant;
mod real;
mod signal;
mod sim;
mod sleep;
mod ticker;
mod timers;

pub use clock::Clock;
pub use instant::{Monotonic, WallTime};
pub use real::RealClock;
pub use signal::{Signal, Woken};
pub use sim::SimClock;
pub use sleep::Sleep;
pub use ticker::Ticker;
