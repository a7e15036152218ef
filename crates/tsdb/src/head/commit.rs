//! What was appended is logged, and then shown.

use promd_chunk::{Float, Integer};
use promd_model::{FloatHistogram, Run};
use promd_storage::{Position, StorageError};

use super::Head;
use super::append::{Buffers, Kind};
use super::contract::Commit;
use super::readers::Applying;
use super::slot::Horizon;
use super::stage::{Row, Staging};
use super::stripe::{Stripe, split};
use super::sync::MutexGuard;

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
    /// Logs what an appender has, and shows it. If that cannot be logged nothing is shown.
    pub(super) fn commit(&self, buffers: &Buffers) -> Result<Position, StorageError> {
        let _alone = self.committing.lock();
        let horizon = self.horizon_of_commit(buffers);
        // Only samples that came late, or were overtaken by another commit or by a block, can be out of order.
        let overtaken = || buffers.commits != self.readers.committed() || buffers.horizon != Some(horizon);
        let may_be_late = horizon.late_from.is_some() || self.late.interval().is_some();
        let staging = if may_be_late && (buffers.late || overtaken()) {
            let staging = Staging::new(self, horizon, buffers);
            staging.log().map_err(StorageError::store)?;
            Some(staging)
        } else {
            None
        };
        let series = self.take_unlogged();
        let Buffers { batches, exemplars, metadata, .. } = buffers;
        let commit = Commit { series: &series, metadata, batches, exemplars };
        let position = match self.log_commit(&commit) {
            Ok(position) => position,
            Err(error) => {
                self.put_back_unlogged(&series);
                return Err(StorageError::store(error));
            }
        };
        self.apply(buffers, horizon.valid_from, staging);
        self.apply_exemplars(exemplars);
        self.apply_metadata(metadata);
        Ok(position)
    }

    /// How old samples may be that were judged when they were appended. What has become a block's meanwhile is not appended.
    fn horizon_of_commit(&self, buffers: &Buffers) -> Horizon {
        let horizon = buffers.horizon.unwrap_or(Horizon::NONE);
        Horizon { valid_from: horizon.valid_from.max(self.min_valid_time()), ..horizon }
    }

    /// Shows what was logged.
    fn apply(&self, buffers: &Buffers, valid_from: i64, staging: Option<Staging<'_>>) {
        let rows = staging.as_ref().map_or(&[][..], |staging| &staging.rows);
        let applying = self.readers.apply();
        let mut locked = Locked::new(self);
        let mut touched =
            Touched { applying: &applying, valid_from, late: rows.iter(), min: i64::MAX, max: i64::MIN, dropped: 0 };
        for (number, (batch, slots)) in buffers.batches.iter().zip(&buffers.slots).enumerate() {
            let row = |kind, row| Row { batch: number, kind, row };
            let floats = batch.floats.times().iter().zip(batch.floats.values()).enumerate();
            let mut fetched = 0;
            for (slot, (at, (t, v))) in slots.floats.iter().zip(floats) {
                if at == fetched {
                    let (number, _) = split(*slot);
                    let here = slots.floats[at..].iter().map(|slot| split(*slot));
                    let here = here.take_while(|(other, _)| *other == number).map(|(_, local)| local);
                    locked.stripe(number).fetch(here.inspect(|_| fetched += 1));
                }
                let at = row(Kind::Float, at);
                touched
                    .sample(&mut locked, *slot, at, *t, |stripe, local| stripe.push_float(local, *t, *v, &self.around));
            }
            let mut slots_of_histograms = slots.histograms.iter().enumerate();
            for run in batch.histograms.columns.runs() {
                let Run::Histograms(run) = run else { continue };
                for (in_run, (t, (at, slot))) in run.t.iter().zip(&mut slots_of_histograms).enumerate() {
                    touched.sample(&mut locked, *slot, row(Kind::Histogram, at), *t, |stripe, local| {
                        stripe.push_histogram::<Integer>(local, *t, &run.histogram(in_run), &self.around)
                    });
                }
            }
            let (mut slots_of_histograms, mut histogram) =
                (slots.float_histograms.iter().enumerate(), FloatHistogram::default());
            for run in batch.float_histograms.columns.runs() {
                let Run::FloatHistograms(run) = run else { continue };
                for (in_run, (t, (at, slot))) in run.t.iter().zip(&mut slots_of_histograms).enumerate() {
                    touched.sample(&mut locked, *slot, row(Kind::FloatHistogram, at), *t, |stripe, local| {
                        run.float_histogram_into(in_run, &mut histogram);
                        stripe.push_histogram::<Float>(local, *t, &histogram, &self.around)
                    });
                }
            }
        }
        let Touched { min, max, dropped, .. } = touched;
        if let Some(staging) = staging {
            staging.apply(&mut locked);
        }
        drop(locked);
        if min <= max {
            self.bounds.extend(min, max);
        }
        self.count_dropped(dropped);
    }
}

/// What a commit has done so far.
struct Touched<'a> {
    applying: &'a Applying<'a>,
    valid_from: i64,
    /// The rows that are late, in the order in which rows come.
    late: std::slice::Iter<'a, Row>,
    min: i64,
    max: i64,
    dropped: u64,
}

impl Touched<'_> {
    fn sample(
        &mut self,
        locked: &mut Locked<'_>,
        slot: u32,
        row: Row,
        t: i64,
        push: impl FnOnce(&mut Stripe, u32) -> bool,
    ) {
        let (number, local) = split(slot);
        let stripe = locked.stripe(number);
        stripe.unhide(self.applying.seen_by_all);
        stripe.slot_mut(local).pending -= 1;
        if self.late.as_slice().first() == Some(&row) {
            self.late.next();
        } else if t >= self.valid_from && push(stripe, local) {
            if let Some(youngest) = self.applying.youngest {
                stripe.hide(local, self.applying.number, t, youngest);
            }
            self.min = self.min.min(t);
            self.max = self.max.max(t);
        } else {
            // Another appender was faster, or a block has it.
            self.dropped += 1;
        }
    }
}
