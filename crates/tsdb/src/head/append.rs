//! Samples on their way into the head: judged when they are appended, kept beside it until they are committed.

use hashbrown::HashMap;
use promd_model::{Exemplar, FloatHistogram, Histogram, LabelsRef, Metadata, Run, is_stale, same_bits};
use promd_storage::{Appender, Batch, Position, Refused, SeriesRef, StorageError, Verdict};
use promd_wal::record::Stamp;

use super::Head;
use super::by_stripe::ByStripe;
use super::commit::Locked;
use super::contract::CommitBatch;
use super::index::Looked;
use super::slot::{Horizon, Judgement, Last, New};
use super::stage::Row;
use super::stripe::{Stripe, join, split};

/// What an appender holds: kept by the head when it is done, so that a scrape does not allocate.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// The last one is being filled.
    pub(super) batches: Vec<CommitBatch>,
    /// The slots of the samples of each batch.
    pub(super) slots: Vec<BatchSlots>,
    pub(super) exemplars: Vec<(u64, Exemplar)>,
    pub(super) metadata: Vec<(u64, Metadata)>,
    /// How old samples may be, as it was when the first one was appended.
    pub(super) horizon: Option<Horizon>,
    /// How many commits there had been then.
    pub(super) commits: u64,
    /// Whether there is a sample that is out of order.
    pub(super) late: bool,
    /// What was appended here of each series: made when a series comes a second time.
    own: Option<HashMap<u32, Own>>,
    by_stripe: ByStripe,
    /// Where the series of the rows of one stripe are.
    locals: Vec<Option<u32>>,
    /// What is known of the series that was asked for last.
    looked: Looked,
}

#[derive(Debug, Default)]
pub(super) struct BatchSlots {
    pub(super) floats: Vec<u32>,
    pub(super) histograms: Vec<u32>,
    pub(super) float_histograms: Vec<u32>,
}

/// What was appended here of a series.
#[derive(Debug, Clone, Copy)]
struct Own {
    /// The newest sample that is in order, and where it is.
    newest: Option<(i64, Row)>,
    /// Where the last one is.
    last: Row,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Histogram,
    FloatHistogram,
}

/// Appends to a head.
pub(crate) struct HeadAppender<'a> {
    head: &'a Head,
    buffers: Buffers,
    /// What it is called among those that hold samples.
    number: Option<u64>,
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
        (self.horizon, self.late, self.own) = (None, false, None);
    }

    /// Whether it is small enough to be kept.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.by_stripe.capacity() <= 1 << 16
    }

    /// All slots, once for each sample.
    fn all_slots(&self) -> impl Iterator<Item = u32> {
        self.slots
            .iter()
            .flat_map(|slots| slots.floats.iter().chain(&slots.histograms).chain(&slots.float_histograms))
            .copied()
    }

    /// What was appended here of a series.
    fn own(&mut self, slot: u32) -> Option<Own> {
        self.own_mut().get(&slot).copied()
    }

    /// As long as it is not kept, all samples here are floats, in order, and each of another series.
    fn own_mut(&mut self) -> &mut HashMap<u32, Own> {
        let (batches, slots) = (&self.batches, &self.slots);
        self.own.get_or_insert_with(|| {
            let mut own = HashMap::new();
            for (batch, (logged, slots)) in batches.iter().zip(slots).enumerate() {
                for (row, (slot, t)) in slots.floats.iter().zip(logged.floats.times()).enumerate() {
                    let last = Row { batch, kind: Kind::Float, row };
                    own.insert(*slot, Own { newest: Some((*t, last)), last });
                }
            }
            own
        })
    }

    fn is_same(&self, own: Row, new: New<'_>) -> bool {
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

    /// Adds a sample of a series of which there is `own` here.
    fn push(&mut self, slot: u32, stamp: Stamp, new: New<'_>, late: bool, own: Option<Own>) {
        let kind = match new {
            New::Float(_) => Kind::Float,
            New::Histogram(_) => Kind::Histogram,
            New::FloatHistogram(_) => Kind::FloatHistogram,
        };
        // Floats of a batch are logged before its histograms.
        let newest = self.batches.len().saturating_sub(1);
        let behind_histogram =
            own.is_some_and(|Own { last, .. }| last.batch == newest && last.kind != Kind::Float && last.kind != kind);
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
        if kind != Kind::Float || late {
            self.own_mut();
        }
        if let Some(all) = &mut self.own {
            let last = Row { batch: number, kind, row };
            let newest = if late { own.and_then(|own| own.newest) } else { Some((stamp.time, last)) };
            all.insert(slot, Own { newest, last });
        }
    }

    /// Judges a sample by those appended here and by the head; takes it if it is good.
    fn take(&mut self, stripe: &mut Stripe, slot: u32, stamp: Stamp, new: New<'_>, horizon: &Horizon) -> Verdict {
        let (_, local) = split(slot);
        let own = if stripe.slot(local).pending > 0 { self.own(slot) } else { None };
        // A stale marker is of the kind of the series.
        let (integer, float);
        let new = match (new, own.map(|own| own.last.kind), stripe.last(local)) {
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
        let judgement = match own.and_then(|own| own.newest) {
            Some((newest, _)) if stamp.time < newest => horizon.late(stamp.time),
            Some((newest, row)) if stamp.time == newest && stamp.time >= horizon.valid_from => {
                if self.is_same(row, new) { Judgement::Known } else { Judgement::Refuse(Verdict::Duplicate) }
            }
            _ => stripe.last(local).judge(stamp.time, new, horizon),
        };
        let late = match judgement {
            Judgement::Append => false,
            Judgement::Late => true,
            Judgement::Known => return Verdict::Accepted,
            Judgement::Refuse(verdict) => return verdict,
        };
        self.push(slot, stamp, new, late, own);
        self.late |= late;
        stripe.slot_mut(local).pending += 1;
        Verdict::Accepted
    }
}

impl<'a> HeadAppender<'a> {
    pub(super) fn new(head: &'a Head) -> Self {
        Self { head, buffers: head.buffers.lock().pop().unwrap_or_default(), number: None }
    }
}

impl Appender for HeadAppender<'_> {
    fn series(&mut self, labels: LabelsRef<'_>) -> Result<SeriesRef, Refused> {
        self.head.series(labels, &mut self.buffers.looked)
    }

    fn append(&mut self, batch: &Batch, verdicts: &mut Vec<Verdict>) {
        let (series, columns) = (batch.series(), batch.columns());
        let first = verdicts.len();
        verdicts.resize(first + series.len(), Verdict::Accepted);
        if let Some(t) = columns.times().first() {
            self.head.bounds.begin(*t);
        }
        let oldest = columns.times().iter().min();
        if let Some(oldest) = oldest {
            // Before the bound is read: see `Head::close_before`.
            self.head.in_flight.lock().note(&mut self.number, *oldest);
        }
        let floats = columns.as_floats();
        let buffers = &mut self.buffers;
        let horizon = match buffers.horizon {
            Some(horizon) => horizon,
            None => {
                buffers.commits = self.head.readers.committed();
                *buffers.horizon.insert(self.head.horizon())
            }
        };
        let horizon = Horizon { in_order_only: batch.in_order_only(), ..horizon };
        if oldest.is_some_and(|oldest| *oldest < horizon.valid_from) {
            // What is older comes late, if at all.
            self.head.in_flight.lock().raise(self.number, horizon.valid_from);
        }
        let mut by_stripe = std::mem::take(&mut buffers.by_stripe);
        let mut locals = std::mem::take(&mut buffers.locals);
        by_stripe.order(series.iter().map(|reference| reference.0));
        for (stripe, places) in by_stripe.stripes() {
            let rows = by_stripe.rows(places);
            let mut locked = self.head.stripes[stripe].lock();
            locked.find_all(rows.iter().map(|row| series[*row as usize].0), &mut locals);
            for (row, local) in rows.iter().zip(&locals) {
                let row = *row as usize;
                let reference = series[row].0;
                let Some(local) = *local else {
                    verdicts[first + row] = Verdict::UnknownSeries;
                    continue;
                };
                let slot = join(stripe, local);
                let mut take = |stamp: Stamp, new: New<'_>| buffers.take(&mut locked, slot, stamp, new, &horizon);
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
        (buffers.by_stripe, buffers.locals) = (by_stripe, locals);
        self.head.take_exemplars(batch.exemplars(), &mut buffers.exemplars);
        self.head.take_metadata(batch.metadatas(), &mut buffers.metadata);
    }

    fn commit(mut self: Box<Self>) -> Result<Position, StorageError> {
        let position = self.head.commit(&self.buffers)?;
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
        if let Some(number) = self.number {
            self.head.in_flight.lock().oldest.remove(&number);
        }
        let mut buffers = std::mem::take(&mut self.buffers);
        buffers.clear();
        self.head.keep(buffers);
    }
}
