#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod captures;
mod engine;
mod error;
mod parse;
mod regex;
mod template;
mod unicode;

pub use captures::Captures;
pub use error::{Error, ErrorKind};
pub use regex::Regex;
