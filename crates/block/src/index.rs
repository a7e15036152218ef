//! The index of a block: which series it has, what they are called, where their chunks are.

mod format;
mod writer;

pub use format::{ChunkMeta, Toc};
pub use writer::IndexWriter;
