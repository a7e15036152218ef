//! A stretch of time on its way into a block: nothing more comes for it, and it goes when nobody reads it.

use super::*;

const HOUR: i64 = 3_600_000;

fn late_head() -> Head {
    head_with(HeadOptions { late_window: 4 * HOUR, ..HeadOptions::default() }).0
}

fn appender_with(head: &Head, series: SeriesRef, t: i64) -> (Box<HeadAppender<'_>>, Verdict) {
    let mut batch = Batch::new();
    batch.float(series, t, 1.0);
    let (mut appender, mut verdicts) = (Box::new(head.appender()), Vec::new());
    appender.append(&batch, &mut verdicts);
    (appender, verdicts[0])
}

#[test]
fn a_stretch_is_closed_when_all_that_was_taken_for_it_is_committed() {
    let head = late_head();
    let (a, b) = (series(&head, &[("n", "a")]), series(&head, &[("n", "b")]));
    append(&head, a, &[(10 * HOUR, 1.0)]);
    let (slow, _) = appender_with(&head, b, 9 * HOUR + 1);
    assert!(!head.close_before(10 * HOUR), "an appender may still add to it");
    // One that comes later goes to the late samples, and holds nobody up.
    let (late, verdict) = appender_with(&head, b, 9 * HOUR + 2);
    assert_eq!(verdict, Verdict::Accepted);
    slow.commit().unwrap();
    assert!(head.close_before(10 * HOUR));
    late.commit().unwrap();
    assert_eq!(head.late_interval(), Some(Interval::new(9 * HOUR + 2, 9 * HOUR + 2)));
    assert_eq!(floats(&head.reader(Interval::ALL), Matcher::equal("n", "b")).len(), 2);
}

#[test]
fn what_was_in_flight_while_its_time_went_into_a_block_is_late() {
    let head = late_head();
    let (a, b) = (series(&head, &[("n", "a")]), series(&head, &[("n", "b")]));
    append(&head, a, &[(10 * HOUR, 1.0)]);
    let (slow, _) = appender_with(&head, b, 9 * HOUR + 1);
    head.set_min_valid_time(10 * HOUR);
    slow.commit().unwrap();
    assert_eq!((head.dropped_samples(), head.late_counts()), (0, (1, 0)));
    assert_eq!(floats(&head.reader(Interval::ALL), Matcher::equal("n", "b")), [(9 * HOUR + 1, 1.0)]);
}

#[test]
fn nothing_goes_while_it_is_read_and_nobody_begins_to_read_it() {
    let head = late_head();
    let a = series(&head, &[("n", "a")]);
    append(&head, a, &[(8 * HOUR, 1.0), (10 * HOUR, 1.0)]);
    append(&head, a, &[(9 * HOUR, 2.0)]);
    let late = head.late_blocks().unwrap().unwrap();
    let reader = head.reader(Interval::new(0, 9 * HOUR));
    assert!(head.try_truncate(9 * HOUR + 1).is_none());
    assert!(head.try_truncate_late(&late).unwrap().is_none());
    // This one leaves both to the blocks.
    let second = head.reader(Interval::new(0, 9 * HOUR));
    assert!(!reader.is_empty() && head.reader(Interval::new(11 * HOUR, 12 * HOUR)).is_empty());
    assert!(floats(&second, Matcher::equal("n", "a")).is_empty());
    assert_eq!(floats(&reader, Matcher::equal("n", "a")), [(8 * HOUR, 1.0), (9 * HOUR, 2.0)]);
    drop(reader);
    assert!(head.try_truncate(9 * HOUR + 1).unwrap().is_empty());
    assert!(head.try_truncate_late(&late).unwrap().unwrap().is_empty());
    drop(second);
    assert_eq!(floats(&head.reader(Interval::ALL), Matcher::equal("n", "a")), [(10 * HOUR, 1.0)]);
}

#[test]
fn what_must_not_come_late_is_refused() {
    let head = late_head();
    let a = series(&head, &[("n", "a")]);
    append(&head, a, &[(10 * HOUR, 1.0)]);
    let mut batch = Batch::new();
    batch.set_in_order_only(true);
    [9 * HOUR, 8 * HOUR, 5 * HOUR, 11 * HOUR].into_iter().for_each(|t| batch.float(a, t, promd_model::STALE_NAN));
    let mut verdicts = Vec::new();
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut verdicts);
    appender.commit().unwrap();
    use Verdict::{Accepted, OutOfOrder, TooOld};
    assert_eq!(verdicts, [OutOfOrder, OutOfOrder, TooOld, Accepted]);
    assert_eq!(head.late_counts(), (0, 0));
}
