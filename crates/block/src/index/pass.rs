//! Series after series, as a reader of all of them wants them.

use promd_fs::Access;
use promd_model::LabelsBuilder;

use super::format::ChunkMeta;
use super::reader::Index;
use crate::BlockError;
use crate::trail::Trail;

/// Reads series in the order of their numbers. Neighbours share most labels: a symbol that the series before has in the same
/// place is not looked for again.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    index: &'a Index,
    /// The symbols of the last series, by their place in its entry.
    known: Vec<(u32, &'a str)>,
    trail: Trail,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(index: &'a Index, access: Access) -> Self {
        Self { index, known: Vec::new(), trail: Trail::new(access) }
    }

    /// As [`Index::series`].
    pub(crate) fn series(
        &mut self,
        id: u32,
        labels: &mut LabelsBuilder,
        chunks: &mut Vec<ChunkMeta>,
    ) -> Result<(), BlockError> {
        let Self { index, known, trail } = self;
        let symbols = index.symbol_table()?;
        let text = |place: usize, reference: u32| {
            if let Some(&(last, text)) = known.get(place)
                && last == reference
            {
                return Some(text);
            }
            let text = symbols.get(index.file(), reference)?;
            match known.get_mut(place) {
                Some(slot) => *slot = (reference, text),
                None => known.push((reference, text)),
            }
            Some(text)
        };
        trail.pass(index.map(), index.offset_of(id));
        index.series_by(text, id, labels, chunks)
    }
}
