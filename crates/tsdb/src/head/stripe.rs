//! A sixteenth of the series, under one lock: slots, the bytes of open chunks, and references to full ones.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::{HashMap, HashTable};
use promd_chunk::{Encoding, OpenXor};
use promd_codec::Reader;
use promd_model::{Interval, Intervals};

use super::cells::{Cells, NONE, per_page};
use super::contract::{ChunkStore, HeadOptions};
use super::cut::{MAX_XOR_BYTES, foresee, range_end, spread};
use super::index::shrink;
use super::late::{self, Late, LateSample};
use super::mapped::{Full, Place, References};
use super::metadata::Said;
use super::open::{HeadKind, OpenHistograms, OpenOf, Pushed};
use super::slot::{Horizon, Judgement, Last, New, Slot};

const CELL: usize = 32;
const SLOTS_PER_PAGE: usize = 256;
/// An end of a chunk that cannot be noted.
const FAR: u32 = u32::MAX;

/// How many stripes there are. Series fall into them by their references.
pub(super) const STRIPES: u32 = 16;

/// Where a slot lies: its stripe, and its number there.
pub(super) const fn split(slot: u32) -> (usize, u32) {
    ((slot % STRIPES) as usize, slot / STRIPES)
}

/// The slot of a place.
#[expect(clippy::cast_possible_truncation, reason = "there are sixteen stripes")]
pub(super) const fn join(stripe: usize, local: u32) -> u32 {
    local * STRIPES + stripe as u32
}

/// The stripe of a reference. The first one, 1, is in the first stripe, so that slots ascend with references until they are used again, and
/// posting lists grow at their ends.
#[expect(clippy::cast_possible_truncation, reason = "there are sixteen stripes")]
pub(super) const fn stripe_of(reference: u64) -> usize {
    (reference.wrapping_sub(1) % STRIPES as u64) as usize
}

/// What all stripes have in common.
pub(super) struct Surroundings {
    pub(super) store: Arc<dyn ChunkStore>,
    pub(super) options: HeadOptions,
}

#[derive(Debug, Default)]
pub(super) struct Stripe {
    /// They do not move: pages are never reallocated.
    pages: Vec<Vec<Slot>>,
    free: Vec<u32>,
    by_reference: HashTable<u32>,
    /// What an end of a chunk of 0 stands for.
    epoch: Option<i64>,
    cells: Cells<CELL, { per_page(CELL) }>,
    references: References,
    histograms: HashMap<u32, Box<OpenHistograms>>,
    deleted: HashMap<u32, Arc<Intervals>>,
    /// Samples that came out of order, of the series that have such.
    late: HashMap<u32, Box<Late>>,
    /// Where the samples of recent commits begin, by slot: the number of the commit, and the time of its first sample. It is kept only for
    /// readers that are older than the commit.
    hidden: HashMap<u32, Vec<(u64, i64)>>,
    /// The newest commit in `hidden`.
    hidden_newest: u64,
    scratch: Vec<u8>,
}

/// A chunk of a series as it was found under the lock.
#[derive(Debug)]
pub(super) struct FoundChunk {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) place: Place,
}

/// What a stripe takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StripeMemory {
    pub(super) slots: usize,
    pub(super) chunks: usize,
    pub(super) references: usize,
    pub(super) histograms: usize,
    pub(super) late: usize,
}

fn hash(reference: u64) -> u64 {
    // The lowest bits are those of the stripe.
    let mixed = (reference.wrapping_sub(1) / u64::from(STRIPES)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

impl Stripe {
    /// The slot of a series.
    pub(super) fn find(&self, reference: u64) -> Option<u32> {
        self.by_reference.find(hash(reference), |local| self.slot(*local).reference == reference).copied()
    }

    /// The slots of some series, all at once, so that none waits for the memory of the one before.
    pub(super) fn find_all(&self, references: impl Iterator<Item = u64>, found: &mut Vec<Option<u32>>) {
        let mut next = 0;
        found.clear();
        found.extend(references.map(|reference| {
            // Series that came one after the other are spoken of one after the other: the table is not needed then.
            let local = if self.is_at(next, reference) { Some(next) } else { self.find(reference) };
            next = local.map_or(next, |local| local + 1);
            local
        }));
    }

    /// Whether a series is in this slot, if there is one. Free slots have the reference 0, which no series has.
    fn is_at(&self, local: u32, reference: u64) -> bool {
        let page = self.pages.get(local as usize / SLOTS_PER_PAGE);
        let slot = page.and_then(|page| page.get(local as usize % SLOTS_PER_PAGE));
        reference != 0 && slot.is_some_and(|slot| slot.reference == reference)
    }

    /// A slot for a series that there is not.
    #[expect(clippy::cast_possible_truncation, reason = "so many slots do not fit into memory")]
    pub(super) fn insert(&mut self, reference: u64) -> u32 {
        let local = match self.free.pop() {
            Some(local) => {
                *self.slot_mut(local) = Slot::new(reference);
                local
            }
            None => {
                if self.pages.last().is_none_or(|page| page.len() == SLOTS_PER_PAGE) {
                    self.pages.push(Vec::with_capacity(SLOTS_PER_PAGE));
                }
                let number = self.pages.len() - 1;
                self.pages[number].push(Slot::new(reference));
                (number * SLOTS_PER_PAGE + self.pages[number].len() - 1) as u32
            }
        };
        let pages = &self.pages;
        self.by_reference.insert_unique(hash(reference), local, |other| hash(slot(pages, *other).reference));
        local
    }

    /// Forgets a series, and returns what it said of its metric. Its slot is not used again before it is [freed](Self::free_slot).
    pub(super) fn remove(&mut self, local: u32) -> Said {
        let reference = self.slot(local).reference;
        if let Ok(entry) = self.by_reference.find_entry(hash(reference), |other| *other == local) {
            entry.remove();
        }
        self.drop_open(local);
        self.references.forget(self.slot(local).mapped);
        self.deleted.remove(&local);
        self.late.remove(&local);
        self.hidden.remove(&local);
        std::mem::replace(self.slot_mut(local), Slot::new(0)).metadata
    }

    /// Makes the slot of a removed series free for another one.
    pub(super) fn free_slot(&mut self, local: u32) {
        self.free.push(local);
    }

    /// Gives back what the table of references has too much.
    pub(super) fn shrink(&mut self) {
        let pages = &self.pages;
        shrink(&mut self.by_reference, |local| hash(slot(pages, *local).reference));
    }

    pub(super) fn slot(&self, local: u32) -> &Slot {
        slot(&self.pages, local)
    }

    pub(super) fn slot_mut(&mut self, local: u32) -> &mut Slot {
        &mut self.pages[local as usize / SLOTS_PER_PAGE][local as usize % SLOTS_PER_PAGE]
    }

    /// The newest sample of a series.
    pub(super) fn last(&self, local: u32) -> Last<'_> {
        let slot = self.slot(local);
        if slot.histograms
            && let Some(open) = self.histograms.get(&local)
        {
            return open.last();
        }
        match slot.open.last() {
            Some((t, v)) => Last::Sample(t, New::Float(v)),
            None => self.references.iter(slot.mapped).next().map_or(Last::Nothing, |full| Last::Written(full.max)),
        }
    }

    /// How many series end in a stale marker.
    pub(super) fn stale_series(&self) -> usize {
        let is_stale = |local: &u32| matches!(self.last(*local), Last::Sample(_, newest) if newest.is_stale());
        self.locals().filter(is_stale).count()
    }

    /// The memory of the samples of one series, without what it shares with others.
    pub(super) fn heap_bytes_of(&self, local: u32) -> usize {
        let slot = self.slot(local);
        let cells = slot.open.len().div_ceil(CELL).max(usize::from(slot.first != NONE));
        let references = self.references.iter(slot.mapped).count();
        let histograms = self.histograms.get(&local);
        let histograms = histograms.map_or(0, |open| open.heap_bytes() + size_of::<OpenHistograms>());
        let late = self.late.get(&local).map_or(0, |late| late.heap_bytes());
        size_of::<Slot>() + cells * (CELL + 4) + references * (16 + 4) + histograms + late
    }

    /// The time of the newest sample of a series.
    pub(super) fn newest(&self, local: u32) -> Option<i64> {
        match self.last(local) {
            Last::Nothing => None,
            Last::Sample(t, _) | Last::Written(t) => Some(t),
        }
    }

    /// Appends a float, unless it is not newer than what is there: says whether it did.
    pub(super) fn push_float(&mut self, local: u32, t: i64, v: f64, around: &Surroundings) -> bool {
        if self.last(local).judge(t, New::Float(v), &Horizon::NONE) != Judgement::Append {
            return false;
        }
        if self.slot(local).histograms {
            self.cut(local, around);
        }
        if self.ends_before(local, t, around) {
            self.cut(local, around);
        }
        if !self.put(local, t, v) {
            // The chunk could hold no more, because the one before could not be written away for long.
            self.cut(local, around);
            self.put(local, t, v);
        }
        if self.slot(local).open.count() == 1 {
            self.end_at(local, range_end(t, around.options.chunk_range));
        }
        true
    }

    /// Appends a histogram, unless it is not newer than what is there.
    pub(super) fn push_histogram<K: HeadKind>(
        &mut self,
        local: u32,
        t: i64,
        sample: &K::Sample,
        around: &Surroundings,
    ) -> bool {
        if self.last(local).judge(t, K::new_of(sample), &Horizon::NONE) != Judgement::Append {
            return false;
        }
        let range = around.options.chunk_range;
        let mut header = None;
        if self.slot(local).histograms
            && let Some(open) = self.histograms.get_mut(&local).and_then(|open| K::of(open))
        {
            match open.push(t, sample, range) {
                Pushed::Appended => return true,
                Pushed::Malformed => return false,
                Pushed::Next(next) => header = Some(next),
            }
        }
        let Some(open) = OpenOf::<K>::start(header, t, sample, range) else { return false };
        self.cut(local, around);
        self.histograms.insert(local, Box::new(K::wrap(open)));
        self.slot_mut(local).histograms = true;
        true
    }

    /// Whether the open chunk of floats ends before a sample: `appendPreprocessor` of `tsdb/head_append.go`.
    fn ends_before(&mut self, local: u32, t: i64, around: &Surroundings) -> bool {
        let HeadOptions { chunk_range, samples_per_chunk: target, .. } = around.options;
        let slot = self.slot(local);
        let (count, reference) = (slot.open.count(), slot.reference);
        let Some((last, _)) = slot.open.last() else { return false };
        if slot.open.len() > MAX_XOR_BYTES {
            return true;
        }
        let mut end = self.end_of(local, chunk_range);
        if count == target / 4 {
            let min = self.open_min(local);
            end = foresee(min, last, end, 4.0);
            end = spread(reference, min, last, end, chunk_range);
            self.end_at(local, end);
        }
        t >= end || count >= target.saturating_mul(2)
    }

    /// Notes when the open chunk of floats ends. It stands in the slot, since the beginning of the chunk would have to be fetched for each
    /// sample.
    fn end_at(&mut self, local: u32, end: i64) {
        // Half of what 32 bits hold on either side.
        let epoch = *self.epoch.get_or_insert(end.saturating_sub(1 << 31));
        let until = end.checked_sub(epoch).and_then(|until| u32::try_from(until).ok());
        self.slot_mut(local).until = until.unwrap_or(FAR);
    }

    /// When the open chunk of floats ends: with its range, if that is too far away to be noted.
    fn end_of(&self, local: u32, range: i64) -> i64 {
        match (self.slot(local).until, self.epoch) {
            (until, Some(epoch)) if until != FAR => epoch.saturating_add(i64::from(until)),
            _ => range_end(self.open_min(local), range),
        }
    }

    /// Fetches where the next samples of series go, all at once, so that one does not wait for the memory of the one before.
    pub(super) fn fetch(&self, locals: impl Iterator<Item = u32>) {
        let tails = locals.map(|local| self.slot(local).tail).filter(|tail| *tail != NONE);
        std::hint::black_box(tails.fold(0, |sum, tail| sum ^ self.cells.get(tail)[0]));
    }

    /// Lays a float down behind the open chunk. Says whether there was room.
    fn put(&mut self, local: u32, t: i64, v: f64) -> bool {
        let Self { pages, cells, .. } = self;
        let slot = &mut pages[local as usize / SLOTS_PER_PAGE][local as usize % SLOTS_PER_PAGE];
        let at = slot.open.word_offset();
        let offset = at % CELL;
        if slot.tail == NONE {
            slot.first = cells.take();
            slot.tail = slot.first;
        } else if offset == 0 && at > 0 && slot.open.len() <= at {
            let cell = cells.take();
            cells.link(slot.tail, cell);
            slot.tail = cell;
        }
        let word = cells.get(slot.tail)[offset..].first_chunk().map_or(0, |word| u64::from_be_bytes(*word));
        let tail = &mut slot.tail;
        slot.open
            .append_with(word, t, v, |piece| {
                let used = piece.words_used() * 8;
                let here = used.min(CELL - offset);
                cells.get_mut(*tail)[offset..][..here].copy_from_slice(&piece.padded()[..here]);
                if here < used {
                    let cell = cells.take();
                    cells.get_mut(cell)[..used - here].copy_from_slice(&piece.padded()[here..used]);
                    cells.link(*tail, cell);
                    *tail = cell;
                }
                true
            })
            .is_ok()
    }

    /// The time of the first sample of an open chunk of floats, which stands in its first cell behind the count.
    fn open_min(&self, local: u32) -> i64 {
        let first = self.slot(local).first;
        if first == NONE { 0 } else { Reader::new(&self.cells.get(first)[2..]).varint().unwrap_or_default() }
    }

    /// The bytes of an open chunk of floats.
    fn gather(&self, local: u32, into: &mut Vec<u8>) {
        let slot = self.slot(local);
        let begin = into.len();
        self.cells.gather(slot.first, slot.open.len(), into);
        if let Some(count) = into[begin..].first_chunk_mut() {
            *count = slot.open.count().to_be_bytes();
        }
    }

    /// Writes the open chunk away. If that fails it is kept here.
    pub(super) fn cut(&mut self, local: u32, around: &Surroundings) {
        let reference = self.slot(local).reference;
        let (encoding, min, max) = match self.histograms.get(&local) {
            Some(open) => {
                let (encoding, min, max, bytes) = open.parts();
                self.scratch.extend_from_slice(bytes);
                (encoding, min, max)
            }
            None => {
                let Some((max, _)) = self.slot(local).open.last() else { return };
                let mut scratch = std::mem::take(&mut self.scratch);
                self.gather(local, &mut scratch);
                self.scratch = scratch;
                (Encoding::Xor, self.open_min(local), max)
            }
        };
        let place = match around.store.write(reference, min, max, encoding, false, &self.scratch) {
            Ok(at) => Place::Stored(at),
            Err(_) => Place::Kept(encoding, Bytes::copy_from_slice(&self.scratch)),
        };
        self.scratch.clear();
        self.drop_open(local);
        self.push_full(local, Full { min, max, place });
    }

    /// Adds a full chunk, newer than all that are there.
    pub(super) fn push_full(&mut self, local: u32, full: Full) {
        let chain = self.references.push(self.slot(local).mapped, full);
        self.slot_mut(local).mapped = chain;
    }

    /// Adds a full chunk before newer ones, unless it overlaps what is there: chunks of one series may have been written under several
    /// references, and those of the first to be named may be the newest.
    pub(super) fn insert_full(&mut self, local: u32, full: Full) -> bool {
        let mut all: Vec<Full> = self.references.iter(self.slot(local).mapped).collect();
        let overlaps = |known: &Full| known.min <= full.max && full.min <= known.max;
        if all.iter().any(overlaps) || self.open_interval(local).is_some_and(|open| open.min <= full.max) {
            return false;
        }
        let at = all.partition_point(|newer| newer.min > full.min);
        all.insert(at, full);
        self.references.forget(self.slot(local).mapped);
        let chain = all.into_iter().rev().fold(NONE, |chain, full| self.references.push(chain, full));
        self.slot_mut(local).mapped = chain;
        true
    }

    /// Forgets the open chunk.
    pub(super) fn drop_open(&mut self, local: u32) {
        if self.slot(local).histograms {
            self.histograms.remove(&local);
        }
        self.cells.release(self.slot(local).first);
        let slot = self.slot_mut(local);
        (slot.first, slot.tail, slot.open, slot.histograms) = (NONE, NONE, OpenXor::new(), false);
    }

    /// The chunks of a series that overlap a range of time, the oldest first. Bytes of the open chunk are copied.
    pub(super) fn chunks(&self, local: u32, times: Interval, found: &mut Vec<FoundChunk>) {
        let slot = self.slot(local);
        let overlaps = |min, max| times.overlaps(&Interval::new(min, max));
        if let Some((encoding, min, max)) = self.open_parts(local)
            && overlaps(min, max)
        {
            let bytes = match self.histograms.get(&local) {
                Some(open) => Bytes::copy_from_slice(open.parts().3),
                None => {
                    let mut bytes = Vec::with_capacity(slot.open.len());
                    self.gather(local, &mut bytes);
                    bytes.into()
                }
            };
            found.push(FoundChunk { min, max, place: Place::Kept(encoding, bytes) });
        }
        for Full { min, max, place } in self.references.iter(slot.mapped).take_while(|full| full.max >= times.min) {
            if overlaps(min, max) {
                found.push(FoundChunk { min, max, place });
            }
        }
        found.reverse();
    }

    /// How many chunks a series has.
    pub(super) fn chunk_count(&self, local: u32) -> usize {
        usize::from(self.open_parts(local).is_some()) + self.references.iter(self.slot(local).mapped).count()
    }

    /// From the first sample of the open chunk to its last.
    pub(super) fn open_interval(&self, local: u32) -> Option<Interval> {
        self.open_parts(local).map(|(_, min, max)| Interval::new(min, max))
    }

    fn open_parts(&self, local: u32) -> Option<(Encoding, i64, i64)> {
        if let Some(open) = self.histograms.get(&local) {
            let (encoding, min, max, _) = open.parts();
            return Some((encoding, min, max));
        }
        let (max, _) = self.slot(local).open.last()?;
        Some((Encoding::Xor, self.open_min(local), max))
    }

    /// From the first sample of a series to its last.
    pub(super) fn interval(&self, local: u32) -> Option<Interval> {
        let open = self.open_parts(local).map(|(_, min, max)| Interval::new(min, max));
        let full = self.references.iter(self.slot(local).mapped);
        let full = full.map(|full| Interval::new(full.min, full.max));
        open.into_iter().chain(full).reduce(|newer, older| Interval::new(older.min, newer.max))
    }

    /// Forgets chunks that end before `before`; returns what is left of the series, if anything is.
    pub(super) fn truncate(&mut self, local: u32, before: i64) -> Option<Interval> {
        if self.open_parts(local).is_some_and(|(_, _, max)| max < before) {
            self.drop_open(local);
        }
        let chain = self.references.truncate(self.slot(local).mapped, before);
        self.slot_mut(local).mapped = chain;
        if let Some(deleted) = self.deleted.get_mut(&local) {
            let late = self.late.get(&local).and_then(|late| late.interval());
            let has_late = |interval: &Interval| late.is_some_and(|late| late.overlaps(interval));
            let left = deleted.iter().filter(|interval| interval.max >= before || has_late(interval));
            let left: Intervals = left.copied().collect();
            *deleted = Arc::new(left);
            if deleted.is_empty() {
                self.deleted.remove(&local);
            }
        }
        self.interval(local)
    }

    /// The late samples of a series.
    pub(super) fn late(&self, local: u32) -> Option<&Late> {
        self.late.get(&local).map(|late| &**late)
    }

    /// The late samples of a series, to be changed.
    pub(super) fn late_mut(&mut self, local: u32) -> &mut Late {
        self.late.entry(local).or_default()
    }

    /// The series that have late samples.
    pub(super) fn late_locals(&self) -> Vec<u32> {
        self.late.keys().copied().collect()
    }

    /// From the first late sample of a series to the last.
    pub(super) fn late_interval(&self, local: u32) -> Option<Interval> {
        self.late.get(&local)?.interval()
    }

    /// The chunks of late samples with one of these numbers that overlap a range of time. Samples that are not in a chunk yet have the
    /// highest number.
    pub(super) fn late_chunks(&self, local: u32, times: Interval, numbers: Range<u64>, found: &mut Vec<FoundChunk>) {
        let Some(late) = self.late.get(&local) else { return };
        for chunk in late.full.iter().filter(|chunk| numbers.contains(&chunk.number) && chunk.interval.overlaps(&times))
        {
            let Interval { min, max } = chunk.interval;
            found.push(FoundChunk { min, max, place: chunk.place.clone() });
        }
        if numbers.end != u64::MAX {
            return;
        }
        let begin = late.open.partition_point(|sample| sample.t < times.min);
        let end = late.open.partition_point(|sample| sample.t <= times.max).max(begin);
        late::encode(&late.open[begin..end], |chunk| {
            let place = Place::Kept(chunk.encoding, Bytes::copy_from_slice(chunk.bytes));
            found.push(FoundChunk { min: chunk.min, max: chunk.max, place });
        });
    }

    /// Adds a late sample to a series, whose open samples are written away first if there are `capacity` of them. Says
    /// whether there was none at its time.
    pub(super) fn insert_late(
        &mut self,
        local: u32,
        sample: LateSample,
        capacity: usize,
        around: &Surroundings,
        number: impl FnMut() -> u64,
    ) -> bool {
        let reference = self.slot(local).reference;
        let late = self.late_mut(local);
        if late.open.len() >= capacity {
            late.full.extend(late::write_away(&late.open, reference, &*around.store, number));
            late.open.clear();
        }
        late::insert(&mut late.open, sample)
    }

    /// Writes the open late samples of a series away.
    pub(super) fn cut_late(&mut self, local: u32, around: &Surroundings, number: impl FnMut() -> u64) {
        let reference = self.slot(local).reference;
        if let Some(late) = self.late.get_mut(&local) {
            late.full.extend(late::write_away(&late.open, reference, &*around.store, number));
            late.open = Vec::new();
        }
    }

    /// Forgets full chunks of late samples with a number below `before`. Says whether the series has any late samples left.
    pub(super) fn truncate_late(&mut self, local: u32, before: u64) -> bool {
        let Some(late) = self.late.get_mut(&local) else { return false };
        late.full.retain(|chunk| chunk.number >= before);
        let left = !late.is_empty();
        if !left {
            self.late.remove(&local);
        }
        left
    }

    /// All series.
    pub(super) fn locals(&self) -> impl Iterator<Item = u32> + use<> {
        let slots: usize = self.pages.iter().map(Vec::len).sum();
        (0..).take(slots)
    }

    /// What was deleted of a series.
    pub(super) fn deleted(&self, local: u32) -> Option<&Arc<Intervals>> {
        self.deleted.get(&local)
    }

    /// Hides samples of a series.
    pub(super) fn delete(&mut self, local: u32, interval: Interval) {
        let deleted = self.deleted.entry(local).or_default();
        Arc::make_mut(deleted).add(interval);
    }

    /// Notes that a commit adds samples from `t` on, which readers that are older must not see.
    ///
    /// A note is not needed if no reader is younger than the note before it.
    pub(super) fn hide(&mut self, local: u32, commit: u64, t: i64, youngest_reader: u64) {
        let notes = self.hidden.entry(local).or_default();
        if notes.last().is_none_or(|(earlier, _)| *earlier != commit && *earlier <= youngest_reader) {
            notes.push((commit, t));
        }
        self.hidden_newest = commit;
    }

    /// Forgets what nobody needs who has seen all commits up to `seen`.
    pub(super) fn unhide(&mut self, seen: u64) {
        if !self.hidden.is_empty() && self.hidden_newest <= seen {
            self.hidden = HashMap::new();
        }
    }

    /// The time from which on a reader that has seen all commits up to `seen` sees nothing of a series.
    pub(super) fn hidden_from(&self, local: u32, seen: u64) -> Option<i64> {
        self.hidden.get(&local)?.iter().find(|(commit, _)| *commit > seen).map(|(_, t)| *t)
    }

    pub(super) fn memory(&self) -> StripeMemory {
        let histograms: usize =
            self.histograms.values().map(|open| open.heap_bytes() + size_of::<OpenHistograms>()).sum();
        let late: usize = self.late.values().map(|late| late.heap_bytes()).sum();
        let late = late + self.late.allocation_size();
        StripeMemory {
            slots: self.pages.len() * SLOTS_PER_PAGE * size_of::<Slot>() + self.by_reference.allocation_size(),
            chunks: self.cells.heap_bytes(),
            references: self.references.heap_bytes(),
            histograms,
            late,
        }
    }
}

fn slot(pages: &[Vec<Slot>], local: u32) -> &Slot {
    &pages[local as usize / SLOTS_PER_PAGE][local as usize % SLOTS_PER_PAGE]
}
