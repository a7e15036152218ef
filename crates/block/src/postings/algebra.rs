//! And, or, and not.

use roaring::RoaringBitmap;

use super::cursor::List;
use super::memory::{Postings, bitmap_of};

/// A list of fewer ids than this is added to a set, or taken away, one by one.
const FEW: usize = 256;

/// So many single ids are sorted before they go into the bitmap of a union.
const GATHERED: usize = 16 << 10;

/// The ids that are in all of the lists; of no lists, none.
///
/// Bitmaps are combined by words. What is left is passed over by leaps, led by the shortest list: the cost is that of the
/// shortest, times the logarithm of how much longer the others are.
#[must_use]
pub fn intersect(lists: Vec<List<'_>>) -> Postings {
    let mut lists = lists;
    lists.sort_by_key(List::len);
    if lists.first().is_none_or(List::is_empty) {
        return Postings::new();
    }
    let mut bitmaps = lists.iter().filter_map(|list| list.postings()?.bitmap());
    let bitmap = match (bitmaps.next(), bitmaps.next()) {
        (Some(first), Some(second)) => Some(bitmaps.fold(first & second, |all, bitmap| all & bitmap)),
        _ => None,
    };
    let combined = bitmap.map(Postings::from);
    if combined.is_some() {
        lists.retain(|list| list.postings().is_none_or(|postings| postings.bitmap().is_none()));
    }
    if let Some(combined) = combined {
        let place = lists.partition_point(|list| list.len() < combined.len());
        lists.insert(place, List::Owned(combined));
    }
    if lists.len() < 2 {
        return lists.pop().map(List::into_postings).unwrap_or_default();
    }
    leapfrog(&lists)
}

/// Of lists of which the first is the shortest.
fn leapfrog(lists: &[List<'_>]) -> Postings {
    let mut cursors: Vec<_> = lists.iter().map(List::cursor).collect();
    let Some((leader, others)) = cursors.split_first_mut() else { return Postings::new() };
    // Where each of the others stands.
    let mut heads = vec![None; others.len()];
    let mut common = Vec::new();
    let mut candidate = leader.next();
    'candidates: while let Some(id) = candidate {
        for (cursor, head) in others.iter_mut().zip(&mut heads) {
            if head.is_none_or(|head| head < id) {
                *head = cursor.seek(id);
            }
            match *head {
                Some(found) if found == id => {}
                Some(found) if found > id => {
                    candidate = leader.seek(found);
                    continue 'candidates;
                }
                // At the end, or in a list that does not ascend.
                _ => break 'candidates,
            }
        }
        common.push(id);
        candidate = leader.next();
    }
    Postings::from_ascending(common)
}

/// The ids of `base` that are not in `minus`.
#[must_use]
pub fn subtract(base: List<'_>, minus: &List<'_>) -> Postings {
    if minus.is_empty() || base.is_empty() {
        return base.into_postings();
    }
    if let (Some(own), Some(other)) =
        (base.postings().and_then(Postings::bitmap), minus.postings().and_then(Postings::bitmap))
    {
        return (own - other).into();
    }
    // A long set of which little is taken away, or of which little can be: a bitmap, and bits are cleared.
    if base.len() > minus.len() / 8 {
        let mut bitmap = base.into_postings().into_bitmap();
        match minus {
            List::Disk(ids) if ids.len() >= FEW => bitmap -= bitmap_of(ids.iter()),
            _ => match minus.postings().and_then(Postings::bitmap) {
                Some(other) => bitmap -= other,
                None => {
                    let mut cursor = minus.cursor();
                    while let Some(id) = cursor.next() {
                        bitmap.remove(id);
                    }
                }
            },
        }
        return bitmap.into();
    }
    let (mut cursor, mut other) = (base.cursor(), minus.cursor());
    let mut rest = Vec::new();
    let mut head = other.next();
    while let Some(id) = cursor.next() {
        if head.is_some_and(|head| head < id) {
            head = other.seek(id);
        }
        if head != Some(id) {
            rest.push(id);
        }
    }
    Postings::from_ascending(rest)
}

/// The ids of any number of lists, added one after the other.
///
/// ```
/// use promd_block::postings::{List, Postings, Union};
///
/// let mut union = Union::new();
/// for ids in [[1, 5], [2, 5]] {
///     union.add(List::Owned(ids.into_iter().collect()));
/// }
/// assert_eq!(union.finish().iter().collect::<Vec<_>>(), [1, 2, 5]);
/// ```
#[derive(Debug, Default)]
pub struct Union {
    bitmap: RoaringBitmap,
    /// Ids of short lists.
    gathered: Vec<u32>,
}

impl Union {
    /// Of no lists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the ids of a list.
    pub fn add(&mut self, list: List<'_>) {
        match list {
            list if list.len() < FEW => {
                let mut cursor = list.cursor();
                while let Some(id) = cursor.next() {
                    self.gathered.push(id);
                }
                if self.gathered.len() >= GATHERED {
                    self.settle();
                }
            }
            List::Owned(postings) if self.bitmap.is_empty() => self.bitmap = postings.into_bitmap(),
            list => match list.postings().and_then(Postings::bitmap) {
                Some(bitmap) => self.bitmap |= bitmap,
                None => self.bitmap |= list.into_postings().into_bitmap(),
            },
        }
    }

    /// The ids of all lists.
    #[must_use]
    pub fn finish(mut self) -> Postings {
        if self.bitmap.is_empty() {
            self.gathered.sort_unstable();
            self.gathered.dedup();
            return Postings::from_ascending(self.gathered);
        }
        self.settle();
        self.bitmap.into()
    }

    fn settle(&mut self) {
        self.gathered.sort_unstable();
        self.bitmap |= bitmap_of(self.gathered.drain(..));
    }
}
