//! Chunk views into columns.

mod overlap;

use std::fmt;

use promd_chunk::ChunkError;
use promd_model::{Columns, Interval};

use crate::{ChunkView, Series};
use overlap::merge_into;

/// Turns the chunks of a series into columns. Keep one for as long as series come: it holds the memory that overlapping
/// chunks are merged in.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What is merged so far of the chunks that overlap, the next one, and what becomes of both.
    merged: Columns,
    next: Columns,
    spare: Columns,
}

/// A chunk that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// When its samples were.
    pub interval: Interval,
    /// What is wrong with it.
    pub error: ChunkError,
}

/// Some chunks of a series could not be read. The samples of all others have been decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The chunks whose samples are missing.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Fault { interval, error }) in self.faults.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}samples from {} to {} cannot be read: {error}", interval.min, interval.max)?;
        }
        Ok(())
    }
}

impl std::error::Error for Damaged {}

impl Decoder {
    /// A decoder. Nothing is allocated.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the samples of a range of time, both ends included, to `columns`: each timestamp once, in order, without what
    /// was deleted.
    ///
    /// # Errors
    ///
    /// If chunks are damaged: the rest of the series is in `columns` nevertheless.
    pub fn decode(&mut self, series: &Series, times: Interval, columns: &mut Columns) -> Result<(), Damaged> {
        let mut faults = Vec::new();
        let mut chunks = series.chunks.as_slice();
        while let Some((first, rest)) = chunks.split_first() {
            if first.clean {
                note(&mut faults, first, decode_chunk(first, times, columns));
                chunks = rest;
                continue;
            }
            let (group, behind) = chunks.split_at(overlapping(chunks));
            self.decode_group(group, times, columns, &mut faults);
            chunks = behind;
        }
        if faults.is_empty() { Ok(()) } else { Err(Damaged { faults }) }
    }

    /// The memory that it holds on to.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.merged.heap_bytes() + self.next.heap_bytes() + self.spare.heap_bytes()
    }

    /// Chunks that overlap, or of which something is deleted.
    fn decode_group(&mut self, group: &[ChunkView], times: Interval, columns: &mut Columns, faults: &mut Vec<Fault>) {
        self.merged.clear();
        for chunk in group {
            self.next.clear();
            note(faults, chunk, decode_chunk(chunk, times, &mut self.next));
            if let Some(deleted) = chunk.deletions() {
                self.spare.clear();
                overlap::without(&self.next, deleted, &mut self.spare);
                std::mem::swap(&mut self.next, &mut self.spare);
            }
            if self.merged.is_empty() {
                std::mem::swap(&mut self.merged, &mut self.next);
            } else if !self.next.is_empty() {
                self.spare.clear();
                merge_into(&self.merged, &self.next, &mut self.spare);
                std::mem::swap(&mut self.merged, &mut self.spare);
            }
        }
        for run in self.merged.runs() {
            columns.push_run(&run);
        }
    }
}

/// How many chunks at the front overlap each other, directly or through others.
fn overlapping(chunks: &[ChunkView]) -> usize {
    let mut reached = chunks.first().map_or(i64::MIN, |chunk| chunk.max);
    let mut count = 1;
    for chunk in chunks.iter().skip(1) {
        if chunk.clean || chunk.min > reached {
            break;
        }
        reached = reached.max(chunk.max);
        count += 1;
    }
    count.min(chunks.len())
}

/// All of a chunk or nothing: the samples before a damaged bit are not to be trusted either.
fn decode_chunk(chunk: &ChunkView, times: Interval, columns: &mut Columns) -> Result<(), ChunkError> {
    if !chunk.interval().overlaps(&times) {
        return Ok(());
    }
    let before = columns.len();
    let outcome = if times.covers(&chunk.interval()) {
        chunk.chunk().decode_into(columns)
    } else {
        chunk.chunk().decode_range(times.min..=times.max, columns)
    };
    if outcome.is_err() {
        columns.truncate(before);
    }
    outcome
}

fn note(faults: &mut Vec<Fault>, chunk: &ChunkView, outcome: Result<(), ChunkError>) {
    if let Err(error) = outcome {
        faults.push(Fault { interval: chunk.interval(), error });
    }
}
