//! Floats of many series, as columns.

use super::Stamp;

/// Floats of many series: a reference, a time and a value for each sample.
///
/// They are meant to be kept: after [`clear`](Self::clear) they are filled again in the memory that they have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleColumns {
    series: Vec<u64>,
    times: Vec<i64>,
    values: Vec<f64>,
    /// As long as the others, or empty as long as no sample has a start.
    starts: Vec<i64>,
}

impl SampleColumns {
    /// The reference of the series of each sample.
    #[must_use]
    pub fn series(&self) -> &[u64] {
        &self.series
    }

    /// The timestamp of each sample in milliseconds.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// The value of each sample.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The start timestamp of each sample, 0 where there is none, or `None` if none has one.
    #[must_use]
    pub fn starts(&self) -> Option<&[i64]> {
        (!self.starts.is_empty()).then_some(&self.starts)
    }

    /// The number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Forgets all samples, and keeps the memory.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Forgets all samples but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.series.truncate(len);
        self.times.truncate(len);
        self.values.truncate(len);
        self.starts.truncate(len);
    }

    /// Makes room for `more` samples.
    pub fn reserve(&mut self, more: usize) {
        self.series.reserve(more);
        self.times.reserve(more);
        self.values.reserve(more);
    }

    /// Appends a sample.
    #[inline]
    pub fn push(&mut self, stamp: Stamp, value: f64) {
        if stamp.start != 0 || !self.starts.is_empty() {
            self.starts.resize(self.values.len(), 0);
            self.starts.push(stamp.start);
        }
        self.series.push(stamp.series);
        self.times.push(stamp.time);
        self.values.push(value);
    }

    /// The samples, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = (Stamp, f64)> + '_ {
        let starts = self.starts.iter().copied().chain(std::iter::repeat(0));
        let stamps = self.series.iter().zip(&self.times).zip(starts);
        let stamps = stamps.map(|((series, time), start)| Stamp { series: *series, time: *time, start });
        stamps.zip(self.values.iter().copied())
    }

    /// Appends `more` samples of zeros, to be overwritten.
    pub(super) fn grow(&mut self, more: usize) -> (&mut [u64], &mut [i64], &mut [f64]) {
        let (before, after) = (self.len(), self.len() + more);
        self.series.resize(after, 0);
        self.times.resize(after, 0);
        self.values.resize(after, 0.0);
        if !self.starts.is_empty() {
            self.starts.resize(after, 0);
        }
        (
            self.series.get_mut(before..).unwrap_or_default(),
            self.times.get_mut(before..).unwrap_or_default(),
            self.values.get_mut(before..).unwrap_or_default(),
        )
    }
}
