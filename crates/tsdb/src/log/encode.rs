//! The records of a commit.

use promd_model::{FloatHistogram, Histogram, Run};
use promd_wal::record::{
    ExemplarsEncoder, HistogramsEncoder, MetadataEncoder, MetadataEntry, SamplesEncoder, SeriesEncoder, Stamp, Version,
};

use crate::head::{Commit, CommitBatch, HistogramColumns};

/// Records one after the other in one piece of memory.
#[derive(Debug)]
pub(crate) struct Records {
    version: Version,
    bytes: Vec<u8>,
    /// Where each record ends.
    ends: Vec<usize>,
    /// Records that go behind the one that is being written.
    custom: Vec<u8>,
    float_histogram: FloatHistogram,
}

/// Memory that one commit needed and the next one hardly will is given back.
const KEPT: usize = 4 << 20;

impl Records {
    /// Nothing yet, and samples to be written in records of this version.
    pub(crate) fn new(version: Version) -> Self {
        Self {
            version,
            bytes: Vec::new(),
            ends: Vec::new(),
            custom: Vec::new(),
            float_histogram: FloatHistogram::default(),
        }
    }

    /// Forgets what was put in.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.ends.clear();
    }

    /// Adds a record, or none if nothing is put into it.
    pub(crate) fn put(&mut self, record: impl FnOnce(&mut Vec<u8>)) {
        let begin = self.bytes.len();
        record(&mut self.bytes);
        // A type alone says nothing.
        if self.bytes.len() <= begin + 1 {
            self.bytes.truncate(begin);
        }
        self.end();
    }

    /// The records, in order.
    pub(crate) fn slices(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end)).collect()
    }

    /// The records of a commit, in order.
    pub(super) fn encode(&mut self, commit: &Commit<'_>) -> Vec<&[u8]> {
        self.clear();
        if !commit.series.is_empty() {
            let mut encoder = SeriesEncoder::new(&mut self.bytes);
            for (reference, labels) in commit.series {
                encoder.push(*reference, labels.iter_bytes());
            }
            self.end();
        }
        if !commit.metadata.is_empty() {
            let mut encoder = MetadataEncoder::new(&mut self.bytes);
            for (reference, metadata) in commit.metadata {
                encoder.push(&MetadataEntry::new(*reference, metadata));
            }
            self.end();
        }
        for batch in commit.batches {
            self.batch(batch);
        }
        if !commit.exemplars.is_empty() {
            let mut encoder = ExemplarsEncoder::new(&mut self.bytes);
            for (reference, exemplar) in commit.exemplars {
                let stamp = Stamp::new(*reference, exemplar.timestamp.0);
                encoder.push(stamp, exemplar.value, exemplar.labels.iter_bytes());
            }
            self.end();
        }
        self.slices()
    }

    /// Adds the records of the samples of a batch.
    pub(crate) fn batch(&mut self, batch: &CommitBatch) {
        let CommitBatch { floats, histograms, float_histograms } = batch;
        if !floats.is_empty() {
            SamplesEncoder::with_version(self.version, &mut self.bytes).extend(floats);
            self.end();
        }
        if !histograms.series.is_empty() {
            let mut encoder = HistogramsEncoder::<Histogram>::new(self.version, &mut self.bytes, &mut self.custom);
            rows(histograms, |run, row, stamp| {
                if let Run::Histograms(run) = run {
                    encoder.push(stamp, &run.histogram(row));
                }
            });
            self.end_with_custom();
        }
        if !float_histograms.series.is_empty() {
            let mut encoder = HistogramsEncoder::<FloatHistogram>::new(self.version, &mut self.bytes, &mut self.custom);
            let histogram = &mut self.float_histogram;
            rows(float_histograms, |run, row, stamp| {
                if let Run::FloatHistograms(run) = run {
                    run.float_histogram_into(row, histogram);
                    encoder.push(stamp, histogram);
                }
            });
            self.end_with_custom();
        }
    }

    /// Ends a record, unless it was not begun.
    fn end(&mut self) {
        if self.ends.last().copied().unwrap_or(0) < self.bytes.len() {
            self.ends.push(self.bytes.len());
        }
    }

    fn end_with_custom(&mut self) {
        self.end();
        self.bytes.append(&mut self.custom);
        self.end();
    }
}

/// Shows each row, with whose it is and when it was.
fn rows(histograms: &HistogramColumns, mut row: impl FnMut(&Run<'_>, usize, Stamp)) {
    let mut series = histograms.series.iter();
    for run in histograms.columns.runs() {
        let starts = match &run {
            Run::Floats(run) => run.start,
            Run::Histograms(run) => run.start,
            Run::FloatHistograms(run) => run.start,
        };
        for (n, time) in run.times().iter().enumerate() {
            let Some(series) = series.next() else { return };
            let start = starts.and_then(|starts| starts.get(n)).copied().unwrap_or(0);
            row(&run, n, Stamp { series: *series, time: *time, start });
        }
    }
}
