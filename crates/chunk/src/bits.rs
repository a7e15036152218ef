//! Bits in and out, most significant first, as `tsdb/chunkenc/bstream.go` lays them down.

mod reader;
mod writer;

pub(crate) use reader::{BitReader, VISIBLE};
pub(crate) use writer::{BitWriter, Buffer, Scratch, size_class};

#[cfg(test)]
mod tests;
