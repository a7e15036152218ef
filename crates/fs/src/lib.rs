//! The file system as storage sees it, real and simulated.

#![deny(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod error;
mod space;

pub use error::{Error, ErrorKind, Op, Result};
pub use space::{FsKind, Space};
