//! What readers and block writers are told.

use promd_block::{BlockSource, SourceSeries};
use promd_model::MatchOp;
use promd_storage::{Grouping, Hints, LabelQuery};

use super::*;

/// Series `n` has samples from minute 0 to 59 at half past, with its number as value.
fn filled() -> (Head, Arc<World>, Vec<Labels>) {
    let (head, world) = head_with(HeadOptions { samples_per_chunk: 16, ..HeadOptions::default() });
    let mut all = Vec::new();
    let mut batch = Batch::new();
    let mut appender = Box::new(head.appender());
    for n in 0..30 {
        let mut pairs = vec![("__name__", ["b", "a"][n % 2].to_owned()), ("n", n.to_string())];
        if n % 3 == 0 {
            pairs.push(("job", "x".repeat(n + 1)));
        }
        let labels = Labels::from_pairs(pairs).unwrap();
        let reference = appender.series(labels.view()).unwrap();
        for minute in 0..60 {
            batch.float(reference, minute * 60_000 + 30_000, f64::from(u32::try_from(n).unwrap()));
        }
        all.push(labels);
    }
    let mut verdicts = Vec::new();
    appender.append(&batch, &mut verdicts);
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()));
    appender.commit().unwrap();
    all.sort();
    (head, world, all)
}

fn selected(reader: &dyn Reader, select: &Select<'_>) -> Vec<Series> {
    let mut set = reader.select(select).unwrap();
    let mut all = Vec::new();
    let mut series = Series::default();
    while set.next(&mut series).unwrap() {
        all.push(series.clone());
    }
    all
}

#[test]
fn series_come_in_label_order_if_that_is_asked_for() {
    let (head, _, all) = filled();
    let reader = head.reader(Interval::ALL);
    let ordered = selected(&reader, &Select::new(&[], Interval::ALL).ordered());
    assert_eq!(ordered.iter().map(|series| series.labels.clone()).collect::<Vec<_>>(), all);
    let mut any: Vec<_> =
        selected(&reader, &Select::new(&[], Interval::ALL)).into_iter().map(|one| one.labels).collect();
    any.sort();
    assert_eq!(any, all);
    assert_eq!(selected(&reader, &Select::new(&[], Interval::ALL).with_limit(7)).len(), 7);
}

/// Against every matcher applied to every label set.
#[test]
fn matchers_select_what_they_match() {
    let (head, _, all) = filled();
    let reader = head.reader(Interval::ALL);
    let check = |matchers: &[(MatchOp, &str, &str)]| {
        let matchers: Vec<_> =
            matchers.iter().map(|(op, name, value)| Matcher::new(*op, name, value).unwrap()).collect();
        let got = selected(&reader, &Select::new(&matchers, Interval::ALL).ordered());
        let expected = all.iter().filter(|labels| matchers.iter().all(|one| one.matches_labels(labels.view())));
        assert!(got.iter().map(|series| &series.labels).eq(expected), "{matchers:?}");
    };
    check(&[(MatchOp::Equal, "__name__", "a")]);
    check(&[(MatchOp::Equal, "__name__", "a"), (MatchOp::Equal, "job", "")]);
    check(&[(MatchOp::NotEqual, "__name__", "a"), (MatchOp::Regex, "n", "1.*")]);
    check(&[(MatchOp::Regex, "job", "x+"), (MatchOp::NotRegex, "n", "3|6|9")]);
    check(&[(MatchOp::NotEqual, "job", "")]);
    check(&[(MatchOp::Equal, "nothing", "here")]);
}

#[test]
fn names_values_and_projections() {
    let (head, _, _) = filled();
    let reader = head.reader(Interval::ALL);
    let names = |matchers: &[Matcher], times| reader.label_names(&LabelQuery::new(matchers, times)).unwrap().texts;
    assert_eq!(names(&[], Interval::ALL), ["__name__", "job", "n"]);
    assert_eq!(names(&[Matcher::equal("n", "1")], Interval::ALL), ["__name__", "n"]);
    assert!(names(&[], Interval::new(i64::MIN, 29_999)).is_empty());
    let values = |name, matchers: &[Matcher]| {
        reader.label_values(name, &LabelQuery::new(matchers, Interval::ALL)).unwrap().texts
    };
    assert_eq!(values("__name__", &[]), ["a", "b"]);
    assert_eq!(values("n", &[Matcher::equal("job", "xxxx")]), ["3"]);
    assert!(values("none", &[]).is_empty());
    let by = ["__name__".to_owned()];
    let hints = Hints { projection: Some(Grouping::By(&by)), labels_only: true, ..Hints::default() };
    let first = [Matcher::equal("n", "3")];
    let projected = selected(&reader, &Select::new(&first, Interval::ALL).with_hints(hints));
    assert_eq!(projected[0].labels.to_string(), r#"{__name__="a"}"#);
    assert!(projected[0].chunks.is_empty());
}

#[test]
fn what_was_deleted_is_not_seen_nor_its_labels() {
    let (head, _, _) = filled();
    let three = [Matcher::equal("n", "3")];
    let logged = head.delete(&three, Interval::new(0, 10 * 60_000));
    assert_eq!(logged.iter().map(|(_, interval)| *interval).collect::<Vec<_>>(), [Interval::new(30_000, 600_000)]);
    let reader = head.reader(Interval::ALL);
    let left = floats(&reader, Matcher::equal("n", "3"));
    assert_eq!((left.len(), left[0].0), (50, 630_000));
    head.delete(&three, Interval::ALL);
    assert!(floats(&reader, Matcher::equal("n", "3")).is_empty());
    let values = reader.label_values("n", &LabelQuery::new(&[], Interval::ALL)).unwrap().texts;
    assert!(!values.contains(&"3".to_owned()) && values.contains(&"4".to_owned()));
    let hints = Hints { labels_only: true, ..Hints::default() };
    assert!(selected(&reader, &Select::new(&three, Interval::ALL).with_hints(hints)).is_empty());
}

#[test]
fn a_block_gets_series_in_order_and_only_its_own_time() {
    let (head, _, all) = filled();
    let times = Interval::new(10 * 60_000, 40 * 60_000 - 1);
    let mut source = head.source(times);
    let (mut symbols, mut symbol) = (Vec::new(), String::new());
    while source.next_symbol(&mut symbol).unwrap() {
        symbols.push(symbol.clone());
    }
    assert!(symbols.is_sorted_by(|a, b| a < b));
    let (mut series, mut seen) = (SourceSeries::default(), Vec::new());
    while source.next_series(&mut series).unwrap() {
        for label in &series.labels {
            assert!(
                symbols.iter().any(|symbol| symbol == label.name) && symbols.iter().any(|symbol| symbol == label.value)
            );
        }
        let mut columns = Columns::new();
        series.chunks.iter().for_each(|chunk| chunk.chunk().decode_into(&mut columns).unwrap());
        let expected: Vec<i64> = (10..40).map(|minute| minute * 60_000 + 30_000).collect();
        assert_eq!(columns.times(), expected);
        assert!(series.chunks.iter().all(|chunk| times.covers(&chunk.interval())));
        seen.push(series.labels.clone());
    }
    assert_eq!(seen, all);
}

#[test]
fn a_slot_is_used_again_only_when_nobody_reads_it() {
    let (head, _) = head();
    let old = series(&head, &[("n", "old")]);
    let other = series(&head, &[("n", "other")]);
    append(&head, old, &[(1_000, 1.0)]);
    append(&head, other, &[(1_000, 1.0), (2_000_000, 2.0)]);
    let reader = head.reader(Interval::new(1_000_000, i64::MAX));
    let set = selected(&reader, &Select::new(&[], Interval::ALL));
    assert_eq!(set.len(), 1);
    assert_eq!(head.truncate(1_000_000), [old.0]);
    assert_eq!(append(&head, old, &[(2_000_000, 1.0)]), [Verdict::UnknownSeries]);
    let fresh: Vec<_> = (0..40).map(|n| series(&head, &[("n", "fresh"), ("x", &n.to_string())])).collect();
    fresh.iter().for_each(|reference| assert_eq!(append(&head, *reference, &[(2_000_000, 3.0)]), [Verdict::Accepted]));
    // The reader is of the moment before.
    assert_eq!(selected(&reader, &Select::new(&[], Interval::ALL)).len(), 1);
    drop(reader);
    assert_eq!(selected(&head.reader(Interval::ALL), &Select::new(&[], Interval::ALL)).len(), 41);
    let values = head.reader(Interval::ALL).label_values("n", &LabelQuery::new(&[], Interval::ALL)).unwrap().texts;
    assert_eq!(values, ["fresh", "other"]);
}

#[test]
fn damage_is_a_warning_and_the_rest_of_the_answer_is_there() {
    let (head, world, all) = filled();
    world.chunks.lock().truncate(1);
    let reader = head.reader(Interval::ALL);
    let mut set = reader.select(&Select::new(&[], Interval::ALL)).unwrap();
    let (mut series, mut seen) = (Series::default(), 0);
    while set.next(&mut series).unwrap() {
        seen += 1;
    }
    assert_eq!(seen, all.len(), "the open chunk of each is there");
    let warnings = set.warnings();
    assert!(warnings.texts().next().unwrap().contains("are missing"), "{warnings:?}");
}

#[test]
fn the_pairs_of_the_most_series_are_named() {
    let (head, _, _) = filled();
    let top = head.top_pairs(3);
    let top: Vec<_> = top.iter().map(|(name, value, count)| (name.as_str(), value.as_str(), *count)).collect();
    assert_eq!(top, [("__name__", "a", 15), ("__name__", "b", 15), ("job", "x", 1)]);
}
