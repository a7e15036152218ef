//! Series that a log uses and does not define.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use promd_fs::{Fs, Result};

use crate::record::{HistogramEntry, HistogramRecord, Histograms, Record, SeriesEncoder};
use crate::{Event, LogReader, SeriesCopy};

/// The series that samples, histograms, exemplars or metadata belong to, and that no record before them defines.
///
/// Takes memory in proportion to the number of series: done only when something was lost.
pub(super) fn find(mut log: LogReader) -> Result<HashSet<u64>> {
    let (mut defined, mut orphans) = (HashSet::new(), HashSet::new());
    while let Some(event) = log.next()? {
        let Event::Record(record) = event else { continue };
        visit(record.bytes, |series, defines| {
            if defines {
                defined.insert(series);
            } else if !defined.contains(&series) {
                orphans.insert(series);
            }
        });
    }
    Ok(orphans)
}

/// Calls `see` for each series of a record, and whether the record defines it. A tombstone uses no series: without the
/// series there is nothing to delete.
fn visit(record: &[u8], mut see: impl FnMut(u64, bool)) {
    match Record::parse(record) {
        Ok(Record::Series(entries)) => entries.flatten().for_each(|entry| see(entry.series, true)),
        Ok(Record::Samples(entries)) => entries.flatten().for_each(|entry| see(entry.stamp.series, false)),
        Ok(Record::Exemplars(entries)) => entries.flatten().for_each(|entry| see(entry.stamp.series, false)),
        Ok(Record::Metadata(entries)) => entries.flatten().for_each(|entry| see(entry.series, false)),
        Ok(Record::Histograms(entries)) => visit_histograms(entries, see),
        Ok(Record::FloatHistograms(entries)) => visit_histograms(entries, see),
        _ => {}
    }
}

fn visit_histograms<H: HistogramRecord>(mut entries: Histograms<'_, H>, mut see: impl FnMut(u64, bool)) {
    let mut histogram = H::default();
    while let Ok(Some(HistogramEntry::Kept(stamp) | HistogramEntry::Dropped(stamp, _))) =
        entries.next_into(&mut histogram)
    {
        see(stamp.series, false);
    }
}

/// Appends to `out` a record of those series that the second copy knows, and returns how many they are.
pub(super) fn restore(fs: &Arc<dyn Fs>, copy: &Path, orphans: &HashSet<u64>, out: &mut Vec<u8>) -> Result<u64> {
    let mut found = HashSet::new();
    let mut encoder = SeriesEncoder::new(out);
    SeriesCopy::lookup(fs, copy, |entry| {
        if orphans.contains(&entry.series) && found.insert(entry.series) {
            encoder.push(entry.series, entry.labels);
        }
    })?;
    if found.is_empty() {
        out.clear();
    }
    Ok(found.len() as u64)
}
