//! A small reader of segments, written from the description of the format alone, so that the writer is not checked by its
//! own code.
#![allow(dead_code, reason = "each test uses a part of it")]

use promd_codec::compress::{Compression, Decoder};

const PAGE: usize = 32_768;

/// A record as it lies in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    /// The bits of the compression: 0, 8 (snappy) or 16 (zstd).
    pub(crate) compression: u8,
    pub(crate) bytes: Vec<u8>,
    /// Where its first fragment begins.
    pub(crate) start: usize,
}

/// What a segment holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// All whole records, those behind damage too: reading goes on at the next page.
    pub(crate) records: Vec<Raw>,
    /// The first thing that is wrong, where it is, and how many of the records come before it. Prometheus stops here.
    pub(crate) corruption: Option<(&'static str, usize, usize)>,
}

impl Found {
    /// What Prometheus reads.
    pub(crate) fn strict(&self) -> &[Raw] {
        &self.records[..self.corruption.map_or(self.records.len(), |(_, _, before)| before)]
    }
}

/// Reads a segment.
pub(crate) fn read(segment: &[u8]) -> Found {
    let (mut found, mut open): (_, Option<Raw>) = (Found::default(), None);
    for (index, page) in segment.chunks(PAGE).enumerate() {
        // The end of a file stands for zeros.
        let mut padded = page.to_vec();
        padded.resize(PAGE, 0);
        if let Err((why, at)) = read_page(&padded, index * PAGE, &mut open, &mut found) {
            found.corrupt(why, at);
            open = None;
        }
    }
    if let Some(open) = open {
        found.corrupt("last record is torn", open.start);
    }
    found
}

fn read_page(
    page: &[u8],
    offset: usize,
    open: &mut Option<Raw>,
    found: &mut Found,
) -> Result<(), (&'static str, usize)> {
    let mut at = 0;
    while PAGE - at >= 7 && page[at] & 7 != 0 {
        let len = usize::from(u16::from_be_bytes([page[at + 1], page[at + 2]]));
        let crc = u32::from_be_bytes([page[at + 3], page[at + 4], page[at + 5], page[at + 6]]);
        let data = page.get(at + 7..at + 7 + len).ok_or(("record size exceeds page", offset + at))?;
        if promd_codec::crc32c(data) != crc {
            return Err(("unexpected checksum", offset + at));
        }
        let part = page[at] & 7;
        if matches!(part, 1 | 2) != open.is_none() || part > 4 {
            found.corrupt("unexpected record type", offset + at);
            *open = None;
        }
        match part {
            1 | 2 => *open = Some(Raw { compression: page[at] & 24, bytes: data.to_vec(), start: offset + at }),
            _ => open.iter_mut().for_each(|open| open.bytes.extend_from_slice(data)),
        }
        if matches!(part, 1 | 4) {
            found.records.extend(open.take());
        }
        at += 7 + len;
    }
    if page[at..].iter().any(|&byte| byte != 0) {
        return Err(("unexpected non-zero byte in padded page", offset + at));
    }
    Ok(())
}

impl Found {
    fn corrupt(&mut self, why: &'static str, at: usize) {
        let before = self.records.len();
        self.corruption.get_or_insert((why, at, before));
    }
}

/// The record, decompressed.
pub(crate) fn decoded(raw: &Raw) -> Option<Vec<u8>> {
    let compression = match raw.compression {
        0 => return Some(raw.bytes.clone()),
        8 => Compression::Snappy,
        16 => Compression::Zstd,
        _ => return None,
    };
    let mut out = Vec::new();
    Decoder::new().decode(compression, &raw.bytes, 64 << 20, &mut out).ok()?;
    Some(out)
}
