#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod frame;
mod log;
mod names;
mod page;
mod position;
mod read;
pub mod record;

pub use frame::{Framed, Framer, Payload};
pub use log::{Durability, Executor, Log, LogError, LogMetrics, Maintenance, Options, SyncPolicy, Synced, Task};
pub use names::{
    SegmentFile, TMP_SUFFIX, checkpoint_name, list_checkpoints, list_segments, parse_checkpoint_name,
    parse_segment_name, segment_name,
};
pub use page::{Compression, HEADER, Header, Kind, MAX_FRAGMENT, PAGE, PART_BITS, Part, SNAPPY_BIT, ZSTD_BIT};
pub use position::Position;
pub use read::{Cause, Damage, Event, LogKind, LogReader, LogRecord, ReadOptions, SegmentId, SegmentReader};
