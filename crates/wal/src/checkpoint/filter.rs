//! What of a record stays in a checkpoint.

use std::collections::BTreeMap;

use crate::record::{
    ExemplarsEncoder, HistogramEntry, HistogramRecord, Histograms, HistogramsEncoder, MetadataEncoder, Record,
    RecordType, SamplesEncoder, SeriesEncoder, TombstonesEncoder, Version,
};

use super::{CheckpointStats, Counts};

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Kept,
    /// Nothing of it stays.
    Dropped,
    /// What stays is in [`Filter::changed`].
    Changed,
}

/// Metadata that may still be replaced: the record that it would be alone, which is a type byte and one entry.
type Newest = Vec<u8>;

#[derive(Debug)]
pub(super) struct Filter<K> {
    keep: K,
    mint: i64,
    tombstones_from: i64,
    stats: CheckpointStats,
    /// What stays of a record. The second is that of histograms with custom buckets, if both kinds were in one record.
    first: Vec<u8>,
    second: Vec<u8>,
    metadata: BTreeMap<u64, Newest>,
}

impl<K: FnMut(u64) -> bool> Filter<K> {
    pub(super) fn new(keep: K, mint: i64, tombstones_from: i64) -> Self {
        let (first, second, metadata) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { keep, mint, tombstones_from, stats: CheckpointStats::default(), first, second, metadata }
    }

    pub(super) fn stats(self) -> CheckpointStats {
        self.stats
    }

    /// What stays of the record that was changed last.
    pub(super) fn changed(&self) -> impl Iterator<Item = &[u8]> {
        [self.first.as_slice(), self.second.as_slice()].into_iter().filter(|record| !record.is_empty())
    }

    pub(super) fn apply(&mut self, record: &[u8]) -> Fate {
        self.first.clear();
        self.second.clear();
        let (mint, keep) = (self.mint, &mut self.keep);
        match Record::parse(record) {
            Ok(Record::Series(entries)) => {
                let mut encoder = SeriesEncoder::new(&mut self.first);
                let mut counts = Counts::default();
                for entry in entries.flatten() {
                    if counts.see(keep(entry.series)) {
                        encoder.push(entry.series, entry.labels);
                    }
                }
                counts.fate(&mut self.stats.series)
            }
            Ok(Record::Samples(entries)) => {
                let version = version(entries.record_type());
                let mut encoder = SamplesEncoder::with_version(version, &mut self.first);
                let mut counts = Counts::default();
                for entry in entries.flatten() {
                    if counts.see(entry.stamp.time >= mint) {
                        encoder.push(entry.stamp, entry.value);
                    }
                }
                counts.fate(&mut self.stats.samples)
            }
            Ok(Record::Tombstones(entries)) => {
                let mut encoder = TombstonesEncoder::new(&mut self.first);
                let mut counts = Counts::default();
                for entry in entries.flatten() {
                    if counts.see(keep(entry.series) && entry.max >= self.tombstones_from) {
                        encoder.push(entry);
                    }
                }
                counts.fate(&mut self.stats.tombstones)
            }
            Ok(Record::Exemplars(entries)) => {
                let mut encoder = ExemplarsEncoder::new(&mut self.first);
                let mut counts = Counts::default();
                for entry in entries.flatten() {
                    if counts.see(entry.stamp.time >= mint) {
                        encoder.push(entry.stamp, entry.value, entry.labels);
                    }
                }
                counts.fate(&mut self.stats.exemplars)
            }
            Ok(Record::Metadata(entries)) => {
                for entry in entries.flatten() {
                    self.stats.metadata.total += 1;
                    let newest = if keep(entry.series) {
                        let newest = self.metadata.entry(entry.series).or_default();
                        self.stats.metadata.dropped += u64::from(!newest.is_empty());
                        newest
                    } else {
                        self.stats.metadata.dropped += 1;
                        continue;
                    };
                    newest.clear();
                    MetadataEncoder::new(newest).push(&entry);
                }
                Fate::Dropped
            }
            Ok(Record::Histograms(entries)) => self.histograms(entries),
            Ok(Record::FloatHistograms(entries)) => self.histograms(entries),
            _ => {
                self.stats.other += 1;
                Fate::Dropped
            }
        }
    }

    fn histograms<H: HistogramRecord>(&mut self, mut entries: Histograms<'_, H>) -> Fate {
        let mut encoder = HistogramsEncoder::new(version(entries.record_type()), &mut self.first, &mut self.second);
        let mut histogram = H::default();
        let mut counts = Counts::default();
        while let Ok(Some(entry)) = entries.next_into(&mut histogram) {
            match entry {
                HistogramEntry::Kept(stamp) if counts.see(stamp.time >= self.mint) => encoder.push(stamp, &histogram),
                HistogramEntry::Kept(_) => {}
                // Nobody can use it, and a record is copied as it is only if all of it stays.
                HistogramEntry::Dropped(..) => drop(counts.see(false)),
            }
        }
        counts.fate(&mut self.stats.samples)
    }

    /// A record of the newest metadata, by ascending series, if there is some.
    pub(super) fn metadata(&mut self) -> Option<Vec<u8>> {
        let mut record = vec![RecordType::Metadata.byte()];
        for newest in std::mem::take(&mut self.metadata).into_values() {
            record.extend_from_slice(newest.get(1..).unwrap_or_default());
        }
        (record.len() > 1).then_some(record)
    }
}

impl Counts {
    fn see(&mut self, stays: bool) -> bool {
        self.total += 1;
        self.dropped += u64::from(!stays);
        stays
    }

    /// What becomes of the record that these were counted in; adds them to those of all records.
    fn fate(self, sum: &mut Self) -> Fate {
        sum.total += self.total;
        sum.dropped += self.dropped;
        if self.dropped == self.total {
            Fate::Dropped
        } else if self.dropped == 0 {
            Fate::Kept
        } else {
            Fate::Changed
        }
    }
}

fn version(record_type: RecordType) -> Version {
    match record_type {
        RecordType::SamplesV2 | RecordType::HistogramsV2 | RecordType::FloatHistogramsV2 => Version::V2,
        _ => Version::V1,
    }
}
