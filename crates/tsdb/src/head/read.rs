//! The head as a reader sees it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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

/// The head at one moment.
pub(crate) struct HeadReader<'a> {
    pub(super) head: &'a Head,
    ticket: Ticket<'a>,
    times: Interval,
}

/// What was read of a series.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) chunks: Vec<FoundChunk>,
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
        let valid = head.bounds.valid.load(Ordering::Relaxed);
        Self { head, ticket, times: Interval::new(times.min.max(valid), times.max) }
    }

    /// What there is of a series in a range of time.
    pub(super) fn find(&self, slot: u32, times: Interval, found: &mut Found) {
        let (stripe, local) = split(slot);
        found.chunks.clear();
        let stripe = self.head.stripes[stripe].lock();
        stripe.chunks(local, times, &mut found.chunks);
        found.deleted = stripe.deleted(local).map(Arc::clone);
        found.hidden_from = stripe.hidden_from(local, self.ticket.seen);
        drop(stripe);
        if let Some(from) = found.hidden_from {
            found.chunks.retain(|chunk| chunk.min < from);
        }
        if let Some(deleted) = &found.deleted {
            found.chunks.retain(|chunk| !deleted.covers(&Interval::new(chunk.min, chunk.max)));
        }
    }

    /// Whether a series has samples in a range of time, as far as the ends of its chunks tell.
    fn is_seen(&self, slot: u32, times: Interval) -> bool {
        let (stripe, local) = split(slot);
        let stripe = self.head.stripes[stripe].lock();
        let Some(interval) = stripe.interval(local) else { return false };
        let end = stripe.hidden_from(local, self.ticket.seen).map_or(i64::MAX, |from| from.saturating_sub(1));
        let seen = Interval::new(interval.min.max(times.min), interval.max.min(times.max).min(end));
        seen.min <= seen.max && stripe.deleted(local).is_none_or(|deleted| !deleted.covers(&seen))
    }

    /// The series that match, in the order that is asked for.
    pub(super) fn slots(&self, matchers: &[Matcher], order: Order) -> Vec<u32> {
        let index = self.head.index.read();
        let mut slots: Vec<u32> = index.select(matchers).iter().collect();
        if order == Order::Labels {
            index.sort(&mut slots);
        }
        slots
    }

    /// Whether the head has anything to say about a time.
    fn overlaps(&self, times: Interval) -> bool {
        let (min, max) = (self.head.min_time(), self.head.max_time());
        min.zip(max).is_some_and(|(min, max)| Interval::new(min, max).overlaps(&times))
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
            times: Interval::new(select.times.min.max(self.times.min), select.times.max.min(self.times.max)),
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
                if !self.reader.is_seen(slot, self.times) {
                    continue;
                }
            } else {
                self.reader.find(slot, self.times, &mut self.found);
                let deleted = self.found.deleted.take();
                for chunk in self.found.chunks.drain(..) {
                    let end = self.found.hidden_from.map_or(i64::MAX, |from| from - 1);
                    let outcome = pieces(self.reader.head, chunk, Interval::new(i64::MIN, end), |piece| {
                        let mut view = ChunkView::new(piece.encoding, piece.min, piece.max, piece.bytes);
                        view.deleted = deleted.clone().filter(|deleted| deleted.overlaps(&view.interval()));
                        series.chunks.push(view);
                    });
                    if let Err(missing) = outcome {
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
