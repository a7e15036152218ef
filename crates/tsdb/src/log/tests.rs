use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use promd_clock::SimClock;
use promd_fs::{Fs, SimFs};
use promd_model::{Exemplar, FloatHistogram, Histogram, Labels, Metadata, Millis};
use promd_storage::Durability;
use promd_wal::record::{Record, RecordType, Stamp, Version};
use promd_wal::{Event, Log, LogKind, LogReader, Maintenance, Options, ReadOptions, SeriesCopy};

use super::HeadLog;
use crate::head::{Commit, CommitBatch, CommitLog};

const WAL: &str = "/wal";
const COPY: &str = "/promd/series";

fn open(fs: &Arc<dyn Fs>) -> HeadLog {
    let clock = Arc::new(SimClock::default());
    let options = Options::default().maintenance(Maintenance::Manual);
    let log = Log::open(Arc::clone(fs), clock.clone(), Path::new(WAL), options.clone()).unwrap();
    let copy = SeriesCopy::open(Arc::clone(fs), clock, Path::new(COPY), options).unwrap();
    HeadLog::new(log, Some(copy), Version::V1)
}

fn record_types(fs: &Arc<dyn Fs>, dir: &str) -> Vec<RecordType> {
    let mut log = LogReader::open(Arc::clone(fs), Path::new(dir), LogKind::Wal, ReadOptions::default()).unwrap();
    let mut types = Vec::new();
    while let Some(event) = log.next().unwrap() {
        let Event::Record(record) = event else { panic!("{event:?}") };
        assert!(Record::parse(record.bytes).is_ok());
        types.push(RecordType::of(record.bytes).unwrap());
    }
    types
}

fn batch() -> CommitBatch {
    let mut batch = CommitBatch::default();
    batch.floats.push(Stamp::new(1, 1_000), 1.5);
    let custom = Histogram { schema: -53, custom_values: vec![1.0], ..Histogram::default() };
    for (series, histogram) in [(2, Histogram::default()), (3, custom)] {
        batch.histograms.series.push(series);
        batch.histograms.columns.push_histogram(1_000, &histogram).unwrap();
    }
    batch.float_histograms.series.push(4);
    batch.float_histograms.columns.push_float_histogram(1_000, &FloatHistogram::default()).unwrap();
    batch
}

/// The order of `log` and of the encoders in `tsdb/head_append.go`.
#[test]
fn records_stand_in_prometheus_order_and_series_in_the_copy_as_well() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let log = open(&fs);
    let labels = Labels::from_pairs([("__name__", "up")]).unwrap();
    let exemplar = Exemplar { labels: labels.clone(), value: 1.0, timestamp: Millis(999), has_timestamp: true };
    let commit = Commit {
        series: &[(1, labels.clone()), (2, labels)],
        metadata: &[(1, Metadata::default())],
        batches: &[batch(), CommitBatch::default(), batch()],
        exemplars: &[(1, exemplar)],
    };
    let first = log.log(&commit).unwrap();
    let samples =
        [RecordType::Samples, RecordType::Histograms, RecordType::CustomHistograms, RecordType::FloatHistograms];
    let expected =
        [&[RecordType::Series, RecordType::Metadata][..], &samples, &samples, &[RecordType::Exemplars]].concat();
    assert_eq!(record_types(&fs, WAL), expected);
    assert_eq!(record_types(&fs, COPY), [RecordType::Series]);
    assert_eq!(log.copies_failed(), 0);
    assert_eq!(log.copy().unwrap().log().dir(), Path::new(COPY));

    let second = log.log(&Commit { series: &[], metadata: &[], batches: &[batch()], exemplars: &[] }).unwrap();
    assert!(second > first);
    assert_eq!(record_types(&fs, COPY), [RecordType::Series]);
}

#[test]
fn what_is_waited_for_is_safe_and_nothing_else_is_claimed() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(2));
    let log = open(&fs);
    let durability = log.durability();
    let commit = || log.log(&Commit { series: &[], metadata: &[], batches: &[batch()], exemplars: &[] }).unwrap();
    let first = commit();
    assert!(durability.synced() < first);
    let mut context = Context::from_waker(Waker::noop());
    assert!(durability.poll(first, &mut context).is_pending());
    assert!(log.wal().tick().unwrap());
    assert!(matches!(durability.poll(first, &mut context), Poll::Ready(Ok(()))));
    assert_eq!(durability.synced(), first);

    let second = commit();
    durability.wait(second).unwrap();
    assert_eq!(durability.synced(), second);
}
