//! Series in memory, on their way into a block.

use std::collections::BTreeSet;

use bytes::Bytes;
use promd_block::{BlockError, BlockSource, SourceChunk, SourceSeries};
use promd_chunk::{EncodeError, Encoder};
use promd_model::{Columns, Labels};

/// The series of one block, encoded.
pub(super) struct Gathered {
    symbols: std::vec::IntoIter<String>,
    series: std::vec::IntoIter<(Labels, Vec<SourceChunk>)>,
    times: Option<(i64, i64)>,
}

impl Gathered {
    pub(super) fn new(mut samples: Vec<(Labels, Columns)>) -> Result<Self, EncodeError> {
        samples.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut symbols = BTreeSet::new();
        let mut series = Vec::with_capacity(samples.len());
        let mut times: Option<(i64, i64)> = None;
        for (labels, columns) in samples {
            let mut chunks = Vec::new();
            Encoder::new().encode(&columns, |chunk| {
                let (min, max, encoding) = (chunk.min, chunk.max, chunk.encoding);
                times = Some(times.map_or((min, max), |(first, last)| (first.min(min), last.max(max))));
                chunks.push(SourceChunk { min, max, encoding, bytes: Bytes::copy_from_slice(chunk.bytes) });
            })?;
            symbols.extend(labels.iter().flat_map(|label| [label.name.to_owned(), label.value.to_owned()]));
            series.push((labels, chunks));
        }
        // Prometheus' index has the empty symbol too.
        symbols.insert(String::new());
        Ok(Self { symbols: symbols.into_iter().collect::<Vec<_>>().into_iter(), series: series.into_iter(), times })
    }

    /// The first and the last timestamp.
    pub(super) fn times(&self) -> Option<(i64, i64)> {
        self.times
    }
}

impl BlockSource for Gathered {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        let Some(next) = self.symbols.next() else { return Ok(false) };
        *symbol = next;
        Ok(true)
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        series.clear();
        let Some((labels, chunks)) = self.series.next() else { return Ok(false) };
        series.labels = labels;
        series.chunks = chunks;
        Ok(true)
    }
}
