//! A way over a list that leaps.

use std::fmt;

use super::disk::DiskIds;
use super::memory::Postings;

/// A posting list, wherever it lies.
#[derive(Debug, Clone)]
pub enum List<'a> {
    /// Made for this query.
    Owned(Postings),
    /// In memory for long.
    Memory(&'a Postings),
    /// In the index of a block.
    Disk(DiskIds<'a>),
}

impl List<'_> {
    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Disk(ids) => ids.len(),
            Self::Owned(postings) => postings.len(),
            Self::Memory(postings) => postings.len(),
        }
    }

    /// Whether there is no id.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids, to be passed over by leaps.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        match self {
            Self::Disk(ids) => Cursor::of_disk(*ids),
            Self::Owned(postings) => postings.cursor(),
            Self::Memory(postings) => postings.cursor(),
        }
    }

    /// The same set, in memory.
    #[must_use]
    pub fn into_postings(self) -> Postings {
        match self {
            Self::Owned(postings) => postings,
            Self::Memory(postings) => postings.clone(),
            Self::Disk(ids) => Postings::from_disk(ids),
        }
    }

    pub(super) fn postings(&self) -> Option<&Postings> {
        match self {
            Self::Owned(postings) => Some(postings),
            Self::Memory(postings) => Some(postings),
            Self::Disk(_) => None,
        }
    }
}

impl Default for List<'_> {
    fn default() -> Self {
        Self::Disk(DiskIds::default())
    }
}

/// Passes over ids in ascending order, each step to the next id or to the next that is not below a given one.
#[derive(Clone)]
pub struct Cursor<'l>(Way<'l>);

#[derive(Clone)]
enum Way<'l> {
    Slice(&'l [u32]),
    Disk { ids: DiskIds<'l>, at: usize },
    Bitmap(roaring::bitmap::Iter<'l>),
}

impl<'l> Cursor<'l> {
    pub(super) fn of_slice(ids: &'l [u32]) -> Self {
        Self(Way::Slice(ids))
    }

    pub(super) fn of_disk(ids: DiskIds<'l>) -> Self {
        Self(Way::Disk { ids, at: 0 })
    }

    pub(super) fn of_bitmap(bitmap: &'l roaring::RoaringBitmap) -> Self {
        Self(Way::Bitmap(bitmap.iter()))
    }

    /// The next id.
    #[expect(clippy::should_implement_trait, reason = "a cursor is no iterator: it leaps")]
    #[inline]
    pub fn next(&mut self) -> Option<u32> {
        match &mut self.0 {
            Way::Slice(ids) => {
                let (first, rest) = ids.split_first()?;
                *ids = rest;
                Some(*first)
            }
            Way::Disk { ids, at } => {
                let id = ids.get(*at)?;
                *at += 1;
                Some(id)
            }
            Way::Bitmap(iter) => iter.next(),
        }
    }

    /// The next id that is not below `least`; those before it are passed over.
    ///
    /// In a list the distance is doubled until it is too far, and then halved: near ids are found at once, far ones in
    /// steps by the logarithm of the distance. A bitmap goes to the word that holds the bit.
    pub fn seek(&mut self, least: u32) -> Option<u32> {
        match &mut self.0 {
            Way::Slice(ids) => {
                let passed = gallop(ids.len(), |at| ids.get(at).is_some_and(|&id| id < least));
                *ids = ids.get(passed..).unwrap_or_default();
            }
            Way::Disk { ids, at } => {
                let (start, ids) = (*at, *ids);
                *at += gallop(ids.len() - start, |step| ids.get(start + step).is_some_and(|id| id < least));
            }
            Way::Bitmap(iter) => iter.advance_to(least),
        }
        self.next()
    }
}

impl fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Way::Slice(_) => "Cursor(array)",
            Way::Disk { .. } => "Cursor(disk)",
            Way::Bitmap(_) => "Cursor(bitmap)",
        })
    }
}

/// How many of `len` things are below: those that are come first.
fn gallop(len: usize, is_below: impl Fn(usize) -> bool) -> usize {
    let mut low = 0;
    let mut step = 1;
    while low + step <= len && is_below(low + step - 1) {
        low += step;
        step *= 2;
    }
    // All before `low` are below; of `low + step - 1` it is known that it is not, or it is past the end.
    let mut high = (low + step - 1).min(len);
    while low < high {
        let middle = low.midpoint(high);
        if is_below(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
