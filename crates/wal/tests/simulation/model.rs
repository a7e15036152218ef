//! What was asked of the log and what it promised, and whether a directory agrees.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use promd_clock::Monotonic;
use promd_fs::{Fs, SimFs};
use promd_wal::{Position, list_segments, segment_name};

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

/// A record as a reader finds it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: usize,
    pub(crate) segment: u64,
    pub(crate) pages: std::ops::RangeInclusive<u64>,
    /// Prometheus reads it, too: nothing before it is damaged.
    strict: bool,
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

    /// A length and an id, which give the record a structure that a reader can check, and bytes that are like no others.
    fn bytes(&self, id: usize) -> Vec<u8> {
        let len = self.attempts[id].len;
        let mut bytes = vec![b'r'];
        bytes.extend_from_slice(&(id as u64).to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
        let mut state = self.seed ^ (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Half of the records can be compressed.
        let repeat = if id.is_multiple_of(2) { 1 } else { 16 };
        while bytes.len() < 13 + len {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let byte = state.to_be_bytes()[0];
            bytes.extend(std::iter::repeat_n(byte, repeat.min(13 + len - bytes.len())));
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
    pub(crate) fn read(&self, fs: &SimFs, dir: &Path, checksums: bool) -> Check<Vec<Found>> {
        let mut all = Vec::new();
        let mut strict = true;
        let segments = list_segments(fs, dir).map_err(|error| error.to_string())?;
        for pair in segments.windows(2) {
            if pair[0].number + 1 != pair[1].number {
                return Err(format!("segments are not sequential: {} and {}", pair[0].number, pair[1].number));
            }
        }
        for segment in segments {
            let path = dir.join(segment_name(segment.number));
            let bytes = fs.read_to_vec(&path, 1 << 30).map_err(|error| error.to_string())?;
            let found = support::read(&bytes, checksums);
            let readable = if strict { found.strict().len() } else { 0 };
            for (index, raw) in found.records.iter().enumerate() {
                let Some(id) = self.recognise(raw)? else { continue };
                let first = raw.start as u64 / 32_768;
                let last = (raw.start + raw.bytes.len() + 7) as u64 / 32_768;
                // A header a page makes it a little longer than that.
                let pages = first..=last + 1;
                all.push(Found { id, segment: segment.number, pages, strict: index < readable });
            }
            strict &= found.corruption.is_none();
        }
        Ok(all)
    }

    /// The id of a record. `None` if its structure is wrong, which a reader notices: a wrong header can make a part of a record
    /// pass for a whole.
    fn recognise(&self, raw: &support::Raw) -> Check<Option<usize>> {
        let Some(record) = support::decoded(raw) else { return Ok(None) };
        let Some((&[b'r', i0, i1, i2, i3, i4, i5, i6, i7, l0, l1, l2, l3], fill)) = record.split_first_chunk::<13>()
        else {
            return Ok(None);
        };
        if u32::from_be_bytes([l0, l1, l2, l3]) as usize != fill.len() {
            return Ok(None);
        }
        let id = usize::try_from(u64::from_be_bytes([i0, i1, i2, i3, i4, i5, i6, i7])).unwrap();
        if id >= self.attempts.len() || record != self.bytes(id) {
            return Err(format!("a record that nobody wrote, in the place of {id}"));
        }
        Ok(Some(id))
    }

    /// What was found is all that was promised, in order. `as_prometheus` says whether Prometheus has to find it, too.
    pub(crate) fn check(&mut self, found: &[Found], accident: Accident, as_prometheus: bool) -> Check {
        let everywhere: BTreeSet<usize> = found.iter().map(|found| found.id).collect();
        let readable: BTreeSet<usize> = found.iter().filter(|found| found.strict).map(|found| found.id).collect();
        for (id, attempt) in self.attempts.iter_mut().enumerate() {
            let promised = match accident {
                Accident::ProcessCrash => attempt.acknowledged.is_some(),
                Accident::PowerLoss => attempt.acknowledged.is_some() && attempt.safe,
            };
            let required = promised && !attempt.removable && !attempt.damaged && !attempt.gone;
            if required && !everywhere.contains(&id) {
                return Err(format!("record {id} is missing after a {accident:?}: {attempt:?}"));
            }
            if required && as_prometheus && !readable.contains(&id) {
                return Err(format!("Prometheus does not read record {id} after a {accident:?}: {attempt:?}"));
            }
            attempt.gone |= !everywhere.contains(&id);
        }
        // One that was written again is there twice; what counts is the last time.
        let mut seen = BTreeSet::new();
        let acknowledged = |found: &&Found| {
            let attempt = &self.attempts[found.id];
            attempt.acknowledged.is_some() && !attempt.damaged
        };
        let last: Vec<usize> =
            found.iter().filter(acknowledged).rev().map(|found| found.id).filter(|id| seen.insert(*id)).collect();
        match last.windows(2).find(|pair| pair[0] < pair[1]) {
            Some(pair) => Err(format!("record {} comes after {}", pair[0], pair[1])),
            None => Ok(()),
        }
    }

    /// What lies in these pages was damaged: it may be gone from here on.
    pub(crate) fn damaged(&mut self, found: &[Found], segment: u64, page: u64) {
        for found in found.iter().filter(|found| found.segment == segment && found.pages.contains(&page)) {
            self.attempts[found.id].damaged = true;
        }
    }
}
