//! The hot path: the entries of V1 sample records, many at a time.
//!
//! A log is replayed sample by sample, and a scrape of a thousand lines is one record. Their differences are short: the
//! references of a target lie next to each other, and the samples of a scrape have one timestamp. So an entry is read from
//! one window of sixteen bytes, without a check for each byte. How long it is stays a matter of branches: within a record
//! the length hardly changes, so that they are predicted and the next entry is begun before this one is done.

use promd_codec::{DecodeError, Reader, Writer, zigzag_decode, zigzag_encode};

use super::{SampleColumns, Stamp};

/// The fewest bytes that an entry takes.
const MIN_ENTRY: usize = 1 + 1 + 8;

/// The most bytes that an entry takes.
const MAX_ENTRY: usize = 10 + 10 + 8;

/// How many entries are written before they are appended to the record: so many that the appends do not show.
const WRITTEN_AT_ONCE: usize = 64;

/// Appends all entries to the end of the record. After an error `columns` holds those before it.
pub(super) fn decode(head: Stamp, reader: Reader<'_>, columns: &mut SampleColumns) -> Result<(), DecodeError> {
    let before = columns.len();
    let mut rest = reader.rest();
    let (series, times, values) = columns.grow(rest.len() / MIN_ENTRY);
    let mut slots = series.iter_mut().zip(times).zip(values);
    let mut read = 0;
    let result = loop {
        let (entry, behind) = match short_entry(rest) {
            Some(short) => short,
            None if rest.is_empty() => break Ok(()),
            None => match long_entry(rest, reader) {
                Ok(long) => long,
                Err(error) => break Err(error),
            },
        };
        // There is one: what was read is not shorter than the shortest entry.
        let Some(((series, time), value)) = slots.next() else { break Ok(()) };
        *series = head.series.wrapping_add_signed(entry.series);
        *time = head.time.wrapping_add(entry.time);
        *value = entry.value;
        rest = behind;
        read += 1;
    };
    columns.truncate(before + read);
    result
}

/// Passes over all entries to the end of the record, and fails where [`decode`] fails. Looks at nothing but their lengths,
/// since every record that is read from a log is judged by it.
pub(super) fn check(reader: Reader<'_>) -> Result<(), DecodeError> {
    let mut rest = reader.rest();
    loop {
        rest = match behind_short_entry(rest) {
            Some(behind) => behind,
            None if rest.is_empty() => return Ok(()),
            None => long_entry(rest, reader)?.1,
        };
    }
}

/// What follows an entry whose differences take at most eight bytes together.
#[inline(always)]
fn behind_short_entry(bytes: &[u8]) -> Option<&[u8]> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    // As in `short_entry`, a branch for what is frequent: a length that is computed would have to be waited for.
    if word & 0x80_8080 == 0x80 {
        bytes.get(3 + 8..)
    } else if word & 0x8080 == 0 {
        bytes.get(2 + 8..)
    } else if word & 0x8080_8080 == 0x8080 {
        bytes.get(4 + 8..)
    } else {
        let ends = !word & 0x8080_8080_8080_8080;
        let second = ends & ends.wrapping_sub(1);
        (second != 0).then(|| bytes.get(second.trailing_zeros() as usize / 8 + 1 + 8..))?
    }
}

/// An entry as it stands in the record.
struct RawEntry {
    series: i64,
    time: i64,
    value: f64,
}

/// Reads an entry whose differences take at most four bytes each, if a whole window is left.
#[inline]
fn short_entry(bytes: &[u8]) -> Option<(RawEntry, &[u8])> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    // The top bits of the first bytes tell both lengths; each of the most frequent pairs has code of its own.
    if word & 0x80_8080 == 0x80 {
        entry_at(bytes, (two_bytes(word), 2), (one_byte(word >> 16), 1))
    } else if word & 0x8080 == 0 {
        entry_at(bytes, (one_byte(word), 1), (one_byte(word >> 8), 1))
    } else if word & 0x8080_8080 == 0x8080 {
        entry_at(bytes, (three_bytes(word), 3), (one_byte(word >> 24), 1))
    } else if word & 0x8080_8080 == 0x80_0080 {
        entry_at(bytes, (two_bytes(word), 2), (two_bytes(word >> 16), 2))
    } else if word & 0x80_8080 == 0x8000 {
        entry_at(bytes, (one_byte(word), 1), (two_bytes(word >> 8), 2))
    } else {
        let series = short_varint(word)?;
        entry_at(bytes, series, short_varint(word >> (8 * series.1))?)
    }
}

/// The entry at the front of `bytes`, its differences known with their lengths.
#[inline(always)]
fn entry_at(bytes: &[u8], series: (u64, usize), time: (u64, usize)) -> Option<(RawEntry, &[u8])> {
    let window: &[u8; 16] = bytes.first_chunk()?;
    let len = series.1 + time.1;
    let (value, _) = window.get(len..)?.split_first_chunk()?;
    let value = f64::from_bits(u64::from_be_bytes(*value));
    let entry = RawEntry { series: zigzag_decode(series.0), time: zigzag_decode(time.0), value };
    Some((entry, bytes.get(len + 8..)?))
}

/// The varint at the low end of `word`, and its length, if that is at most four.
#[inline]
const fn short_varint(word: u64) -> Option<(u64, usize)> {
    if word & 0x80 == 0 {
        Some((one_byte(word), 1))
    } else if word & 0x8000 == 0 {
        Some((two_bytes(word), 2))
    } else if word & 0x80_0000 == 0 {
        Some((three_bytes(word), 3))
    } else if word & 0x8000_0000 == 0 {
        Some((three_bytes(word) | word >> 3 & 0x0fe0_0000, 4))
    } else {
        None
    }
}

const fn one_byte(word: u64) -> u64 {
    word & 0x7f
}

const fn two_bytes(word: u64) -> u64 {
    one_byte(word) | word >> 1 & 0x3f80
}

const fn three_bytes(word: u64) -> u64 {
    two_bytes(word) | word >> 2 & 0x1f_c000
}

/// Reads any entry: the last one of a record, whose window would reach beyond it, and those of long differences.
#[cold]
fn long_entry<'a>(rest: &'a [u8], record: Reader<'_>) -> Result<(RawEntry, &'a [u8]), DecodeError> {
    let mut reader = Reader::with_offset(rest, record.position() + record.remaining() - rest.len());
    let entry = RawEntry { series: reader.varint()?, time: reader.varint()?, value: reader.f64_be()? };
    Ok((entry, reader.rest()))
}

/// Writes the entries of all samples.
pub(super) fn encode(head: Stamp, columns: &SampleColumns, writer: &mut Writer<'_>) {
    let mut buffer = [0; WRITTEN_AT_ONCE * MAX_ENTRY];
    let (series, times) = (columns.series().chunks(WRITTEN_AT_ONCE), columns.times().chunks(WRITTEN_AT_ONCE));
    for ((series, times), values) in series.zip(times).zip(columns.values().chunks(WRITTEN_AT_ONCE)) {
        let mut len = 0;
        for ((series, time), value) in series.iter().zip(times).zip(values) {
            let Some(entry) = buffer.get_mut(len..).and_then(<[u8]>::first_chunk_mut) else { break };
            len += put_entry(
                zigzag_encode(series.wrapping_sub(head.series).cast_signed()),
                zigzag_encode(time.wrapping_sub(head.time)),
                *value,
                entry,
            );
        }
        writer.put_bytes(buffer.get(..len).unwrap_or_default());
    }
}

/// Writes an entry, and tells its length.
#[inline]
fn put_entry(series: u64, time: u64, value: f64, entry: &mut [u8; MAX_ENTRY]) -> usize {
    let mut len = 0;
    for mut rest in [series, time] {
        while rest >= 0x80 {
            set(entry, len, rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
            len += 1;
        }
        set(entry, len, rest.to_le_bytes()[0]);
        len += 1;
    }
    if let Some(place) = entry.get_mut(len..).and_then(<[u8]>::first_chunk_mut) {
        *place = value.to_bits().to_be_bytes();
    }
    len + 8
}

#[inline]
fn set(entry: &mut [u8; MAX_ENTRY], at: usize, byte: u8) {
    if let Some(place) = entry.get_mut(at) {
        *place = byte;
    }
}
