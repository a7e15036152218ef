//! The bytes of one file: what a reader sees, what is safe, and what a power loss may make of the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::plan::Tear;
use super::random::Random;

/// The unit of space. A file takes whole blocks, and only where it was written.
pub(super) const BLOCK: u64 = 4096;

/// The smallest unit that a disk writes whole.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct FileData {
    /// What a reader sees: the page cache.
    pub(super) live: Vec<u8>,
    /// What a power loss cannot take.
    synced: Vec<u8>,
    /// What happened since the last sync, in order. Not the difference of `live` and `synced`: after a failed sync the two
    /// differ for ever, and no later sync makes up for it.
    changes: Vec<Change>,
    /// The blocks that are taken, by number.
    pub(super) blocks: BTreeSet<u64>,
    /// Where reading fails.
    pub(super) bad: Vec<Range<u64>>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLen(usize),
}

/// What became of a file, besides its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fate {
    /// Some of what was written since the last sync is missing.
    pub(super) lost: bool,
    /// Some of it is missing, and some is not.
    pub(super) torn: bool,
}

impl FileData {
    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        let change = Change::Write { offset, bytes: bytes.to_vec() };
        change.apply(&mut self.live);
        self.changes.push(change);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let change = Change::SetLen(len);
        change.apply(&mut self.live);
        self.changes.push(change);
        self.blocks.split_off(&(len as u64).div_ceil(BLOCK));
    }

    pub(super) fn sync(&mut self) {
        for change in self.changes.drain(..) {
            change.apply(&mut self.synced);
        }
    }

    /// A sync that fails: some of the changes reach the disk, the rest is forgotten, and the page cache shows all.
    pub(super) fn fail_sync(&mut self, random: &mut Random, tear: Tear) -> Fate {
        let (left, fate) = self.after_power_loss(random, tear);
        self.synced = left;
        self.changes.clear();
        fate
    }

    /// Reads from the disk again what the page cache holds unchanged.
    pub(super) fn drop_cache(&mut self) {
        self.live.clone_from(&self.synced);
        for change in &self.changes {
            change.apply(&mut self.live);
        }
    }

    /// What the disk holds after a power loss, as a file of its own.
    pub(super) fn rebooted(&self, random: &mut Random, tear: Tear) -> (Self, Fate) {
        let (left, fate) = self.after_power_loss(random, tear);
        let end = (left.len() as u64).div_ceil(BLOCK);
        let blocks = self.blocks.range(..end).copied().collect();
        (Self { live: left.clone(), synced: left, changes: Vec::new(), blocks, bad: self.bad.clone() }, fate)
    }

    /// Flips a bit at rest: of the disk, and of the page cache that is read from it.
    pub(super) fn flip(&mut self, offset: usize, bit: u64) -> bool {
        let Some(byte) = self.synced.get_mut(offset) else { return false };
        *byte ^= 1 << (bit % 8);
        self.drop_cache();
        true
    }

    pub(super) fn synced_len(&self) -> usize {
        self.synced.len()
    }

    fn after_power_loss(&self, random: &mut Random, tear: Tear) -> (Vec<u8>, Fate) {
        let count = self.changes.len();
        if count == 0 {
            return (self.synced.clone(), Fate::default());
        }
        match random.below(8) {
            0 => self.first(0, None),
            1 => self.first(count, None),
            2..4 => {
                let whole = random.below(count);
                let cut = self.cut(whole, random, tear);
                self.first(whole, Some(cut))
            }
            _ => self.scattered(random, tear),
        }
    }

    /// As if the changes had reached the disk in order: the first `whole` of them, and of the next one some bytes.
    fn first(&self, whole: usize, cut: Option<usize>) -> (Vec<u8>, Fate) {
        let mut left = self.synced.clone();
        self.changes.iter().take(whole).for_each(|change| change.apply(&mut left));
        let mut torn = false;
        if let (Some(cut @ 1..), Some(Change::Write { offset, bytes })) = (cut, self.changes.get(whole)) {
            let part = bytes.get(..cut).unwrap_or(bytes);
            torn = part.len() < bytes.len();
            Change::Write { offset: *offset, bytes: part.to_vec() }.apply(&mut left);
        }
        (left, Fate { lost: whole < self.changes.len(), torn })
    }

    /// Where a write is torn: at any byte, or at the end of a sector of the file.
    fn cut(&self, index: usize, random: &mut Random, tear: Tear) -> usize {
        let Some(Change::Write { offset, bytes }) = self.changes.get(index) else { return 0 };
        let cut = random.below(bytes.len());
        match tear.unit() {
            None => cut,
            Some(unit) => ((offset + cut) / unit * unit).saturating_sub(*offset),
        }
    }

    /// As if each sector had reached the disk, or not, on its own, at any moment since the last sync; and so the length.
    fn scattered(&self, random: &mut Random, tear: Tear) -> (Vec<u8>, Fate) {
        let unit = tear.unit().unwrap_or(SECTOR);
        let mut image = self.synced.clone();
        let mut lens = vec![image.len()];
        let mut versions: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
        for change in &self.changes {
            for sector in change.sectors(image.len(), unit) {
                versions.entry(sector).or_insert_with(|| vec![content(&image, sector, unit)]);
            }
            let touched = change.sectors(image.len(), unit);
            change.apply(&mut image);
            for sector in touched {
                if let Some(versions) = versions.get_mut(&sector) {
                    versions.push(content(&image, sector, unit));
                }
            }
            lens.push(image.len());
        }
        let len = lens.get(random.below(lens.len())).copied().unwrap_or_default();
        let mut left = self.synced.clone();
        left.resize(len, 0);
        let (mut kept, mut missing) = (false, len != image.len());
        let mut torn = false;
        for (sector, versions) in &versions {
            let start = sector * unit;
            let Some(place) = left.get_mut(start..len.min(start + unit)).filter(|place| !place.is_empty()) else {
                continue;
            };
            let chosen = random.below(versions.len());
            let Some(mut bytes) = versions.get(chosen).cloned() else { continue };
            if tear == Tear::Byte && random.one_in(8) {
                // The head had written some of the bytes of the sector.
                let before = versions.get(chosen.saturating_sub(1)).unwrap_or(&bytes).clone();
                let cut = random.below(unit);
                torn |= cut > 0 && before != bytes;
                bytes.splice(cut.., before.get(cut..).unwrap_or_default().iter().copied());
            }
            if versions.last() == Some(&bytes) {
                kept = true;
            } else {
                missing = true;
            }
            place.copy_from_slice(bytes.get(..place.len()).unwrap_or_default());
        }
        torn |= kept && missing;
        (left, Fate { lost: missing, torn })
    }
}

/// The content of a sector, with zeros past the end of the file.
fn content(image: &[u8], sector: usize, unit: usize) -> Vec<u8> {
    let start = image.len().min(sector * unit);
    let end = image.len().min(start + unit);
    let mut bytes = image.get(start..end).unwrap_or_default().to_vec();
    bytes.resize(unit, 0);
    bytes
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::SetLen(len) => image.resize(*len, 0),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                if let Some(place) = image.get_mut(*offset..end) {
                    place.copy_from_slice(bytes);
                }
            }
        }
    }

    /// The sectors whose content it changes, in a file of `len` bytes.
    fn sectors(&self, len: usize, unit: usize) -> Range<usize> {
        match self {
            Self::Write { bytes, .. } if bytes.is_empty() => 0..0,
            Self::Write { offset, bytes } => offset / unit..(offset + bytes.len()).div_ceil(unit),
            // What is cut off becomes zeros, should the file grow again.
            Self::SetLen(to) => to / unit..len.div_ceil(unit),
        }
    }
}
