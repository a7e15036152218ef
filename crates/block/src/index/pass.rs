//! Series after series, as a reader of all of them wants them.

use promd_fs::Access;
use promd_model::Labels;

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
    /// Where labels are packed.
    packed: Vec<u8>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(index: &'a Index, access: Access) -> Self {
        Self { index, known: Vec::new(), trail: Trail::new(access), packed: Vec::new() }
    }

    /// What a series is called. Where its chunks are is put into `chunks`.
    ///
    /// # Errors
    ///
    /// As those of [`Index::series`].
    pub(crate) fn series(&mut self, id: u32, chunks: &mut Vec<ChunkMeta>) -> Result<Labels, BlockError> {
        let Self { index, known, trail, packed } = self;
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
        let mut count = 0;
        index.series_by(text, id, |_, _| count += 1, chunks)?;
        // All was well, so the texts of this series are those that are known now.
        let texts = known.as_chunks::<2>().0.iter().take(count).map(|[(_, name), (_, value)]| (*name, *value));
        let labels = Labels::from_ascending(texts.filter(|(_, value)| !value.is_empty()), packed);
        // The index checked that names ascend, so what fails is a text that is too long for a label.
        labels.map_err(|error| BlockError::Invalid(error.to_string()))
    }
}
