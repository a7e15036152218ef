//! What is counted while a query is evaluated.

use promd_storage::Series as Stored;

use crate::column::Column;

/// What was counted of some series.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    /// Series, chunks and their bytes, and samples that were decoded.
    pub(crate) series: u64,
    pub(crate) chunks: u64,
    pub(crate) bytes: u64,
    pub(crate) decoded: u64,
    /// The samples that steps looked at, and those of them that were new.
    pub(crate) looked_at: u64,
    pub(crate) read: u64,
    /// Both by step, if that is asked for.
    pub(crate) steps: Vec<(u64, u64)>,
    /// The most samples in one window.
    pub(crate) widest: usize,
}

impl Counts {
    /// Forgets everything.
    pub(super) fn begin(&mut self, steps: usize, per_step: bool) {
        let mut memory = std::mem::take(&mut self.steps);
        memory.clear();
        memory.resize(if per_step { steps } else { 0 }, (0, 0));
        *self = Self { steps: memory, ..Self::default() };
    }

    pub(super) fn decoded(&mut self, stored: &Stored, samples: usize) {
        self.series += 1;
        self.chunks += stored.chunks.len() as u64;
        self.bytes += stored.chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum::<u64>();
        self.decoded += samples as u64;
    }

    /// A step looks at so many samples, of which some are new.
    #[inline]
    pub(super) fn look(&mut self, step: usize, samples: usize, new: usize) {
        self.looked_at += samples as u64;
        self.read += new as u64;
        self.widest = self.widest.max(samples);
        if let Some((looked_at, read)) = self.steps.get_mut(step) {
            *looked_at += samples as u64;
            *read += new as u64;
        }
    }

    /// Each sample of a column was looked at, at its step.
    pub(super) fn look_at(&mut self, column: &Column) {
        if self.steps.is_empty() {
            let weight = column.weight() as u64;
            self.looked_at += weight;
            self.read += weight;
            return;
        }
        for (step, point) in column.points() {
            let weight = point.histogram().map_or(1, crate::column::weight);
            self.look(step, weight, weight);
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.series += other.series;
        self.chunks += other.chunks;
        self.bytes += other.bytes;
        self.decoded += other.decoded;
        self.looked_at += other.looked_at;
        self.read += other.read;
        self.widest = self.widest.max(other.widest);
        self.steps.resize(self.steps.len().max(other.steps.len()), (0, 0));
        for (own, other) in self.steps.iter_mut().zip(&other.steps) {
            *own = (own.0 + other.0, own.1 + other.1);
        }
    }
}
