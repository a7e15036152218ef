//! From records to the bytes of a segment: compression, then fragments.

use std::ops::AddAssign;

use promd_codec::compress::{CompressError, Encoder};

use crate::page::{Compression, HEADER, Header, Kind, MAX_FRAGMENT, PAGE, Part};

/// Compresses records, each as a whole. Keeps its buffer and the contexts of the formats from one to the next.
#[derive(Debug, Default)]
pub struct Framer {
    encoder: Encoder,
    compressed: Vec<u8>,
}

impl Framer {
    /// A framer without any context yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The record as it goes into a segment: compressed, or as it is where that is not smaller.
    pub fn payload<'a>(&'a mut self, compression: Compression, record: &'a [u8]) -> Result<Payload<'a>, CompressError> {
        if compression != Compression::None {
            self.encoder.encode(compression.codec(), record, &mut self.compressed)?;
            if self.compressed.len() < record.len() {
                return Ok(Payload { compression, bytes: &self.compressed });
            }
        }
        Ok(Payload { compression: Compression::None, bytes: record })
    }
}

/// A record as it goes into a segment: what its fragments, put together, hold.
///
/// ```
/// use promd_wal::{Compression, PAGE, Payload};
///
/// let mut segment = Vec::new();
/// let payload = Payload { compression: Compression::None, bytes: &[7; 40_000] };
/// let framed = payload.put(0, &mut segment);
/// assert_eq!((framed.fragments, framed.pages), (2, 1));
/// assert_eq!(segment.len(), 40_000 + 2 * 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// How the bytes are compressed.
    pub compression: Compression,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// What a record became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Framed {
    /// The number of its fragments.
    pub fragments: u64,
    /// Their bytes, headers included and padding not.
    pub bytes: u64,
    /// The number of pages that it filled.
    pub pages: u64,
}

impl AddAssign for Framed {
    fn add_assign(&mut self, other: Self) {
        self.fragments += other.fragments;
        self.bytes += other.bytes;
        self.pages += other.pages;
    }
}

impl Payload<'_> {
    /// Appends its fragments to `out`, the end of which is at `offset` in the segment, and zeros where a page has no room
    /// for another header.
    pub fn put(self, offset: u64, out: &mut Vec<u8>) -> Framed {
        let mut at = offset_in_page(offset);
        let mut rest = self.bytes;
        let mut framed = Framed::default();
        loop {
            let (data, left) = rest.split_at(rest.len().min((PAGE - at).saturating_sub(HEADER)));
            let part = Part::of(framed.fragments == 0, left.is_empty());
            let header = Header::of(Kind { part, compression: self.compression }, data);
            out.extend_from_slice(&header.to_bytes());
            out.extend_from_slice(data);
            at += HEADER + data.len();
            framed.fragments += 1;
            framed.bytes += (HEADER + data.len()) as u64;
            if at + HEADER > PAGE {
                out.resize(out.len() + PAGE.saturating_sub(at), 0);
                at = 0;
                framed.pages += 1;
            }
            rest = left;
            if rest.is_empty() {
                return framed;
            }
        }
    }

    /// Whether it fits into a segment of `segment_size` bytes of which `offset` are taken.
    #[must_use]
    pub fn fits(self, offset: u64, segment_size: u64) -> bool {
        let Some(pages) = (segment_size / PAGE as u64).checked_sub(offset / PAGE as u64 + 1) else { return false };
        let here = MAX_FRAGMENT.saturating_sub(offset_in_page(offset)) as u64;
        self.bytes.len() as u64 <= here + pages * MAX_FRAGMENT as u64
    }
}

/// How many zeros end the page at this offset.
pub(crate) fn padding(offset: u64) -> usize {
    match offset_in_page(offset) {
        0 => 0,
        taken => PAGE - taken,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "less than PAGE")]
fn offset_in_page(offset: u64) -> usize {
    (offset % PAGE as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts a record of `len` bytes at `offset` and checks the fragments, each a part and the length of its data, and the
    /// offset at which the next one begins. Expectations are arithmetic over 32768 and 7.
    #[track_caller]
    fn check(offset: u64, len: usize, fragments: &[(Part, usize)], end: u64) {
        let record: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let mut out = Vec::new();
        let framed = Payload { compression: Compression::None, bytes: &record }.put(offset, &mut out);
        assert_eq!(offset + out.len() as u64, end, "end");
        assert_eq!(framed.fragments, fragments.len() as u64);
        assert_eq!(framed.bytes, (len + HEADER * fragments.len()) as u64);
        let (mut at, mut joined) = (0, Vec::new());
        for &(part, len) in fragments {
            let header = Header::from_bytes(out[at..at + HEADER].try_into().unwrap());
            let data = &out[at + HEADER..][..len];
            assert_eq!(header.kind(), Some(Kind { part, compression: Compression::None }));
            assert!(header.covers(data), "{header:?}");
            joined.extend_from_slice(data);
            at += HEADER + len;
            if PAGE - offset_in_page(offset + at as u64) < HEADER {
                at += padding(offset + at as u64);
            }
        }
        assert_eq!(joined, record);
        assert_eq!(at, out.len());
    }

    #[test]
    fn a_record_is_split_where_pages_end() {
        check(0, 1, &[(Part::Full, 1)], 8);
        check(0, MAX_FRAGMENT, &[(Part::Full, 32_761)], 32_768);
        check(0, MAX_FRAGMENT + 1, &[(Part::First, 32_761), (Part::Last, 1)], 32_776);
        check(0, 70_000, &[(Part::First, 32_761), (Part::Middle, 32_761), (Part::Last, 4_478)], 70_021);
        check(100, 70_000, &[(Part::First, 32_661), (Part::Middle, 32_761), (Part::Last, 4_578)], 70_121);
    }

    #[test]
    fn what_is_left_of_a_page_is_a_fragment_without_data_or_zeros() {
        // Room for a header alone: Prometheus writes it.
        check(32_761, 5, &[(Part::First, 0), (Part::Last, 5)], 32_780);
        // Six bytes are left behind the record.
        check(32_750, 5, &[(Part::Full, 5)], 32_768);
        // Seven are left, enough for a header.
        check(32_749, 5, &[(Part::Full, 5)], 32_761);
    }

    #[test]
    fn a_segment_takes_what_its_pages_can_hold() {
        let two = 2 * PAGE as u64;
        let fits = |offset, len| Payload { compression: Compression::None, bytes: &vec![0; len] }.fits(offset, two);
        assert!(fits(0, 2 * MAX_FRAGMENT));
        assert!(!fits(0, 2 * MAX_FRAGMENT + 1));
        assert!(fits(32_768, MAX_FRAGMENT));
        assert!(!fits(32_768, MAX_FRAGMENT + 1));
        assert!(fits(65_536 - 8, 1));
        assert!(!fits(65_536 - 8, 2));
        assert!(!fits(65_536, 1));
        assert!(!fits(1 << 40, 1));
    }

    #[test]
    fn a_record_that_does_not_shrink_is_kept_as_it_is() {
        let mut framer = Framer::new();
        for compression in Compression::ALL {
            let short = framer.payload(compression, b"abc").unwrap();
            assert_eq!(short, Payload { compression: Compression::None, bytes: b"abc" });
            let long = framer.payload(compression, &[1; 1000]).unwrap();
            assert_eq!(long.compression, compression);
            assert_eq!(long.bytes.len() < 1000, compression != Compression::None);
        }
    }
}
