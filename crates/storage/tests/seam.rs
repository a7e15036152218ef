//! The seam, by way of the store in memory: what is promised to whoever reads and writes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use promd_chunk::{Encoder, Encoding, SampleValue, Samples, XorAppender};
use promd_model::{
    Columns, CounterResetHint, Exemplar, Histogram, Interval, Intervals, Labels, MatchOp, Matcher, Metadata,
    MetricType, Millis, Span,
};
use promd_storage::{
    Batch, ChunkView, Decoder, Fanout, Grouping, Hints, LabelQuery, Listed, MemStorage, Merge, Order, Reader, Refused,
    Select, Series, SeriesRef, SeriesSet, Storage, StorageError, Verdict,
};
use proptest::prelude::*;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied()).unwrap()
}

fn floats(samples: &[(i64, f64)]) -> ChunkView {
    let mut open = XorAppender::new();
    samples.iter().for_each(|(t, v)| open.append(*t, *v).unwrap());
    let ends = (samples.first().unwrap().0, samples.last().unwrap().0);
    ChunkView::new(Encoding::Xor, ends.0, ends.1, Bytes::copy_from_slice(open.bytes()))
}

fn decode(series: &Series, times: Interval) -> Vec<(i64, f64)> {
    let mut columns = Columns::new();
    Decoder::new().decode(series, times, &mut columns).unwrap();
    let run = columns.as_floats().unwrap();
    run.t.iter().copied().zip(run.v.iter().copied()).collect()
}

fn everything(reader: &dyn Reader, matchers: &[Matcher]) -> Vec<(String, Vec<(i64, f64)>)> {
    let select = Select::new(matchers, Interval::ALL).ordered();
    let mut set = reader.select(&select).unwrap();
    let (mut series, mut all) = (Series::default(), Vec::new());
    while set.next(&mut series).unwrap() {
        all.push((series.labels.to_string(), decode(&series, Interval::ALL)));
    }
    assert!(!set.next(&mut series).unwrap(), "the end stays the end");
    all
}

fn list(listed: Result<Listed, StorageError>) -> Vec<String> {
    listed.unwrap().texts
}

#[test]
fn a_batch_is_seen_when_it_is_committed_and_not_through_an_older_reader() {
    let storage = MemStorage::new();
    let before = storage.reader(Interval::ALL).unwrap();
    let mut appender = storage.appender();
    let up = appender.series(labels(&[("__name__", "up")]).view()).unwrap();
    assert_eq!(appender.series(labels(&[("__name__", "up")]).view()).unwrap(), up);
    let mut batch = Batch::new();
    batch.float(up, 1, 1.0);
    let mut verdicts = Vec::new();
    appender.append(&batch, &mut verdicts);
    assert_eq!(verdicts, [Verdict::Accepted]);
    let meanwhile = storage.reader(Interval::ALL).unwrap();
    appender.commit().unwrap();

    assert_eq!(everything(&*before, &[]), []);
    assert_eq!(everything(&*meanwhile, &[]), []);
    let after = storage.reader(Interval::ALL).unwrap();
    assert_eq!(everything(&*after, &[]), [("{__name__=\"up\"}".to_owned(), vec![(1, 1.0)])]);
}

#[test]
fn who_drops_an_appender_takes_back_the_samples() {
    let storage = MemStorage::new();
    let mut appender = storage.appender();
    let up = appender.series(labels(&[("a", "b")]).view()).unwrap();
    let mut batch = Batch::new();
    batch.float(up, 1, 1.0);
    appender.append(&batch, &mut Vec::new());
    drop(appender);
    assert_eq!(everything(&*storage.reader(Interval::ALL).unwrap(), &[]), []);
    assert_eq!(storage.series_count(), 1);
}

#[test]
fn every_sample_gets_its_verdict() {
    let storage = MemStorage::new();
    storage.load(&labels(&[("a", "b")]), [(10, 1.0)]).unwrap();
    let mut appender = storage.appender();
    assert_eq!(appender.series(Labels::empty().view()), Err(Refused::NoLabels));
    let series = appender.series(labels(&[("a", "b")]).view()).unwrap();
    let mut batch = Batch::new();
    batch.float(series, 10, 1.0);
    batch.float(series, 10, 2.0);
    batch.float(series, 9, 1.0);
    batch.float(SeriesRef(77), 11, 1.0);
    batch.float(series, 11, f64::NAN);
    batch.float(series, 11, f64::NAN);
    batch.histogram(series, 11, &Histogram::default()).unwrap();
    batch.histogram(series, 12, &Histogram::default()).unwrap();
    batch.histogram(series, 12, &Histogram::default()).unwrap();
    let mut verdicts = Vec::new();
    appender.append(&batch, &mut verdicts);
    use Verdict::{Accepted, Duplicate, OutOfOrder, UnknownSeries};
    assert_eq!(
        verdicts,
        [Accepted, Duplicate, OutOfOrder, UnknownSeries, Accepted, Accepted, Duplicate, Accepted, Accepted]
    );
    appender.commit().unwrap();
    let reader = storage.reader(Interval::ALL).unwrap();
    let mut set = reader.select(&Select::new(&[], Interval::ALL)).unwrap();
    let mut series = Series::default();
    assert!(set.next(&mut series).unwrap());
    let mut columns = Columns::new();
    Decoder::new().decode(&series, Interval::ALL, &mut columns).unwrap();
    assert_eq!(columns.times(), [10, 11, 12]);
}

#[test]
fn an_appender_sees_its_own_samples() {
    let storage = MemStorage::new();
    let mut appender = storage.appender();
    let series = appender.series(labels(&[("a", "b")]).view()).unwrap();
    let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
    batch.float(series, 10, 1.0);
    appender.append(&batch, &mut verdicts);
    batch.clear();
    batch.float(series, 9, 1.0);
    appender.append(&batch, &mut verdicts);
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::OutOfOrder]);
}

#[test]
fn only_what_is_asked_for_comes_out() {
    let storage = MemStorage::new();
    for (job, t) in [("a", 1), ("b", 100), ("c", 100)] {
        storage.load(&labels(&[("job", job)]), [(t, 1.0)]).unwrap();
    }
    let reader = storage.reader(Interval::ALL).unwrap();
    let count = |matchers: &[Matcher], times, limit| {
        let mut select = Select::new(matchers, times);
        select.limit = limit;
        let (mut set, mut series, mut count) = (reader.select(&select).unwrap(), Series::default(), 0);
        while set.next(&mut series).unwrap() {
            count += 1;
        }
        count
    };
    assert_eq!(count(&[], Interval::ALL, None), 3);
    assert_eq!(count(&[], Interval::ALL, Some(2)), 2);
    assert_eq!(count(&[], Interval::new(0, 50), None), 1);
    assert_eq!(count(&[Matcher::new(MatchOp::Regex, "job", "a|b").unwrap()], Interval::ALL, None), 2);
    assert_eq!(count(&[Matcher::equal("job", "")], Interval::ALL, None), 0);

    let mut query = LabelQuery::new(&[], Interval::new(50, 200));
    assert_eq!(list(reader.label_values("job", &query)), ["b", "c"]);
    query.limit = Some(1);
    assert_eq!(list(reader.label_values("job", &query)), ["b"]);
    assert_eq!(list(reader.label_names(&query)), ["job"]);
    assert_eq!(list(reader.label_values("nothing", &query)), Vec::<String>::new());
}

#[test]
fn exemplars_and_metadata_are_kept() {
    let storage = MemStorage::new();
    let name = labels(&[("__name__", "seconds_bucket")]);
    let mut appender = storage.appender();
    let series = appender.series(name.view()).unwrap();
    let exemplar =
        |t, id| Exemplar { labels: labels(&[("id", id)]), value: 1.0, timestamp: Millis(t), has_timestamp: true };
    let metadata = Metadata { metric_type: MetricType::Histogram, ..Metadata::default() };
    let mut batch = Batch::new();
    assert!(batch.is_empty());
    for exemplar in [exemplar(5, "x"), exemplar(5, "x"), exemplar(3, "late"), exemplar(9, "y")] {
        batch.exemplar(series, exemplar);
    }
    batch.metadata(series, metadata.clone());
    assert!(!batch.is_empty());
    appender.append(&batch, &mut Vec::new());
    appender.commit().unwrap();

    assert_eq!(storage.metadata(&name), Some(metadata));
    let reader = storage.reader(Interval::ALL).unwrap();
    let all = reader.exemplars(&[vec![Matcher::equal("__name__", "seconds_bucket")]], Interval::ALL).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].exemplars, [exemplar(5, "x"), exemplar(9, "y")]);
    assert!(reader.exemplars(&[vec![]], Interval::new(10, 20)).unwrap().is_empty());
}

#[test]
fn of_two_samples_at_one_time_the_first_source_counts() {
    let series = {
        let mut series = Series {
            labels: Labels::empty(),
            chunks: vec![
                floats(&[(20, 2.0), (30, 2.0)]),
                floats(&[(10, 1.0), (20, 1.0), (25, 1.0), (30, 1.0), (40, 1.0)]),
            ],
        };
        series.settle();
        series
    };
    // The chunk that begins first is the one further to the front.
    assert_eq!(decode(&series, Interval::ALL), [(10, 1.0), (20, 1.0), (25, 1.0), (30, 1.0), (40, 1.0)]);
    assert_eq!(decode(&series, Interval::new(21, 30)), [(25, 1.0), (30, 1.0)]);
}

#[test]
fn what_was_deleted_stays_away() {
    let deleted: Intervals = [Interval::new(2, 3), Interval::new(5, 9)].into_iter().collect();
    let view =
        ChunkView { deleted: Some(Arc::new(deleted)), ..floats(&[(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 5.0)]) };
    let mut series = Series { labels: Labels::empty(), chunks: vec![view, floats(&[(3, 30.0), (6, 60.0)])] };
    series.settle();
    // The deletion belongs to the first source alone.
    assert_eq!(decode(&series, Interval::ALL), [(1, 1.0), (3, 30.0), (4, 4.0), (6, 60.0)]);
}

#[test]
fn a_damaged_chunk_is_left_out_and_named() {
    let damaged = ChunkView { bytes: Bytes::from_static(&[0, 50, 1]), ..floats(&[(10, 1.0), (19, 1.0)]) };
    let series = Series { labels: Labels::empty(), chunks: vec![floats(&[(1, 1.0)]), damaged, floats(&[(20, 2.0)])] };
    let mut columns = Columns::new();
    let error = Decoder::new().decode(&series, Interval::ALL, &mut columns).unwrap_err();
    assert_eq!(columns.times(), [1, 20]);
    assert_eq!(error.faults.len(), 1);
    assert_eq!(error.faults[0].interval, Interval::new(10, 19));
    assert!(error.to_string().starts_with("samples from 10 to 19 cannot be read: "), "{error}");
}

/// `storage/merge.go`: a histogram whose predecessor came from another source says nothing about a reset.
#[test]
fn a_merge_takes_back_what_was_said_of_resets() {
    let histogram = |count: u64| Histogram {
        schema: 1,
        count,
        sum: 1.0,
        positive_spans: vec![Span::new(0, 1)],
        positive_buckets: vec![i64::try_from(count).unwrap()],
        ..Histogram::default()
    };
    let view = |times: &[i64]| {
        let mut columns = Columns::new();
        times.iter().zip(1..).for_each(|(t, count)| columns.push_histogram(*t, &histogram(count)).unwrap());
        let mut views = Vec::new();
        Encoder::new()
            .encode(&columns, |chunk| {
                views.push(ChunkView::new(chunk.encoding, chunk.min, chunk.max, Bytes::copy_from_slice(chunk.bytes)));
            })
            .unwrap();
        views.remove(0)
    };
    let mut series = Series { labels: Labels::empty(), chunks: vec![view(&[1, 2, 5, 6]), view(&[3, 4, 7])] };
    series.settle();
    let mut columns = Columns::new();
    Decoder::new().decode(&series, Interval::ALL, &mut columns).unwrap();
    let hints: Vec<_> = Samples::from(columns)
        .map(|sample| match sample.value {
            SampleValue::Histogram(histogram) => (sample.t, histogram.counter_reset_hint),
            other => panic!("{other:?}"),
        })
        .collect();
    use CounterResetHint::{NotReset, Unknown};
    assert_eq!(
        hints,
        [(1, Unknown), (2, NotReset), (3, Unknown), (4, NotReset), (5, Unknown), (6, NotReset), (7, Unknown)]
    );
}

/// A store that fails at a chosen moment.
struct Failing {
    at_select: bool,
}

struct FailingSet;

impl SeriesSet for FailingSet {
    fn next(&mut self, _: &mut Series) -> Result<bool, StorageError> {
        Err(StorageError::store("the line is dead"))
    }
}

impl Reader for Failing {
    fn select(&self, _: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        if self.at_select { Err(StorageError::store("no route")) } else { Ok(Box::new(FailingSet)) }
    }

    fn label_names(&self, _: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        Err(StorageError::store("no route"))
    }

    fn label_values(&self, _: &str, _: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        Err(StorageError::Cancelled)
    }
}

#[test]
fn a_secondary_that_fails_makes_a_warning() {
    let storage = MemStorage::new();
    storage.load(&labels(&[("a", "b")]), [(1, 1.0)]).unwrap();
    for (at_select, text) in [(true, "no route"), (false, "the line is dead")] {
        let reader = storage.reader(Interval::ALL).unwrap();
        let merge = Merge::new().with(reader).with_secondary(Box::new(Failing { at_select }));
        let mut set = merge.select(&Select::new(&[], Interval::ALL)).unwrap();
        let mut series = Series::default();
        assert!(set.next(&mut series).unwrap());
        assert!(!set.next(&mut series).unwrap());
        assert_eq!(set.warnings().texts().collect::<Vec<_>>(), [text]);
        let names = merge.label_names(&LabelQuery::new(&[], Interval::ALL)).unwrap();
        assert_eq!((names.texts, names.warnings.texts().collect::<Vec<_>>()), (vec!["a".to_owned()], vec!["no route"]));
        // Who cancels gets no half answer.
        let values = merge.label_values("a", &LabelQuery::new(&[], Interval::ALL));
        assert!(matches!(values, Err(StorageError::Cancelled)));
    }
}

#[test]
fn a_primary_that_fails_fails_the_answer() {
    let merge = Merge::new().with(Box::new(Failing { at_select: false })).with(Box::new(Failing { at_select: false }));
    let mut set = merge.select(&Select::new(&[], Interval::ALL)).unwrap();
    assert!(set.next(&mut Series::default()).is_err());
    let merge = Merge::new().with(Box::new(Failing { at_select: true }));
    assert!(merge.select(&Select::new(&[], Interval::ALL)).is_err());
}

#[test]
fn a_merge_tells_series_apart_that_a_projection_does_not() {
    let (a, b) = (MemStorage::new(), MemStorage::new());
    a.load(&labels(&[("job", "x"), ("host", "1")]), [(1, 1.0)]).unwrap();
    b.load(&labels(&[("job", "x"), ("host", "2")]), [(1, 2.0)]).unwrap();
    b.load(&labels(&[("job", "x"), ("host", "3")]), [(1, 3.0)]).unwrap();
    let by = ["job".to_owned()];
    let hints = Hints { projection: Some(Grouping::By(&by)), ..Hints::default() };
    let count = |reader: &dyn Reader| {
        let mut set = reader.select(&Select::new(&[], Interval::ALL).with_hints(hints)).unwrap();
        let (mut series, mut all) = (Series::default(), Vec::new());
        while set.next(&mut series).unwrap() {
            all.push((series.labels.to_string(), decode(&series, Interval::ALL)[0].1));
        }
        all
    };
    let job = |value| (r#"{job="x"}"#.to_owned(), value);
    let alone = Merge::new().with(b.reader(Interval::ALL).unwrap());
    assert_eq!(count(&alone), [job(2.0), job(3.0)]);
    let both = alone.with(a.reader(Interval::ALL).unwrap());
    let values: Vec<f64> = count(&both).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [1.0, 2.0, 3.0]);
}

/// A storage that cannot be opened for reading.
struct Closed;

impl Storage for Closed {
    fn reader(&self, _: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        Err(StorageError::store("closed"))
    }

    fn appender(&self) -> Box<dyn promd_storage::Appender + '_> {
        unreachable!("nothing is appended to a secondary storage")
    }
}

#[test]
fn a_fanout_reads_all_and_writes_to_the_primary() {
    let remote = MemStorage::new();
    remote.load(&labels(&[("a", "b")]), [(1, 10.0), (2, 20.0)]).unwrap();
    remote.load(&labels(&[("a", "c")]), [(1, 10.0)]).unwrap();
    let fanout = Fanout::new(MemStorage::new()).with_secondary(remote).with_secondary(Closed);
    let mut appender = fanout.appender();
    let series = appender.series(labels(&[("a", "b")]).view()).unwrap();
    let mut batch = Batch::new();
    batch.float(series, 1, 1.0);
    batch.float(series, 3, 3.0);
    appender.append(&batch, &mut Vec::new());
    appender.commit().unwrap();
    assert!(fanout.durability().is_none());
    assert_eq!(fanout.primary().series_count(), 1);

    let reader = fanout.reader(Interval::ALL).unwrap();
    assert_eq!(
        everything(&*reader, &[]),
        [("{a=\"b\"}".to_owned(), vec![(1, 1.0), (2, 20.0), (3, 3.0)]), ("{a=\"c\"}".to_owned(), vec![(1, 10.0)])]
    );
    let names = reader.label_names(&LabelQuery::new(&[], Interval::ALL)).unwrap();
    assert_eq!((names.texts, names.warnings.texts().collect::<Vec<_>>()), (vec!["a".to_owned()], vec!["closed"]));
}

type Model = std::collections::BTreeMap<String, std::collections::BTreeMap<i64, f64>>;

fn store() -> impl Strategy<Value = Vec<(u8, Vec<(i64, f64)>)>> {
    let samples = prop::collection::btree_map(0..40_i64, -1e3..1e3, 1..20).prop_map(|all| all.into_iter().collect());
    prop::collection::vec((0..6_u8, samples), 0..6)
}

proptest! {
    /// A merge of stores holds what a map holds in which the stores overwrite each other, the last one first.
    #[test]
    fn a_merge_is_a_union(stores in prop::collection::vec(store(), 0..4), from in 0..40_i64, length in 0..40_i64) {
        let mut model = Model::new();
        let made: Vec<MemStorage> = stores.iter().map(|store| {
            let made = MemStorage::new();
            for (series, samples) in store {
                // A series that comes twice goes on where it is.
                let _ = made.load(&labels(&[("series", &series.to_string())]), samples.iter().copied());
            }
            made
        }).collect();
        for store in made.iter().rev() {
            for (series, samples) in everything(&*store.reader(Interval::ALL).unwrap(), &[]) {
                model.entry(series).or_default().extend(samples);
            }
        }
        let merge = made.iter().fold(Merge::new(), |merge, store| merge.with(store.reader(Interval::ALL).unwrap()));
        let times = Interval::new(from, from + length);
        let select = Select { order: Order::Any, ..Select::new(&[], Interval::ALL) };
        let mut set = merge.select(&select).unwrap();
        let mut series = Series::default();
        let mut got = Vec::new();
        while set.next(&mut series).unwrap() {
            let name = series.labels.to_string();
            let whole = &model[&name];
            prop_assert_eq!(decode(&series, Interval::ALL).len(), whole.len());
            for (t, v) in decode(&series, times) {
                // Where several have a sample, the chunk that begins first counts; it is one of theirs in any case.
                let candidates: Vec<f64> = made.iter().flat_map(|store| everything(&*store.reader(Interval::ALL).unwrap(), &[]))
                    .filter(|(other, _)| *other == name).flat_map(|(_, samples)| samples).filter(|(at, _)| *at == t).map(|(_, v)| v).collect();
                prop_assert!(candidates.contains(&v) && times.contains(t));
            }
            prop_assert_eq!(decode(&series, times).len(), whole.range(from..=from + length).count());
            got.push(name);
        }
        prop_assert_eq!(got, model.keys().cloned().collect::<Vec<_>>());
    }
}
