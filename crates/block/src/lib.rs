#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod block;
mod check;
mod chunks;
mod damage;
mod error;
pub mod index;
mod interval;
pub mod postings;
mod facts;
mod holes;
mod id;
mod interval;
mod meta;
pub mod postings;
mod reader;
mod salvage;
mod scan;
mod sealed;
mod series;
mod source;
mod tombstones;
mod verify;
mod write;

pub use block::Block;
pub use chunks::{ChunkRef, DEFAULT_SEGMENT_SIZE, ReadChunk, SegmentWriter, Segments};
pub use damage::{Consequence, Damage, Part};
pub use error::BlockError;
pub use facts::{Facts, FileFacts};
pub use holes::Holes;
pub use id::{BlockId, BlockIdError};
pub use interval::{Interval, Intervals};
pub use meta::{Meta, MetaCompaction, MetaError, MetaParent, MetaStats};
pub use reader::BlockReader;
pub use salvage::{SalvageOptions, Salvaged, move_aside, salvage};
pub use scan::{FoundBlock, Scan, scan};
pub use source::{BlockSource, Hole, LostSeries, SourceChunk, SourceSeries};
pub use tombstones::Tombstones;
pub use verify::{Verified, verify};
pub use write::{Progress, Watch, WriteOptions, Written, write};
