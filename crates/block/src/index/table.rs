//! The postings offset table: for each name and value, where the list of its series is.
//!
//! Entries are sorted by name and value, and have no fixed length. The place of every 32nd is remembered, its text is not:
//! a lookup is a binary search over those places, which decodes an entry each, and then a walk over at most 32. With the
//! at most 2^25 places of a table of 4 GiB that is less than 64 entries; what is remembered is an eighth of a byte an entry,
//! where an entry takes five at least and thirty as a rule.
//!
//! Tables of version 1 are not sorted: of those all places are remembered, in the order of the entries.

use std::ops::Range;

use promd_codec::{DecodeError, DecodeErrorKind, Reader};

use super::format::SAMPLE_EVERY;
use super::section;

#[cfg(test)]
mod tests;

/// A table whose checksum was verified.
#[derive(Debug)]
pub(super) struct OffsetTable {
    /// The entries without what goes before and behind them.
    range: Range<usize>,
    places: Places,
}

/// Where entries start, counted from the start of the range; a table has at most 4 GiB.
#[derive(Debug)]
enum Places {
    /// Every 32nd of a sorted table.
    Sampled(Box<[u32]>),
    /// All, sorted by name and value.
    All(Box<[u32]>),
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableEntry<'f> {
    pub(super) name: &'f str,
    pub(super) value: &'f str,
    /// Where the list is in the file.
    pub(super) offset: u64,
}

impl<'f> TableEntry<'f> {
    fn decode(reader: &mut Reader<'f>) -> Result<Self, DecodeError> {
        #[cfg(test)]
        tests::DECODED.set(tests::DECODED.get() + 1);
        let position = reader.position();
        let strings = reader.uvarint()?;
        if strings != 2 {
            return Err(DecodeError::new(DecodeErrorKind::OutOfRange { value: strings }, position));
        }
        Ok(Self { name: reader.uvarint_str()?, value: reader.uvarint_str()?, offset: reader.uvarint()? })
    }

    fn key(&self) -> (&'f str, &'f str) {
        (self.name, self.value)
    }
}

impl OffsetTable {
    /// Verifies the section at `offset` and remembers where its entries are.
    pub(super) fn read(file: &[u8], offset: u64) -> Result<Self, DecodeError> {
        let mut reader = section::contents(file, offset)?;
        let count = reader.u32_be()? as usize;
        let range = reader.position()..reader.position() + reader.remaining();
        let entries = reader;
        let place = |reader: &Reader<'_>| u32::try_from(reader.position() - range.start).unwrap_or(u32::MAX);
        // The reservation is by what is there: an entry takes four bytes at least.
        let mut samples = Vec::with_capacity(count.min(reader.remaining() / 4).div_ceil(SAMPLE_EVERY));
        let mut sorted = true;
        let mut before = None;
        for number in 0..count {
            if number.is_multiple_of(SAMPLE_EVERY) {
                samples.push(place(&reader));
            }
            let entry = TableEntry::decode(&mut reader)?;
            sorted &= before < Some(entry.key());
            before = Some(entry.key());
        }
        reader.expect_end()?;
        if sorted {
            return Ok(Self { range, places: Places::Sampled(samples.into_boxed_slice()) });
        }
        let mut reader = entries;
        let mut all = Vec::with_capacity(count.min(reader.remaining() / 4));
        for _ in 0..count {
            let start = place(&reader);
            all.push((TableEntry::decode(&mut reader)?.key(), start));
        }
        all.sort_unstable();
        Ok(Self { range, places: Places::All(all.into_iter().map(|(_, place)| place).collect()) })
    }

    /// Where the entries lie in the file.
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The entries from the first on that does not precede, when `precedes` says of entries in order: yes, up to some point.
    pub(super) fn from<'f>(&'f self, file: &'f [u8], precedes: impl Fn(&str, &str) -> bool) -> Entries<'f> {
        let before = |place: &u32| self.entry(file, *place).is_some_and(|entry| precedes(entry.name, entry.value));
        match &self.places {
            Places::All(places) => {
                let (_, rest) = places.split_at(places.partition_point(before));
                Entries::Scattered { table: self, file, places: rest.iter() }
            }
            Places::Sampled(places) => {
                // The entry before the first place that does not precede is in the group that begins one place earlier.
                let group = places.partition_point(before).saturating_sub(1);
                let mut reader = self.reader(file, places.get(group).copied());
                loop {
                    let mut ahead = reader;
                    match TableEntry::decode(&mut ahead) {
                        Ok(entry) if precedes(entry.name, entry.value) => reader = ahead,
                        _ => return Entries::Sequential(reader),
                    }
                }
            }
        }
    }

    /// The entry of this name and value.
    pub(super) fn find<'f>(&'f self, file: &'f [u8], name: &str, value: &str) -> Option<TableEntry<'f>> {
        let entry = self.from(file, |own, its| (own, its) < (name, value)).next()?;
        (entry.key() == (name, value)).then_some(entry)
    }

    /// All entries.
    pub(super) fn iter<'f>(&'f self, file: &'f [u8]) -> Entries<'f> {
        self.from(file, |_, _| false)
    }

    fn entry<'f>(&self, file: &'f [u8], place: u32) -> Option<TableEntry<'f>> {
        TableEntry::decode(&mut self.reader(file, Some(place))).ok()
    }

    fn reader<'f>(&self, file: &'f [u8], place: Option<u32>) -> Reader<'f> {
        let entries = file.get(self.range.clone()).unwrap_or_default();
        let start = place.map_or(entries.len(), |place| place as usize);
        Reader::new(entries.get(start..).unwrap_or_default())
    }
}

/// Entries in order.
#[derive(Debug, Clone)]
pub(super) enum Entries<'f> {
    Sequential(Reader<'f>),
    Scattered { table: &'f OffsetTable, file: &'f [u8], places: std::slice::Iter<'f, u32> },
}

impl<'f> Iterator for Entries<'f> {
    type Item = TableEntry<'f>;

    fn next(&mut self) -> Option<TableEntry<'f>> {
        match self {
            Self::Sequential(reader) => TableEntry::decode(reader).ok(),
            Self::Scattered { table, file, places } => table.entry(file, *places.next()?),
        }
    }
}
