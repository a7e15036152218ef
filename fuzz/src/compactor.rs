//! Merges of sources that may hold anything.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use promd_block::{BlockError, BlockSource, Interval, SourceChunk, SourceSeries};
use promd_chunk::Encoding;
use promd_compactor::{Merge, MergeOptions};
use promd_model::Labels;

struct Memory(std::vec::IntoIter<SourceSeries>);

impl BlockSource for Memory {
    fn next_symbol(&mut self, _: &mut String) -> std::result::Result<bool, BlockError> {
        Ok(false)
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> std::result::Result<bool, BlockError> {
        let next = self.0.next();
        let more = next.is_some();
        *series = next.unwrap_or_default();
        Ok(more)
    }
}

/// Chunks whose times and bytes are not what they claim to be: nothing panics, series ascend, and what was written anew can be
/// decoded.
pub fn merge(bytes: &[u8]) {
    let Ok(sources) = sources(&mut Unstructured::new(bytes)) else { return };
    let given: Vec<Bytes> = sources
        .iter()
        .flat_map(|Memory(all)| all.as_slice())
        .flat_map(|one| &one.chunks)
        .map(|chunk| chunk.bytes.clone())
        .collect();
    let mut merge = Merge::new(sources, MergeOptions::default());
    let (mut series, mut last) = (SourceSeries::default(), None);
    while merge.next_series(&mut series).expect("a source in memory does not fail") {
        assert!(last.replace(series.labels.clone()).is_none_or(|last| last < series.labels));
        for chunk in &series.chunks {
            if !given.contains(&chunk.bytes) {
                let mut columns = promd_model::Columns::new();
                chunk.chunk().decode_into(&mut columns).expect("what was written anew is sound");
                assert_eq!((columns.times().first(), columns.times().last()), (Some(&chunk.min), Some(&chunk.max)));
            }
        }
    }
}

fn sources(input: &mut Unstructured<'_>) -> Result<Vec<Memory>> {
    let count = input.int_in_range(1..=4)?;
    (0..count).map(|_| source(input)).collect()
}

fn source(input: &mut Unstructured<'_>) -> Result<Memory> {
    let mut all = Vec::new();
    for name in ["a", "b"] {
        if !input.ratio(3, 4)? {
            continue;
        }
        let mut series = SourceSeries {
            labels: Labels::from_pairs([("__name__", name)]).expect("a label"),
            ..SourceSeries::default()
        };
        for _ in 0..input.int_in_range(0..=3)? {
            let encoding = Encoding::try_from(input.int_in_range(1..=6u8)?).expect("one of six");
            let (min, length) = (i64::from(input.arbitrary::<i16>()?), input.arbitrary::<u8>()?);
            let size = input.arbitrary_len::<u8>()?.min(200);
            let bytes = Bytes::copy_from_slice(input.bytes(size)?);
            series.chunks.push(SourceChunk { min, max: min + i64::from(length), encoding, bytes });
        }
        series.chunks.sort_by_key(|chunk| (chunk.min, chunk.max));
        for _ in 0..input.int_in_range(0..=2)? {
            let (min, length) = (i64::from(input.arbitrary::<i16>()?), input.arbitrary::<u8>()?);
            series.deleted.add(Interval::new(min, min + i64::from(length)));
        }
        all.push(series);
    }
    Ok(Memory(all.into_iter()))
}
