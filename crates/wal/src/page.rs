//! The framing of a segment: pages, and the fragments of records in them.
//!
//! ```text
//! segment   | page 0            | page 1            | ...            each of 32 KiB; the last may be shorter
//! page      | fragment | fragment | ... | zeros                      zeros: fewer than 7 bytes are left, or the page was ended
//! fragment  | kind u8 | length u16 BE | CRC-32C of the data u32 BE | data |
//! kind      bits 0-2 part (0 ends the page), bit 3 snappy, bit 4 zstd, bits 5-7 zero
//! ```
//!
//! A record that does not fit what is left of its page goes on in the next ones, and its compression is noted on every
//! fragment. The checksum covers the data alone: a header is judged by what it leads to.

use promd_codec::{compress, crc32c};

/// The size of a page.
pub const PAGE: usize = 32 * 1024;

/// The size of a fragment's header.
pub const HEADER: usize = 7;

/// The most data that a fragment can hold: a page without the header.
pub const MAX_FRAGMENT: usize = PAGE - HEADER;

/// The bits of a kind that tell the part.
pub const PART_BITS: u8 = 0b0000_0111;

/// The bit of a kind that says snappy.
pub const SNAPPY_BIT: u8 = 0b0000_1000;

/// The bit of a kind that says zstd.
pub const ZSTD_BIT: u8 = 0b0001_0000;

/// Which part of its record a fragment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Part {
    /// The whole of it.
    Full = 1,
    /// The first of several.
    First = 2,
    /// Neither the first nor the last.
    Middle = 3,
    /// The last of several.
    Last = 4,
}

impl Part {
    /// The part of a record that is, or is not, its begin and its end.
    #[must_use]
    pub fn of(first: bool, last: bool) -> Self {
        match (first, last) {
            (true, true) => Self::Full,
            (true, false) => Self::First,
            (false, false) => Self::Middle,
            (false, true) => Self::Last,
        }
    }
}

/// How the bytes of a record are compressed, as a whole and before they are split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// A snappy block.
    #[default]
    Snappy,
    /// A zstd frame.
    Zstd,
}

impl Compression {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Snappy, Self::Zstd];

    /// The bit on each fragment.
    #[must_use]
    pub fn bit(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Snappy => SNAPPY_BIT,
            Self::Zstd => ZSTD_BIT,
        }
    }

    /// The name that Prometheus' flag and its metrics use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.codec().name()
    }

    /// The format of the bytes.
    #[must_use]
    pub fn codec(self) -> compress::Compression {
        match self {
            Self::None => compress::Compression::None,
            Self::Snappy => compress::Compression::Snappy,
            Self::Zstd => compress::Compression::Zstd,
        }
    }
}

/// What the first byte of a fragment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Which part of the record.
    pub part: Part,
    /// How the record is compressed.
    pub compression: Compression,
}

impl Kind {
    /// Reads the byte. `None`: it ends the page, or means nothing.
    ///
    /// Prometheus never writes the upper three bits nor both compressions, and reads past them; here they mean damage.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        let part = match byte & PART_BITS {
            1 => Part::Full,
            2 => Part::First,
            3 => Part::Middle,
            4 => Part::Last,
            _ => return None,
        };
        let compression = match byte & !PART_BITS {
            0 => Compression::None,
            SNAPPY_BIT => Compression::Snappy,
            ZSTD_BIT => Compression::Zstd,
            _ => return None,
        };
        Some(Self { part, compression })
    }

    /// The byte.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        self.part as u8 | self.compression.bit()
    }
}

/// The seven bytes before the data of a fragment, as they are: nothing in them is checked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The first byte; see [`kind`](Self::kind).
    pub kind: u8,
    /// The length of the data.
    pub len: u16,
    /// The checksum of the data.
    pub crc: u32,
}

impl Header {
    /// Of a fragment with this data, which is cut to [`MAX_FRAGMENT`] bytes.
    #[must_use]
    pub fn of(kind: Kind, data: &[u8]) -> Self {
        debug_assert!(data.len() <= MAX_FRAGMENT, "a fragment lies in one page");
        #[expect(clippy::cast_possible_truncation, reason = "MAX_FRAGMENT is 32761")]
        let len = data.len().min(MAX_FRAGMENT) as u16;
        Self { kind: kind.to_byte(), len, crc: crc32c(data) }
    }

    /// Takes the bytes apart.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; HEADER]) -> Self {
        let [kind, l0, l1, c0, c1, c2, c3] = *bytes;
        Self { kind, len: u16::from_be_bytes([l0, l1]), crc: u32::from_be_bytes([c0, c1, c2, c3]) }
    }

    /// Puts them together.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER] {
        let [l0, l1] = self.len.to_be_bytes();
        let [c0, c1, c2, c3] = self.crc.to_be_bytes();
        [self.kind, l0, l1, c0, c1, c2, c3]
    }

    /// What the first byte says, if it is one that is written.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        Kind::from_byte(self.kind)
    }

    /// Whether it is no fragment: the rest of the page has to be zero.
    #[must_use]
    pub fn ends_page(self) -> bool {
        self.kind & PART_BITS == 0
    }

    /// Whether the checksum is that of these bytes.
    #[must_use]
    pub fn covers(self, data: &[u8]) -> bool {
        data.len() == usize::from(self.len) && crc32c(data) == self.crc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers of WALs that Prometheus 3.5.3 wrote.
    #[track_caller]
    fn check(bytes: [u8; HEADER], part: Part, compression: Compression, len: u16) {
        let header = Header::from_bytes(&bytes);
        assert_eq!(header.kind(), Some(Kind { part, compression }));
        assert_eq!(header.len, len);
        assert_eq!(header.to_bytes(), bytes);
        assert!(!header.ends_page());
    }

    #[test]
    fn headers_of_a_real_log() {
        check([0x01, 0x03, 0xc6, 0xfa, 0xf6, 0x63, 0xa6], Part::Full, Compression::None, 966);
        check([0x02, 0x28, 0x60, 0x83, 0xf7, 0x84, 0x51], Part::First, Compression::None, 10_336);
        check([0x04, 0x05, 0xaa, 0xfc, 0x8f, 0xed, 0x12], Part::Last, Compression::None, 1_450);
        check([0x0a, 0x0c, 0x0b, 0x06, 0xf3, 0x73, 0x28], Part::First, Compression::Snappy, 3_083);
        check([0x0c, 0x02, 0x4a, 0x75, 0xad, 0x31, 0xa5], Part::Last, Compression::Snappy, 586);
    }

    #[test]
    fn every_kind_has_one_byte_and_every_other_byte_none() {
        let mut known = Vec::new();
        for part in [Part::Full, Part::First, Part::Middle, Part::Last] {
            for compression in Compression::ALL {
                let kind = Kind { part, compression };
                assert_eq!(Kind::from_byte(kind.to_byte()), Some(kind));
                known.push(kind.to_byte());
            }
        }
        let read: Vec<u8> = (0..=u8::MAX).filter(|&byte| Kind::from_byte(byte).is_some()).collect();
        known.sort_unstable();
        assert_eq!(read, known);
    }

    #[test]
    fn a_header_covers_its_data_and_nothing_else() {
        let kind = Kind { part: Part::of(true, true), compression: Compression::None };
        // The check value of CRC-32C: the checksum of the nine digits.
        let header = Header::of(kind, b"123456789");
        assert_eq!(header, Header { kind: 1, len: 9, crc: 0xe306_9283 });
        assert!(header.covers(b"123456789"));
        assert!(!header.covers(b"123456780"));
        assert!(!header.covers(b"12345678"));
    }
}
