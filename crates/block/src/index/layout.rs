//! Where the sections are: from the table of contents, or found again where that is damaged.

use std::ops::Range;

use promd_codec::{DecodeError, DecodeErrorKind, Reader};

use super::entry::{Step, Walk};
use super::format::{HEADER_LEN, POSTINGS_ALIGN, SERIES_ALIGN, TOC_LEN, Toc};
use super::section;

/// Where the sections are that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) symbols: u64,
    pub(super) series: Range<usize>,
    /// None if the table is not in the file any more.
    pub(super) postings_table: Option<u64>,
}

/// What a search of the file found.
pub(super) struct Found {
    pub(super) layout: Layout,
    /// Whether it is known that no series follows those that were found.
    pub(super) complete: bool,
}

/// Series of version 1 follow each other without padding.
pub(super) fn series_align(version: u8) -> usize {
    if version == 1 { 1 } else { SERIES_ALIGN }
}

impl Layout {
    /// As the table of contents has it.
    pub(super) fn read(file: &[u8]) -> Result<Self, DecodeError> {
        let end = file.len().saturating_sub(TOC_LEN);
        let toc = Toc::decode(file.get(end..).unwrap_or_default(), end)?;
        let Toc { symbols, series, label_indices, postings_table, .. } = toc;
        let order = [HEADER_LEN as u64, symbols, series, label_indices, postings_table, end as u64];
        if !order.is_sorted() {
            return Err(DecodeError::new(DecodeErrorKind::OutOfRange { value: postings_table }, end));
        }
        // All are at most the length of the file.
        let as_usize = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
        let series = as_usize(series)..as_usize(label_indices);
        Ok(Self { symbols, series, postings_table: Some(postings_table) })
    }

    /// By a search of the file, which is read once. The symbols tell where the series start, entries that are whole tell how
    /// far they reach, and the offset table ends where the table of contents starts.
    pub(super) fn search(file: &[u8], version: u8) -> Result<Found, DecodeError> {
        let symbols = HEADER_LEN as u64;
        let contents = section::contents(file, symbols)?;
        let start = contents.position() + contents.remaining() + 4;
        let align = series_align(version);
        let mut end = start;
        for step in Walk::new(file, start, file.len(), align) {
            if let Step::Entry { end: last, .. } = step {
                end = last;
            }
        }
        let next = |end: usize| section::contents(file, end.next_multiple_of(POSTINGS_ALIGN) as u64);
        let complete = next(end).is_ok();
        let postings_table = stated_table(file).or_else(|| table_behind(file, end));
        Ok(Found { layout: Self { symbols, series: start..end, postings_table }, complete })
    }
}

/// The offset table, if the damaged table of contents has its offset right.
fn stated_table(file: &[u8]) -> Option<u64> {
    let end = file.len().checked_sub(TOC_LEN)?;
    let toc = Toc::decode_fields(Reader::new(file.get(end..)?)).ok()?;
    is_table(file, toc.postings_table).then_some(toc.postings_table)
}

/// The offset table, by the lengths of the sections between it and the series. Their checksums do not matter: a posting
/// list can be damaged, too.
fn table_behind(file: &[u8], series_end: usize) -> Option<u64> {
    let mut offset = series_end.next_multiple_of(POSTINGS_ALIGN);
    loop {
        if is_table(file, offset as u64) {
            return Some(offset as u64);
        }
        let end = section_end(file, offset)?;
        let aligned = end.next_multiple_of(POSTINGS_ALIGN);
        // Lists are aligned, tables are not.
        offset = if is_table(file, end as u64) || section::contents(file, end as u64).is_ok() { end } else { aligned };
    }
}

fn section_end(file: &[u8], offset: usize) -> Option<usize> {
    let (contents, _) = section::unverified(file, offset as u64).ok()?;
    Some(contents.position() + contents.remaining() + 4)
}

/// Whether the section at `offset` is whole and the last one.
fn is_table(file: &[u8], offset: u64) -> bool {
    let ends = usize::try_from(offset).ok().and_then(|offset| section_end(file, offset));
    ends.is_some_and(|end| end.checked_add(TOC_LEN) == Some(file.len())) && section::contents(file, offset).is_ok()
}
