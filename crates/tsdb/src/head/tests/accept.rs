//! Which samples are taken: the rules of `memSeries.appendable` in `tsdb/head_append.go`.

use promd_model::{Histogram, STALE_NAN, Span};
use promd_storage::Refused;

use super::*;

const HOUR: i64 = 3_600_000;

/// Appends the samples one commit each.
#[track_caller]
fn check(floats: &[(i64, f64, Verdict)]) {
    let (head, _) = head();
    let up = series(&head, &[("__name__", "up")]);
    for (t, v, expected) in floats {
        assert_eq!(append(&head, up, &[(*t, *v)]), [*expected], "{v} at {t}");
    }
    // The same in one commit, where samples meet those that wait beside them.
    let (head, _) = self::head();
    let up = series(&head, &[("__name__", "up")]);
    let all: Vec<_> = floats.iter().map(|(t, v, _)| (*t, *v)).collect();
    let verdicts = append(&head, up, &all);
    for ((t, v, expected), verdict) in floats.iter().zip(verdicts) {
        if *expected != Verdict::OutOfBounds {
            assert_eq!(verdict, *expected, "{v} at {t} in one batch");
        }
    }
}

#[test]
fn verdicts_are_those_of_prometheus() {
    use Verdict::{Accepted, Duplicate, OutOfBounds, OutOfOrder};
    check(&[(1000, 1.0, Accepted), (1000, 1.0, Accepted), (1000, 2.0, Duplicate), (999, 1.0, OutOfOrder)]);
    check(&[(1000, f64::NAN, Accepted), (1000, f64::NAN, Accepted), (1000, STALE_NAN, Duplicate)]);
    check(&[(1000, 0.0, Accepted), (1000, -0.0, Duplicate)]);
    // The window is half of a range below the newest sample: an hour.
    check(&[(10 * HOUR, 1.0, Accepted), (9 * HOUR, 1.0, OutOfOrder), (9 * HOUR - 1, 1.0, OutOfBounds)]);
    check(&[(-5 * HOUR, 1.0, Accepted), (-4 * HOUR, 1.0, Accepted), (5 * HOUR, 2.0, Accepted)]);
}

#[test]
fn the_first_sample_ever_sets_the_window() {
    let (head, _) = head();
    let (a, b) = (series(&head, &[("a", "1")]), series(&head, &[("b", "1")]));
    let mut batch = Batch::new();
    batch.float(a, 10 * HOUR, 1.0);
    batch.float(b, 9 * HOUR, 1.0);
    batch.float(b, 9 * HOUR - 1, 1.0);
    let mut verdicts = Vec::new();
    head.appender().append(&batch, &mut verdicts);
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Accepted, Verdict::OutOfBounds]);
}

#[test]
fn series_that_are_not_known_are_told() {
    let (head, _) = head();
    assert_eq!(append(&head, SeriesRef(77), &[(1, 1.0)]), [Verdict::UnknownSeries]);
    assert_eq!(head.appender().series(Labels::empty().view()), Err(Refused::NoLabels));
}

#[test]
fn a_limit_refuses_new_series_and_keeps_the_old() {
    let (head, _) = head_with(HeadOptions { max_series: Some(2), ..HeadOptions::default() });
    let first = series(&head, &[("n", "1")]);
    series(&head, &[("n", "2")]);
    let refused = head.appender().series(labels(&[("n", "3")]).view());
    assert_eq!(refused, Err(Refused::OverLimit { series: 2, flag: "--promd.head.max-series" }));
    assert_eq!(series(&head, &[("n", "1")]), first);
    assert_eq!(append(&head, first, &[(1, 1.0)]), [Verdict::Accepted]);
}

#[test]
fn a_stale_marker_is_of_the_kind_of_its_series() {
    let (head, world) = head();
    let series = series(&head, &[("__name__", "h")]);
    let histogram = Histogram {
        count: 3,
        sum: 4.5,
        positive_spans: vec![Span::new(0, 2)],
        positive_buckets: vec![1, 1],
        ..Histogram::default()
    };
    let mut batch = Batch::new();
    batch.histogram(series, 1_000, &histogram).unwrap();
    batch.float(series, 2_000, STALE_NAN);
    let mut verdicts = Vec::new();
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut verdicts);
    appender.commit().unwrap();
    assert_eq!(append(&head, series, &[(3_000, STALE_NAN)]), [Verdict::Accepted]);
    let all = content(&head.reader(Interval::ALL), &[], Interval::ALL).into_values().next().unwrap();
    assert!(all.iter().all(|(_, value)| matches!(value, SampleValue::Histogram(_))), "{all:?}");
    assert_eq!(all.len(), 3);
    let logged = world.commits.lock().clone();
    assert!(logged.iter().flat_map(|commit| &commit.batches).all(|batch| batch.floats.is_empty()));
    // A float that is no marker changes the kind, and begins another chunk.
    assert_eq!(append(&head, series, &[(4_000, 1.0)]), [Verdict::Accepted]);
    assert_eq!(world.chunks.lock().len(), 1);
}

#[test]
fn a_float_behind_a_histogram_begins_another_batch_of_the_log() {
    let (head, world) = head();
    let series = series(&head, &[("__name__", "h")]);
    let mut batch = Batch::new();
    batch.float(series, 1, 1.0);
    batch.histogram(series, 2, &Histogram::default()).unwrap();
    batch.float(series, 3, 1.0);
    let (mut appender, mut verdicts) = (Box::new(head.appender()), Vec::new());
    appender.append(&batch, &mut verdicts);
    appender.commit().unwrap();
    let commits = world.commits.lock();
    let kinds: Vec<_> =
        commits[0].batches.iter().map(|batch| (batch.floats.len(), batch.histograms.series.len())).collect();
    assert_eq!(kinds, [(1, 1), (1, 0)]);
    drop(commits);
    let content = content(&head.reader(Interval::ALL), &[], Interval::ALL);
    assert_eq!(content.into_values().next().unwrap().len(), 3);
}

#[test]
fn without_room_for_the_log_nothing_is_stored_and_series_are_logged_later() {
    let (head, world) = head();
    let up = series(&head, &[("__name__", "up")]);
    let mut batch = Batch::new();
    batch.float(up, 1_000, 1.0);
    world.full.store(true, Ordering::Relaxed);
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut Vec::new());
    assert!(appender.commit().is_err());
    assert!(content(&head.reader(Interval::ALL), &[], Interval::ALL).is_empty());
    world.full.store(false, Ordering::Relaxed);
    assert_eq!(append(&head, up, &[(1_000, 2.0)]), [Verdict::Accepted]);
    let commits = world.commits.lock();
    assert_eq!(commits.iter().flat_map(|commit| &commit.series).count(), 1);
}

#[test]
fn full_chunks_stay_in_memory_while_they_cannot_be_written() {
    let all: Vec<(i64, f64)> = (0..100).map(|n| (n * 1000, f64::from(i32::try_from(n).unwrap()))).collect();
    // The log takes commits; the chunk store takes nothing.
    let (world, refusing) = (Arc::new(World::default()), Arc::new(World::default()));
    refusing.full.store(true, Ordering::Relaxed);
    let log: Arc<dyn CommitLog> = Arc::clone(&world) as _;
    let head = Head::new(HeadOptions { samples_per_chunk: 8, ..HeadOptions::default() }, refusing, log);
    let up = series(&head, &[("__name__", "up")]);
    assert!(append(&head, up, &all).iter().all(|verdict| verdict.is_accepted()));
    assert_eq!(floats(&head.reader(Interval::ALL), Matcher::equal("__name__", "up")), all);
}
