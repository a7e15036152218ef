//! What was asked of the log and what it promised, and whether a directory agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::Monotonic;
use promd_fs::{Fs, SimFs};
use promd_wal::record::{Record, SamplesEncoder, Stamp};
use promd_wal::{
    Damage, Event, LogKind, LogReader, PAGE, Position, ReadOptions, SegmentId, list_segments, segment_name,
};

use crate::support;

/// A record that was handed to the log; its index is its id.
#[derive(Debug)]
struct Attempt {
    len: usize,
    /// The append returned: where the batch began and ended, and when.
    acknowledged: Option<(Position, Position, Monotonic)>,
    /// The log said that a power loss cannot take it.
    safe: bool,
    /// Its segment may have been removed, because it was asked for.
    removable: bool,
    /// Its bytes at rest were damaged, of one copy at least.
    damaged: bool,
    /// An accident was allowed to take it, and did.
    gone: bool,
}

/// What happened to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accident {
    ProcessCrash,
    PowerLoss,
}

#[derive(Debug)]
pub(crate) struct Model {
    seed: u64,
    attempts: Vec<Attempt>,
    /// The first attempt of this life: the log knows nothing of those before it.
    born: usize,
}

/// What a reader of ours finds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    records: Vec<Copy>,
    damage: Vec<Damage>,
}

/// A record, or one of its copies.
#[derive(Debug)]
struct Copy {
    id: usize,
    segment: u64,
    bytes: Range<u64>,
}

type Check<T = ()> = Result<T, String>;

impl Model {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, attempts: Vec::new(), born: 0 }
    }

    /// Another process opens the log. `synced`: all that is there was synced.
    pub(crate) fn begin(&mut self, synced: bool) {
        self.born = self.attempts.len();
        self.attempts.iter_mut().for_each(|attempt| attempt.safe |= synced);
    }

    /// A new record with `fill` bytes behind its header.
    pub(crate) fn attempt(&mut self, fill: usize) -> (usize, Vec<u8>) {
        let id = self.attempts.len();
        self.attempts.push(Attempt {
            len: fill,
            acknowledged: None,
            safe: false,
            removable: false,
            damaged: false,
            gone: false,
        });
        (id, self.bytes(id))
    }

    /// A record of samples of a series of that number: its structure can be checked, and its values are like no others.
    fn bytes(&self, id: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = SamplesEncoder::new(&mut bytes);
        let mut state = self.seed ^ (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Half of the records can be compressed.
        let repeat = if id.is_multiple_of(2) { 1 } else { 16 };
        for sample in 0..=self.attempts[id].len / 10 {
            if sample.is_multiple_of(repeat) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            }
            encoder.push(Stamp::new(id as u64, i64::try_from(sample).unwrap()), f64::from_bits(state));
        }
        bytes
    }

    pub(crate) fn acknowledged(&mut self, ids: &[usize], from: Position, to: Position, at: Monotonic) {
        for &id in ids {
            self.attempts[id].acknowledged = Some((from, to, at));
        }
    }

    /// The log says that everything before `to` is safe.
    pub(crate) fn safe_to(&mut self, to: Position) {
        for attempt in self.attempts.iter_mut().skip(self.born) {
            attempt.safe |= attempt.acknowledged.is_some_and(|(_, position, _)| position <= to);
        }
    }

    /// The segments before `segment` were to be removed.
    pub(crate) fn truncated(&mut self, segment: u64) {
        for attempt in &mut self.attempts {
            attempt.removable |= attempt.acknowledged.is_some_and(|(from, ..)| from.segment < segment);
        }
    }

    /// The interval policy: nothing that was acknowledged before `before` may be unsafe.
    pub(crate) fn check_interval(&self, now: Monotonic, interval: Duration) -> Check {
        self.check_all("older than the interval is not safe", |attempt| {
            attempt.safe || attempt.acknowledged.is_none_or(|(_, _, at)| now.since(at) < interval)
        })
    }

    /// The policy of sealing: nothing that lies before the current segment may be unsafe.
    pub(crate) fn check_sealed(&self, current: u64) -> Check {
        self.check_all("in a full segment is not safe", |attempt| {
            attempt.safe || attempt.acknowledged.is_none_or(|(_, position, _)| position.segment >= current)
        })
    }

    fn check_all(&self, what: &str, holds: impl Fn(&Attempt) -> bool) -> Check {
        match self.attempts.iter().enumerate().skip(self.born).find(|(_, attempt)| !holds(attempt)) {
            Some((id, attempt)) => Err(format!("record {id}, {what}: {attempt:?}")),
            None => Ok(()),
        }
    }

    /// All records in a directory, read past damage, in order.
    pub(crate) fn read(&self, fs: Arc<dyn Fs>, dir: &Path) -> Check<Found> {
        let failed = |error: promd_fs::Error| error.to_string();
        let mut log = LogReader::open(fs, dir, LogKind::Wal, ReadOptions::default()).map_err(failed)?;
        let mut found = Found::default();
        while let Some(event) = log.next().map_err(failed)? {
            match event {
                Event::Record(record) => found.records.push(Copy {
                    id: self.recognise(record.bytes)?,
                    segment: record.segment.number,
                    bytes: record.start..record.end,
                }),
                Event::Damage(damage) => found.damage.push(damage),
            }
        }
        Ok(found)
    }

    /// The records that Prometheus reads, which stops at the first damage, and does not start over a gap.
    pub(crate) fn read_as_prometheus(&self, fs: &SimFs, dir: &Path) -> Check<BTreeSet<usize>> {
        let mut all = BTreeSet::new();
        let segments = list_segments(fs, dir).map_err(|error| error.to_string())?;
        if let Some(pair) = segments.windows(2).find(|pair| pair[0].number + 1 != pair[1].number) {
            return Err(format!("segments are not sequential: {} and {}", pair[0].number, pair[1].number));
        }
        for segment in segments {
            let path = dir.join(segment_name(segment.number));
            let found = support::read(&fs.read_to_vec(&path, 1 << 30).map_err(|error| error.to_string())?);
            for raw in found.strict() {
                // The begin of a header with zeros behind it is a fragment without data, the checksum of which holds. Not
                // compressed it is a record of no type, which is passed over; compressed it is damage.
                let Some(record) = support::decoded(raw) else { return Ok(all) };
                if !record.is_empty() {
                    all.insert(self.recognise(&record)?);
                }
            }
            if found.corruption.is_some() {
                break;
            }
        }
        Ok(all)
    }

    /// The id of a record.
    fn recognise(&self, record: &[u8]) -> Check<usize> {
        let id = match Record::parse(record) {
            Ok(Record::Samples(mut entries)) => entries.next().and_then(Result::ok).map(|entry| entry.stamp.series),
            _ => None,
        };
        let id = id.and_then(|id| usize::try_from(id).ok()).filter(|id| *id < self.attempts.len());
        match id {
            Some(id) if record == self.bytes(id) => Ok(id),
            _ => Err(format!("a record that nobody wrote, perhaps in the place of {id:?}")),
        }
    }

    /// What was found is all that was promised, in order; and so is what Prometheus finds, if it is given.
    pub(crate) fn check(&mut self, found: &Found, prometheus: Option<&BTreeSet<usize>>, accident: Accident) -> Check {
        let everywhere: BTreeSet<usize> = found.records.iter().map(|found| found.id).collect();
        for (id, attempt) in self.attempts.iter_mut().enumerate() {
            let promised = match accident {
                Accident::ProcessCrash => attempt.acknowledged.is_some(),
                Accident::PowerLoss => attempt.acknowledged.is_some() && attempt.safe,
            };
            let required = promised && !attempt.removable && !attempt.damaged && !attempt.gone;
            if required && !everywhere.contains(&id) {
                let damage: Vec<String> = found.damage.iter().map(ToString::to_string).collect();
                return Err(format!("record {id} is missing after a {accident:?}: {attempt:?}; {damage:?}"));
            }
            if required && prometheus.is_some_and(|found| !found.contains(&id)) {
                return Err(format!("Prometheus does not read record {id} after a {accident:?}: {attempt:?}"));
            }
            attempt.gone |= !everywhere.contains(&id);
        }
        // One that was written again is there twice; what counts is the last time.
        let mut seen = BTreeSet::new();
        let acknowledged = |found: &&Copy| {
            let attempt = &self.attempts[found.id];
            attempt.acknowledged.is_some() && !attempt.damaged
        };
        let last: Vec<usize> = found
            .records
            .iter()
            .filter(acknowledged)
            .rev()
            .map(|found| found.id)
            .filter(|id| seen.insert(*id))
            .collect();
        match last.windows(2).find(|pair| pair[0] < pair[1]) {
            Some(pair) => Err(format!("record {} comes after {}", pair[0], pair[1])),
            None => Ok(()),
        }
    }

    /// Bytes of a segment were damaged at rest. One in a page may cost the record that it belongs to, and nothing else. Of
    /// several in a page each is one of the surroundings by which the others are judged: what lies between them may be
    /// lost, too, or between them and what had been damaged there before. No other page may lose anything.
    pub(crate) fn damaged(&mut self, found: &Found, segment: u64, offsets: &[u64]) {
        let mut pages: BTreeMap<u64, Range<u64>> = BTreeMap::new();
        for &offset in offsets {
            let hit = pages.entry(offset / PAGE as u64).or_insert(offset..offset + 1);
            *hit = hit.start.min(offset)..hit.end.max(offset + 1);
        }
        for (page, hit) in pages.iter_mut().filter(|(_, hit)| hit.end - hit.start > 1) {
            let page = page * PAGE as u64..(page + 1) * PAGE as u64;
            let before = found.damage.iter().filter(|damage| damage.segment == SegmentId::log(segment));
            for damage in before.filter(|damage| overlap(&damage.range, &page)) {
                *hit = hit.start.min(damage.range.start)..hit.end.max(damage.range.end);
            }
        }
        for copy in found.records.iter().filter(|copy| copy.segment == segment) {
            self.attempts[copy.id].damaged |= pages.values().any(|hit| overlap(&copy.bytes, hit));
        }
    }
}

fn overlap(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}
