//! What is said of metrics: `UpdateMetadata` and `commitMetadata` of `tsdb/head_append.go`.

use promd_model::{Metadata, MetricType};

use super::*;

fn said(metric_type: MetricType, help: &str) -> Metadata {
    Metadata { metric_type, unit: String::new(), help: help.to_owned() }
}

/// Says something of series in one commit.
fn say(head: &Head, all: &[(SeriesRef, Metadata)]) {
    let mut batch = Batch::new();
    all.iter().for_each(|(series, metadata)| batch.metadata(*series, metadata.clone()));
    let mut appender = Box::new(head.appender());
    appender.append(&batch, &mut Vec::new());
    appender.commit().unwrap();
}

#[test]
fn what_changes_is_logged_and_kept_once() {
    let (head, world) = head();
    let up: Vec<SeriesRef> = (0..3).map(|n| series(&head, &[("__name__", "up"), ("n", &n.to_string())])).collect();
    let down = series(&head, &[("__name__", "down")]);
    let (gauge, counter) = (said(MetricType::Gauge, "is it up"), said(MetricType::Counter, "is it up"));
    let all: Vec<_> = up.iter().map(|series| (*series, gauge.clone())).collect();
    say(&head, &all);
    say(&head, &all);
    say(&head, &[(up[1], gauge.clone()), (SeriesRef(99), gauge.clone()), (down, Metadata::default())]);
    let logged: Vec<_> = world.commits.lock().iter().map(|commit| commit.metadata.len()).collect();
    assert_eq!(logged, [3, 1], "what was known, and what is of nobody, is not logged");
    let one = head.memory().metadata;
    say(&head, &[(up[0], counter.clone())]);
    assert_eq!(head.metadata_of(up[0]), Some(counter.clone()));
    assert_eq!(head.metadata_of(up[2]), Some(gauge.clone()));
    assert_eq!(head.metadata_of(SeriesRef(99)), None);
    let by_metric = head.metadata(None);
    assert_eq!(by_metric.keys().collect::<Vec<_>>(), ["down", "up"]);
    assert_eq!(by_metric["up"].len(), 2);
    assert_eq!(head.metadata(Some("down")), BTreeMap::from([("down".to_owned(), vec![Metadata::default()])]));
    // What nobody says any more is forgotten, and its place is used again.
    say(&head, &all);
    assert_eq!(head.metadata(Some("up"))["up"], [gauge]);
    assert!(head.memory().metadata <= one + 64, "{} of {one}", head.memory().metadata);
}

#[test]
fn it_goes_with_the_last_series_and_comes_back_from_the_log() {
    let (head, _) = head();
    head.replay_series(5, labels(&[("__name__", "up")]).view());
    head.replay_series(9, labels(&[("__name__", "up")]).view());
    let (old, new) = (said(MetricType::Gauge, &"old".repeat(1000)), said(MetricType::Gauge, "new"));
    assert_eq!(head.replay_metadata(5, &old).appended, 1);
    assert_eq!(head.replay_metadata(9, &new).appended, 1, "by another reference of the same series");
    assert_eq!(head.replay_metadata(7, &new).unknown, 1);
    head.finish_replay();
    assert_eq!(head.metadata_of(SeriesRef(5)), Some(new.clone()));
    assert!(head.memory().metadata < 3000, "{}", head.memory().metadata);
    assert_eq!(head.truncate(1), [5]);
    assert!(head.metadata(None).is_empty());
    let again = series(&head, &[("__name__", "up")]);
    assert_eq!(head.metadata_of(again), None);
}
