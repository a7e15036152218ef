#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod bits;
mod error;
mod start;
mod varbit;
mod xor;
mod xor2;

pub use error::ChunkError;
pub use xor::{ChunkFull, XorAppender, decode_xor};
pub use xor2::Xor2Appender;
