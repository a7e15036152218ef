//! The head of a data directory, read from its logs alone.
//!
//! The log holds every sample that is not in a block: what the head keeps in `chunks_head` stays in the log, too, until a block
//! has it. So a tool that reads and does not serve needs no head; it holds the samples of the logs in memory, in order of time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use promd_fs::Fs;
use promd_model::{FloatHistogram, Histogram, Interval, Intervals, Labels, LabelsBuilder};
use promd_storage::{Batch, MemStorage, SeriesRef, Storage, Verdict};
use promd_wal::record::{HistogramEntry, HistogramRecord, Histograms, Record, RecordError, SampleColumns};
use promd_wal::{Event, LogKind, LogReader, ReadOptions};

/// What the logs of a data directory hold.
pub(super) struct Head {
    pub(super) storage: MemStorage,
    /// What is lost, or was in danger: each a sentence.
    pub(super) damage: Vec<String>,
}

/// Reads `wal` and `wbl`. Samples of the first that are older than `min_valid` are in blocks.
pub(super) fn read(fs: &Arc<dyn Fs>, data: &Path, min_valid: i64) -> anyhow::Result<Head> {
    let mut gathering = Gathering { min_valid, ..Gathering::default() };
    for (name, kind) in [("wal", LogKind::Wal), ("wbl", LogKind::Wbl)] {
        gathering.out_of_order = kind == LogKind::Wbl;
        let dir = data.join(name);
        let mut log = LogReader::open(Arc::clone(fs), &dir, kind, ReadOptions::default())
            .with_context(|| format!("open log {}", dir.display()))?;
        while let Some(event) = log.next()? {
            match event {
                Event::Record(record) => {
                    if let Err(error) = gathering.record(record.bytes) {
                        let place = record.position();
                        gathering.damage.push(format!("{name}: record at {place}: {error}"));
                    }
                }
                Event::Damage(damage) if damage.cause.is_loss() => gathering.damage.push(format!("{name}: {damage}")),
                Event::Damage(_) => {}
            }
        }
    }
    gathering.finish()
}

#[derive(Default)]
struct Gathering {
    /// Which series a reference means. Several may mean one.
    by_reference: HashMap<u64, usize>,
    by_labels: HashMap<Labels, usize>,
    series: Vec<Gathered>,
    min_valid: i64,
    /// Whether samples are taken whatever their time.
    out_of_order: bool,
    columns: SampleColumns,
    unknown: u64,
    damage: Vec<String>,
}

#[derive(Default)]
struct Gathered {
    samples: Vec<(i64, Value)>,
    newest: Option<i64>,
    deleted: Intervals,
}

enum Value {
    Float(f64),
    Histogram(Box<Histogram>),
    FloatHistogram(Box<FloatHistogram>),
}

impl Gathering {
    fn record(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        match Record::parse(bytes)? {
            Record::Series(entries) => {
                let mut scratch = LabelsBuilder::new();
                for entry in entries {
                    let entry = entry?;
                    match entry.labels.view(&mut scratch) {
                        Ok(labels) => self.know(entry.series, labels.to_labels()),
                        Err(error) => self.damage.push(format!("series {}: {error}", entry.series)),
                    }
                }
            }
            Record::Samples(entries) => {
                let mut columns = std::mem::take(&mut self.columns);
                columns.clear();
                let outcome = entries.decode_into(&mut columns);
                for (stamp, value) in columns.iter() {
                    self.add(stamp.series, stamp.time, Value::Float(value));
                }
                self.columns = columns;
                outcome?;
            }
            Record::Histograms(entries) => self.histograms(entries, |h| Value::Histogram(Box::new(h)))?,
            Record::FloatHistograms(entries) => self.histograms(entries, |h| Value::FloatHistogram(Box::new(h)))?,
            Record::Tombstones(entries) => {
                for tombstone in entries {
                    let tombstone = tombstone?;
                    if let Some(number) = self.by_reference.get(&tombstone.series) {
                        let series = &mut self.series[*number];
                        if tombstone.is_eviction() {
                            *series = Gathered::default();
                        } else {
                            series.deleted.add(Interval::new(tombstone.min, tombstone.max));
                        }
                    }
                }
            }
            // Nothing of these is printed, and what is unknown is passed over as Prometheus does.
            _ => {}
        }
        Ok(())
    }

    fn histograms<H: HistogramRecord + Default + Clone>(
        &mut self,
        mut entries: Histograms<'_, H>,
        wrap: impl Fn(H) -> Value,
    ) -> Result<(), RecordError> {
        let mut histogram = H::default();
        while let Some(entry) = entries.next_into(&mut histogram)? {
            match entry {
                HistogramEntry::Kept(stamp) => self.add(stamp.series, stamp.time, wrap(histogram.clone())),
                HistogramEntry::Dropped(stamp, reason) => {
                    self.damage.push(format!("series {}: a histogram is left out: {reason}", stamp.series));
                }
            }
        }
        Ok(())
    }

    fn know(&mut self, reference: u64, labels: Labels) {
        let next = self.series.len();
        let number = *self.by_labels.entry(labels).or_insert(next);
        if number == next {
            self.series.push(Gathered::default());
        }
        self.by_reference.insert(reference, number);
    }

    fn add(&mut self, reference: u64, t: i64, value: Value) {
        let Some(number) = self.by_reference.get(&reference) else {
            self.unknown += 1;
            return;
        };
        let series = &mut self.series[*number];
        if !self.out_of_order {
            // The log has samples out of order too; the other log has them once more.
            if t < self.min_valid || series.newest.is_some_and(|newest| t <= newest) {
                return;
            }
            series.newest = Some(t);
        }
        series.samples.push((t, value));
    }

    fn finish(mut self) -> anyhow::Result<Head> {
        if self.unknown > 0 {
            self.damage.push(format!("{} samples belong to series whose labels are lost", self.unknown));
        }
        let storage = MemStorage::new();
        let mut appender = storage.appender();
        let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
        for (labels, number) in self.by_labels {
            let mut gathered = std::mem::take(&mut self.series[number]);
            // Stable: of two samples at one time the one that was logged first stays.
            gathered.samples.sort_by_key(|(t, _)| *t);
            gathered.samples.dedup_by_key(|(t, _)| *t);
            let series = appender.series(labels.view())?;
            batch.clear();
            for (t, value) in gathered.samples.iter().filter(|(t, _)| !gathered.deleted.contains(*t)) {
                if let Err(error) = put(&mut batch, series, *t, value) {
                    self.damage.push(format!("{labels}: the histogram at {t} is left out: {error}"));
                }
            }
            appender.append(&batch, &mut verdicts);
        }
        debug_assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "samples are in order");
        appender.commit()?;
        Ok(Head { storage, damage: self.damage })
    }
}

fn put(batch: &mut Batch, series: SeriesRef, t: i64, value: &Value) -> Result<(), promd_model::HistogramError> {
    match value {
        Value::Float(v) => batch.float(series, t, *v),
        Value::Histogram(histogram) => batch.histogram(series, t, histogram)?,
        Value::FloatHistogram(histogram) => batch.float_histogram(series, t, histogram)?,
    }
    Ok(())
}
