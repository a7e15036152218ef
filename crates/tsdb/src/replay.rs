//! What the files say, brought back into a head: the chunks of `chunks_head`, the checkpoint, the segments.
//!
//! The rules are those of Prometheus' replay (`tsdb/head_wal.go`). What is particular:
//!
//! - **Damage is passed over and told.** Nothing is thrown away but what is damaged.
//! - **Holes are filled from the log.** Prometheus passes over the samples of a log that are not newer than the last full
//!   chunk of their series. That is right only if every chunk before it is there. So if a file of chunks is damaged, the chunks
//!   are handed over one by one, each when the log comes to its first sample: what the log has of the time
//!   between two chunks goes into the head first.
//! - **Memory is bounded** by the largest record, and by what is known of each full chunk.

mod into_head;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use promd_fs::Fs;
use promd_model::{FloatHistogram, Histogram, Interval, LabelsBuilder, LabelsRef};
use promd_wal::record::{
    Entries, ExemplarEntry, HistogramEntry, MetadataEntry, Record, RecordError, SampleColumns, SampleEntry,
    SeriesEntry, Stamp,
};
use promd_wal::{Cause, Damage, Event, LogKind, LogReader, ReadOptions, SegmentId};

use crate::TsdbError;
use crate::chunks_head::{HeadDamage, MappedChunk, Recovered};
pub(crate) use into_head::IntoHead;
use waiting::Waiting;

/// What is brought back to: a head.
pub(crate) trait ReplayTarget {
    /// A full chunk. It belongs to the series that the next record with this reference names.
    fn mapped(&mut self, reference: u64, chunk: MappedChunk);

    /// A full chunk of samples that came out of order, which the log knows nothing of.
    fn late(&mut self, reference: u64, chunk: MappedChunk);

    /// A series. If its labels are known the reference is another one of the same series; in any case the series takes over the
    /// chunks of the reference.
    fn series(&mut self, reference: u64, labels: LabelsRef<'_>);

    /// Floats.
    fn floats(&mut self, samples: &SampleColumns) -> Replayed;

    /// A histogram.
    fn histogram(&mut self, stamp: Stamp, histogram: &Histogram) -> Replayed;

    /// A histogram of floats.
    fn float_histogram(&mut self, stamp: Stamp, histogram: &FloatHistogram) -> Replayed;

    /// A deletion. One of all times takes the series out of the head.
    fn tombstone(&mut self, reference: u64, interval: Interval) -> Replayed;

    /// An exemplar.
    fn exemplar(&mut self, exemplar: &ExemplarEntry<'_>) -> Replayed;

    /// What is said of a metric.
    fn metadata(&mut self, metadata: &MetadataEntry<'_>) -> Replayed;
}

/// What became of entries of a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// They are in the head.
    pub(crate) taken: u64,
    /// They were there already, or belong to blocks.
    pub(crate) passed: u64,
    /// Nobody knows their series.
    pub(crate) unknown: u64,
}

impl Replayed {
    fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.passed += other.passed;
        self.unknown += other.unknown;
    }
}

/// What a replay came to. The numbers of unknown references are what `prometheus_tsdb_wal_replay_unknown_refs_total` shows by type.
#[derive(Debug, Default)]
pub(crate) struct ReplayReport {
    /// Floats.
    pub(crate) samples: Replayed,
    /// Histograms of both kinds.
    pub(crate) histograms: Replayed,
    /// Exemplars.
    pub(crate) exemplars: Replayed,
    /// Metadata.
    pub(crate) metadata: Replayed,
    /// Deletions.
    pub(crate) tombstones: Replayed,
    /// Histograms that cannot be used, such as those of a schema that does not exist yet.
    pub(crate) unusable_histograms: u64,
    /// Series whose labels are none: a name comes twice, or a text is not UTF-8.
    pub(crate) unusable_series: u64,
    /// What is wrong with the log.
    pub(crate) log_damage: Vec<Damage>,
    /// What is wrong with the chunks.
    pub(crate) chunk_damage: Vec<HeadDamage>,
    /// The times of the samples in each segment that has some.
    pub(crate) times: BTreeMap<SegmentId, Interval>,
}

impl ReplayReport {
    /// When samples were that a segment has lost, by what is left of it and by its neighbours. Nothing if there are no samples at all.
    pub(crate) fn time_around(&self, segment: SegmentId) -> Option<Interval> {
        let before = self.times.range(..segment).next_back().map(|(_, times)| times.max);
        let after = self.times.range((Bound::Excluded(segment), Bound::Unbounded)).next().map(|(_, times)| times.min);
        let own = self.times.get(&segment);
        let (begin, end) = (own.map(|own| own.min), own.map(|own| own.max));
        // Samples of series that nobody knows are those of a lost record of series: they go on to the end.
        let unknown = self.samples.unknown + self.histograms.unknown > 0;
        let newest = self.times.values().map(|times| times.max).max().filter(|_| unknown);
        let all = || [before, begin, end, after, newest].into_iter().flatten();
        Some(Interval::new(all().min()?, all().max()?))
    }
}

/// Brings everything back. The log has been repaired before, and `chunks` have been recovered from `chunks_head`.
pub(crate) fn replay(
    fs: &Arc<dyn Fs>,
    wal: &Path,
    chunks: Recovered,
    target: &mut impl ReplayTarget,
    progress: &mut impl FnMut(SegmentId),
) -> Result<ReplayReport, TsdbError> {
    let mut replay = Replay::new(target, chunks);
    if fs.exists(wal)? {
        let mut log = LogReader::open(Arc::clone(fs), wal, LogKind::Wal, ReadOptions::default())?;
        let mut segment = None;
        while let Some(event) = log.next()? {
            match event {
                Event::Damage(damage) => replay.report.log_damage.push(damage),
                Event::Record(record) => {
                    if segment != Some(record.segment) {
                        segment = Some(record.segment);
                        progress(record.segment);
                    }
                    let sound = replay.record(record.bytes).is_ok();
                    replay.note_times(record.segment);
                    if !sound {
                        // Its sum is right, so that no repair has touched it.
                        let (range, cause) = (record.start..record.end, Cause::Undecodable);
                        replay.report.log_damage.push(Damage { segment: record.segment, range, cause });
                    }
                }
            }
        }
    }
    Ok(replay.finish())
}

struct Replay<'t, T> {
    target: &'t mut T,
    waiting: Option<Waiting>,
    report: ReplayReport,
    /// From the oldest sample of a record to its newest.
    times: Option<Interval>,
    scratch: LabelsBuilder,
    columns: SampleColumns,
    histogram: Histogram,
    float_histogram: FloatHistogram,
}

impl<'t, T: ReplayTarget> Replay<'t, T> {
    fn new(target: &'t mut T, chunks: Recovered) -> Self {
        let has_holes = chunks.has_holes();
        let Recovered { chunks, damage, .. } = chunks;
        for (reference, chunks) in &chunks {
            chunks.iter().filter(|chunk| chunk.out_of_order).for_each(|chunk| target.late(*reference, *chunk));
        }
        let in_order = chunks.into_iter().map(|(reference, chunks)| {
            (reference, chunks.into_iter().filter(|chunk| !chunk.out_of_order).collect::<Vec<_>>())
        });
        let waiting = if has_holes {
            Some(Waiting::new(in_order))
        } else {
            for (reference, chunks) in in_order {
                chunks.into_iter().for_each(|chunk| target.mapped(reference, chunk));
            }
            None
        };
        Self {
            target,
            waiting,
            report: ReplayReport { chunk_damage: damage, ..ReplayReport::default() },
            times: None,
            scratch: LabelsBuilder::new(),
            columns: SampleColumns::default(),
            histogram: Histogram::default(),
            float_histogram: FloatHistogram::default(),
        }
    }

    /// What stands before a bad entry counts: it was read as it was written.
    fn record(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        match Record::parse(bytes)? {
            Record::Series(entries) => self.series(entries),
            Record::Samples(entries) => self.floats(entries),
            Record::Histograms(mut entries) => {
                while let Some(entry) = entries.next_into(&mut self.histogram)? {
                    if let Some(stamp) = self.kept(entry) {
                        let replayed = self.target.histogram(stamp, &self.histogram);
                        self.report.histograms.add(replayed);
                    }
                }
                Ok(())
            }
            Record::FloatHistograms(mut entries) => {
                while let Some(entry) = entries.next_into(&mut self.float_histogram)? {
                    if let Some(stamp) = self.kept(entry) {
                        let replayed = self.target.float_histogram(stamp, &self.float_histogram);
                        self.report.histograms.add(replayed);
                    }
                }
                Ok(())
            }
            Record::Tombstones(entries) => entries.into_iter().try_for_each(|entry| {
                let entry = entry?;
                let interval = Interval::new(entry.min, entry.max);
                if interval == Interval::ALL
                    && let Some(waiting) = &mut self.waiting
                {
                    waiting.forget(entry.series);
                }
                let replayed = self.target.tombstone(entry.series, interval);
                self.report.tombstones.add(replayed);
                Ok(())
            }),
            Record::Exemplars(entries) => entries.into_iter().try_for_each(|entry| {
                let replayed = self.target.exemplar(&entry?);
                self.report.exemplars.add(replayed);
                Ok(())
            }),
            Record::Metadata(entries) => entries.into_iter().try_for_each(|entry| {
                let replayed = self.target.metadata(&entry?);
                self.report.metadata.add(replayed);
                Ok(())
            }),
            // Markers belong to the out-of-order log; of other types nobody knows anything.
            _ => Ok(()),
        }
    }

    fn series<'a>(&mut self, entries: Entries<'a, SeriesEntry<'a>>) -> Result<(), RecordError> {
        for entry in entries {
            let entry = entry?;
            let Ok(labels) = entry.labels.view(&mut self.scratch) else {
                self.report.unusable_series += 1;
                continue;
            };
            self.target.series(entry.series, labels);
            if let Some(waiting) = &mut self.waiting {
                waiting.name(entry.series, labels);
            }
        }
        Ok(())
    }

    fn floats(&mut self, entries: Entries<'_, SampleEntry>) -> Result<(), RecordError> {
        self.columns.clear();
        let mut result = Ok(());
        let mut times = None;
        if let Some(waiting) = &mut self.waiting {
            for entry in entries {
                let SampleEntry { stamp, value, .. } = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                };
                if waiting.is_due(stamp) {
                    // What comes before in the log goes before.
                    let replayed = self.target.floats(&self.columns);
                    self.report.samples.add(replayed);
                    times = union(times, extent(self.columns.times()));
                    self.columns.clear();
                    waiting.hand_over(stamp, self.target);
                }
                self.columns.push(stamp, value);
            }
        } else {
            result = entries.decode_into(&mut self.columns).map(|_| ());
        }
        self.times = union(self.times, union(times, extent(self.columns.times())));
        let replayed = self.target.floats(&self.columns);
        self.report.samples.add(replayed);
        result
    }

    fn kept(&mut self, entry: HistogramEntry) -> Option<Stamp> {
        let HistogramEntry::Kept(stamp) = entry else {
            self.report.unusable_histograms += 1;
            return None;
        };
        self.times = union(self.times, Some(Interval::new(stamp.time, stamp.time)));
        if let Some(waiting) = &mut self.waiting {
            waiting.hand_over(stamp, self.target);
        }
        Some(stamp)
    }

    fn note_times(&mut self, segment: SegmentId) {
        if let Some(times) = self.times.take() {
            let known = self.report.times.entry(segment).or_insert(times);
            *known = Interval::new(known.min.min(times.min), known.max.max(times.max));
        }
    }

    fn finish(self) -> ReplayReport {
        if let Some(waiting) = self.waiting {
            waiting.finish(self.target);
        }
        self.report
    }
}

/// From the earliest of these times to the latest.
fn extent(times: &[i64]) -> Option<Interval> {
    Some(Interval::new(*times.iter().min()?, *times.iter().max()?))
}

fn union(one: Option<Interval>, other: Option<Interval>) -> Option<Interval> {
    one.into_iter().chain(other).reduce(|a, b| Interval::new(a.min.min(b.min), a.max.max(b.max)))
}
