//! Reading a log, damaged or not.
//!
//! Three layers, each of which knows nothing of the one above: `scan` finds the sound fragments of a page and the way on
//! behind those that are not, `assemble` makes records of fragments and settles what their headers meant, and on these
//! stand [`SegmentReader`] and [`LogReader`], which read files.
//!
//! What Prometheus takes for sound is read here as the same records. Where it would stop and delete, a [`Damage`] says
//! what is lost, and the records behind it follow. A reader that wants Prometheus' strictness stops at the first one.

mod assemble;
mod damage;
mod judge;
mod log;
mod scan;
mod segment;
mod sums;

pub use damage::{Cause, Damage, SegmentId};
pub use log::{LogKind, LogReader};
pub use segment::{Event, LogRecord, ReadOptions, SegmentReader};

pub(crate) use log::{list_or_none, newest_checkpoint};
pub(crate) use segment::Step;
