//! The fixed parts of the file: its header, its table of contents, and the numbers of the format.

use promd_codec::{DecodeError, Reader, Writer};

/// The first four bytes of an index (`tsdb/index/index.go`).
pub(super) const MAGIC: u32 = 0xBAAA_D700;

/// Magic and version; the symbols follow.
pub(super) const HEADER_LEN: usize = 5;

/// Six offsets and their checksum, at the end of the file.
pub(super) const TOC_LEN: usize = 6 * 8 + 4;

/// Series start at multiples of this, so that an id of 32 bits reaches through 64 GiB.
pub(super) const SERIES_ALIGN: usize = 16;

/// Posting lists start at multiples of this.
pub(super) const POSTINGS_ALIGN: usize = 4;

/// An index is at most this long: beyond it the id of a series would not fit into 32 bits.
pub(super) const MAX_LEN: u64 = SERIES_ALIGN as u64 * u32::MAX as u64;

/// One symbol, or one entry of the postings offset table, in so many has its place remembered.
pub(super) const SAMPLE_EVERY: usize = 32;

/// Where the sections of an index start. It stands at the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Toc {
    /// The symbol table.
    pub symbols: u64,
    /// The first byte behind the symbol table; the first series follows at the next multiple of 16.
    pub series: u64,
    /// The end of the series. Prometheus wrote lists of label values from here on until version 3.5.
    pub label_indices: u64,
    /// The table of those lists, or the postings offset table where there are none.
    pub label_indices_table: u64,
    /// The posting lists, before padding.
    pub postings: u64,
    /// The postings offset table.
    pub postings_table: u64,
}

impl Toc {
    /// Reads the last 52 bytes of an index, the first of which stands at `offset`.
    pub(super) fn decode(bytes: &[u8], offset: usize) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_offset(bytes, offset);
        let fields = reader.bytes(TOC_LEN - 4)?;
        reader.crc32c_of(fields)?;
        Self::decode_fields(Reader::with_offset(fields, offset))
    }

    /// The six offsets, whatever the checksum says.
    pub(super) fn decode_fields(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            symbols: reader.u64_be()?,
            series: reader.u64_be()?,
            label_indices: reader.u64_be()?,
            label_indices_table: reader.u64_be()?,
            postings: reader.u64_be()?,
            postings_table: reader.u64_be()?,
        })
    }

    /// Appends the table of contents with its checksum.
    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        let start = writer.position();
        let Self { symbols, series, label_indices, label_indices_table, postings, postings_table } = *self;
        for offset in [symbols, series, label_indices, label_indices_table, postings, postings_table] {
            writer.put_u64_be(offset);
        }
        writer.put_crc32c_from(start);
    }
}

/// A chunk as the index knows it: when its samples are, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChunkMeta {
    /// The time of the first sample.
    pub min: i64,
    /// The time of the last sample.
    pub max: i64,
    /// The number of the segment, counted from 0, in the upper 32 bits, and the offset in its file in the lower.
    pub reference: u64,
}
