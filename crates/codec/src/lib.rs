#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! - [`Reader`] and [`Writer`] are the two ends of every file format; [`DecodeError`] says what is wrong and where.
//! - [`proto`] has a reader and a writer of its own, since protobuf's varints differ from Go's on damaged bytes and its errors
//!   have words that users know.
//! - [`compress`] stands on [`Reader`] for the headers that it walks before it takes memory.
//!
//! # Invariants
//!
//! 1. No input makes anything here panic, recurse, or work longer than in proportion to its bytes and those it decodes to.
//! 2. Memory is taken for bytes that are there. A number in the input becomes a length only after it was compared with what
//!    follows it ([`Reader::uvarint_count`]) or with a limit of the caller ([`compress::Decoder::decode`]).
//! 3. A read that fails leaves its reader in front of the value, so that the tail of a file that grows can be read again.
//! 4. Nothing is copied that can be borrowed, and what must be copied goes into vectors that the caller uses again.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod compress;
mod crc32c;
mod error;
pub mod proto;
mod reader;
mod varint;
mod writer;

pub use crc32c::{Crc32c, crc32c};
pub use error::{DecodeError, DecodeErrorKind};
pub use reader::Reader;
pub use varint::{MAX_VARINT_LEN, uvarint_len, zigzag_decode, zigzag_encode};
pub use writer::{Hole, LengthError, Writer};
