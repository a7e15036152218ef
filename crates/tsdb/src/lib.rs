#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the database that holds the head is not here yet"))]
mod head;

pub use error::TsdbError;
