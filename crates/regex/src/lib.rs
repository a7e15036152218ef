#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod anchored;
mod candidates;
mod captures;
mod engine;
mod error;
mod literals;
mod parse;
mod regex;
mod shortcut;
mod template;
mod unicode;

pub use anchored::Anchored;
pub use candidates::Candidates;
pub use captures::Captures;
pub use error::{Error, ErrorKind};
pub use literals::Literals;
pub use regex::Regex;
