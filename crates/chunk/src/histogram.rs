//! Native histograms: encodings 2 (integer), 3 (float), 5 and 6 (the same with start timestamps).
//!
//! ```text
//! 2, 3:  u16 count | u8 reset flag in bits 7-6
//! 5, 6:  u2 reset flag, u14 count | u8 header of starts
//! then:  layout | sample* ,  each sample of 5 and 6 followed by its start
//! ```
//!
//! The first sample brings the layout (`layout.rs`); all others fill the same buckets. A sample is its time, count, zero count,
//! sum and buckets. What a number is written as depends on the kind (`kind.rs`): integers as changes of changes, floats as
//! differences of bits. A stale sample has a time and a sum, and no buckets.
//!
//! # When a chunk goes on, and when it ends
//!
//! Counters only grow within a chunk. A sample with fewer observations anywhere ends it, as does another resolution, zero
//! threshold or set of bounds, a change between counter and gauge, and anything but another stale sample behind a stale
//! one. A sample with *more* buckets makes the chunk be written again with the wider layout; a sample that lacks
//! buckets which were empty so far gets them, empty. For a gauge, where nothing is a reset, buckets may come and go in
//! either way. The rules are those of `tsdb/chunkenc/histogram.go`, so the same appends give the same bytes.

mod appender;
mod decoder;
mod header;
mod kind;
mod layout;
mod spans;
mod view;

pub use appender::{Appended, FloatHistogramAppender, HistogramAppender, HistogramAppenderOf, HistogramRefused};
pub(crate) use decoder::{decode_float_histograms, decode_histograms};
pub use header::ResetHeader;
pub use kind::{Float, Integer, Kind};

#[cfg(test)]
mod tests;
