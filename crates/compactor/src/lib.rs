#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! `ranges` says how long blocks may become, `plan` which of them are to become one, `lineage` what the `meta.json` of that one
//! says, `uploads` which must wait. `merge` is a source of series over other sources; `compact` lets the block crate
//! write it down, and marks the old blocks where that went wrong. `retention` knows nothing of all this but the lineage.
//!
//! # Invariants
//!
//! - **The same blocks, the same bytes.** Order decides which of two samples for one millisecond is kept, where chunks are cut, and
//!   whether a chunk is looked at. So the merge takes its steps in the order in which Prometheus takes them, down to how a
//!   heap (`heap`) moves equal elements. The tests let the real one compact the same blocks.
//! - **Chunks are not opened without need.** In blocks that follow each other no chunk is decoded, and none is copied but into the
//!   new segment.
//! - **Memory is for one series.** Of each source one series is there at a time, as references to its chunks; decoded are the
//!   chunks of one cluster of overlaps.
//! - **What decides does no input or output.** `plan` and `Retention` are functions; files come in at `compact`.
#![forbid(unsafe_code)]

mod compact;
mod heap;
mod lineage;
mod merge;
mod plan;
mod ranges;
mod retention;
mod uploads;

pub use compact::{CompactError, CompactOptions, Compacted, Input, compact};
pub use lineage::merged_meta;
pub use merge::{FloatEncoding, Merge, MergeCounts, MergeOptions};
pub use plan::{Candidate, Class, Plan, Reason, plan};
pub use ranges::Ranges;
pub use retention::{Cause, Expired, Retention, Stored};
pub use uploads::{Uploads, UploadsError};
