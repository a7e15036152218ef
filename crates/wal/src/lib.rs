#![doc = include_str!("../README.md")]
//!
//! # What is promised after which failure
//!
//! *Logged* is a record whose [`append`](Log::append) returned; *safe* is one before [`Durability::synced_to`].
//!
//! | failure | what stays | what is done about it |
//! |---|---|---|
//! | the process is killed | everything logged | nothing: it is in the page cache. Whoever opens the log next syncs it |
//! | the power goes | everything safe: under [`Always`](SyncPolicy::Always) all that was acknowledged, under [`Interval`](SyncPolicy::Interval) all but the last interval, under [`Segment`](SyncPolicy::Segment) the full segments | a torn end is for repair; the numbers of segments have no gap |
//! | a write fails, the disk is full | everything logged | the append is refused as a whole, its torn bytes are cut off, the segment ends there; the next append begins another one. Nothing has to be restarted when there is space again |
//! | a sync fails | everything logged | its records are written again, from memory, to a segment that appears whole and safe; then the old ones are cut to what was safe |
//! | that fails, too | everything logged, as long as the process lives | appends are refused, and each of them, each tick and each wait tries again. If the process is killed now, the page cache still has the records, and nobody can tell that a power loss would take them |
//! | a cut fails | everything logged | it is tried again at every sync and at every begin of a segment; until then our reader goes on behind the torn bytes, and Prometheus stops there |
//! | a bit flips at rest | all but the record that it was in | our reader goes on behind it; repair makes Prometheus do so, too |
//!
//! A record that was written again may be read twice: all of those in question in their order, then all of them again. What
//! reads a log takes a repeated record as Prometheus' replay does, as nothing new. A record whose append was refused may be found
//! after a crash all the same; one that was never appended may not.
//!
//! # How it fits together
//!
//! `page`, `position` and `names` say how a log lies on the disk, and `frame` makes the bytes of a segment out of records.
//! `log` writes them ([`Log`]): framing and writing happen under one lock, syncs beside it, one at a time, and the records that are not
//! safe yet are kept in memory, bounded by [`Options::max_unsynced`]. `read` reads them ([`LogReader`]), past damage, and on it
//! stand `tail` ([`Tail`]), [`checkpoint`](checkpoint()), [`repair`](repair()) and `series_copy` ([`SeriesCopy`]). `cursor`
//! ([`Cursors`]) keeps positions. [`record`] gives the bytes a meaning: the writer never asks for it, the reader judges by it
//! whether a damaged header may be believed, checkpoint and repair look for series and times.
//!
//! # Invariants
//!
//! - A record lies in one segment. A segment is never written to again after its end, a failed write, a failed sync, or a
//!   restart.
//! - The name of a segment is safe before the first byte is in it, and it is removed only when those before it are gone for good: a
//!   gap in the numbers would keep Prometheus from starting.
//! - Segments are synced in their order, so that what is safe is a prefix of the log.
//! - Syncs of one file never overlap: two at a time would share its errors, and either could miss one.
//! - Nothing runs by itself but what [`Maintenance`] allows, and time comes from the clock that was handed in.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod checkpoint;
mod cursor;
mod durable;
mod frame;
mod log;
mod names;
mod output;
mod page;
mod position;
mod read;
pub mod record;
mod repair;
mod series_copy;
mod tail;

pub use checkpoint::{CheckpointError, CheckpointOptions, CheckpointStats, Counts, checkpoint, remove_checkpoints};
pub use cursor::{Cursor, Cursors, Fresh, Start, StartReason};
pub use frame::{Framed, Framer, Payload};
pub use log::{Durability, Executor, Log, LogError, LogMetrics, Maintenance, Options, SyncPolicy, Synced, Task};
pub use names::{
    SegmentFile, TMP_SUFFIX, checkpoint_name, list_checkpoints, list_segments, parse_checkpoint_name,
    parse_segment_name, segment_name,
};
pub use page::{Compression, HEADER, Header, Kind, MAX_FRAGMENT, PAGE, PART_BITS, Part, SNAPPY_BIT, ZSTD_BIT};
pub use position::Position;
pub use read::{Cause, Damage, Event, LogKind, LogReader, LogRecord, ReadOptions, SegmentId, SegmentReader};
pub use repair::{MAX_GAP, RepairOptions, Report, Rewritten, put_aside, remove_leftovers, repair};
pub use series_copy::SeriesCopy;
pub use tail::{Bell, Tail, Tailed};
