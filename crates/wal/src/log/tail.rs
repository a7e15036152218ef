//! The records that are written and not yet safe, kept in memory to be written again.

use crate::frame::Payload;
use crate::page::Compression;

/// How many bytes and records an empty tail keeps room for.
const KEPT: usize = 256 << 10;
const KEPT_RECORDS: usize = 4096;

/// Records as they went into a segment, in order.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    compression: Compression,
    /// Where its bytes end.
    end: usize,
}

/// A place in a tail: the number of records before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark(usize);

impl Tail {
    pub(super) fn push(&mut self, payload: Payload<'_>) {
        self.bytes.extend_from_slice(payload.bytes);
        self.records.push(Record { compression: payload.compression, end: self.bytes.len() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The number of records.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The size of the records.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn end(&self) -> Mark {
        Mark(self.records.len())
    }

    /// Forgets what lies behind a place.
    pub(super) fn cut(&mut self, mark: Mark) {
        self.records.truncate(mark.0);
        self.bytes.truncate(self.records.last().map_or(0, |record| record.end));
    }

    /// Forgets all of them. Memory that a burst has taken is given back: the next one may be far.
    pub(super) fn clear(&mut self) {
        self.cut(Mark::default());
        self.bytes.shrink_to(KEPT);
        self.records.shrink_to(KEPT_RECORDS);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Payload<'_>> {
        let mut start = 0;
        self.records.iter().map(move |record| {
            let bytes = self.bytes.get(start..record.end).unwrap_or_default();
            start = record.end;
            Payload { compression: record.compression, bytes }
        })
    }
}
