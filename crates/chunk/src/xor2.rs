//! The XOR2 encoding (4) of float samples: one joint code for "as before", and start timestamps (`tsdb/chunkenc/xor2.go`).
//!
//! ```text
//! u16 count | u8 header of starts | varint t0 | 64 bits v0 | uvarint t1-t0 | V(v1) | (joint code)*
//! ```
//!
//! | joint code | Δ² t | value |
//! |---|---|---|
//! | `0` | 0 | the same |
//! | `10` | 0 | `0` and bits in the window in use, or `1` and a new window |
//! | `110` | 13 bits | V |
//! | `1110` | 20 bits | V |
//! | `11110` | 64 bits | V |
//! | `11111` | 0 | stale |
//!
//! V is `0` the same, `10` in the window in use, `110` a new window, `111` stale. "The same" and all differences refer to the
//! last value that was not stale (0.0 before there is one): a stale marker costs three or five bits, and what follows it
//! costs nothing extra. The start of each sample stands behind it, see `start.rs`.

mod appender;
mod decoder;

pub use appender::Xor2Appender;
pub(crate) use decoder::Xor2Decoder;

/// The value that says "the series has ended here" (`model/value/value.go`).
const STALE: u64 = 0x7ff0_0000_0000_0002;

#[cfg(test)]
mod tests;
