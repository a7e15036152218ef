//! Which addresses are maps of ours, and what of them was lost. Read by a signal handler, so nothing here locks or
//! allocates on the side of the reader; all of it is safe code on atomics.
//!
//! A map holds one slot. Slots live for ever, in slabs that double in size, so that the handler can walk them without
//! asking whether they are still there. A slot that changes hands does so under a sequence count: the handler skips one
//! that is changing, and may, because the map that a thread faults in is borrowed by that thread and cannot be changing.

use std::iter;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The first slab; slab `n` has `FIRST << n` slots. Small, since most processes are tests and tools.
const FIRST: usize = 256;

/// Room for `FIRST * (2^SLABS - 1)` = 1 million maps; the kernel's default limit is 65 530 (`vm.max_map_count`).
const SLABS: usize = 12;

static TABLE: [OnceLock<Box<[Slot]>>; SLABS] = [const { OnceLock::new() }; SLABS];

/// Slots that were given back, and the number of those ever given out. Never taken by the signal handler.
static FREE: Mutex<Free> = Mutex::new(Free { returned: Vec::new(), fresh: 0 });

static LOST: AtomicU64 = AtomicU64::new(0);

/// Pages that were cut out of the maps there are. Each may have split the kernel's record of its map in three.
static SPLITS: AtomicUsize = AtomicUsize::new(0);

/// The kernel's limit of maps.
static LIMIT: AtomicUsize = AtomicUsize::new(65_530);

/// Says what the kernel's limit is. Files may take three quarters of it, pages cut out of them one eighth, and one eighth is
/// left to the rest of the process: at the limit the kernel would refuse the handler its page of zeros.
pub(super) fn set_limit(maps: usize) {
    LIMIT.store(maps, Ordering::Relaxed);
}

/// How often a page of a mapped file was missing since the process started: the file was cut, or its disk failed, while a map
/// was being read. For a metric; [`Map::check`](crate::Map::check) tells where.
#[must_use]
pub fn lost_pages() -> u64 {
    LOST.load(Ordering::Relaxed)
}

struct Free {
    returned: Vec<&'static Slot>,
    fresh: usize,
}

/// The parts that a map remembers its losses by.
const PARTS: usize = 256;

/// One map. Losses are remembered for the `PARTS`-th part of its length, so that the memory of a slot is fixed and no page
/// can be forgotten.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Odd while the slot changes hands.
    sequence: AtomicUsize,
    start: AtomicUsize,
    len: AtomicUsize,
    /// The length of a part, a multiple of the page size.
    part: AtomicUsize,
    splits: AtomicUsize,
    lost: [AtomicU64; PARTS / 64],
}

/// A map in the table, until it is dropped.
#[derive(Debug)]
pub(super) struct Registered(&'static Slot);

/// A map that holds an address.
pub(super) struct Found {
    slot: &'static Slot,
    /// Addresses of the map, from its first page to the end of its last.
    pub(super) pages: Range<usize>,
}

/// Enters a map of `len` bytes at `start`. `None`: there are too many.
pub(super) fn register(start: usize, len: usize, page: usize) -> Option<Registered> {
    let slot = take()?;
    let pages = len.div_ceil(page);
    slot.change(start, pages * page, pages.div_ceil(PARTS) * page);
    Some(Registered(slot))
}

/// The map that an address lies in. Called in a signal handler.
pub(super) fn find(address: usize) -> Option<Found> {
    let mut slots = TABLE.iter().map_while(OnceLock::get).flatten();
    slots.find_map(|slot| {
        let pages = slot.read()?;
        pages.contains(&address).then_some(Found { slot, pages })
    })
}

fn take() -> Option<&'static Slot> {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = free.fresh - free.returned.len();
    if taken >= LIMIT.load(Ordering::Relaxed) / 4 * 3 {
        return None;
    }
    if let Some(slot) = free.returned.pop() {
        return Some(slot);
    }
    let mut index = free.fresh;
    for (n, slab) in TABLE.iter().enumerate() {
        let len = FIRST << n;
        if index < len {
            free.fresh += 1;
            return slab.get_or_init(|| iter::repeat_with(Slot::default).take(len).collect()).get(index);
        }
        index -= len;
    }
    None
}

impl Slot {
    /// Only its holder calls this, so there is one writer.
    fn change(&self, start: usize, len: usize, part: usize) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        self.start.store(start, Ordering::Relaxed);
        self.len.store(len, Ordering::Relaxed);
        self.part.store(part, Ordering::Relaxed);
        self.lost.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        self.sequence.store(sequence.wrapping_add(2), Ordering::Release);
    }

    fn read(&self) -> Option<Range<usize>> {
        let before = self.sequence.load(Ordering::Acquire);
        let (start, len) = (self.start.load(Ordering::Relaxed), self.len.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let same = self.sequence.load(Ordering::Relaxed) == before;
        (same && before.is_multiple_of(2) && len > 0).then(|| start..start.saturating_add(len))
    }
}

impl Found {
    /// Remembers that addresses of this map are lost. Called before they are replaced, so that whoever reads the
    /// replacement finds the mark.
    pub(super) fn mark(&self, addresses: Range<usize>) {
        let part = self.slot.part.load(Ordering::Relaxed).max(1);
        let offset = |address: usize| address.saturating_sub(self.pages.start);
        for bit in offset(addresses.start) / part..offset(addresses.end).div_ceil(part) {
            if let Some(word) = self.slot.lost.get(bit / 64) {
                word.fetch_or(1 << (bit % 64), Ordering::Release);
            }
        }
        LOST.fetch_add(1, Ordering::Release);
    }

    /// Whether a page may be cut out of the map; counts it.
    pub(super) fn may_split(&self) -> bool {
        if SPLITS.fetch_add(1, Ordering::Relaxed) >= LIMIT.load(Ordering::Relaxed) / 16 {
            SPLITS.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        self.slot.splits.fetch_add(1, Ordering::Relaxed);
        true
    }
}

impl Registered {
    /// Whether a part that the range (relative to the map) touches was lost.
    pub(super) fn lost(&self, range: Range<usize>) -> bool {
        // The bytes were read before this call; their loads must not sink below those of the marks.
        fence(Ordering::Acquire);
        if LOST.load(Ordering::Acquire) == 0 || range.is_empty() {
            return false;
        }
        let words = self.0.lost.each_ref().map(|word| word.load(Ordering::Acquire));
        let part = self.0.part.load(Ordering::Relaxed).max(1);
        (range.start / part..range.end.div_ceil(part))
            .any(|bit| words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.0.change(0, 0, 0);
        SPLITS.fetch_sub(self.0.splits.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        FREE.lock().unwrap_or_else(PoisonError::into_inner).returned.push(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    #[test]
    fn an_address_is_found_in_its_map_only() {
        // Addresses that no process on a 64-bit machine maps, so that real maps of other tests do not overlap.
        let start = usize::MAX / 2;
        let map = register(start, 10 * PAGE + 1, PAGE).unwrap();
        assert!(find(start).is_some());
        assert!(find(start - 1).is_none());
        // The last page is the map's to its end.
        assert_eq!(find(start + 11 * PAGE - 1).unwrap().pages, start..start + 11 * PAGE);
        assert!(find(start + 11 * PAGE).is_none());
        drop(map);
        assert!(find(start).is_none());
    }

    #[test]
    fn a_loss_is_remembered_for_its_part_and_forgotten_with_the_map() {
        let start = usize::MAX / 2 + (1 << 40);
        // 1024 pages: a part is 4 of them.
        let map = register(start, 1024 * PAGE, PAGE).unwrap();
        assert!(!map.lost(0..1024 * PAGE));
        find(start).unwrap().mark(start + 9 * PAGE..start + 10 * PAGE);
        assert!(map.lost(0..1024 * PAGE));
        assert!(map.lost(9 * PAGE..9 * PAGE + 1));
        assert!(map.lost(8 * PAGE..8 * PAGE + 1), "the same part");
        assert!(!map.lost(0..8 * PAGE));
        assert!(!map.lost(12 * PAGE..1024 * PAGE));
        assert!(!map.lost(9 * PAGE..9 * PAGE), "no byte of an empty range is lost");
        drop(map);
        let map = register(start, 1024 * PAGE, PAGE).unwrap();
        assert!(!map.lost(0..1024 * PAGE));
    }

    #[test]
    fn the_last_byte_of_the_last_part_has_a_bit() {
        let start = usize::MAX / 2 + (2 << 40);
        for pages in [1, 255, 256, 257, 511, 513, 1000] {
            let map = register(start, pages * PAGE, PAGE).unwrap();
            find(start).unwrap().mark(start + (pages - 1) * PAGE..start + pages * PAGE);
            assert!(map.lost(pages * PAGE - 1..pages * PAGE), "{pages} pages");
        }
    }

    #[test]
    fn slots_that_change_hands_are_never_seen_half_changed() {
        // Each map's length is a function of its start, so a mixture of two would show.
        let start = usize::MAX / 2 + (3 << 40);
        let len = |n: usize| (n + 1) * PAGE;
        std::thread::scope(|scope| {
            for thread in 0..2 {
                scope.spawn(move || {
                    for n in 0..20_000 {
                        let n = thread * 64 + n % 64;
                        drop(register(start + n * (1 << 30), len(n), PAGE).unwrap());
                    }
                });
            }
            for n in (0..128).cycle().take(20_000) {
                if let Some(found) = find(start + n * (1 << 30)) {
                    assert_eq!(found.pages.len(), len(n));
                }
            }
        });
    }
}
