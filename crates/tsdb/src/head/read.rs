//! The head as a reader sees it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use promd_chunk::{Encoder, Encoding};
use promd_model::{Columns, Interval, Intervals, Matcher};
use promd_storage::{
    ChunkView, LabelQuery, Listed, Order, Projection, Reader, Select, Series, SeriesExemplars, SeriesSet, StorageError,
    Warnings,
};

use super::Head;
use super::mapped::Place;
use super::readers::Ticket;
use super::stripe::{FoundChunk, split};
use super::sync::Ordering;

/// The head at one moment.
pub(crate) struct HeadReader<'a> {
    pub(super) head: &'a Head,
    ticket: Ticket<'a>,
    times: Interval,
    /// Late samples are read from before the times of the head, too, unless they are in blocks: those of chunks below this number.
    late_times: Interval,
    late_from: u64,
    /// What is older belongs to blocks, also where a chunk reaches back there.
    pub(super) valid: i64,
}

/// What was read of a series.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) chunks: Vec<FoundChunk>,
    /// Of samples that came out of order. They are seen as soon as they are committed.
    pub(super) late: Vec<FoundChunk>,
    pub(super) deleted: Option<Arc<Intervals>>,
    /// Nothing is seen from here on.
    pub(super) hidden_from: Option<i64>,
}

/// A chunk with its bytes.
pub(super) struct Piece {
    pub(super) encoding: Encoding,
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) bytes: Bytes,
}

impl<'a> HeadReader<'a> {
    pub(super) fn new(head: &'a Head, times: Interval) -> Self {
        let ticket = head.readers.open(times);
        // A truncation waits for the readers that came before it. Who comes later must not see what it has not got to yet; its
        // bound was set before it looked for readers, so a reader that it did not find sees the bound.
        let valid = head.min_valid_time();
        // The same holds for late samples that have gone into blocks.
        let late_from = head.late.read_from();
        let late_times = times;
        let times = Interval::new(times.min.max(valid), times.max);
        if times != late_times || late_from > 0 {
            head.readers.narrow(&ticket, times, late_from);
        }
        Self { head, ticket, times, late_times, late_from, valid }
    }

    /// Whether there is nothing to be read.
    pub(crate) fn is_empty(&self) -> bool {
        !self.overlaps(self.late_times)
    }

    /// What there is of a series in a range of time, in the order of its samples' arrival.
    pub(super) fn find(&self, slot: u32, times: Interval, found: &mut Found) {
        self.find_in(slot, Some(times), None, found);
    }

    /// What came late, in chunks that have a number below `before`.
    pub(super) fn find_late(&self, slot: u32, times: Interval, before: u64, found: &mut Found) {
        self.find_in(slot, None, Some((times, before)), found);
    }

    fn find_in(&self, slot: u32, times: Option<Interval>, late: Option<(Interval, u64)>, found: &mut Found) {
        let (stripe, local) = split(slot);
        found.chunks.clear();
        found.late.clear();
        let stripe = self.head.stripes[stripe].lock();
        if let Some(times) = times {
            stripe.chunks(local, times, &mut found.chunks);
        }
        if let Some((times, before)) = late {
            stripe.late_chunks(local, times, self.late_from..before, &mut found.late);
        }
        found.deleted = stripe.deleted(local).map(Arc::clone);
        found.hidden_from = stripe.hidden_from(local, self.ticket.seen);
        drop(stripe);
        if let Some(from) = found.hidden_from {
            found.chunks.retain(|chunk| chunk.min < from);
        }
        if let Some(deleted) = &found.deleted {
            let seen = |chunk: &FoundChunk| !deleted.covers(&Interval::new(chunk.min, chunk.max));
            found.chunks.retain(seen);
            found.late.retain(seen);
        }
    }

    /// Whether a series has samples in a range of time, as far as the ends of its chunks tell.
    fn is_seen(&self, slot: u32, times: Interval) -> bool {
        let (stripe, local) = split(slot);
        let stripe = self.head.stripes[stripe].lock();
        let end = stripe.hidden_from(local, self.ticket.seen).map_or(i64::MAX, |from| from.saturating_sub(1));
        let is_seen = |interval: Interval, reader: Interval, end: i64| {
            let (min, max) = (times.min.max(reader.min), times.max.min(reader.max).min(end));
            let seen = Interval::new(interval.min.max(min), interval.max.min(max));
            seen.min <= seen.max && stripe.deleted(local).is_none_or(|deleted| !deleted.covers(&seen))
        };
        stripe.interval(local).is_some_and(|interval| is_seen(interval, self.times, end))
            || stripe.late_interval(local).is_some_and(|interval| is_seen(interval, self.late_times, i64::MAX))
    }

    /// The series that match, in the order that is asked for.
    pub(super) fn slots(&self, matchers: &[Matcher], order: Order) -> Vec<u32> {
        let index = self.head.index.read();
        let selected = index.select(matchers);
        let mut slots = Vec::with_capacity(selected.len());
        slots.extend(selected.iter());
        if order == Order::Labels {
            index.sort(&mut slots);
        }
        slots
    }

    /// Whether the head has anything to say about a time.
    fn overlaps(&self, times: Interval) -> bool {
        let (min, max) = (self.head.min_time(), self.head.max_time());
        let in_order = min.zip(max).map(|(min, max)| Interval::new(min.max(self.valid), max));
        in_order.into_iter().chain(self.head.late_interval()).any(|interval| interval.overlaps(&times))
    }

    fn list(
        &self,
        query: &LabelQuery<'_>,
        all: impl FnOnce(&mut BTreeSet<String>),
        mut of_pair: impl FnMut(&str, &str, &mut BTreeSet<String>),
    ) -> Listed {
        let mut texts = BTreeSet::new();
        let undeleted = self.head.deletions.load(Ordering::Relaxed) == 0;
        if self.overlaps(query.times) {
            if query.matchers.is_empty() && undeleted {
                all(&mut texts);
            } else {
                let slots = self.slots(query.matchers, Order::Any);
                let seen: Vec<u32> = slots.into_iter().filter(|slot| self.is_seen(*slot, query.times)).collect();
                let index = self.head.index.read();
                let pairs: BTreeSet<u32> = seen.iter().flat_map(|slot| index.pairs_of(*slot)).copied().collect();
                for pair in pairs {
                    let (name, value) = index.pairs.text(pair);
                    of_pair(name, value, &mut texts);
                }
            }
        }
        let texts = texts.into_iter().take(query.limit.unwrap_or(usize::MAX)).collect();
        Listed { texts, warnings: Warnings::new() }
    }
}

impl Reader for HeadReader<'_> {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        let projection = select.hints.projection.map(Owned::from);
        Ok(Box::new(HeadSet {
            reader: self,
            slots: self.slots(select.matchers, select.order).into_iter(),
            times: both(select.times, self.times),
            late_times: both(select.times, self.late_times),
            left: select.limit.unwrap_or(usize::MAX),
            labels_only: select.hints.labels_only,
            projection,
            found: Found::default(),
            warnings: Warnings::new(),
        }))
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        let all = |texts: &mut BTreeSet<String>| texts.extend(self.head.index.read().pairs.names().map(str::to_owned));
        Ok(self.list(query, all, |name, _, texts| {
            if !texts.contains(name) {
                texts.insert(name.to_owned());
            }
        }))
    }

    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        let all =
            |texts: &mut BTreeSet<String>| texts.extend(self.head.index.read().pairs.values(name).map(str::to_owned));
        Ok(self.list(query, all, |other, value, texts| {
            if other == name {
                texts.insert(value.to_owned());
            }
        }))
    }

    fn exemplars(&self, selectors: &[Vec<Matcher>], times: Interval) -> Result<Vec<SeriesExemplars>, StorageError> {
        Ok(self.head.find_exemplars(selectors, times))
    }
}

/// A projection that outlives the question.
enum Owned {
    By(Vec<String>),
    Without(Vec<String>),
}

impl From<Projection<'_>> for Owned {
    fn from(projection: Projection<'_>) -> Self {
        match projection {
            Projection::By(names) => Self::By(names.to_vec()),
            Projection::Without(names) => Self::Without(names.to_vec()),
        }
    }
}

impl Owned {
    fn borrow(&self) -> Projection<'_> {
        match self {
            Self::By(names) => Projection::By(names),
            Self::Without(names) => Projection::Without(names),
        }
    }
}

struct HeadSet<'a> {
    reader: &'a HeadReader<'a>,
    slots: std::vec::IntoIter<u32>,
    times: Interval,
    late_times: Interval,
    left: usize,
    labels_only: bool,
    projection: Option<Owned>,
    found: Found,
    warnings: Warnings,
}

impl SeriesSet for HeadSet<'_> {
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError> {
        series.clear();
        while self.left > 0
            && let Some(slot) = self.slots.next()
        {
            if self.labels_only {
                if !self.reader.is_seen(slot, self.late_times) {
                    continue;
                }
            } else {
                self.reader.find_in(slot, Some(self.times), Some((self.late_times, u64::MAX)), &mut self.found);
                let Found { chunks, late, deleted, hidden_from } = &mut self.found;
                let in_order = Interval::new(self.reader.valid, hidden_from.map_or(i64::MAX, |from| from - 1));
                // Of samples at one time that of the chunk in front is seen: what came in order goes first.
                let in_order = chunks.drain(..).map(|chunk| (chunk, in_order));
                for (chunk, times) in in_order.chain(late.drain(..).map(|chunk| (chunk, Interval::ALL))) {
                    if let Err(missing) = views(self.reader.head, chunk, times, deleted.as_ref(), series) {
                        self.warnings.add(missing);
                    }
                }
                if series.chunks.is_empty() {
                    continue;
                }
                series.settle();
            }
            series.labels = self.reader.head.index.read().labels(slot, self.projection.as_ref().map(Owned::borrow));
            self.left -= 1;
            return Ok(true);
        }
        Ok(false)
    }

    fn warnings(&self) -> Warnings {
        self.warnings.clone()
    }
}

/// The time that both have.
fn both(a: Interval, b: Interval) -> Interval {
    Interval::new(a.min.max(b.min), a.max.min(b.max))
}

/// Adds what a chunk has within a stretch of time to a series. The error says what is missing.
pub(super) fn views(
    head: &Head,
    chunk: FoundChunk,
    times: Interval,
    deleted: Option<&Arc<Intervals>>,
    series: &mut Series,
) -> Result<(), String> {
    pieces(head, chunk, times, |piece| {
        let mut view = ChunkView::new(piece.encoding, piece.min, piece.max, piece.bytes);
        view.deleted = deleted.filter(|deleted| deleted.overlaps(&view.interval())).map(Arc::clone);
        series.chunks.push(view);
    })
}

/// Hands out a chunk: as it is if all of it lies in `times`, otherwise what lies there, written anew. The error says what is missing.
pub(super) fn pieces(
    head: &Head,
    chunk: FoundChunk,
    times: Interval,
    mut emit: impl FnMut(Piece),
) -> Result<(), String> {
    let FoundChunk { min, max, place } = chunk;
    let (encoding, bytes) = match place {
        Place::Kept(encoding, bytes) => (encoding, bytes),
        Place::Stored(at) => {
            let read = head.around.store.read(at);
            let read = read.map_err(|damage| format!("samples from {min} to {max} are missing: {damage}"))?;
            (read.encoding, read.bytes)
        }
    };
    if times.covers(&Interval::new(min, max)) {
        emit(Piece { encoding, min, max, bytes });
        return Ok(());
    }
    let mut columns = Columns::new();
    let cut = promd_chunk::Chunk::new(encoding, &bytes).decode_range(times.min..=times.max, &mut columns);
    let damaged = |error: &dyn std::error::Error| format!("samples from {min} to {max} are missing: {error}");
    cut.map_err(|error| damaged(&error))?;
    let encoded = Encoder::new().encode(&columns, |chunk| {
        let bytes = Bytes::copy_from_slice(chunk.bytes);
        emit(Piece { encoding: chunk.encoding, min: chunk.min, max: chunk.max, bytes });
    });
    encoded.map_err(|error| damaged(&error))
}
