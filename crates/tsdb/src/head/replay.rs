//! What a log and the files of full chunks say, brought back into the head.
//!
//! The order is that of Prometheus: chunks first ([`Head::replay_mapped`]), then records as they stand in the log. Nothing is logged and nobody
//! reads; threads may replay different series at the same time, and each series in the order of the log.

use hashbrown::HashMap;
use promd_chunk::{Float, Integer};
use promd_model::{Exemplar, FloatHistogram, Histogram, Interval, LabelsRef, Metadata};
use promd_wal::record::{MmapMarker, SampleColumns, Stamp};

use super::by_stripe::ByStripe;
use super::contract::MappedChunk;
use super::index::Looked;
use super::late::{LateChunk, LateSample, LateValue};
use super::mapped::{Full, Place};
use super::open::HeadKind;
use super::stripe::{join, split, stripe_of};
use super::sync::Ordering;
use super::{Bounds, Head};

/// How many series are looked up before their samples are appended: what is fetched for them stays in the caches until then.
const AT_ONCE: usize = 256;

/// What is known only while a head is brought back.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// Chunks whose series are not known yet.
    mapped: HashMap<u64, Vec<MappedChunk>>,
    /// The same of late samples.
    late: HashMap<u64, Vec<MappedChunk>>,
    /// Series that have another reference, too: that and the true one.
    aliases: HashMap<u64, u64>,
    scratch: Scratch,
    looked: Looked,
}

/// What is worked with while samples are replayed, kept so that no record allocates.
#[derive(Debug, Default)]
struct Scratch {
    references: Vec<u64>,
    by_stripe: ByStripe,
    locals: Vec<Option<u32>>,
}

/// What became of samples of a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// They are in the head.
    pub(crate) appended: u64,
    /// They were there already, or belong to blocks.
    pub(crate) passed: u64,
    /// Nobody knows their series.
    pub(crate) unknown: u64,
}

impl Replayed {
    /// Adds what became of others.
    pub(crate) fn add(&mut self, other: Self) {
        self.appended += other.appended;
        self.passed += other.passed;
        self.unknown += other.unknown;
    }
}

impl Head {
    /// A chunk that was found in the chunk store, in the order of its series.
    pub(crate) fn replay_mapped(&self, reference: u64, chunk: MappedChunk) {
        self.reserve(reference);
        self.replay.lock().mapped.entry(reference).or_default().push(chunk);
    }

    /// A chunk of late samples that was found in the chunk store. Whose it is, a record tells, as with the others.
    pub(crate) fn replay_late_mapped(&self, reference: u64, chunk: MappedChunk) {
        self.reserve(reference);
        self.replay.lock().late.entry(reference).or_default().push(chunk);
    }

    /// A record of a series. If its labels are known its reference is another one of the same series.
    ///
    /// The chunks that were found under its reference are those of the series from here on. One that covers the open chunk, which was
    /// replayed so far, takes its place. One that overlaps a part of it comes from an earlier replay, and what was replayed holds it.
    pub(crate) fn replay_series(&self, reference: u64, labels: LabelsRef<'_>) {
        self.next_reference.fetch_max(reference.saturating_add(1), Ordering::Relaxed);
        let mut looked = std::mem::take(&mut self.replay.lock().looked);
        let mut index = self.index.write();
        let known = index.look(labels, &mut looked);
        let slot = known.unwrap_or_else(|| self.add_series(&mut index, reference, labels, &mut looked));
        drop(index);
        let mut replay = self.replay.lock();
        replay.looked = looked;
        let (stripe, local) = split(slot);
        let mut stripe = self.stripes[stripe].lock();
        let own = stripe.slot(local).reference;
        if own != reference {
            replay.aliases.insert(reference, own);
        }
        for MappedChunk { at, interval } in replay.late.remove(&reference).into_iter().flatten() {
            let number = self.late.next_number();
            stripe.late_mut(local).full.push(LateChunk { number, interval, place: Place::Stored(at) });
            self.late.extend(interval);
        }
        let Some(mut chunks) = replay.mapped.remove(&reference) else { return };
        chunks.sort_by_key(|chunk| chunk.interval.min);
        for MappedChunk { at, interval: Interval { min, max } } in chunks {
            let open = stripe.open_interval(local);
            if open.is_some_and(|open| min <= open.min && open.max <= max) {
                stripe.drop_open(local);
            }
            let full = Full { min, max, place: Place::Stored(at) };
            if stripe.newest(local).is_none_or(|t| t < min) {
                stripe.cut(local, &self.around);
                stripe.push_full(local, full);
            } else if !stripe.insert_full(local, full) {
                continue;
            }
            self.bounds.extend(min, max);
        }
    }

    /// Floats of a log.
    pub(crate) fn replay_floats(&self, samples: &SampleColumns) -> Replayed {
        let mut replayed = Replayed::default();
        let Scratch { mut references, mut by_stripe, mut locals } = self.take_scratch(samples.series());
        let valid_from = self.min_valid_time();
        let (times, values) = (samples.times(), samples.values());
        let (mut min, mut max) = (i64::MAX, i64::MIN);
        by_stripe.order(references.iter().copied());
        for (stripe, places) in by_stripe.stripes() {
            let mut stripe = self.stripes[stripe].lock();
            for rows in by_stripe.rows(places).chunks(AT_ONCE) {
                stripe.find_all(rows.iter().map(|row| references[*row as usize]), &mut locals);
                stripe.fetch(locals.iter().flatten().copied());
                for (row, local) in rows.iter().zip(&locals) {
                    let row = *row as usize;
                    let t = times[row];
                    match *local {
                        None => replayed.add(self.unknown(references[row])),
                        Some(local) if t >= valid_from && stripe.push_float(local, t, values[row], &self.around) => {
                            replayed.appended += 1;
                            (min, max) = (min.min(t), max.max(t));
                        }
                        Some(_) => replayed.passed += 1,
                    }
                }
            }
        }
        self.extend_by(min, max);
        references.clear();
        self.replay.lock().scratch = Scratch { references, by_stripe, locals };
        replayed
    }

    /// Room to work in, with the true references of series: aliases have the order of samples in common with them.
    fn take_scratch(&self, series: &[u64]) -> Scratch {
        let mut replay = self.replay.lock();
        let mut scratch = std::mem::take(&mut replay.scratch);
        let aliases = &replay.aliases;
        if aliases.is_empty() {
            scratch.references.extend_from_slice(series);
        } else {
            let own = |reference: &u64| aliases.get(reference).filter(|_| !self.has(*reference)).copied();
            scratch.references.extend(series.iter().map(|reference| own(reference).unwrap_or(*reference)));
        }
        scratch
    }

    /// A histogram of a log.
    pub(crate) fn replay_histogram(&self, stamp: Stamp, histogram: &Histogram) -> Replayed {
        self.replay_one::<Integer>(stamp, histogram)
    }

    /// A histogram of floats of a log.
    pub(crate) fn replay_float_histogram(&self, stamp: Stamp, histogram: &FloatHistogram) -> Replayed {
        self.replay_one::<Float>(stamp, histogram)
    }

    fn replay_one<K: HeadKind>(&self, stamp: Stamp, histogram: &K::Sample) -> Replayed {
        let Some(slot) = self.slot_of(stamp.series) else { return self.unknown(stamp.series) };
        let (stripe, local) = split(slot);
        let mut stripe = self.stripes[stripe].lock();
        let t = stamp.time;
        if t < self.min_valid_time() || !stripe.push_histogram::<K>(local, t, histogram, &self.around) {
            return Replayed { passed: 1, ..Replayed::default() };
        }
        drop(stripe);
        self.extend_by(t, t);
        Replayed { appended: 1, ..Replayed::default() }
    }

    /// Markers of one record of the log of late samples. If a series has all the chunks that they name, its samples that were replayed so far
    /// are in them, and need not be kept a second time. A chunk that a crash has taken is not there, and then they are.
    pub(crate) fn replay_late_markers(&self, markers: &[MmapMarker]) -> Replayed {
        let mut replayed = Replayed::default();
        for markers in markers.chunk_by(|a, b| a.series == b.series) {
            let Some(slot) = markers.first().and_then(|first| self.slot_of(first.series)) else {
                replayed.unknown += markers.len() as u64;
                continue;
            };
            let (stripe, local) = split(slot);
            let mut stripe = self.stripes[stripe].lock();
            let has = |marker: &MmapMarker| {
                let full = stripe.late(local).map_or(&[][..], |late| &late.full);
                full.iter().any(|chunk| chunk.stored_at() == Some(marker.chunk))
            };
            if markers.iter().all(has) {
                stripe.late_mut(local).open.clear();
                replayed.appended += markers.len() as u64;
            } else {
                replayed.passed += markers.len() as u64;
            }
        }
        replayed
    }

    /// A late float of a log. How old it is does not matter.
    pub(crate) fn replay_late_float(&self, stamp: Stamp, v: f64) -> Replayed {
        self.replay_late(stamp, LateValue::Float(v))
    }

    /// A late histogram of a log.
    pub(crate) fn replay_late_histogram(&self, stamp: Stamp, histogram: &Histogram) -> Replayed {
        self.replay_late(stamp, LateValue::Histogram(histogram.clone().into()))
    }

    /// A late histogram of floats of a log.
    pub(crate) fn replay_late_float_histogram(&self, stamp: Stamp, histogram: &FloatHistogram) -> Replayed {
        self.replay_late(stamp, LateValue::FloatHistogram(histogram.clone().into()))
    }

    fn replay_late(&self, stamp: Stamp, value: LateValue) -> Replayed {
        let Some(slot) = self.slot_of(stamp.series) else { return self.unknown(stamp.series) };
        let (stripe, local) = split(slot);
        let capacity = usize::from(self.around.options.late_capacity);
        let (t, mut stripe) = (stamp.time, self.stripes[stripe].lock());
        let number = || self.late.next_number();
        if !stripe.insert_late(local, LateSample { t, value }, capacity, &self.around, number) {
            return Replayed { passed: 1, ..Replayed::default() };
        }
        drop(stripe);
        self.late.extend(Interval::new(t, t));
        Replayed { appended: 1, ..Replayed::default() }
    }

    /// An exemplar of a log.
    pub(crate) fn replay_exemplar(&self, reference: u64, exemplar: &Exemplar) -> Replayed {
        let known = self.slot_of(reference).and_then(|slot| self.add_exemplar(self.reference_of(slot).0, exemplar));
        match known {
            None => Replayed { unknown: 1, ..Replayed::default() },
            Some(Err(_)) => Replayed { passed: 1, ..Replayed::default() },
            Some(Ok(())) => Replayed { appended: 1, ..Replayed::default() },
        }
    }

    /// What a log says of a metric.
    pub(crate) fn replay_metadata(&self, reference: u64, metadata: &Metadata) -> Replayed {
        let known = self.slot_of(reference).is_some_and(|slot| self.set_metadata(self.reference_of(slot).0, metadata));
        Replayed { appended: u64::from(known), unknown: u64::from(!known), ..Replayed::default() }
    }

    /// A deletion of a log. One of all times says that the series was taken out of the head.
    pub(crate) fn replay_tombstone(&self, reference: u64, interval: Interval) -> Replayed {
        self.next_reference.fetch_max(reference.saturating_add(1), Ordering::Relaxed);
        if interval.max < self.min_valid_time() {
            return Replayed { passed: 1, ..Replayed::default() };
        }
        let Some(slot) = self.slot_of(reference) else { return Replayed { unknown: 1, ..Replayed::default() } };
        let (stripe, local) = split(slot);
        if interval == Interval::ALL {
            let mut index = self.index.write();
            let mut stripe = self.stripes[stripe].lock();
            let own = stripe.slot(local).reference;
            let said = stripe.remove(local);
            self.sayings.lock().release(said);
            stripe.free_slot(local);
            index.strike(slot);
            index.release(&[slot]);
            self.exemplars.lock().forget(&[own]);
        } else {
            self.stripes[stripe].lock().delete(local, interval);
            self.deletions.fetch_add(1, Ordering::Relaxed);
        }
        Replayed { appended: 1, ..Replayed::default() }
    }

    /// Says that nothing more is replayed. Returns the references of the chunks that belong to no series.
    pub(crate) fn finish_replay(&self) -> Vec<u64> {
        let Replay { mapped, late, .. } = std::mem::take(&mut *self.replay.lock());
        let mut orphans: Vec<u64> = mapped.into_keys().chain(late.into_keys()).collect();
        orphans.sort_unstable();
        orphans.dedup();
        orphans
    }

    /// Other references of series that the head has, while it is brought back: the log knows samples by them.
    pub(crate) fn aliases(&self) -> Vec<u64> {
        self.replay.lock().aliases.keys().copied().collect()
    }

    /// Keeps a reference from being given to another series, which would take over what the logs have by it. A power loss may take the
    /// record that names a series, and leave its chunks, its late samples, or the second copy of the record.
    pub(crate) fn reserve(&self, reference: u64) {
        self.next_reference.fetch_max(reference.saturating_add(1), Ordering::Relaxed);
    }

    fn unknown(&self, reference: u64) -> Replayed {
        self.reserve(reference);
        Replayed { unknown: 1, ..Replayed::default() }
    }

    fn slot_of(&self, reference: u64) -> Option<u32> {
        let find = |reference: u64| {
            let stripe = stripe_of(reference);
            self.stripes[stripe].lock().find(reference).map(|local| join(stripe, local))
        };
        find(reference).or_else(|| find(self.alias(reference)?))
    }

    fn alias(&self, reference: u64) -> Option<u64> {
        self.replay.lock().aliases.get(&reference).copied()
    }

    fn extend_by(&self, min: i64, max: i64) {
        if min <= max {
            let bounds: &Bounds = &self.bounds;
            bounds.extend(min, max);
        }
    }
}
