//! `tombstones`: what was deleted from a block without rewriting it.
//!
//! ```text
//! u32 magic 0x0130ba30 | u8 version 1 | (uvarint series, varint min, varint max)* | u32 CRC-32C of the entries
//! ```
//!
//! The checksum does not cover the magic number and the version, which are known anyway. A series is named by its number in
//! the index. A file that is missing deletes nothing. One that is damaged may have deleted anything, so the block must be
//! left out of answers: what was deleted must not come back.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use promd_codec::{DecodeError, DecodeErrorKind, Reader, Writer};
use promd_fs::Fs;

use crate::{BlockError, Consequence, Damage, Interval, Intervals, Part};

/// The name of the file in the folder of a block.
pub(crate) const FILE: &str = "tombstones";

const MAGIC: u32 = 0x0130_ba30;
const VERSION: u8 = 1;
const HEADER: usize = 5;
const CRC: usize = 4;

/// The largest file that is read; an entry takes about 13 bytes.
pub(crate) const MAX_LEN: u64 = 1 << 30;

/// The deleted intervals of the series of a block.
///
/// ```
/// use promd_block::{Interval, Tombstones};
///
/// let mut deleted = Tombstones::new();
/// deleted.add(30, Interval::new(1_000, 2_000));
/// let read = Tombstones::decode(&deleted.encode())?;
/// assert!(read.of(30).contains(1_500) && read.of(31).is_empty());
/// # Ok::<(), promd_codec::DecodeError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tombstones(BTreeMap<u64, Intervals>);

impl Tombstones {
    /// Nothing is deleted.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Deletes an interval from a series.
    pub fn add(&mut self, series: u64, interval: Interval) {
        if interval.min <= interval.max {
            self.0.entry(series).or_default().add(interval);
        }
    }

    /// What is deleted from a series.
    #[must_use]
    pub fn of(&self, series: u64) -> &Intervals {
        static NONE: Intervals = Intervals::new();
        self.0.get(&series).unwrap_or(&NONE)
    }

    /// How many intervals there are: `numTombstones` of `meta.json`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(|intervals| intervals.len()).sum()
    }

    /// Whether nothing is deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Series and what is deleted from them, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Intervals)> {
        self.0.iter().map(|(series, intervals)| (*series, intervals))
    }

    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        writer.put_u32_be(MAGIC);
        writer.put_u8(VERSION);
        for (series, intervals) in self.iter() {
            for interval in intervals {
                writer.put_uvarint(series);
                writer.put_varint(interval.min);
                writer.put_varint(interval.max);
            }
        }
        writer.put_crc32c_from(HEADER);
        bytes
    }

    /// What the bytes of a file say. Offsets of errors are those in the file.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = |value: u64, offset| DecodeError::new(DecodeErrorKind::OutOfRange { value }, offset);
        match reader.u32_be()? {
            MAGIC => {}
            other => return Err(value(other.into(), 0)),
        }
        match reader.u8()? {
            VERSION => {}
            other => return Err(value(other.into(), 4)),
        }
        let length = reader.remaining().checked_sub(CRC);
        let mut entries =
            reader.sub(length.ok_or(DecodeError::new(DecodeErrorKind::UnexpectedEnd, reader.position()))?)?;
        reader.crc32c_of(entries.rest())?;
        let mut all = Self::new();
        while !entries.is_empty() {
            all.add(entries.uvarint()?, Interval::new(entries.varint()?, entries.varint()?));
        }
        Ok(all)
    }

    /// Reads the file of a block. Damage says that the block must be left out of answers.
    pub fn read(fs: &dyn Fs, dir: &Path) -> Result<Self, Damage> {
        Self::of_file(dir, fs.read_to_vec(&dir.join(FILE), MAX_LEN))
    }

    /// Those of a file that was read.
    pub(crate) fn of_file(dir: &Path, read: promd_fs::Result<Vec<u8>>) -> Result<Self, Damage> {
        let path = dir.join(FILE);
        let damage = |what| Damage::new(&path, Part::Tombstones, what, Consequence::BlockLeftOut);
        match read {
            Err(error) if error.is_not_found() => Ok(Self::new()),
            Err(error) => Err(damage(error.to_string())),
            Ok(bytes) => Self::decode(&bytes).map_err(|error| {
                let found = damage(error.kind().to_string()).at(error.offset() as u64);
                match error.kind() {
                    DecodeErrorKind::ChecksumMismatch { stored, computed } => Damage {
                        what: "checksum mismatch".to_owned(),
                        ..found.values(format!("{computed:08x}"), format!("{stored:08x}"))
                    },
                    _ => found,
                }
            }),
        }
    }

    /// Replaces the file of a block, in one step that a crash cannot halve. `numTombstones` of `meta.json` is to follow.
    pub fn write(&self, fs: &dyn Fs, dir: &Path) -> Result<(), BlockError> {
        Ok(fs.write_atomically(&dir.join(FILE), &self.encode())?)
    }
}
