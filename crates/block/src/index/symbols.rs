//! The symbol table: every name and value once, sorted; series refer to them by number.

use std::collections::BTreeMap;
use std::ops::Range;

use promd_codec::{DecodeError, Reader};

use super::format::SAMPLE_EVERY;
use super::section;

/// Where the symbols of an index are.
#[derive(Debug)]
pub(super) enum Symbols {
    /// In their section, whose checksum was verified.
    Section(Section),
    /// By the references that series make to them: the section is damaged. Symbols that no series uses are not among them.
    Rebuilt(BTreeMap<u32, Box<str>>),
}

/// A section whose symbols are found in constant time: the place of every 32nd is remembered, and at most 31 are passed over.
/// That takes an eighth of a byte a symbol.
#[derive(Debug)]
pub(super) struct Section {
    /// The symbols without what goes before and behind them.
    range: Range<usize>,
    /// Where every 32nd symbol starts, counted from the start of the range; a section has at most 4 GiB.
    samples: Box<[u32]>,
    by_offset: bool,
}

impl Symbols {
    /// Verifies the section at `offset` and remembers where its symbols are. In version 1 series refer to a symbol by its
    /// offset in the file.
    pub(super) fn read(file: &[u8], offset: u64, version: u8) -> Result<Self, DecodeError> {
        let mut reader = section::contents(file, offset)?;
        let count = reader.u32_be()? as usize;
        let range = reader.position()..reader.position() + reader.remaining();
        // The reservation is by what is there: a symbol takes a byte at least.
        let mut samples = Vec::with_capacity(count.min(reader.remaining()).div_ceil(SAMPLE_EVERY));
        for ordinal in 0..count {
            if ordinal.is_multiple_of(SAMPLE_EVERY) {
                samples.push(u32::try_from(reader.position() - range.start).unwrap_or(u32::MAX));
            }
            reader.uvarint_str()?;
        }
        reader.expect_end()?;
        Ok(Self::Section(Section { range, samples: samples.into_boxed_slice(), by_offset: version == 1 }))
    }

    /// The symbol that series call `reference`.
    pub(super) fn get<'f>(&'f self, file: &'f [u8], reference: u32) -> Option<&'f str> {
        match self {
            Self::Section(section) if section.by_offset => section.at(file, reference),
            Self::Section(section) => section.nth(file, reference),
            Self::Rebuilt(texts) => texts.get(&reference).map(|text| &**text),
        }
    }

    /// All symbols in order.
    pub(super) fn iter<'f>(&'f self, file: &'f [u8]) -> SymbolsIter<'f> {
        SymbolsIter(match self {
            Self::Section(section) => Rest::Section(section.reader(file, 0)),
            Self::Rebuilt(texts) => Rest::Rebuilt(texts.values()),
        })
    }

    /// The range of the file that holds them.
    pub(super) fn range(&self) -> Range<usize> {
        match self {
            Self::Section(section) => section.range.clone(),
            Self::Rebuilt(_) => 0..0,
        }
    }
}

impl Section {
    fn nth<'f>(&self, file: &'f [u8], ordinal: u32) -> Option<&'f str> {
        let ordinal = ordinal as usize;
        let mut reader = self.reader(file, *self.samples.get(ordinal / SAMPLE_EVERY)?);
        for _ in 0..ordinal % SAMPLE_EVERY {
            reader.uvarint_bytes().ok()?;
        }
        reader.uvarint_str().ok()
    }

    /// The symbol that starts at this offset of the file; none if it is somewhere within one.
    fn at<'f>(&self, file: &'f [u8], offset: u32) -> Option<&'f str> {
        let wanted = (offset as usize).checked_sub(self.range.start)?;
        let group = self.samples.partition_point(|&start| start as usize <= wanted).checked_sub(1)?;
        let start = *self.samples.get(group)?;
        let mut reader = self.reader(file, start);
        while start as usize + reader.position() < wanted {
            reader.uvarint_bytes().ok()?;
        }
        if start as usize + reader.position() == wanted { reader.uvarint_str().ok() } else { None }
    }

    /// From an offset in the range on.
    fn reader<'f>(&self, file: &'f [u8], start: u32) -> Reader<'f> {
        let symbols = file.get(self.range.clone()).unwrap_or_default();
        Reader::new(symbols.get(start as usize..).unwrap_or_default())
    }
}

/// The symbols of an index, ascending.
#[derive(Debug, Clone)]
pub struct SymbolsIter<'i>(Rest<'i>);

#[derive(Debug, Clone)]
enum Rest<'i> {
    Section(Reader<'i>),
    Rebuilt(std::collections::btree_map::Values<'i, u32, Box<str>>),
}

impl<'i> Iterator for SymbolsIter<'i> {
    type Item = &'i str;

    fn next(&mut self) -> Option<&'i str> {
        match &mut self.0 {
            // It was read whole once: it ends where its last symbol does.
            Rest::Section(reader) => reader.uvarint_str().ok(),
            Rest::Rebuilt(texts) => texts.next().map(|text| &**text),
        }
    }
}
