#![doc = include_str!("../README.md")]
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
