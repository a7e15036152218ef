//! The XOR encoding (1) of float samples, after Facebook's Gorilla as `tsdb/chunkenc/xor.go` has it.
//!
//! ```text
//! u16 count | varint t0 | 64 bits v0 | uvarint t1-t0 | xor v1 | (Δ² t | xor v)*
//! ```
//!
//! Timestamps: the change of the change, in one of five widths. Values: the exclusive or with the value before, of which
//! only the significant bits are kept, in the window of leading and trailing zeros of an earlier value if they fit
//! into it.

mod appender;
mod decoder;
mod open;
mod state;
mod value;

pub use appender::{ChunkFull, XorAppender};
pub(crate) use decoder::XorDecoder;
pub use open::{OpenRefused, OpenXor, Piece};
pub(crate) use value::Window;

#[cfg(test)]
mod tests;
