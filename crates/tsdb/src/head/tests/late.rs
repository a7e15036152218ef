//! Samples that come out of order: `memSeries.appendable`, `memSeries.insert` and `collectOOORecords` of `tsdb/head_append.go`.

use promd_model::{FloatHistogram, Histogram, STALE_NAN};
use promd_storage::{Hints, LabelQuery};
use promd_wal::record::MmapMarker;

use super::*;
use crate::head::LateBlocks;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn late_head() -> (Head, Arc<World>) {
    head_with(HeadOptions { late_window: 3 * HOUR, late_capacity: 4, ..HeadOptions::default() })
}

/// Appends floats one commit each.
#[track_caller]
fn check(head: &Head, series: SeriesRef, floats: &[(i64, f64, Verdict)]) {
    for (t, v, expected) in floats {
        assert_eq!(append(head, series, &[(*t, *v)]), [*expected], "{v} at {t}");
    }
}

fn times(head: &Head) -> Vec<i64> {
    let all = content(&head.reader(Interval::ALL), &[], Interval::ALL);
    let mut times: Vec<i64> = all.into_values().flatten().map(|(t, _)| t).collect();
    times.sort_unstable();
    times
}

#[test]
fn verdicts_are_those_of_prometheus() {
    use Verdict::{Accepted, Duplicate, OutOfBounds, OutOfOrder, TooOld};
    let (head, _) = late_head();
    let up = series(&head, &[("__name__", "up")]);
    check(
        &head,
        up,
        &[
            (10 * HOUR, 1.0, Accepted),
            // Against the newest sample in order.
            (10 * HOUR, 1.0, Accepted),
            (10 * HOUR, 2.0, Duplicate),
            // The window is that of the head, both ends included.
            (7 * HOUR, 1.0, Accepted),
            (7 * HOUR - 1, 1.0, TooOld),
            (10 * HOUR - 1, 1.0, Accepted),
            // Among late samples the first of a time stays, and the others are no error.
            (7 * HOUR, 3.0, Accepted),
            (11 * HOUR, 1.0, Accepted),
            (8 * HOUR - 1, 1.0, TooOld),
        ],
    );
    let got = floats(&head.reader(Interval::ALL), Matcher::equal("__name__", "up"));
    assert_eq!(got, [(7 * HOUR, 1.0), (10 * HOUR - 1, 1.0), (10 * HOUR, 1.0), (11 * HOUR, 1.0)]);
    // A series without a sample is no exception: what is older than half of a range before the newest sample is late.
    let fresh = series(&head, &[("__name__", "fresh")]);
    check(&head, fresh, &[(9 * HOUR, 1.0, Accepted), (8 * HOUR - 1, 1.0, TooOld), (10 * HOUR, 2.0, Accepted)]);
    assert_eq!(head.late_counts(), (3, 0));
    assert_eq!(head.late_interval(), Some(Interval::new(7 * HOUR, 10 * HOUR - 1)));
    assert_eq!(head.max_time(), Some(11 * HOUR), "late samples do not move it");
    // Without a window the rules are the others, and what there is stays.
    head.set_late_window(0);
    check(&head, up, &[(10 * HOUR, 1.0, OutOfOrder), (8 * HOUR, 1.0, OutOfBounds)]);
    assert_eq!(times(&head).len(), 6);
    head.set_late_window(HOUR);
    check(&head, up, &[(10 * HOUR, 1.0, Accepted), (10 * HOUR - 1, 1.0, TooOld)]);
}

#[test]
fn within_one_commit_samples_are_late_by_those_before_them() {
    let (head, world) = late_head();
    let up = series(&head, &[("__name__", "up")]);
    let verdicts =
        append(&head, up, &[(10 * HOUR, 1.0), (9 * HOUR, 2.0), (10 * HOUR, 3.0), (11 * HOUR, 4.0), (9 * HOUR, 5.0)]);
    use Verdict::{Accepted, Duplicate};
    assert_eq!(verdicts, [Accepted, Accepted, Duplicate, Accepted, Accepted]);
    let got = floats(&head.reader(Interval::ALL), Matcher::equal("__name__", "up"));
    assert_eq!(got, [(9 * HOUR, 2.0), (10 * HOUR, 1.0), (11 * HOUR, 4.0)]);
    // The log of commits has all that was accepted, for those who follow it; the other one what was late and new.
    assert_eq!(world.commits.lock()[0].batches[0].floats.len(), 4);
    let late = world.late.lock().clone();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].len(), 1);
    assert_eq!(late[0][0].markers, [MmapMarker { series: up.0, chunk: 0 }]);
    assert_eq!(late[0][0].batch.floats.times(), [9 * HOUR]);
}

#[test]
fn an_appender_that_was_overtaken_is_late() {
    let (head, _) = late_head();
    let up = series(&head, &[("__name__", "up")]);
    let mut batch = Batch::new();
    batch.float(up, 10 * HOUR, 1.0);
    let mut slow = Box::new(head.appender());
    slow.append(&batch, &mut Vec::new());
    append(&head, up, &[(10 * HOUR + 5, 2.0)]);
    slow.commit().unwrap();
    assert_eq!(times(&head), [10 * HOUR, 10 * HOUR + 5]);
    assert_eq!((head.dropped_samples(), head.late_counts()), (0, (1, 0)));
}

#[test]
fn full_chunks_are_written_with_the_mark_of_late_ones_and_named_in_the_log() {
    let (head, world) = late_head();
    let (up, down) = (series(&head, &[("__name__", "up")]), series(&head, &[("__name__", "down")]));
    append(&head, up, &[(10 * HOUR, 1.0)]);
    append(&head, down, &[(10 * HOUR, 1.0)]);
    // Ten samples of one series in one commit, descending, with one of the other between them.
    let mut batch = Batch::new();
    for minute in (0..10).rev() {
        batch.float(up, 8 * HOUR + minute * MINUTE, 1.0);
    }
    batch.float(down, 8 * HOUR, 1.0);
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut Vec::new());
    appender.commit().unwrap();
    let chunks = world.chunks.lock().clone();
    let late: Vec<_> = chunks.iter().map(|chunk| (chunk.out_of_order, chunk.reference, chunk.interval.min)).collect();
    assert_eq!(late, [(true, up.0, 8 * HOUR + 6 * MINUTE), (true, up.0, 8 * HOUR + 2 * MINUTE)]);
    // Each chunk's samples stand between its marker and the next one's: which chunk is named is where the earlier ones are.
    let steps = world.late.lock()[0].clone();
    let of_up: Vec<_> = steps
        .iter()
        .map(|step| {
            let markers = step.markers.iter().filter(|marker| marker.series == up.0).map(|marker| marker.chunk);
            let samples = step.batch.floats.series().iter().filter(|series| **series == up.0).count();
            (markers.collect::<Vec<_>>(), samples)
        })
        .collect();
    assert_eq!(of_up, [(vec![0], 4), (vec![0], 4), (vec![1], 2)]);
    let of_down: usize = steps.iter().flat_map(|step| &step.markers).filter(|marker| marker.series == down.0).count();
    assert_eq!(of_down, 1);
    assert_eq!(times(&head).len(), 13);
    assert!(head.memory().late > 0);
    assert_eq!(head.oldest_late_chunk(), Some(0));
}

#[test]
fn without_room_in_the_log_nothing_of_the_commit_is_shown() {
    let (head, world) = late_head();
    let up = series(&head, &[("__name__", "up")]);
    append(&head, up, &[(10 * HOUR, 1.0)]);
    world.full.store(true, Ordering::Relaxed);
    let mut batch = Batch::new();
    batch.float(up, 9 * HOUR, 1.0);
    batch.float(up, 11 * HOUR, 1.0);
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut Vec::new());
    assert!(appender.commit().is_err());
    assert_eq!(times(&head), [10 * HOUR]);
    world.full.store(false, Ordering::Relaxed);
    append(&head, up, &[(9 * HOUR, 2.0)]);
    assert_eq!(times(&head), [9 * HOUR, 10 * HOUR]);
}

#[test]
fn kinds_may_mix_and_stale_markers_are_of_their_series_kind() {
    let (head, _) = late_head();
    let series = series(&head, &[("__name__", "h")]);
    let (histogram, float) = (Histogram { count: 1, zero_count: 1, ..Histogram::default() }, FloatHistogram::default());
    let mut batch = Batch::new();
    batch.histogram(series, 10 * HOUR, &histogram).unwrap();
    for (n, t) in [(0, 9 * HOUR), (1, 8 * HOUR), (2, 9 * HOUR + 1), (3, 8 * HOUR + 1), (4, 9 * HOUR + 2)] {
        match n % 3 {
            0 => batch.float(series, t, if n == 3 { STALE_NAN } else { 1.5 }),
            1 => batch.histogram(series, t, &histogram).unwrap(),
            _ => batch.float_histogram(series, t, &float).unwrap(),
        }
    }
    let mut verdicts = Vec::new();
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut verdicts);
    appender.commit().unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{verdicts:?}");
    let all = content(&head.reader(Interval::ALL), &[], Interval::ALL).into_values().next().unwrap();
    let kinds: Vec<_> = all
        .iter()
        .map(|(t, value)| match value {
            SampleValue::Float(_) => (*t, 'v'),
            SampleValue::Histogram(_) => (*t, 'h'),
            SampleValue::FloatHistogram(_) => (*t, 'f'),
        })
        .collect();
    // The marker came behind a histogram of floats.
    let expected = [
        (8 * HOUR, 'h'),
        (8 * HOUR + 1, 'f'),
        (9 * HOUR, 'v'),
        (9 * HOUR + 1, 'f'),
        (9 * HOUR + 2, 'h'),
        (10 * HOUR, 'h'),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(head.late_counts(), (1, 4));
}

/// The blocks of late samples, series by series.
fn blocks_of(head: &Head, late: &LateBlocks) -> Vec<(Interval, BTreeMap<String, Vec<i64>>)> {
    let mut blocks = Vec::new();
    for times in late.ranges() {
        let mut source = head.late_source(late, *times);
        let (mut symbols, mut symbol) = (Vec::new(), String::new());
        while source.next_symbol(&mut symbol).unwrap() {
            symbols.push(symbol.clone());
        }
        assert!(symbols.is_sorted_by(|a, b| a < b));
        let block = times_in(&mut source);
        assert!(block.values().flatten().all(|t| times.contains(*t)));
        blocks.push((*times, block));
    }
    blocks
}

#[test]
fn late_samples_become_blocks_of_their_times_and_go() {
    let (head, world) = late_head();
    let (up, gone) = (series(&head, &[("n", "up")]), series(&head, &[("n", "gone")]));
    append(&head, up, &[(10 * HOUR, 1.0)]);
    // Two hours are a block: from 6 to 8 and from 8 to 10.
    for t in [9 * HOUR, 7 * HOUR, 7 * HOUR + 2, 9 * HOUR + 3, 7 * HOUR + 1] {
        append(&head, up, &[(t, 1.0)]);
    }
    append(&head, gone, &[(8 * HOUR - 1, 1.0)]);
    let before = world.late.lock().len();
    let late = head.late_blocks().unwrap().unwrap();
    // What comes behind it stays.
    append(&head, up, &[(9 * HOUR + 7, 1.0)]);
    let last = world.late.lock()[before].clone();
    let stored = world.chunks.lock().iter().rposition(|chunk| chunk.reference == up.0).unwrap();
    assert_eq!(last[0].markers, [MmapMarker { series: up.0, chunk: stored as u64 }], "all before is in chunks");
    let (up_name, gone_name) = (r#"{n="up"}"#.to_owned(), r#"{n="gone"}"#.to_owned());
    let expected = vec![
        (
            Interval::new(6 * HOUR, 8 * HOUR - 1),
            BTreeMap::from([
                (up_name.clone(), vec![7 * HOUR, 7 * HOUR + 1, 7 * HOUR + 2]),
                (gone_name, vec![8 * HOUR - 1]),
            ]),
        ),
        (Interval::new(8 * HOUR, 10 * HOUR - 1), BTreeMap::from([(up_name, vec![9 * HOUR, 9 * HOUR + 3])])),
    ];
    assert_eq!(blocks_of(&head, &late), expected);
    // A truncation of what is in order leaves late samples, whatever their time.
    assert!(head.truncate(10 * HOUR).is_empty());
    assert_eq!(times(&head).len(), 8);
    assert_eq!(head.try_truncate_late(&late).unwrap().unwrap(), [gone.0]);
    assert_eq!(times(&head), [9 * HOUR + 7, 10 * HOUR]);
    assert_eq!(head.late_interval(), Some(Interval::new(9 * HOUR + 7, 9 * HOUR + 7)));
    assert_eq!(*world.segments.lock(), (1, 1));
    let late = head.late_blocks().unwrap().unwrap();
    assert!(head.try_truncate_late(&late).unwrap().unwrap().is_empty());
    assert!(head.late_blocks().unwrap().is_none());
    assert_eq!((head.late_interval(), head.oldest_late_chunk()), (None, None));
}

#[test]
fn what_was_deleted_stays_deleted_on_the_way_into_a_block() {
    let (head, _) = late_head();
    let up = series(&head, &[("n", "up")]);
    append(&head, up, &[(10 * HOUR, 1.0)]);
    for t in [9 * HOUR, 7 * HOUR, 7 * HOUR + 1] {
        append(&head, up, &[(t, 1.0)]);
    }
    let deleted = head.delete(&[Matcher::equal("n", "up")], Interval::new(0, 8 * HOUR));
    assert_eq!(deleted, [(up.0, Interval::new(7 * HOUR, 8 * HOUR))]);
    assert_eq!(times(&head), [9 * HOUR, 10 * HOUR]);
    assert!(head.truncate(10 * HOUR).is_empty());
    assert_eq!(times(&head), [9 * HOUR, 10 * HOUR], "the deletion stays as long as there is something to hide");
    let late = head.late_blocks().unwrap().unwrap();
    let blocks = blocks_of(&head, &late);
    assert!(blocks[0].1.is_empty());
    assert_eq!(blocks[1].1[r#"{n="up"}"#], [9 * HOUR]);
}

#[test]
fn series_with_nothing_but_late_samples_are_found() {
    let (head, _) = late_head();
    let (up, late) = (series(&head, &[("n", "up")]), series(&head, &[("n", "late")]));
    append(&head, up, &[(10 * HOUR, 1.0)]);
    append(&head, late, &[(8 * HOUR, 1.0)]);
    let reader = head.reader(Interval::ALL);
    let early = Interval::new(0, 8 * HOUR);
    let matchers = [Matcher::new(promd_model::MatchOp::NotEqual, "n", "").unwrap()];
    let values = |times| reader.label_values("n", &LabelQuery::new(&matchers, times)).unwrap().texts;
    assert_eq!(values(early), ["late"]);
    assert_eq!(values(Interval::ALL), ["late", "up"]);
    assert!(values(Interval::new(0, 1)).is_empty());
    let hints = Hints { labels_only: true, ..Hints::default() };
    let mut set = reader.select(&Select::new(&[], early).with_hints(hints)).unwrap();
    let (mut series, mut seen) = (Series::default(), Vec::new());
    while set.next(&mut series).unwrap() {
        seen.push(series.labels.to_string());
    }
    assert_eq!(seen, [r#"{n="late"}"#]);
}

#[test]
fn what_lies_in_order_is_seen_where_both_have_a_sample() {
    let (head, _) = late_head();
    let up = series(&head, &[("n", "up")]);
    append(&head, up, &[(9 * HOUR, 1.0)]);
    append(&head, up, &[(10 * HOUR, 2.0)]);
    assert_eq!(append(&head, up, &[(9 * HOUR, 3.0)]), [Verdict::Accepted], "nobody looks into the chunks");
    assert_eq!(floats(&head.reader(Interval::ALL), Matcher::equal("n", "up")), [(9 * HOUR, 1.0), (10 * HOUR, 2.0)]);
}
