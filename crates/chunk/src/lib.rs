#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! `bits` writes and reads bits; `varbit` and the window of `xor` are the two ways to write a number short. On these
//! stand the encodings, each with an appender and a decoder: `xor`, `xor2`, `histogram`. `start` adds start timestamps
//! to those that have them. [`Chunk`] is where a reader comes in, [`Encoder`] a writer who has all samples at once.
//!
//! # Invariants
//!
//! - **Bit for bit.** What an appender writes is what Prometheus writes for the same calls, recoding and all; this is what
//!   makes blocks of both interchangeable and is checked on bytes that Prometheus made.
//! - **Sound at any time.** The count in the header is written with each sample, so a reader may look at an open chunk.
//! - **Nothing is believed.** Counts, widths and spans are checked against the bits that are there before memory is taken.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod bits;
mod chunk;
mod encode;
mod error;
mod histogram;
mod samples;
mod start;
mod statistics;
mod varbit;
mod xor;
mod xor2;

pub use chunk::{Chunk, Encoding};
pub use encode::{Chunker, EncodeError, Encoded, Encoder};
pub use error::ChunkError;
pub use histogram::{
    Appended, Float, FloatHistogramAppender, HistogramAppender, HistogramAppenderOf, HistogramRefused, Integer, Kind,
    ResetHeader,
};
pub use samples::{Sample, SampleValue, Samples};
pub use statistics::Statistics;
pub use xor::{ChunkFull, OpenRefused, OpenXor, Piece, XorAppender};
pub use xor2::Xor2Appender;
