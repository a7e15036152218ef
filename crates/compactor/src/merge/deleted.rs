//! What was deleted, or lies outside of the block that is made, is left out.

use std::sync::Arc;

use promd_block::{Hole, Interval, SourceSeries};

use super::encoder::Encoder;

/// Drops chunks of which nothing is to be kept, and adds to what is deleted the times before and behind, if a chunk reaches
/// there.
pub(super) fn keep_within(series: &mut SourceSeries, within: Interval) {
    let SourceSeries { chunks, deleted, .. } = series;
    chunks.retain(|chunk| chunk.interval().overlaps(&within) && !deleted.covers(&chunk.interval()));
    if chunks.iter().any(|chunk| chunk.min < within.min) {
        deleted.add(Interval::new(i64::MIN, within.min.saturating_sub(1)));
    }
    if chunks.iter().any(|chunk| chunk.max > within.max) {
        deleted.add(Interval::new(within.max.saturating_add(1), i64::MAX));
    }
}

/// Writes again the chunks of which a part is deleted, in the encoding that they have.
pub(super) fn apply(series: &mut SourceSeries, encoder: &mut Encoder) {
    let SourceSeries { chunks, deleted, holes, .. } = series;
    if deleted.is_empty() || !chunks.iter().any(|chunk| deleted.overlaps(&chunk.interval())) {
        return;
    }
    let mut kept = Vec::with_capacity(chunks.len());
    for chunk in chunks.drain(..) {
        if !deleted.overlaps(&chunk.interval()) {
            kept.push(chunk);
            continue;
        }
        let mut columns = encoder.take_columns();
        if let Err(error) = chunk.chunk().decode_into(&mut columns) {
            holes.push(undecodable(columns.times().last(), chunk.interval(), &error));
        }
        encoder.begin(promd_chunk::Encoder::like(chunk.encoding));
        let mut row = 0;
        while let Some(&t) = columns.times().get(row) {
            // A stretch of samples that are alike in this.
            let gone = deleted.contains(t);
            let end = row + columns.times()[row..].iter().take_while(|t| deleted.contains(**t) == gone).count();
            if !gone {
                encoder.append(&columns, row..end, &mut kept);
            }
            row = end;
        }
        encoder.finish(&mut kept, holes);
        encoder.give_back(columns);
    }
    *chunks = kept;
}

/// The samples behind the last one that could be decoded.
pub(super) fn undecodable(last: Option<&i64>, chunk: Interval, error: &promd_chunk::ChunkError) -> Hole {
    let min = last.map_or(chunk.min, |last| last.saturating_add(1).min(chunk.max));
    Hole { interval: Interval::new(min, chunk.max), cause: Arc::from(error.to_string()) }
}
