#![doc = include_str!("../README.md")]
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
