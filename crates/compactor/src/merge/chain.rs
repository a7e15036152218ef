//! The samples of overlapping chunks in the order of their times, one for each time.

use std::ops::Range;

use promd_model::Columns;

use crate::heap::Heap;

/// Goes through the samples as `chainSampleIterator` of Prometheus' `storage/merge.go` does, which decides what is kept where
/// several chunks have a sample for one time:
///
/// - The chunk whose turn it is goes on as long as its next sample is earlier than those of all others.
/// - At an equal or later one, it goes to the heap, and the chunk on top of the heap takes over.
/// - Samples at the time of the last one are passed over.
#[derive(Debug, Default)]
pub(super) struct Chain {
    heap: Heap,
    /// The sample that each chunk stands on.
    rows: Vec<usize>,
}

impl Chain {
    /// Calls `emit` with a chunk and a range of its rows, again and again.
    pub(super) fn run(&mut self, chunks: &[Columns], mut emit: impl FnMut(&Columns, Range<usize>)) {
        let Self { heap, rows } = self;
        heap.clear();
        rows.clear();
        rows.resize(chunks.len(), 0);
        for number in 1..chunks.len() {
            if !chunks[number].is_empty() {
                heap.push(number, |a, b| time(chunks, rows, a) < time(chunks, rows, b));
            }
        }
        // The first chunk has the first turn, and does not stand on a sample before it.
        let (mut turn, mut last) = (0, None);
        let mut next = 0;
        let mut pending: Option<(usize, Range<usize>)> = None;
        let mut keep = |number: usize, row: usize| match &mut pending {
            Some((of, range)) if *of == number && range.end == row => range.end += 1,
            _ => {
                if let Some((of, range)) = pending.replace((number, row..row + 1)) {
                    emit(&chunks[of], range);
                }
            }
        };
        while turn < chunks.len() {
            rows[turn] = next;
            let less = |a: usize, b: usize| time(chunks, rows, a) < time(chunks, rows, b);
            if let Some(t) = chunks[turn].times().get(next).copied() {
                next += 1;
                // Earlier than the last one is no sample of a sound chunk.
                if last.is_some_and(|last| t <= last) {
                    continue;
                }
                if heap.peek().is_none_or(|top| t < time(chunks, rows, top)) {
                    keep(turn, rows[turn]);
                    last = Some(t);
                    continue;
                }
                heap.push(turn, less);
            }
            let Some(top) = heap.pop(less) else { break };
            turn = top;
            next = rows[turn] + 1;
            let t = time(chunks, rows, turn);
            if last.is_none_or(|last| t > last) {
                keep(turn, rows[turn]);
                last = Some(t);
            }
        }
        if let Some((of, range)) = pending {
            emit(&chunks[of], range);
        }
    }
}

/// The time of the sample that a chunk stands on.
fn time(chunks: &[Columns], rows: &[usize], number: usize) -> i64 {
    chunks[number].times()[rows[number]]
}
