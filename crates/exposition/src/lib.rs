#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod entry;
mod error;
mod parser;
mod series;

pub use entry::{Entry, Escaped, Exemplar, Exemplars, MetricType, Pieces, Sample};
pub use error::ParseError;
pub use parser::{Options, Parser};
