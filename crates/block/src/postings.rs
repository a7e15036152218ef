//! Sets of series: posting lists in memory and on disk, the algebra of sets over both, and what label matchers select.
//!
//! A posting list holds the series that have one value of one label, by their numbers. A query asks for series that have
//! this value and not that one; the answer is set algebra over posting lists, done before any label is looked at.
//!
//! - [`Postings`] is a list in memory: one id in line, up to 64 ids as a sorted array, more as a roaring bitmap. Most values of
//!   most labels belong to one series, and those that belong to many are where bitmaps pay: whole words of 64 series are
//!   combined at once.
//! - [`DiskIds`] is a list in the index of a block: ascending numbers of 32 bits, big endian, borrowed and never copied.
//! - [`List`] is either, and [`Cursor`] passes over it, by steps or by leaps.
//! - [`intersect`], [`Union`] and [`subtract`] combine lists of any kind; a result is in memory.
//! - [`select`] answers label matchers, from anything that is a [`PostingsSource`]: the index of a block, or a head.
//!
//! Ids ascend in a list. A list on disk whose ids do not (its checksum is right, so something wrote it so) gives some set, never
//! a panic.

mod algebra;
mod cursor;
mod disk;
mod memory;
mod select;

pub use algebra::{Union, intersect, subtract};
pub use cursor::{Cursor, List};
pub use disk::DiskIds;
pub use memory::{Iter, Postings};
pub use select::{PostingsSource, select};
