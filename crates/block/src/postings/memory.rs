//! Posting lists in memory.

use std::fmt;

use roaring::RoaringBitmap;

use super::cursor::Cursor;
use super::disk::DiskIds;

/// More ids than these are a bitmap. An array of 64 takes 256 bytes, about what a bitmap takes for its first container and
/// the way to it.
const MAX_SHORT: usize = 64;

/// A bitmap of no more ids than these has them in arrays, that is to say, at hand.
const MAX_IN_ARRAY: u64 = 4096;

/// A set of ids in memory, small for few and fast for many.
///
/// ```
/// use promd_block::postings::Postings;
///
/// let mut postings: Postings = [7, 3, 5].into_iter().collect();
/// assert!(postings.insert(4) && !postings.insert(4));
/// assert!(postings.remove(7));
/// assert_eq!(postings.iter().collect::<Vec<_>>(), [3, 4, 5]);
/// ```
#[derive(Clone, Default)]
pub struct Postings(Form);

#[derive(Clone)]
enum Form {
    One(u32),
    /// None, or 2 to 64, ascending.
    Short(Box<[u32]>),
    /// More than 64.
    Bitmap(RoaringBitmap),
}

impl Default for Form {
    fn default() -> Self {
        Self::Short(Box::default())
    }
}

impl Postings {
    /// The set without an id. It allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The set of these ids, which ascend; any that do not are put where they belong.
    #[must_use]
    pub fn from_ascending(mut ids: Vec<u32>) -> Self {
        if !ids.is_sorted_by(|a, b| a < b) {
            ids.sort_unstable();
            ids.dedup();
        }
        match ids[..] {
            [id] => Self(Form::One(id)),
            _ if ids.len() <= MAX_SHORT => Self(Form::Short(ids.into_boxed_slice())),
            _ => Self(Form::Bitmap(bitmap_of(ids.into_iter()))),
        }
    }

    pub(super) fn from_disk(ids: DiskIds<'_>) -> Self {
        if ids.len() <= MAX_SHORT { ids.iter().collect() } else { bitmap_of(ids.iter()).into() }
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::One(_) => 1,
            Form::Short(ids) => ids.len(),
            Form::Bitmap(bitmap) => usize::try_from(bitmap.len()).unwrap_or(usize::MAX),
        }
    }

    /// Whether there is no id.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Short(ids) if ids.is_empty())
    }

    /// Whether `id` is in the set.
    #[must_use]
    pub fn contains(&self, id: u32) -> bool {
        match &self.0 {
            Form::One(own) => *own == id,
            Form::Short(ids) => ids.binary_search(&id).is_ok(),
            Form::Bitmap(bitmap) => bitmap.contains(id),
        }
    }

    /// Adds an id; `false` if it is there already. One that is greater than all that are there goes to the end without a search, unless there
    /// are very many.
    pub fn insert(&mut self, id: u32) -> bool {
        if let Form::Bitmap(bitmap) = &mut self.0 {
            // A container of more ids would have to look for its last one.
            return bitmap.len() <= MAX_IN_ARRAY && bitmap.try_push(id).is_ok() || bitmap.insert(id);
        }
        let Err(at) = self.as_slice().binary_search(&id) else { return false };
        let mut ids = match std::mem::take(&mut self.0) {
            Form::One(own) => vec![own],
            Form::Short(ids) => ids.into_vec(),
            Form::Bitmap(_) => Vec::new(),
        };
        // Allocators round sizes up, so that it mostly grows in place.
        ids.reserve_exact(1);
        ids.insert(at, id);
        *self = Self::from_ascending(ids);
        true
    }

    /// Takes an id out; `false` if it is not there.
    pub fn remove(&mut self, id: u32) -> bool {
        if let Form::Bitmap(bitmap) = &mut self.0 {
            let removed = bitmap.remove(id);
            if bitmap.len() <= MAX_SHORT as u64 {
                *self = Self::from_ascending(bitmap.iter().collect());
            }
            return removed;
        }
        let ids = self.as_slice();
        let Ok(at) = ids.binary_search(&id) else { return false };
        let mut fewer = ids.to_vec();
        fewer.remove(at);
        *self = Self::from_ascending(fewer);
        true
    }

    /// The ids, ascending.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.cursor())
    }

    /// The ids, to be passed over by leaps.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        match &self.0 {
            Form::Bitmap(bitmap) => Cursor::of_bitmap(bitmap),
            _ => Cursor::of_slice(self.as_slice()),
        }
    }

    /// Bytes on the heap, about.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        match &self.0 {
            Form::One(_) => 0,
            Form::Short(ids) => size_of_val(&**ids),
            Form::Bitmap(bitmap) => bitmap.serialized_size(),
        }
    }

    /// The ids of a set that is no bitmap.
    fn as_slice(&self) -> &[u32] {
        match &self.0 {
            Form::One(id) => std::slice::from_ref(id),
            Form::Short(ids) => ids,
            Form::Bitmap(_) => &[],
        }
    }

    pub(super) fn bitmap(&self) -> Option<&RoaringBitmap> {
        match &self.0 {
            Form::Bitmap(bitmap) => Some(bitmap),
            _ => None,
        }
    }

    pub(super) fn into_bitmap(self) -> RoaringBitmap {
        match self.0 {
            Form::Bitmap(bitmap) => bitmap,
            _ => self.iter().collect(),
        }
    }
}

/// So many ids of the 65536 of one container are put into words at once; fewer are appended one by one.
const DENSE: usize = 1024;

/// The bitmap of ids that ascend; of any others, too.
///
/// A dense list is what makes the difference: the list of all series of a block. Its bits are set in plain words, which
/// become a container whole; appended one by one, each bit costs a hundred times as much.
pub(super) fn bitmap_of(ids: impl Iterator<Item = u32>) -> RoaringBitmap {
    let mut bitmap = RoaringBitmap::new();
    // Ids of one container, and its words.
    let mut container: Vec<u32> = Vec::new();
    let mut words = Vec::new();
    for id in ids {
        if container.last().is_some_and(|last| last >> 16 != id >> 16) {
            add_container(&mut bitmap, &container, &mut words);
            container.clear();
        }
        container.push(id);
    }
    add_container(&mut bitmap, &container, &mut words);
    bitmap
}

fn add_container(bitmap: &mut RoaringBitmap, ids: &[u32], words: &mut Vec<u8>) {
    let Some(first) = ids.first() else { return };
    if ids.len() < DENSE {
        for &id in ids {
            if bitmap.try_push(id).is_err() {
                bitmap.insert(id);
            }
        }
        return;
    }
    words.clear();
    words.resize((1 << 16) / 8, 0);
    for &id in ids {
        if let Some(byte) = words.get_mut(id as usize % (1 << 16) / 8) {
            *byte |= 1 << (id % 8);
        }
    }
    *bitmap |= RoaringBitmap::from_lsb0_bytes(first & !0xffff, words);
}

impl From<RoaringBitmap> for Postings {
    fn from(bitmap: RoaringBitmap) -> Self {
        if bitmap.len() > MAX_SHORT as u64 {
            return Self(Form::Bitmap(bitmap));
        }
        Self::from_ascending(bitmap.iter().collect())
    }
}

impl FromIterator<u32> for Postings {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        Self::from_ascending(ids.into_iter().collect())
    }
}

impl<'p> IntoIterator for &'p Postings {
    type Item = u32;
    type IntoIter = Iter<'p>;

    fn into_iter(self) -> Iter<'p> {
        self.iter()
    }
}

/// Equal are sets of the same ids.
impl PartialEq for Postings {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Bitmap(own), Form::Bitmap(other)) => own == other,
            (Form::Bitmap(_), _) | (_, Form::Bitmap(_)) => false,
            _ => self.as_slice() == other.as_slice(),
        }
    }
}

impl Eq for Postings {}

impl fmt::Debug for Postings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The ids of a set, ascending.
#[derive(Debug, Clone)]
pub struct Iter<'p>(Cursor<'p>);

impl Iterator for Iter<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        self.0.next()
    }
}

impl std::iter::FusedIterator for Iter<'_> {}
