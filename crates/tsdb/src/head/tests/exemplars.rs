//! Exemplars through the appender: what `AppendExemplar` and `commitExemplars` of `tsdb/head_append.go` do with them.

use promd_model::{Exemplar, Millis};

use super::*;
use crate::exemplars::ExemplarCounts;

fn head() -> (Head, Arc<World>) {
    head_with(HeadOptions { max_exemplars: 4, ..HeadOptions::default() })
}

fn exemplar(t: i64, trace: &str) -> Exemplar {
    Exemplar { labels: labels(&[("trace_id", trace)]), value: 1.0, timestamp: Millis(t), has_timestamp: true }
}

/// Appends exemplars in one commit.
fn append_exemplars(head: &Head, exemplars: &[(SeriesRef, Exemplar)]) {
    let mut batch = Batch::new();
    exemplars.iter().for_each(|(series, exemplar)| batch.exemplar(*series, exemplar.clone()));
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut Vec::new());
    appender.commit().unwrap();
}

/// The series of an answer, and the traces and times of each.
fn found(head: &Head, selectors: &[&[Matcher]], times: Interval) -> Vec<(String, Vec<(String, i64)>)> {
    let selectors: Vec<Vec<Matcher>> = selectors.iter().map(|matchers| matchers.to_vec()).collect();
    let answer = head.reader(Interval::ALL).exemplars(&selectors, times).unwrap();
    let trace = |exemplar: &Exemplar| (exemplar.labels.get("trace_id").unwrap().to_owned(), exemplar.timestamp.0);
    answer.iter().map(|one| (one.labels.to_string(), one.exemplars.iter().map(trace).collect())).collect()
}

#[test]
fn exemplars_are_stored_by_the_commit_and_logged_if_they_are_kept() {
    let (head, world) = head();
    let (a, b) = (series(&head, &[("n", "a")]), series(&head, &[("n", "b")]));
    let mut batch = Batch::new();
    batch.exemplar(b, exemplar(10, "one"));
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut Vec::new());
    assert!(found(&head, &[&[]], Interval::ALL).is_empty(), "not before the commit");
    appender.commit().unwrap();
    // Shown again, from before, too long, of nobody: none of them goes into the log.
    let long = "x".repeat(129);
    append_exemplars(
        &head,
        &[
            (b, exemplar(10, "one")),
            (b, exemplar(9, "old")),
            (a, exemplar(1, &long)),
            (SeriesRef(99), exemplar(1, "x")),
        ],
    );
    append_exemplars(&head, &[(a, exemplar(5, "two")), (b, exemplar(11, "three"))]);
    let logged: Vec<_> = world.commits.lock().iter().map(|commit| commit.exemplars.len()).collect();
    assert_eq!(logged.iter().sum::<usize>(), 3, "{logged:?}");
    let of_b = ("{n=\"b\"}".to_owned(), vec![("one".to_owned(), 10), ("three".to_owned(), 11)]);
    let of_a = ("{n=\"a\"}".to_owned(), vec![("two".to_owned(), 5)]);
    assert_eq!(found(&head, &[&[]], Interval::ALL), [of_a.clone(), of_b.clone()]);
    let (is_a, is_b) = (Matcher::equal("n", "a"), Matcher::equal("n", "b"));
    assert_eq!(
        found(&head, &[std::slice::from_ref(&is_a), std::slice::from_ref(&is_b)], Interval::ALL),
        [of_a.clone(), of_b]
    );
    assert_eq!(found(&head, &[&[is_a]], Interval::new(0, 5)), [of_a]);
    assert!(found(&head, &[&[is_b]], Interval::new(12, 20)).is_empty());
    assert!(found(&head, &[], Interval::ALL).is_empty(), "no selector selects nothing");
    let counts = ExemplarCounts { appended: 3, out_of_order: 1, too_long: 1, unknown: 1 };
    assert_eq!(head.exemplar_stats().counts, counts);
    assert!(head.memory().exemplars > 0);
}

#[test]
fn the_room_can_be_changed_and_without_room_nothing_is_logged() {
    let (head, world) = head();
    let a = series(&head, &[("n", "a")]);
    for t in 0..6 {
        append_exemplars(&head, &[(a, exemplar(t, &t.to_string()))]);
    }
    let stats = head.exemplar_stats();
    assert_eq!((stats.capacity, stats.exemplars, stats.series, stats.oldest), (4, 4, 1, Some(2)));
    head.set_max_exemplars(2);
    assert_eq!(found(&head, &[&[]], Interval::ALL)[0].1, [("4".to_owned(), 4), ("5".to_owned(), 5)]);
    head.set_max_exemplars(0);
    let before = world.commits.lock().len();
    append_exemplars(&head, &[(a, exemplar(7, "7"))]);
    assert_eq!(world.commits.lock().len(), before);
    assert_eq!((head.exemplar_stats().exemplars, head.memory().exemplars), (0, 0));
    head.set_max_exemplars(1);
    append_exemplars(&head, &[(a, exemplar(7, "7"))]);
    assert_eq!(head.exemplar_stats().exemplars, 1);
}

#[test]
fn a_series_that_goes_takes_its_exemplars_along() {
    let (head, _) = head();
    let (a, b) = (series(&head, &[("n", "a")]), series(&head, &[("n", "b")]));
    append(&head, a, &[(1_000, 1.0)]);
    append(&head, b, &[(3_000_000, 1.0)]);
    append_exemplars(&head, &[(a, exemplar(1_000, "x")), (b, exemplar(1_000, "y"))]);
    assert_eq!(head.truncate(2_000_000), [a.0]);
    let stats = head.exemplar_stats();
    assert_eq!((stats.exemplars, stats.series), (1, 1));
    assert_eq!(found(&head, &[&[]], Interval::ALL).len(), 1);
}

#[test]
fn exemplars_of_a_log_come_back_by_any_reference_of_their_series() {
    let (head, _) = head();
    head.replay_series(5, labels(&[("n", "a")]).view());
    head.replay_series(9, labels(&[("n", "a")]).view());
    assert_eq!(head.replay_exemplar(5, &exemplar(1, "one")).appended, 1);
    assert_eq!(head.replay_exemplar(9, &exemplar(2, "two")).appended, 1);
    assert_eq!(head.replay_exemplar(9, &exemplar(2, "two")).passed, 1);
    assert_eq!(head.replay_exemplar(7, &exemplar(2, "two")).unknown, 1);
    head.finish_replay();
    assert_eq!(found(&head, &[&[]], Interval::ALL)[0].1.len(), 2);
}
