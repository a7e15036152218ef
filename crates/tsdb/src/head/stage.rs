//! The samples of a commit that are out of order: what becomes of them is worked out beside the head and logged, and then shown.
//!
//! The log of late samples has markers beside them. One stands before the first sample of each open chunk and says in
//! which full chunk all earlier samples of the series are: so that a replay need not keep them a second time. Chunks are written away
//! before they are spoken of; if the log then refuses the commit, they hold a few samples that nobody has been promised.

use hashbrown::HashMap;
use promd_model::{FloatHistogram, Interval, Run};
use promd_wal::record::{MmapMarker, Stamp};

use super::Head;
use super::append::{Buffers, Kind};
use super::commit::Locked;
use super::contract::LateStep;
use super::late::{Late, LateChunk, LateSample, LateValue, hull, insert, write_away};
use super::slot::{Horizon, Judgement};
use super::stripe::{Stripe, split};
use crate::TsdbError;

/// A sample of an appender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) batch: usize,
    pub(super) kind: Kind,
    pub(super) row: usize,
}

/// What a commit does to the late samples of series.
pub(super) struct Staging<'a> {
    head: &'a Head,
    horizon: Horizon,
    /// The rows that are late, in the order in which they are applied.
    pub(super) rows: Vec<Row>,
    /// The newest sample of series that have several in this commit.
    newest: HashMap<u32, Option<i64>>,
    series: HashMap<u32, Staged>,
    /// What is to be logged, in this order.
    steps: Vec<LateStep>,
    floats: u64,
    histograms: u64,
}

/// What becomes of the late samples of one series.
#[derive(Debug, Default)]
struct Staged {
    reference: u64,
    open: Vec<LateSample>,
    /// In addition to those that there are.
    full: Vec<LateChunk>,
    /// The last full chunk in the store.
    last: Option<u64>,
    /// The last step that speaks of it.
    step: Option<usize>,
}

impl<'a> Staging<'a> {
    /// Works out what becomes of the samples of an appender. The caller sees to it that nobody commits meanwhile.
    pub(super) fn new(head: &'a Head, horizon: Horizon, buffers: &Buffers) -> Self {
        let mut staging = Self {
            head,
            horizon,
            rows: Vec::new(),
            newest: HashMap::new(),
            series: HashMap::new(),
            steps: Vec::new(),
            floats: 0,
            histograms: 0,
        };
        let mut locked = Locked::new(head);
        for (batch, (logged, slots)) in buffers.batches.iter().zip(&buffers.slots).enumerate() {
            let row = |kind, row| Row { batch, kind, row };
            for (at, ((stamp, v), slot)) in logged.floats.iter().zip(&slots.floats).enumerate() {
                staging.take(&mut locked, *slot, row(Kind::Float, at), stamp, || LateValue::Float(v));
            }
            let mut rows = slots.histograms.iter().zip(&logged.histograms.series).enumerate();
            for run in logged.histograms.columns.runs() {
                let Run::Histograms(run) = run else { continue };
                for (in_run, (t, (at, (slot, series)))) in run.t.iter().zip(&mut rows).enumerate() {
                    let (row, stamp) = (row(Kind::Histogram, at), Stamp::new(*series, *t));
                    staging.take(&mut locked, *slot, row, stamp, || LateValue::Histogram(run.histogram(in_run).into()));
                }
            }
            let mut rows = slots.float_histograms.iter().zip(&logged.float_histograms.series).enumerate();
            for run in logged.float_histograms.columns.runs() {
                let Run::FloatHistograms(run) = run else { continue };
                for (in_run, (t, (at, (slot, series)))) in run.t.iter().zip(&mut rows).enumerate() {
                    let (row, stamp) = (row(Kind::FloatHistogram, at), Stamp::new(*series, *t));
                    staging.take(&mut locked, *slot, row, stamp, || {
                        let mut histogram = FloatHistogram::default();
                        run.float_histogram_into(in_run, &mut histogram);
                        LateValue::FloatHistogram(histogram.into())
                    });
                }
            }
        }
        staging
    }

    /// Logs it, if there is a log for it.
    pub(super) fn log(&self) -> Result<(), TsdbError> {
        let log = self.head.late.log.read();
        match &*log {
            Some(log) if !self.steps.is_empty() => log.log(&self.steps),
            _ => Ok(()),
        }
    }

    /// Shows it.
    pub(super) fn apply(self, locked: &mut Locked<'_>) {
        let mut interval: Option<Interval> = None;
        for (slot, staged) in self.series {
            let (stripe, local) = split(slot);
            let late = locked.stripe(stripe).late_mut(local);
            late.open = staged.open;
            late.full.extend(staged.full);
            let here = late.interval();
            interval = interval.into_iter().chain(here).reduce(hull);
        }
        if let Some(interval) = interval {
            self.head.late.extend(interval);
        }
        self.head.late.count(self.floats, self.histograms);
    }

    fn take(&mut self, locked: &mut Locked<'_>, slot: u32, row: Row, stamp: Stamp, value: impl FnOnce() -> LateValue) {
        let (number, local) = split(slot);
        let stripe = locked.stripe(number);
        if !self.is_late(stripe, slot, local, stamp.time) {
            return;
        }
        self.rows.push(row);
        let value = value();
        let of_stripe = |stripe: &Stripe| {
            let late = stripe.late(local);
            let last = late.and_then(|late| late.full.iter().rev().find_map(LateChunk::stored_at));
            let open = late.map_or_else(Vec::new, |late| late.open.clone());
            Staged { reference: stamp.series, open, last, ..Staged::default() }
        };
        let staged = self.series.entry(slot).or_insert_with(|| of_stripe(stripe));
        let capacity = usize::from(self.head.around.options.late_capacity);
        let markers = if staged.open.is_empty() {
            vec![staged.last.unwrap_or(0)]
        } else if staged.open.len() >= capacity {
            let chunks =
                write_away(&staged.open, staged.reference, &*self.head.around.store, || self.head.late.next_number());
            staged.open.clear();
            // As long as a chunk is nowhere but here its samples must come back from the log.
            let places: Option<Vec<u64>> = chunks.iter().map(LateChunk::stored_at).collect();
            staged.full.extend(chunks);
            staged.last = places.as_ref().and_then(|places| places.last().copied()).or(staged.last);
            places.unwrap_or_default()
        } else {
            Vec::new()
        };
        if !markers.is_empty() {
            // Within a step markers come first.
            let newest = self.steps.len().checked_sub(1);
            if newest.is_none() || staged.step == newest {
                self.steps.push(LateStep::default());
            }
            if let Some(step) = self.steps.last_mut() {
                step.markers.extend(markers.iter().map(|chunk| MmapMarker { series: staged.reference, chunk: *chunk }));
            }
        }
        if insert(&mut staged.open, LateSample { t: stamp.time, value: value.clone() }) {
            if self.steps.is_empty() {
                self.steps.push(LateStep::default());
            }
            if let Some(step) = self.steps.last_mut() {
                step.push(stamp, &value);
            }
            match value {
                LateValue::Float(_) => self.floats += 1,
                _ => self.histograms += 1,
            }
        }
        staged.step = self.steps.len().checked_sub(1);
    }

    /// Whether a sample goes to those out of order, given what is in the head and what this commit appends before it.
    fn is_late(&mut self, stripe: &Stripe, slot: u32, local: u32, t: i64) -> bool {
        let is_valid = t >= self.horizon.valid_from;
        // A replay meets a late sample of another appender first, takes it for one in order, and would pass over this one. So this
        // one goes to the late ones too, however old it is: it has been accepted.
        let is_behind_late = stripe.late(local).and_then(Late::interval).is_some_and(|late| t <= late.max);
        let is_late = |newest: Option<i64>| {
            let appended = is_valid && newest.is_none_or(|newest| t >= newest);
            if appended { is_behind_late } else { self.horizon.late(t) == Judgement::Late }
        };
        if stripe.slot(local).pending == 1 {
            return is_late(stripe.newest(local));
        }
        let newest = self.newest.entry(slot).or_insert_with(|| stripe.newest(local));
        if is_late(*newest) {
            return true;
        }
        if is_valid {
            *newest = (*newest).max(Some(t));
        }
        false
    }
}
