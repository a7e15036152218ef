//! Records as lists of entries: the walk over them that all types share, and the writing of them.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

use promd_codec::{DecodeError, Reader, Writer};

use super::stamp::{StampReader, StampWriter};
use super::{RecordError, RecordType, Version};

/// What a record is a list of. The types of this module implement it, and no others.
pub trait Entry<'a>: Sized + Sealed {
    /// The type of such a record.
    const TYPE: RecordType;

    /// Reads an entry; `stamps` is what its differences count from, where it has some.
    #[doc(hidden)]
    fn read(stamps: &mut StampReader, reader: &mut Reader<'a>) -> Result<Self, DecodeError>;
}

/// Keeps [`Entry`] to this module.
pub trait Sealed {}

/// The bytes of a record behind its type byte, and how far they were read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    record_type: RecordType,
    /// How many entries were read.
    read: usize,
    reader: Reader<'a>,
    stamps: StampReader,
}

impl<'a> Cursor<'a> {
    /// Begins in front of the first entry. A `version` is that of the stamps that the entries begin with, if they do.
    pub(super) fn new(
        record_type: RecordType,
        version: Option<Version>,
        record: &'a [u8],
    ) -> Result<Self, RecordError> {
        let mut reader = Reader::with_offset(record.get(1..).unwrap_or_default(), 1);
        let stamps = match version.map(|version| StampReader::new(version, &mut reader)).transpose() {
            Ok(stamps) => stamps.unwrap_or_default(),
            Err(cause) => return Err(RecordError { record_type, entry: 0, cause }),
        };
        Ok(Self { record_type, read: 0, reader, stamps })
    }

    pub(super) const fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// What is left, for a reader that reads more than an entry at once.
    pub(super) const fn parts(&self) -> (StampReader, Reader<'a>) {
        (self.stamps, self.reader)
    }

    /// Reads the next entry; after an error there is none.
    #[inline]
    pub(super) fn next<T>(
        &mut self,
        read: impl FnOnce(&mut StampReader, &mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Option<Result<T, RecordError>> {
        if self.reader.is_empty() {
            return None;
        }
        let entry = read(&mut self.stamps, &mut self.reader);
        Some(match entry {
            Ok(entry) => {
                self.read += 1;
                Ok(entry)
            }
            Err(cause) => {
                self.reader = Reader::new(&[]);
                Err(self.error(0, cause))
            }
        })
    }

    /// The error of an entry, `more` entries behind those that were read.
    #[cold]
    pub(super) const fn error(&self, more: usize, cause: DecodeError) -> RecordError {
        RecordError { record_type: self.record_type, entry: self.read + more, cause }
    }
}

/// The entries of a record, read one after the other. The first damaged one is an error, and the last.
///
/// Nothing is allocated: what has no fixed size is borrowed from the record.
pub struct Entries<'a, E> {
    pub(super) cursor: Cursor<'a>,
    entry: PhantomData<fn() -> E>,
}

impl<'a, E> Entries<'a, E> {
    pub(super) const fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor, entry: PhantomData }
    }

    /// The type of the record.
    #[must_use]
    pub const fn record_type(&self) -> RecordType {
        self.cursor.record_type()
    }
}

impl<'a, E: Entry<'a>> Iterator for Entries<'a, E> {
    type Item = Result<E, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.next(E::read)
    }
}

impl<'a, E: Entry<'a>> FusedIterator for Entries<'a, E> {}

// By hand, since the derived ones ask the same of the entries.
impl<E> Clone for Entries<'_, E> {
    fn clone(&self) -> Self {
        Self::new(self.cursor)
    }
}

impl<E> fmt::Debug for Entries<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cursor.fmt(f)
    }
}

/// Appends a record, entry by entry, to a vector.
///
/// The vector stays the caller's, who clears and uses it again. A record without entries is its type byte.
pub struct Encoder<'b, E> {
    pub(super) writer: Writer<'b>,
    pub(super) stamps: StampWriter,
    pub(super) entries: usize,
    entry: PhantomData<fn(E)>,
}

impl<'b, E> Encoder<'b, E> {
    pub(super) fn begin(record_type: RecordType, version: Version, out: &'b mut Vec<u8>) -> Self {
        let mut writer = Writer::new(out);
        writer.put_u8(record_type.byte());
        Self { writer, stamps: StampWriter::new(version), entries: 0, entry: PhantomData }
    }

    /// Begins a record at the end of `out`.
    #[must_use]
    pub fn new<'e>(out: &'b mut Vec<u8>) -> Self
    where
        E: Entry<'e>,
    {
        Self::begin(E::TYPE, Version::V1, out)
    }

    /// How many entries were appended.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }
}

impl<E> fmt::Debug for Encoder<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("stamps", &self.stamps).field("entries", &self.entries).finish_non_exhaustive()
    }
}
