//! References to full chunks, 16 bytes each in cells of their own.
//!
//! Times are kept in 32 bits, relative to an epoch. What does not fit, and chunks that could not be written, lie beside.

use bytes::Bytes;
use promd_chunk::Encoding;

use super::cells::{Cells, NONE, per_page};

/// The references of all series of a stripe, in chains.
#[derive(Debug, Default)]
pub(super) struct References {
    cells: Cells<CELL, { per_page(CELL) }>,
    /// What a time of 0 stands for.
    epoch: Option<i64>,
    beside: Vec<Option<Full>>,
    free: Vec<u32>,
}

/// A full chunk.
#[derive(Debug, Clone)]
pub(super) struct Full {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) place: Place,
}

/// Where a full chunk is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In the chunk store.
    Stored(u64),
    /// Here: the store did not take it.
    Kept(Encoding, Bytes),
}

/// The length that says that the entry is beside.
const BESIDE: u32 = u32::MAX;

/// The bytes of a reference.
const CELL: usize = 16;

impl References {
    /// Puts a chunk in front of a chain, and returns the chain.
    pub(super) fn push(&mut self, chain: u32, full: Full) -> u32 {
        // Half of what 32 bits hold on either side.
        let epoch = *self.epoch.get_or_insert(full.min.saturating_sub(1 << 31));
        let min = full.min.checked_sub(epoch).and_then(|min| u32::try_from(min).ok());
        let length = full.max.checked_sub(full.min).and_then(|length| u32::try_from(length).ok());
        let (at, min, length) = match (&full.place, min, length.filter(|length| *length != BESIDE)) {
            (Place::Stored(at), Some(min), Some(length)) => (*at, min, length),
            _ => (u64::from(self.put_beside(full)), 0, BESIDE),
        };
        let cell = self.cells.take();
        let bytes = self.cells.get_mut(cell);
        bytes[..8].copy_from_slice(&at.to_le_bytes());
        bytes[8..12].copy_from_slice(&min.to_le_bytes());
        bytes[12..].copy_from_slice(&length.to_le_bytes());
        self.cells.link(cell, chain);
        cell
    }

    /// The chunks of a chain, the newest first.
    pub(super) fn iter(&self, chain: u32) -> impl Iterator<Item = Full> {
        let mut cell = chain;
        std::iter::from_fn(move || {
            let full = (cell != NONE).then(|| self.read(cell))?;
            cell = self.cells.next(cell);
            Some(full)
        })
    }

    /// Forgets the chunks that end before `before`, and all that are older. Returns what is left of the chain.
    pub(super) fn truncate(&mut self, chain: u32, before: i64) -> u32 {
        let (mut newer, mut cell) = (NONE, chain);
        while cell != NONE && self.read(cell).max >= before {
            newer = cell;
            cell = self.cells.next(cell);
        }
        self.forget(cell);
        if newer == NONE {
            return NONE;
        }
        self.cells.link(newer, NONE);
        chain
    }

    /// Forgets a chain.
    pub(super) fn forget(&mut self, chain: u32) {
        let mut cell = chain;
        while cell != NONE {
            if let Some(beside) = self.beside_of(cell) {
                self.beside[beside as usize] = None;
                self.free.push(beside);
            }
            cell = self.cells.next(cell);
        }
        self.cells.release(chain);
    }

    /// The memory that is held.
    pub(super) fn heap_bytes(&self) -> usize {
        let kept = |full: &Full| if let Place::Kept(_, bytes) = &full.place { bytes.len() } else { 0 };
        let beside: usize = self.beside.iter().flatten().map(kept).sum();
        self.cells.heap_bytes() + self.beside.capacity() * size_of::<Option<Full>>() + beside
    }

    #[expect(clippy::cast_possible_truncation, reason = "so many entries do not fit into memory")]
    fn put_beside(&mut self, full: Full) -> u32 {
        if let Some(free) = self.free.pop() {
            self.beside[free as usize] = Some(full);
            return free;
        }
        self.beside.push(Some(full));
        (self.beside.len() - 1) as u32
    }

    fn parts(&self, cell: u32) -> (u64, u32, u32) {
        let bytes = self.cells.get(cell);
        let [a, b, c, d, e, f, g, h, min0, min1, min2, min3, length @ ..] = *bytes;
        let at = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        (at, u32::from_le_bytes([min0, min1, min2, min3]), u32::from_le_bytes(length))
    }

    fn beside_of(&self, cell: u32) -> Option<u32> {
        let (at, _, length) = self.parts(cell);
        if length == BESIDE { u32::try_from(at).ok() } else { None }
    }

    fn read(&self, cell: u32) -> Full {
        if let Some(beside) = self.beside_of(cell) {
            return self.beside[beside as usize].clone().expect("an entry beside stays as long as its cell");
        }
        let (at, min, length) = self.parts(cell);
        let min = self.epoch.unwrap_or_default().saturating_add(i64::from(min));
        Full { min, max: min.saturating_add(i64::from(length)), place: Place::Stored(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(min: i64, max: i64) -> Full {
        Full { min, max, place: Place::Stored(7) }
    }

    #[test]
    fn any_time_comes_back_and_old_chunks_go() {
        let mut references = References::default();
        let year = 365 * 24 * 3_600_000;
        let times = [(i64::MIN, -year), (-5, 5), (6, 2 * year), (3 * year, 3 * year + 1), (i64::MAX - 1, i64::MAX)];
        let chain = times.iter().fold(NONE, |chain, (min, max)| references.push(chain, stored(*min, *max)));
        let back: Vec<_> = references.iter(chain).map(|full| (full.min, full.max)).collect();
        assert!(back.iter().rev().eq(&times));
        let chain = references.truncate(chain, 6);
        assert_eq!(references.iter(chain).map(|full| full.min).collect::<Vec<_>>(), [i64::MAX - 1, 3 * year, 6]);
        assert_eq!(references.truncate(chain, i64::MAX), chain);
        references.forget(chain);
        assert!(references.beside.iter().all(Option::is_none));
    }
}
