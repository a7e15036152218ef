//! Samples on their way into the head: judged when they are appended, kept beside it until they are committed.

use hashbrown::HashMap;
use parking_lot::MutexGuard;
use promd_chunk::{Float, Integer};
use promd_model::{Exemplar, FloatHistogram, Histogram, LabelsRef, Metadata, Run, is_stale, same_bits};
use promd_storage::{Appender, Batch, Position, Refused, SeriesRef, StorageError, Verdict};
use promd_wal::record::Stamp;

use super::Head;
use super::contract::{Commit, CommitBatch};
use super::readers::Applying;
use super::slot::{Judgement, Last, New};
use super::stripe::{STRIPES, Stripe, join, split, stripe_of};

/// What an appender holds: kept by the head when it is done, so that a scrape does not allocate.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// The last one is being filled.
    batches: Vec<CommitBatch>,
    /// The slots of the samples of each batch.
    slots: Vec<BatchSlots>,
    exemplars: Vec<(u64, Exemplar)>,
    metadata: Vec<(u64, Metadata)>,
    /// The newest sample of each series that was appended here: made when a series comes a second time.
    newest: Option<HashMap<u32, Own>>,
    /// Rows of a batch, by stripe.
    rows: Vec<u32>,
}

#[derive(Debug, Default)]
struct BatchSlots {
    floats: Vec<u32>,
    histograms: Vec<u32>,
    float_histograms: Vec<u32>,
}

/// A sample that was appended here.
#[derive(Debug, Clone, Copy)]
struct Own {
    t: i64,
    batch: usize,
    kind: Kind,
    row: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Histogram,
    FloatHistogram,
}

/// Appends to a head.
pub(crate) struct HeadAppender<'a> {
    head: &'a Head,
    buffers: Buffers,
}

impl Buffers {
    fn clear(&mut self) {
        self.batches.truncate(1);
        self.slots.truncate(1);
        self.batches.iter_mut().for_each(CommitBatch::clear);
        for BatchSlots { floats, histograms, float_histograms } in &mut self.slots {
            floats.clear();
            histograms.clear();
            float_histograms.clear();
        }
        self.exemplars.clear();
        self.metadata.clear();
        self.newest = None;
    }

    /// Whether it is small enough to be kept.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.rows.capacity() <= 1 << 16
    }

    /// All slots, once for each sample.
    fn all_slots(&self) -> impl Iterator<Item = u32> {
        self.slots
            .iter()
            .flat_map(|slots| slots.floats.iter().chain(&slots.histograms).chain(&slots.float_histograms))
            .copied()
    }

    /// The newest sample of a series that was appended here.
    fn own(&mut self, slot: u32) -> Option<Own> {
        self.newest_mut().get(&slot).copied()
    }

    fn newest_mut(&mut self) -> &mut HashMap<u32, Own> {
        let (batches, slots) = (&self.batches, &self.slots);
        self.newest.get_or_insert_with(|| {
            let mut newest = HashMap::new();
            for (batch, (logged, slots)) in batches.iter().zip(slots).enumerate() {
                for (row, (slot, t)) in slots.floats.iter().zip(logged.floats.times()).enumerate() {
                    newest.insert(*slot, Own { t: *t, batch, kind: Kind::Float, row });
                }
            }
            newest
        })
    }

    fn is_same(&self, own: Own, new: New<'_>) -> bool {
        let batch = &self.batches[own.batch];
        let columns = match own.kind {
            Kind::Float => {
                return matches!(new, New::Float(v) if same_bits(v, batch.floats.values()[own.row]));
            }
            Kind::Histogram => &batch.histograms.columns,
            Kind::FloatHistogram => &batch.float_histograms.columns,
        };
        match (columns.runs_of(own.row..own.row + 1).next(), new) {
            (Some(Run::Histograms(run)), New::Histogram(new)) => run.histogram(0).same_data(new),
            (Some(Run::FloatHistograms(run)), New::FloatHistogram(new)) => run.float_histogram(0).same_data(new),
            _ => false,
        }
    }

    /// Adds a sample of a series whose newest one here is `own`.
    fn push(&mut self, slot: u32, stamp: Stamp, new: New<'_>, own: Option<Own>) {
        let kind = match new {
            New::Float(_) => Kind::Float,
            New::Histogram(_) => Kind::Histogram,
            New::FloatHistogram(_) => Kind::FloatHistogram,
        };
        // Floats of a batch are logged before its histograms.
        let newest = self.batches.len().saturating_sub(1);
        let behind_histogram =
            own.is_some_and(|own| own.batch == newest && own.kind != Kind::Float && own.kind != kind);
        if self.batches.is_empty() || behind_histogram {
            self.batches.push(CommitBatch::default());
            self.slots.push(BatchSlots::default());
        }
        let number = self.batches.len() - 1;
        let (batch, slots) = (&mut self.batches[number], &mut self.slots[number]);
        let row = match new {
            New::Float(v) => {
                batch.floats.push(stamp, v);
                slots.floats.push(slot);
                slots.floats.len() - 1
            }
            New::Histogram(histogram) => {
                let pushed = batch.histograms.columns.push_histogram(stamp.time, histogram);
                debug_assert!(pushed.is_ok(), "columns hold no malformed histograms");
                batch.histograms.series.push(stamp.series);
                slots.histograms.push(slot);
                slots.histograms.len() - 1
            }
            New::FloatHistogram(histogram) => {
                let pushed = batch.float_histograms.columns.push_float_histogram(stamp.time, histogram);
                debug_assert!(pushed.is_ok(), "columns hold no malformed histograms");
                batch.float_histograms.series.push(stamp.series);
                slots.float_histograms.push(slot);
                slots.float_histograms.len() - 1
            }
        };
        if kind != Kind::Float {
            self.newest_mut();
        }
        if let Some(newest) = &mut self.newest {
            newest.insert(slot, Own { t: stamp.time, batch: number, kind, row });
        }
    }

    /// Judges a sample by those appended here and by the head; takes it if it is good.
    fn take(&mut self, stripe: &mut Stripe, slot: u32, stamp: Stamp, new: New<'_>, valid_from: i64) -> Verdict {
        let (_, local) = split(slot);
        let own = if stripe.slot(local).pending > 0 { self.own(slot) } else { None };
        // A stale marker is of the kind of the series.
        let (integer, float);
        let new = match (new, own.map(|own| own.kind), stripe.last(local)) {
            (New::Float(v), Some(Kind::Histogram), _) | (New::Float(v), None, Last::Sample(_, New::Histogram(_)))
                if is_stale(v) =>
            {
                integer = Histogram { sum: v, ..Histogram::default() };
                New::Histogram(&integer)
            }
            (New::Float(v), Some(Kind::FloatHistogram), _)
            | (New::Float(v), None, Last::Sample(_, New::FloatHistogram(_)))
                if is_stale(v) =>
            {
                float = FloatHistogram { sum: v, ..FloatHistogram::default() };
                New::FloatHistogram(&float)
            }
            (new, ..) => new,
        };
        let judgement = match own {
            _ if stamp.time < valid_from => Judgement::Refuse(Verdict::OutOfBounds),
            Some(own) if stamp.time < own.t => Judgement::Refuse(Verdict::OutOfOrder),
            Some(own) if stamp.time == own.t && self.is_same(own, new) => Judgement::Known,
            Some(own) if stamp.time == own.t => Judgement::Refuse(Verdict::Duplicate),
            _ => stripe.last(local).judge(stamp.time, new, valid_from),
        };
        match judgement {
            Judgement::Append => {
                self.push(slot, stamp, new, own);
                stripe.slot_mut(local).pending += 1;
                Verdict::Accepted
            }
            Judgement::Known => Verdict::Accepted,
            Judgement::Refuse(verdict) => verdict,
        }
    }

    /// Brings the rows of a batch into the order of stripes, and tells where those of each begin.
    #[expect(clippy::cast_possible_truncation, reason = "a batch of four billion samples does not fit into memory")]
    fn order(&mut self, series: &[SeriesRef]) -> [usize; STRIPES as usize + 1] {
        let mut begins = [0; STRIPES as usize + 1];
        for reference in series {
            begins[stripe_of(reference.0) + 1] += 1;
        }
        for stripe in 1..begins.len() {
            begins[stripe] += begins[stripe - 1];
        }
        let mut next = begins;
        self.rows.clear();
        self.rows.resize(series.len(), 0);
        for (row, reference) in series.iter().enumerate() {
            let place = &mut next[stripe_of(reference.0)];
            self.rows[*place] = row as u32;
            *place += 1;
        }
        begins
    }
}

impl<'a> HeadAppender<'a> {
    pub(super) fn new(head: &'a Head) -> Self {
        Self { head, buffers: head.buffers.lock().pop().unwrap_or_default() }
    }
}

impl Appender for HeadAppender<'_> {
    fn series(&mut self, labels: LabelsRef<'_>) -> Result<SeriesRef, Refused> {
        self.head.series(labels)
    }

    fn append(&mut self, batch: &Batch, verdicts: &mut Vec<Verdict>) {
        let (series, columns) = (batch.series(), batch.columns());
        let first = verdicts.len();
        verdicts.resize(first + series.len(), Verdict::Accepted);
        if let Some(t) = columns.times().first() {
            self.head.bounds.begin(*t);
        }
        let valid_from = self.head.appendable_from();
        let floats = columns.as_floats();
        let buffers = &mut self.buffers;
        let begins = buffers.order(series);
        for (stripe, range) in begins.windows(2).enumerate().filter(|(_, range)| range[0] < range[1]) {
            let mut locked = self.head.stripes[stripe].lock();
            for place in range[0]..range[1] {
                let row = buffers.rows[place] as usize;
                let reference = series[row].0;
                let Some(local) = locked.find(reference) else {
                    verdicts[first + row] = Verdict::UnknownSeries;
                    continue;
                };
                let slot = join(stripe, local);
                let mut take = |stamp: Stamp, new: New<'_>| buffers.take(&mut locked, slot, stamp, new, valid_from);
                let stamp = |t, starts: Option<&[i64]>, row: usize| Stamp {
                    series: reference,
                    time: t,
                    start: starts.map_or(0, |starts| starts[row]),
                };
                verdicts[first + row] = if let Some(run) = &floats {
                    take(stamp(run.t[row], run.start, row), New::Float(run.v[row]))
                } else {
                    match columns.runs_of(row..row + 1).next() {
                        Some(Run::Floats(run)) => take(stamp(run.t[0], run.start, 0), New::Float(run.v[0])),
                        Some(Run::Histograms(run)) => {
                            take(stamp(run.t[0], run.start, 0), New::Histogram(&run.histogram(0)))
                        }
                        Some(Run::FloatHistograms(run)) => {
                            take(stamp(run.t[0], run.start, 0), New::FloatHistogram(&run.float_histogram(0)))
                        }
                        None => Verdict::Malformed,
                    }
                };
            }
        }
        self.head.take_exemplars(batch.exemplars(), &mut buffers.exemplars);
        self.head.take_metadata(batch.metadatas(), &mut buffers.metadata);
    }

    fn commit(mut self: Box<Self>) -> Result<Position, StorageError> {
        let _alone = self.head.committing.lock();
        let series = self.head.take_unlogged();
        let Buffers { batches, exemplars, metadata, .. } = &self.buffers;
        let commit = Commit { series: &series, metadata, batches, exemplars };
        let position = match self.head.log_commit(&commit) {
            Ok(position) => position,
            Err(error) => {
                self.head.put_back_unlogged(&series);
                return Err(StorageError::store(error));
            }
        };
        self.head.apply(&self.buffers);
        self.head.apply_exemplars(&self.buffers.exemplars);
        self.head.apply_metadata(&self.buffers.metadata);
        // Nothing is left to be taken back.
        self.buffers.clear();
        Ok(position)
    }
}

/// What was not committed is taken back.
impl Drop for HeadAppender<'_> {
    fn drop(&mut self) {
        let mut locked = Locked::new(self.head);
        for slot in self.buffers.all_slots() {
            let (stripe, local) = split(slot);
            locked.stripe(stripe).slot_mut(local).pending -= 1;
        }
        drop(locked);
        let mut buffers = std::mem::take(&mut self.buffers);
        buffers.clear();
        self.head.keep(buffers);
    }
}

/// The stripe that was locked last: samples come stripe by stripe.
pub(super) struct Locked<'a> {
    head: &'a Head,
    stripe: Option<(usize, MutexGuard<'a, Stripe>)>,
}

impl<'a> Locked<'a> {
    pub(super) fn new(head: &'a Head) -> Self {
        Self { head, stripe: None }
    }

    pub(super) fn stripe(&mut self, number: usize) -> &mut Stripe {
        if self.stripe.as_ref().is_none_or(|(locked, _)| *locked != number) {
            // The one before is given back first: nobody holds two.
            self.stripe = None;
        }
        let head = self.head;
        &mut self.stripe.get_or_insert_with(|| (number, head.stripes[number].lock())).1
    }
}

impl Head {
    /// Shows what was logged.
    fn apply(&self, buffers: &Buffers) {
        let applying = self.readers.apply();
        let mut locked = Locked::new(self);
        let mut touched = Touched { applying: &applying, min: i64::MAX, max: i64::MIN, dropped: 0 };
        for (batch, slots) in buffers.batches.iter().zip(&buffers.slots) {
            let floats = batch.floats.times().iter().zip(batch.floats.values());
            for (slot, (t, v)) in slots.floats.iter().zip(floats) {
                touched.sample(&mut locked, *slot, *t, |stripe, local| stripe.push_float(local, *t, *v, &self.around));
            }
            let mut slots_of_histograms = slots.histograms.iter();
            for run in batch.histograms.columns.runs() {
                let Run::Histograms(run) = run else { continue };
                for (row, (t, slot)) in run.t.iter().zip(&mut slots_of_histograms).enumerate() {
                    let histogram = run.histogram(row);
                    touched.sample(&mut locked, *slot, *t, |stripe, local| {
                        stripe.push_histogram::<Integer>(local, *t, &histogram, &self.around)
                    });
                }
            }
            let (mut slots_of_histograms, mut histogram) = (slots.float_histograms.iter(), FloatHistogram::default());
            for run in batch.float_histograms.columns.runs() {
                let Run::FloatHistograms(run) = run else { continue };
                for (row, (t, slot)) in run.t.iter().zip(&mut slots_of_histograms).enumerate() {
                    run.float_histogram_into(row, &mut histogram);
                    touched.sample(&mut locked, *slot, *t, |stripe, local| {
                        stripe.push_histogram::<Float>(local, *t, &histogram, &self.around)
                    });
                }
            }
        }
        drop(locked);
        if touched.min <= touched.max {
            self.bounds.extend(touched.min, touched.max);
        }
        self.count_dropped(touched.dropped);
    }
}

/// What a commit has done so far.
struct Touched<'a> {
    applying: &'a Applying<'a>,
    min: i64,
    max: i64,
    dropped: u64,
}

impl Touched<'_> {
    fn sample(&mut self, locked: &mut Locked<'_>, slot: u32, t: i64, push: impl FnOnce(&mut Stripe, u32) -> bool) {
        let (number, local) = split(slot);
        let stripe = locked.stripe(number);
        stripe.unhide(self.applying.seen_by_all);
        stripe.slot_mut(local).pending -= 1;
        if push(stripe, local) {
            if let Some(youngest) = self.applying.youngest {
                stripe.hide(local, self.applying.number, t, youngest);
            }
            self.min = self.min.min(t);
            self.max = self.max.max(t);
        } else {
            // Another appender was faster.
            self.dropped += 1;
        }
    }
}
