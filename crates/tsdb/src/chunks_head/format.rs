//! The bytes of a chunk, and what names it.

use std::fmt;
use std::ops::Range;

use promd_chunk::Encoding;
use promd_codec::{Reader, Writer, crc32c};

use super::damage::HeadCause;

/// How a file begins: the magic number, the version, and padding.
pub(super) const FILE_HEADER: [u8; 8] = [0x01, 0x30, 0xBC, 0x91, 1, 0, 0, 0];
/// The byte of the padding that says whether the file before this one may lack its end. Prometheus looks at the magic number and the
/// version alone.
pub(super) const UNSURE: usize = 5;
/// The length of the header.
pub(super) const FIRST_CHUNK: usize = FILE_HEADER.len();
/// How long a file is when it begins, as Prometheus makes it.
pub(super) const PREALLOCATED: u64 = 128 << 10;
/// No file is longer.
pub(super) const MAX_FILE: u64 = 128 << 20;
/// Marks the encoding of chunks whose samples came late.
const OUT_OF_ORDER: u8 = 0x80;
/// Series, both times, encoding.
const FIXED: usize = 8 + 8 + 8 + 1;
/// The fixed part and the longest length.
pub(super) const MAX_CHUNK_HEADER: usize = FIXED + promd_codec::MAX_VARINT_LEN;
/// The checksum.
pub(super) const CHECKSUM: usize = 4;
/// A chunk begins with its count of samples.
const MIN_DATA: usize = 2;
/// No chunk takes fewer bytes.
pub(super) const MIN_CHUNK: usize = FIXED + 1 + MIN_DATA + CHECKSUM;

/// What stands before the data of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkHead {
    /// The reference of the series.
    pub series: u64,
    /// The time of the first sample.
    pub min: i64,
    /// The time of the last sample.
    pub max: i64,
    /// How the data are to be read.
    pub encoding: Encoding,
    /// Whether its samples came late.
    pub out_of_order: bool,
}

impl ChunkHead {
    /// Appends a chunk.
    pub(super) fn put(&self, data: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        let mut writer = Writer::new(out);
        writer.put_u64_be(self.series);
        writer.put_i64_be(self.min);
        writer.put_i64_be(self.max);
        writer.put_u8(self.encoding.byte() | if self.out_of_order { OUT_OF_ORDER } else { 0 });
        writer.put_uvarint_bytes(data);
        writer.put_crc32c_from(start);
    }

    /// How many bytes a chunk of that many bytes of data takes.
    pub(super) fn len_with(data: usize) -> usize {
        FIXED + promd_codec::uvarint_len(data as u64) + data + CHECKSUM
    }
}

/// Where a chunk is: the number of the file, and the offset in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkPlace {
    /// The number of the file, from 1.
    pub file: u32,
    /// The offset of the chunk's first byte.
    pub offset: u32,
}

impl ChunkPlace {
    pub(super) const fn new(file: u32, offset: u32) -> Self {
        Self { file, offset }
    }
}

/// As it stands in the markers of the out-of-order log.
impl From<ChunkPlace> for u64 {
    fn from(place: ChunkPlace) -> Self {
        Self::from(place.file) << 32 | Self::from(place.offset)
    }
}

impl From<u64> for ChunkPlace {
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a u64")]
    fn from(place: u64) -> Self {
        Self { file: (place >> 32) as u32, offset: place as u32 }
    }
}

impl fmt::Display for ChunkPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06} at {}", self.file, self.offset)
    }
}

/// A chunk among other bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) head: ChunkHead,
    /// Where its data are.
    pub(super) data: Range<usize>,
    /// Where the next one begins.
    pub(super) end: usize,
}

/// Bytes that are no sound chunk.
#[derive(Debug)]
pub(super) struct Unsound {
    pub(super) cause: HeadCause,
    /// Where it ends if its length is right, and what its header says if that makes sense.
    pub(super) end: Option<usize>,
    pub(super) suspect: Option<ChunkHead>,
}

impl Unsound {
    const fn out_of_bounds() -> Self {
        Self { cause: HeadCause::Bounds, end: None, suspect: None }
    }
}

/// Reads what stands before the data: the header as far as it makes sense, and where the data are.
///
/// `None` if the bytes end before.
pub(super) fn parse_header(bytes: &[u8]) -> Option<(Option<ChunkHead>, Range<u64>)> {
    let mut reader = Reader::new(bytes);
    let mut header = || {
        let (series, min, max) = (reader.u64_be()?, reader.i64_be()?, reader.i64_be()?);
        let (encoding, len) = (reader.u8()?, reader.uvarint()?);
        Ok::<_, promd_codec::DecodeError>((series, min, max, encoding, len))
    };
    let (series, min, max, encoding, len) = header().ok()?;
    let head = Encoding::try_from(encoding & !OUT_OF_ORDER).ok().map(|known| ChunkHead {
        series,
        min,
        max,
        encoding: known,
        out_of_order: encoding & OUT_OF_ORDER != 0,
    });
    // Series are numbered from 1, and no chunk is without samples.
    let head = head.filter(|head| head.series != 0 && head.min <= head.max && len >= MIN_DATA as u64);
    let start = reader.position() as u64;
    Some((head, start..start.checked_add(len)?))
}

/// Reads the chunk that `bytes` begin with.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Unsound> {
    let (head, data) = parse_header(bytes).ok_or_else(Unsound::out_of_bounds)?;
    let data = match (usize::try_from(data.start), usize::try_from(data.end)) {
        (Ok(start), Ok(end)) => start..end,
        _ => return Err(Unsound::out_of_bounds()),
    };
    let (Some(covered), Some(sum)) =
        (bytes.get(..data.end), bytes.get(data.end..).and_then(|rest| rest.first_chunk::<CHECKSUM>()))
    else {
        return Err(Unsound::out_of_bounds());
    };
    let (stored, computed) = (u32::from_be_bytes(*sum), crc32c(covered));
    let end = data.end + CHECKSUM;
    match head {
        Some(head) if stored == computed => Ok(Parsed { head, data, end }),
        Some(_) => {
            let cause = HeadCause::Checksum { stored, computed };
            Err(Unsound { cause, end: Some(end), suspect: head })
        }
        None if stored == computed => Err(Unsound { cause: HeadCause::Header, end: Some(end), suspect: None }),
        None => Err(Unsound { cause: HeadCause::Checksum { stored, computed }, end: Some(end), suspect: None }),
    }
}
