//! Fragments of one page, and the way on behind those that are damaged.
//!
//! The checksum of a fragment covers its data; the seven bytes of the header are judged by what surrounds them:
//!
//! 1. A fragment is sound if its kind exists, its checksum holds and it has data. (Seven zeros after a `1` have a checksum
//!    that holds. They occur inside data, and prove nothing.)
//! 2. The checksum holds and the kind does not exist: the data are intact, and the kind follows from the place.
//! 3. The checksum fails: if it holds under another length, and a sound fragment or the end of the page is there, the
//!    length was damaged and the data are intact.
//! 4. Otherwise the fragment is lost. Reading goes on behind it if its length leads to a sound fragment or to the end of
//!    the page, unless that is far into the zeros that the page ends with and sound fragments would be passed over; else
//!    at the first offset from which sound fragments lead to the end of the page; else on the next page.
//!
//! To ask for the whole way to the end of the page, and not for one sound fragment, where nothing but the search points to
//! an offset, is what keeps data that look like a fragment from being taken for one.

use std::ops::Range;

use promd_codec::{Crc32c, crc32c};

use super::damage::Cause;
use super::sums::Sums;
use crate::{Compression, HEADER, Header, Kind, PAGE, Part};

/// How often in a page another length is tried (rule 3). Real damage needs one or two; a forged page could ask for
/// thousands, each a pass over the page. All else that is done to find the way takes a time in proportion to the page.
const LENGTHS_TRIED: u32 = 8;

/// How many zeros before the padding of a page may be the end of data, most floats having some: a length that points further
/// into the padding is believed only if there is nothing to be passed over.
const ZEROS_OF_DATA: usize = 8;

/// What stands at a place of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Fragment(Fragment),
    Lost { range: Range<usize>, cause: Cause },
}

impl Piece {
    /// Where the next piece begins.
    pub(super) fn end(&self) -> usize {
        match self {
            Self::Fragment(fragment) => fragment.data.end,
            Self::Lost { range, .. } => range.end,
        }
    }
}

/// A fragment with intact data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// Where its header begins in the page.
    pub(super) start: usize,
    /// Its data, in the page.
    pub(super) data: Range<usize>,
    /// What the first byte says; `None` if that does not exist.
    pub(super) kind: Option<Kind>,
    /// Whether its header was damaged.
    pub(super) mended: bool,
}

impl Fragment {
    pub(super) fn part(&self) -> Option<Part> {
        self.kind.map(|kind| kind.part)
    }

    pub(super) fn compression(&self) -> Option<Compression> {
        self.kind.map(|kind| kind.compression)
    }

    /// Whether its record may go on in the next page.
    pub(super) fn fills_page(&self) -> bool {
        self.data.end == PAGE
    }

    /// Whether it may continue a record of the page before.
    pub(super) fn begins_page(&self) -> bool {
        self.start == 0
    }
}

/// A page, and what is known about its surroundings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    /// Its bytes; fewer than [`PAGE`] if the file ends in it.
    pub(super) bytes: &'a [u8],
    /// Where in it the last byte of the file that is not zero lies, plus one; beyond the page if it lies there.
    pub(super) data_end: usize,
}

impl Page<'_> {
    /// Whether there are records in later pages.
    fn is_followed(&self) -> bool {
        self.data_end > self.bytes.len()
    }

    fn header(&self, at: usize) -> Option<Header> {
        self.bytes.get(at..)?.first_chunk().map(Header::from_bytes)
    }

    fn rest(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// Whether `header`, which is not sound, is how a write ends that was not finished: bytes that are not there, or
    /// whole sectors of them that read as zeros up to the end of the file.
    fn is_torn(&self, at: usize, header: Option<Header>) -> bool {
        const SECTOR: usize = 512;
        if self.is_followed() {
            return false;
        }
        let Some(header) = header else { return self.bytes.len() < PAGE };
        let end = at + HEADER + usize::from(header.len);
        let plausible = header.kind().is_some() && end <= PAGE;
        plausible && (end > self.bytes.len() || self.data_end.next_multiple_of(SECTOR) < end)
    }
}

/// How far a place is proven to be the begin of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// It is not.
    None,
    /// A header without data of its own, or whose data the file does not have any more: possible, and proof of nothing.
    Weak,
    /// Sound fragments lead from it to the end of the page, or to a weak end.
    Proven,
}

/// Finds the pieces of a page. Keeps memory from one page to the next.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// For each offset of the page, whether fragments lead from there to its end. Empty until it is needed.
    ways: Vec<Way>,
    /// Where the zeros begin that the page ends with, if the ways are known.
    padding: usize,
    sums: Sums,
    lengths_tried: u32,
}

impl Scanner {
    /// Another page follows.
    pub(super) fn turn(&mut self) {
        self.ways.clear();
        self.sums.clear();
        self.lengths_tried = 0;
    }

    /// The piece at an offset of the page; `None` at its end.
    #[inline]
    pub(super) fn piece(&mut self, page: Page<'_>, at: usize) -> Option<Piece> {
        let rest = page.rest(at);
        if rest.first()? == &0 && is_zero(rest) {
            let lost = rest.len() >= HEADER && page.is_followed();
            return lost.then_some(Piece::Lost { range: at..page.bytes.len(), cause: Cause::Zeros });
        }
        if let Some(header) = page.header(at) {
            let data = at + HEADER..at + HEADER + usize::from(header.len);
            let kind = header.kind();
            if let Some(bytes) = page.bytes.get(data.clone())
                && header.covers(bytes)
                && (!bytes.is_empty() || is_empty_first(kind, data.end))
            {
                return Some(Piece::Fragment(Fragment { start: at, data, kind, mended: kind.is_none() }));
            }
        }
        Some(self.damaged(page, at))
    }

    #[cold]
    fn damaged(&mut self, page: Page<'_>, at: usize) -> Piece {
        if self.ways.is_empty() {
            self.find_ways(page);
        }
        let header = page.header(at);
        if let Some(header) = header
            && let Some(data) = self.find_length(page, at, header)
        {
            return Piece::Fragment(Fragment { start: at, data, kind: header.kind(), mended: true });
        }
        let by_length = header.map(|header| at + HEADER + usize::from(header.len));
        let by_length = by_length.filter(|&end| end <= page.bytes.len());
        let sound = |&place: &usize| {
            self.way(place) == Way::Proven && place < page.bytes.len() && page.bytes.get(place) != Some(&0)
        };
        let next = by_length
            .filter(|&end| {
                self.goes_on(page, end) && (end <= self.padding + ZEROS_OF_DATA || !(at + 1..end).any(|at| sound(&at)))
            })
            .or_else(|| (at + 1..page.bytes.len()).find(sound))
            .or_else(|| by_length.filter(|&end| self.way(end) == Way::Weak));
        let cause = match (header, by_length) {
            _ if next.is_none() && page.is_torn(at, header) => Cause::Torn,
            (Some(header), _) if header.ends_page() => Cause::Padding,
            (Some(header), Some(end)) if header.kind().is_some() => {
                let data = page.bytes.get(at + HEADER..end).unwrap_or_default();
                Cause::Checksum { stored: header.crc, computed: crc32c(data) }
            }
            (None, _) if page.bytes.len() == PAGE => Cause::Padding,
            _ => Cause::Header,
        };
        Piece::Lost { range: at..next.unwrap_or(page.bytes.len()), cause }
    }

    /// The data of a fragment whose length is damaged (rule 3). One pass: a checksum can be extended byte by byte.
    fn find_length(&mut self, page: Page<'_>, at: usize, header: Header) -> Option<Range<usize>> {
        header.kind()?;
        if self.lengths_tried >= LENGTHS_TRIED {
            return None;
        }
        self.lengths_tried += 1;
        let start = at + HEADER;
        let mut crc = Crc32c::new();
        for (end, byte) in (start + 1..).zip(page.rest(start)) {
            crc.update(std::slice::from_ref(byte));
            if crc.finish() == header.crc && self.goes_on(page, end) {
                return Some(start..end);
            }
        }
        None
    }

    /// Whether a fragment ends where its own header, or its checksum, says that it does: sound fragments lead on from there,
    /// or at least one does, up to other damage in the same page.
    fn goes_on(&self, page: Page<'_>, at: usize) -> bool {
        self.way(at) == Way::Proven
            || page.header(at).is_some_and(|header| {
                let data = page.bytes.get(at + HEADER..at + HEADER + usize::from(header.len));
                header.kind().is_some() && data.is_some_and(|data| !data.is_empty() && header.covers(data))
            })
    }

    fn way(&self, at: usize) -> Way {
        self.ways.get(at).copied().unwrap_or(Way::None)
    }

    /// Fills in from where fragments lead to the end of the page, from the back to the front.
    fn find_ways(&mut self, page: Page<'_>) {
        let len = page.bytes.len();
        let zeros = page.bytes.iter().rev().take_while(|&&byte| byte == 0).count();
        self.ways.resize(len + 1, Way::None);
        self.padding = len - zeros;
        self.ways.iter_mut().skip(self.padding).for_each(|way| *way = Way::Proven);
        self.sums.fill(page.bytes);
        for at in (0..self.padding).rev() {
            let way = self.way_from(page, at);
            if let Some(slot) = self.ways.get_mut(at) {
                *slot = way;
            }
        }
    }

    fn way_from(&self, page: Page<'_>, at: usize) -> Way {
        let Some(kind) = page.bytes.get(at).copied().and_then(Kind::from_byte) else { return Way::None };
        let header = page.header(at);
        let end = header.map_or(usize::MAX, |header| at + HEADER + usize::from(header.len));
        if end > page.bytes.len() {
            return if page.is_torn(at, header) { Way::Weak } else { Way::None };
        }
        let Some(header) = header else { return Way::None };
        if header.len == 0 {
            let empty = header.crc == 0 && is_empty_first(Some(kind), end);
            return if empty { Way::Weak } else { Way::None };
        }
        let leads_on = self.way(end) != Way::None && self.sums.of(at + HEADER..end) == Some(header.crc);
        if leads_on { Way::Proven } else { Way::None }
    }
}

/// A record that begins in the last seven bytes of a page has a first fragment without data.
fn is_empty_first(kind: Option<Kind>, end: usize) -> bool {
    end == PAGE && kind.is_some_and(|kind| kind.part == Part::First)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}
