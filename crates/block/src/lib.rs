#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod damage;
mod error;
pub mod index;
mod interval;
pub mod postings;
mod source;

pub use damage::{Consequence, Damage, Part};
pub use error::BlockError;
pub use interval::{Interval, Intervals};
pub use source::{BlockSource, Hole, LostSeries, SourceChunk, SourceSeries};
