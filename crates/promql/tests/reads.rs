//! What is asked of the store: each series once, and with all that the store may want to know.
#![expect(clippy::unwrap_used, reason = "what cannot be stored or asked fails the test")]

use std::sync::Mutex;

use promd_model::{Interval, Labels};
use promd_promql::{Engine, EngineOptions, Query};
use promd_storage::{
    Appender, Grouping, Hints, LabelQuery, Listed, MemStorage, Reader, Select, SeriesSet, Storage, StorageError,
};

const MINUTE: i64 = 60_000;

/// A store that remembers what it was asked.
struct Watched {
    inner: MemStorage,
    asked: Mutex<Vec<String>>,
}

impl Storage for Watched {
    fn reader(&self, times: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        Ok(Box::new(WatchedReader { inner: self.inner.reader(times)?, asked: &self.asked }))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        self.inner.appender()
    }
}

struct WatchedReader<'a> {
    inner: Box<dyn Reader + 'a>,
    asked: &'a Mutex<Vec<String>>,
}

impl Reader for WatchedReader<'_> {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        self.asked.lock().unwrap().push(line(select));
        self.inner.select(select)
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.inner.label_names(query)
    }

    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.inner.label_values(name, query)
    }
}

/// What was asked: matchers, times in minutes, function, range and step in minutes, grouping, projection.
fn line(select: &Select<'_>) -> String {
    let labels = |grouping: Option<Grouping<'_>>| match grouping {
        None => "-".to_owned(),
        Some(Grouping::By(labels)) => format!("by {}", labels.join(",")),
        Some(Grouping::Without(labels)) => format!("without {}", labels.join(",")),
    };
    let matchers: Vec<String> = select.matchers.iter().map(ToString::to_string).collect();
    let Hints { function, range, step, grouping, projection, .. } = select.hints;
    format!(
        "{} {}..{} {} {}/{} | {} | {}",
        matchers.join(","),
        // The first moment behind the window, so that whole minutes come out.
        (select.times.min - 1) / MINUTE,
        select.times.max / MINUTE,
        function.unwrap_or("-"),
        range / MINUTE,
        step / MINUTE,
        labels(grouping),
        labels(projection)
    )
}

fn filled() -> Watched {
    let inner = MemStorage::new();
    for (name, host) in [("a", "x"), ("a", "y"), ("b", "x")] {
        let labels = Labels::from_pairs([("__name__", name), ("host", host), ("job", "j")]).unwrap();
        inner.load(&labels, (0..200).map(|at| (at * MINUTE, at as f64))).unwrap();
    }
    Watched { inner, asked: Mutex::default() }
}

/// Asks from the hundredth minute to the hundred and tenth.
#[track_caller]
fn check_with(options: EngineOptions, text: &str, expected: &[&str]) {
    let storage = filled();
    Engine::new(options).run(&Query::range(text, 100 * MINUTE, 110 * MINUTE, MINUTE), &storage).unwrap();
    assert_eq!(*storage.asked.lock().unwrap(), expected, "{text}");
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_with(EngineOptions::default(), text, expected);
}

#[test]
fn a_common_selector_is_read_once() {
    check("a / (a + on (host) b)", &[r#"__name__="a" 95..110 - 0/1 | - | -"#, r#"__name__="b" 95..110 - 0/1 | - | -"#]);
    check("sum(a) / count(a)", &[r#"__name__="a" 95..110 sum 0/1 | - | -"#]);
    // Windows that overlap are one read of all their time, also that of a subquery.
    check("rate(a[5m]) + rate(a[10m])", &[r#"__name__="a" 90..110 rate 5/1 | - | -"#]);
    check("max_over_time(a[20m]) - min_over_time(a[20m:1m])", &[r#"__name__="a" 76..110 max_over_time 20/1 | - | -"#]);
    // These do not.
    check("a - a offset 1h", &[r#"__name__="a" 95..110 - 0/1 | - | -"#, r#"__name__="a" 35..50 - 0/1 | - | -"#]);
}

#[test]
fn what_is_the_same_at_every_step_is_read_once() {
    check(
        "sum(a @ 3000) + scalar(b @ 3000)",
        &[r#"__name__="b" 45..50 scalar 0/1 | - | -"#, r#"__name__="a" 45..50 sum 0/1 | by  | by __name__"#],
    );
}

#[test]
fn aggregations_say_which_labels_they_need() {
    check("sum by (host) (a)", &[r#"__name__="a" 95..110 sum 0/1 | by host | by host,__name__"#]);
    check("avg without (host) (a)", &[r#"__name__="a" 95..110 avg 0/1 | without host | without host"#]);
    check("max without (__name__) (a)", &[r#"__name__="a" 95..110 max 0/1 | without __name__ | without "#]);
    // As Prometheus says it, the grouping is that of an aggregation that stands right before a selector; the projection is not.
    check("sum by (host) (rate(a[5m]))", &[r#"__name__="a" 95..110 rate 5/1 | - | by host,__name__"#]);
    check("quantile(0.5, (a))", &[r#"__name__="a" 95..110 quantile 0/1 | by  | by __name__"#]);
}

#[test]
fn labels_that_tell_series_apart_are_never_left_out() {
    // Each of these looks at the labels of single series.
    for text in ["topk by (host) (1, a)", "count_values by (host) (\"v\", a)", "limit_ratio(1, a)"] {
        let storage = filled();
        let engine = Engine::new(EngineOptions::everything());
        engine.run(&Query::range(text, 100 * MINUTE, 110 * MINUTE, MINUTE), &storage).unwrap();
        assert!(storage.asked.lock().unwrap().iter().all(|line| line.ends_with("| -")), "{text}");
    }
    check("sum(a + 1)", &[r#"__name__="a" 95..110 - 0/1 | - | -"#]);
    check("sum(-a)", &[r#"__name__="a" 95..110 sum 0/1 | - | -"#]);
    check("sum(abs(a))", &[r#"__name__="a" 95..110 abs 0/1 | - | -"#]);
    check("sum by (host) (max_over_time(a[5m:1m]))", &[r#"__name__="a" 91..110 max_over_time 0/1 | - | -"#]);
    // `rate` takes the names away, and two series may then be the same.
    let all = r#"__name__=~"a|b" 95..110 rate 5/1 | - | -"#;
    let error = Engine::default()
        .run(&Query::range("sum(rate({__name__=~\"a|b\"}[5m]))", 100 * MINUTE, 110 * MINUTE, MINUTE), &filled());
    assert!(error.unwrap_err().to_string().contains("same labelset"));
    let storage = filled();
    drop(
        Engine::default()
            .run(&Query::range("sum(rate({__name__=~\"a|b\"}[5m]))", 100 * MINUTE, 110 * MINUTE, MINUTE), &storage),
    );
    assert_eq!(*storage.asked.lock().unwrap(), [all]);
    // Where names are dropped in the end, that is looked at in the end.
    let mut delayed = EngineOptions::default();
    delayed.delayed_name_removal = true;
    check_with(
        delayed,
        "sum(rate({__name__=~\"a|b\"}[5m]))",
        &[r#"__name__=~"a|b" 95..110 rate 5/1 | - | by __name__"#],
    );
}
