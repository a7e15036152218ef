#![doc = include_str!("../README.md")]
//!
//! # Damage is a value
//!
//! One flipped bit makes Prometheus fail every query that touches it, or not start at all. Here, damage is something that a
//! function returns ([`Damage`]: file, offset, got, expected, consequence) and its caller passes over. What a part may cost:
//!
//! | damaged | costs |
//! |---|---|
//! | a chunk | that chunk |
//! | the header of a segment | nothing: each chunk has a checksum of its own |
//! | a segment that is missing or cut | the chunks that are gone |
//! | the entry of a series | that series |
//! | a posting list, the offset table, the table of contents | nothing: they are made again from the series |
//! | symbols | nothing where lists and offset table tell them, else the block |
//! | `meta.json` | nothing: `promd-meta`, the index and the chunks know what it said |
//! | tombstones | the block: what was deleted must not come back, until the operator decides |
//! | `promd-holes.json` | the memory of what was lost before |
//!
//! # Invariants
//!
//! 1. Every checksum is verified on each read, and what has none is checked against what has. No byte is believed that decides
//!    which samples are answered.
//! 2. A block that is damaged answers a part of what it held, with equal values; never more, and never in silence.
//! 3. Heap does not grow with the block, but for tombstones and holes. Indexes and chunks are read through maps, and handed on
//!    by reference.
//! 4. A folder that is called by a ULID holds a whole block, whatever happens while it is written.
//! 5. Nothing is deleted that can be moved aside.
//!
//! # How it fits together
//!
//! `meta`, `chunks`, `tombstones` and `holes` are the files, `facts` (`promd-meta`) and `check` say whether `meta.json` is right;
//! [`index`] and [`postings`] are the index. `block` opens them all as one [`Block`]. `reader` makes a [`BlockSource`]
//! of it, `write` a block of a source; `verify` and `salvage` are built on those two. `scan` is for whoever has a whole
//! data directory. Neither clock nor randomness comes in: a [`BlockId`] is made of what the caller hands over.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod block;
mod check;
mod chunks;
mod damage;
mod error;
mod facts;
mod holes;
mod id;
pub mod index;
mod meta;
pub mod postings;
mod reader;
mod salvage;
mod scan;
mod sealed;
mod select;
mod series;
mod source;
mod tombstones;
mod trail;
mod verify;
mod write;

pub use block::Block;
pub use chunks::{ChunkRef, DEFAULT_SEGMENT_SIZE, ReadChunk, SegmentWriter, Segments};
pub use damage::{Consequence, Damage, Part};
pub use error::BlockError;
pub use facts::{Facts, FileFacts};
pub use holes::Holes;
pub use id::{BlockId, BlockIdError};
pub use meta::{Meta, MetaCompaction, MetaError, MetaParent, MetaStats};
/// What deletions, holes and chunks are told by.
pub use promd_model::{Interval, Intervals};
pub use reader::BlockReader;
pub use salvage::{SalvageOptions, Salvaged, move_aside, salvage};
pub use scan::{FoundBlock, Scan, scan};
pub use source::{BlockSource, Hole, LostSeries, SourceChunk, SourceSeries};
pub use tombstones::Tombstones;
pub use verify::{Verified, verify};
pub use write::{Progress, Watch, WriteOptions, Written, write};
