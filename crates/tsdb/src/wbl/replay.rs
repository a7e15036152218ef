//! Late samples, brought back into a head after everything else (`loadWBL` of `tsdb/head_wal.go`).

use std::path::Path;
use std::sync::Arc;

use promd_fs::Fs;
use promd_model::{FloatHistogram, Histogram};
use promd_wal::record::{HistogramEntry, MmapMarker, Record, RecordError};
use promd_wal::{Cause, Damage, Event, LogKind, LogReader, ReadOptions, SegmentId};

use crate::TsdbError;
use crate::head::{Head, Replayed};

/// What a replay came to. The numbers of unknown references are what `prometheus_tsdb_wbl_replay_unknown_refs_total` shows by type.
#[derive(Debug, Default)]
pub(crate) struct LateReport {
    /// Floats.
    pub(crate) samples: Replayed,
    /// Histograms of both kinds.
    pub(crate) histograms: Replayed,
    /// Markers.
    pub(crate) markers: Replayed,
    /// Histograms that cannot be used, such as those of a schema that does not exist yet.
    pub(crate) unusable_histograms: u64,
    /// What is wrong with the log.
    pub(crate) damage: Vec<Damage>,
}

/// Brings late samples back into a head that has all its series, and the chunks of late samples. The log has been repaired before; it may be missing.
pub(crate) fn replay(
    fs: &Arc<dyn Fs>,
    wbl: &Path,
    head: &Head,
    progress: &mut impl FnMut(SegmentId),
) -> Result<LateReport, TsdbError> {
    let mut replay = LateReplay {
        head,
        report: LateReport::default(),
        markers: Vec::new(),
        histogram: Histogram::default(),
        float_histogram: FloatHistogram::default(),
    };
    if fs.exists(wbl)? {
        let mut log = LogReader::open(Arc::clone(fs), wbl, LogKind::Wbl, ReadOptions::default())?;
        let mut segment = None;
        while let Some(event) = log.next()? {
            match event {
                Event::Damage(damage) => replay.report.damage.push(damage),
                Event::Record(record) => {
                    if segment != Some(record.segment) {
                        segment = Some(record.segment);
                        progress(record.segment);
                    }
                    if replay.record(record.bytes).is_err() {
                        let (range, cause) = (record.start..record.end, Cause::Undecodable);
                        replay.report.damage.push(Damage { segment: record.segment, range, cause });
                    }
                }
            }
        }
    }
    Ok(replay.report)
}

struct LateReplay<'h> {
    head: &'h Head,
    report: LateReport,
    markers: Vec<MmapMarker>,
    histogram: Histogram,
    float_histogram: FloatHistogram,
}

impl LateReplay<'_> {
    /// What stands before a bad entry counts: it was read as it was written.
    fn record(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        let Self { head, report, markers, histogram, float_histogram } = self;
        match Record::parse(bytes)? {
            Record::Samples(entries) => {
                for entry in entries {
                    let entry = entry?;
                    report.samples.add(head.replay_late_float(entry.stamp, entry.value));
                }
            }
            Record::Histograms(mut entries) => {
                while let Some(entry) = entries.next_into(histogram)? {
                    match entry {
                        HistogramEntry::Kept(stamp) => {
                            report.histograms.add(head.replay_late_histogram(stamp, histogram));
                        }
                        _ => report.unusable_histograms += 1,
                    }
                }
            }
            Record::FloatHistograms(mut entries) => {
                while let Some(entry) = entries.next_into(float_histogram)? {
                    match entry {
                        HistogramEntry::Kept(stamp) => {
                            report.histograms.add(head.replay_late_float_histogram(stamp, float_histogram));
                        }
                        _ => report.unusable_histograms += 1,
                    }
                }
            }
            Record::MmapMarkers(entries) => {
                // All of a series together, or none of them.
                markers.clear();
                for entry in entries {
                    markers.push(entry?);
                }
                report.markers.add(head.replay_late_markers(markers));
            }
            // Nothing else belongs here.
            _ => {}
        }
        Ok(())
    }
}
