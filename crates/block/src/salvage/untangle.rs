//! Chunks of one series that overlap are made into chunks that do not.

use std::sync::Arc;

use bytes::Bytes;
use promd_chunk::{Encoded, Encoder};
use promd_model::Columns;

use crate::{BlockError, BlockSource, Hole, Interval, LostSeries, SourceChunk, SourceSeries};

/// The same series, in which no chunk overlaps another: no index can be written of those that do, though one can be read, and
/// queries merge them. Chunks that overlap nothing are not looked at.
#[derive(Debug)]
pub(super) struct Untangled<S>(pub(super) S);

impl<S: BlockSource> BlockSource for Untangled<S> {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        self.0.next_symbol(symbol)
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        let found = self.0.next_series(series)?;
        let ascend = series.chunks.is_sorted_by(|a, b| a.max < b.min);
        if found && !ascend {
            untangle(series);
        }
        Ok(found)
    }

    fn lost(&self) -> &[LostSeries] {
        self.0.lost()
    }
}

fn untangle(series: &mut SourceSeries) {
    let SourceSeries { chunks, holes, .. } = series;
    // Stable: of samples at one time, that of the first chunk stays.
    chunks.sort_by_key(|chunk| chunk.min);
    let mut rest = std::mem::take(chunks).into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut end = first.max;
        let mut cluster = vec![first];
        while let Some(next) = rest.next_if(|next| next.min <= end) {
            end = end.max(next.max);
            cluster.push(next);
        }
        match <[SourceChunk; 1]>::try_from(cluster) {
            Ok([alone]) => chunks.push(alone),
            Err(cluster) => merge(&cluster, chunks, holes),
        }
    }
}

/// Appends the samples of all these chunks, each time once, in chunks of their own.
fn merge(cluster: &[SourceChunk], into: &mut Vec<SourceChunk>, holes: &mut Vec<Hole>) {
    let decode = |chunk: &SourceChunk| {
        let mut columns = Columns::new();
        let whole = chunk.chunk().decode_into(&mut columns).map_err(|error| (chunk.interval(), error));
        (columns, whole)
    };
    let mut decoded = Vec::with_capacity(cluster.len());
    for (columns, whole) in cluster.iter().map(decode) {
        holes.extend(whole.err().map(|(interval, error)| Hole { interval, cause: Arc::from(error.to_string()) }));
        decoded.push(columns);
    }
    let times = |(number, columns): (usize, &Columns)| -> Vec<(i64, usize, usize)> {
        columns.times().iter().enumerate().map(|(row, t)| (*t, number, row)).collect()
    };
    let mut rows: Vec<_> = decoded.iter().enumerate().flat_map(times).collect();
    rows.sort_unstable();
    rows.dedup_by_key(|(t, ..)| *t);

    let mut keep = |chunk: Encoded<'_>| {
        let Encoded { encoding, min, max, bytes } = chunk;
        into.push(SourceChunk { min, max, encoding, bytes: Bytes::copy_from_slice(bytes) });
    };
    let mut chunker = Encoder::new().chunker();
    for (t, number, row) in rows {
        let Some(columns) = decoded.get(number) else { continue };
        if let Err(error) = chunker.append(columns, row..row + 1, &mut keep) {
            holes.push(Hole { interval: Interval::new(t, t), cause: Arc::from(error.to_string()) });
        }
    }
    chunker.finish(keep);
}
