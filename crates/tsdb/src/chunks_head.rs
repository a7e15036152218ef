//! The chunks of the head that are full, in files: `chunks_head/000001` and so on.
//!
//! They are a copy. All samples of the head's time range are in the log as well, and what these files are for is memory (the
//! chunks need not be held) and time (they need not be built again when the log is replayed). From that follows how
//! safe they have to be:
//!
//! - **In-order chunks need not be on the disk before the log is shortened.** A checkpoint keeps every sample that is not
//!   older than the head, whichever chunk it is in. So nothing is flushed or synced for it, and a chunk that is lost
//!   comes back from the log.
//! - **No chunk must outlive an earlier one of its series.** Samples of the log that are not newer than the last chunk are taken to be in
//!   chunks, and a file that has lost its end looks like one that was ended early. So a file is safe before the next one begins, also
//!   if another process wrote it and was killed. If its sync fails, the header of the next file says so, and nothing is skipped.
//! - **Out-of-order chunks must be**, before segments of the out-of-order log are removed, and before a marker says that
//!   they hold its samples: [`HeadChunks::sync`].
//! - **What was not loaded must not be skipped in the log.** [`recover`] keeps each chunk that is sound, and says that others
//!   are not. Replay then compares every sample of the log with the chunks that are there, instead of with the end of
//!   the last one.
//!
//! # How a file lies on the disk
//!
//! ```text
//! u32 magic 0x0130BC91 | u8 version 1 | u8 1 if the file before may lack its end, else 0 | 2 × 0
//! chunk: u64 series | i64 first time | i64 last time | u8 encoding (0x80: out of order) | uvarint length | data | u32 CRC-32C
//! …
//! zeros to 128 KiB, or to where the last chunk ends
//! ```
//!
//! The sum covers everything from the series on. A chunk whose series and times are all zero is the end. The numbers of files have no
//! gap, and no file is larger than 128 MiB. A chunk is named by number and offset, in one `u64` ([`ChunkPlace`]).
//!
//! # Modules
//!
//! `format` is the bytes of one chunk, `scan` those of a file, past damage; `recover` reads a directory when it is opened, and mends what
//! would keep Prometheus from starting on it; `files` writes and reads while it is open.

mod damage;
mod files;
mod format;
mod recover;
mod scan;
mod store;

pub use damage::{HeadCause, HeadDamage};
pub use files::{HeadChunks, HeadChunksError, ReadChunk};
pub use format::{ChunkHead, ChunkPlace};
pub use recover::{FileFacts, MappedChunk, Recovered, recover};
pub use scan::{Scanned, scan};
