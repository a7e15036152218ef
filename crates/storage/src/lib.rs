#![doc = include_str!("../README.md")]
//!
//! # Why chunks and columns
//!
//! The seam is crossed once a series, not once a sample: one virtual call hands out labels and the bytes of all chunks, and
//! decoding them fills columns that are used again. For 50 000 series of two chunks this costs nothing that can be measured
//! beside the decoding, whereas label order costs half of it again; so order is asked for, not given (`Order`).
//!
//! # How it fits together
//!
//! - [`Storage`] is a store: readers ([`Reader`], [`SeriesSet`]) and appenders ([`Appender`], [`Durability`]).
//! - [`Series`] and [`ChunkView`] are what comes out; [`Decoder`] makes columns of it.
//! - [`Batch`] is what goes in, [`Verdict`] what is said of each sample.
//! - [`Merge`] and [`Fanout`] are stores made of stores.
//!
//! # Invariants
//!
//! - A reader is a snapshot: whatever is committed behind its back, all its answers are of one moment.
//! - Damage does not end an answer. What cannot be read is left out, and named in [`Warnings`] or [`Damaged`].
//! - Of several samples with one timestamp one is seen: that of the chunk that begins first, and of chunks that begin
//!   together that of the first source.
//! - No `Vec<Histogram>` crosses the seam, and nothing here is called for a single sample.
#![forbid(unsafe_code)]

mod append;
mod batch;
mod decode;
mod error;
mod exemplar;
mod fanout;
mod memory;
mod merge;
mod select;
mod series;
mod verdict;
mod warnings;

pub use append::{Appender, Durability, Position, SeriesRef, Storage};
pub use batch::Batch;
pub use decode::{Damaged, Decoder, Fault};
pub use error::StorageError;
pub use exemplar::SeriesExemplars;
pub use fanout::Fanout;
pub use memory::MemStorage;
pub use merge::Merge;
pub use select::{Grouping, Hints, LabelQuery, Listed, Order, Projection, Reader, Select, SeriesSet};
pub use series::{ChunkView, Series};
pub use verdict::{Refused, Verdict};
pub use warnings::Warnings;
