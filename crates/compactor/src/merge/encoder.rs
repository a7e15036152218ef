//! Samples become chunks again.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use promd_block::{Hole, Interval, SourceChunk};
use promd_chunk::{Chunker, Encoded};
use promd_model::Columns;

use super::FloatEncoding;

/// The rules for the samples of several chunks.
pub(super) fn merged(floats: FloatEncoding) -> promd_chunk::Encoder {
    match floats {
        FloatEncoding::Xor => promd_chunk::Encoder::new(),
        FloatEncoding::Xor2 => promd_chunk::Encoder::new().with_xor2(),
    }
}

/// Writes rows of columns into chunks. Finished chunks go to the vector that each call names.
#[derive(Debug)]
pub(super) struct Encoder {
    chunker: Chunker,
    /// Columns that nobody uses.
    spare: Vec<Columns>,
    finished: u64,
    /// Samples that could be decoded and make no sense all the same.
    refused: Vec<Hole>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { chunker: promd_chunk::Encoder::new().chunker(), spare: Vec::new(), finished: 0, refused: Vec::new() }
    }
}

impl Encoder {
    /// How many chunks have been finished.
    pub(super) fn chunks(&self) -> u64 {
        self.finished
    }

    /// Empty columns to decode into.
    pub(super) fn take_columns(&mut self) -> Columns {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes columns that are not used any more.
    pub(super) fn give_back(&mut self, mut columns: Columns) {
        columns.clear();
        self.spare.push(columns);
    }

    /// Begins with the samples of another chunk, or of others; what was begun before has been finished.
    pub(super) fn begin(&mut self, rules: promd_chunk::Encoder) {
        self.chunker = rules.chunker();
    }

    /// Appends rows, which must be later than those before.
    pub(super) fn append(&mut self, columns: &Columns, mut rows: Range<usize>, into: &mut Vec<SourceChunk>) {
        let Self { chunker, finished, refused, .. } = self;
        while let Err(error) = chunker.append(columns, rows.clone(), |chunk| keep(chunk, into, finished)) {
            let t = error.time();
            refused.push(Hole { interval: Interval::new(t, t), cause: Arc::from(error.to_string()) });
            rows.start = columns.times().partition_point(|time| *time <= t).max(rows.start + 1);
            if rows.is_empty() {
                break;
            }
        }
    }

    /// Ends the open chunk, and tells of samples that could not be written.
    pub(super) fn finish(&mut self, into: &mut Vec<SourceChunk>, holes: &mut Vec<Hole>) {
        let Self { chunker, finished, .. } = self;
        chunker.finish(|chunk| keep(chunk, into, finished));
        holes.append(&mut self.refused);
    }
}

fn keep(chunk: Encoded<'_>, into: &mut Vec<SourceChunk>, finished: &mut u64) {
    let Encoded { encoding, min, max, bytes } = chunk;
    into.push(SourceChunk { min, max, encoding, bytes: Bytes::copy_from_slice(bytes) });
    *finished += 1;
}
