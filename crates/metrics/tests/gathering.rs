//! The order in which writers are handed metrics, and what is refused or left out.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write;
use std::sync::Arc;
use std::time::SystemTime;

use promd_metrics::{
    Collect, Counter, CounterValue, Desc, Family, FloatCounter, FnMetric, Gauge, Histogram, HistogramSettings,
    IntGauge, Metric, MetricType, Options, RegisterError, Registry, Sample, Sink, Snapshot, Summary, Value,
};
use proptest::prelude::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

/// One line a family and a sample.
#[derive(Default)]
struct Lines(String);

impl Sink for Lines {
    fn family(&mut self, desc: &Desc) {
        writeln!(self.0, "{} {} {:?}", desc.metric_type(), desc.name(), desc.help()).unwrap();
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let labels: Vec<_> = sample.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let value = match sample.value {
            Value::Counter(CounterValue { value, .. }) | Value::Gauge(value) | Value::Untyped(value) => value,
            Value::Histogram(histogram) => histogram.count.as_f64(),
            Value::Summary(summary) => summary.count as f64,
            other => panic!("{other:?}"),
        };
        let timestamp = sample.timestamp_ms.map(|at| format!(" @{at}")).unwrap_or_default();
        writeln!(self.0, "  {{{}}} {value}{timestamp}", labels.join(",")).unwrap();
    }
}

fn lines(snapshot: &Snapshot) -> String {
    let mut lines = Lines::default();
    snapshot.visit(&mut lines);
    lines.0
}

/// Hands out what it is told to, whatever it described.
struct Loose(Vec<(Desc, Vec<Loosely>)>);

/// Labels, timestamp, value.
type Loosely = (Vec<(&'static str, String)>, Option<i64>, f64);

impl Collect for Loose {
    fn describe(&self, _each: &mut dyn FnMut(&Desc)) {}

    fn collect(&self, _now: SystemTime, sink: &mut dyn Sink) {
        for (desc, samples) in &self.0 {
            sink.family(desc);
            for (labels, timestamp_ms, value) in samples {
                let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
                sink.sample(&Sample { labels: &labels, timestamp_ms: *timestamp_ms, value: Value::Gauge(*value) });
            }
        }
    }
}

fn gauge(name: &str, help: &str) -> Desc {
    Desc::new(MetricType::Gauge, Options::new(name, help), &[])
}

fn labelled(pairs: &[(&'static str, &str)], value: f64) -> Loosely {
    (pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), None, value)
}

fn gather(collector: impl Collect + 'static) -> (String, Vec<String>) {
    let registry = Registry::new();
    registry.register(collector).unwrap();
    let mut snapshot = Snapshot::new();
    let problems = registry.gather(NOW, &mut snapshot).err();
    (lines(&snapshot), problems.map(|error| error.problems().to_vec()).unwrap_or_default())
}

#[test]
fn families_by_name_and_metrics_by_label_values() {
    let requests = Family::<Counter, 2>::new(Options::new("http_requests_total", "Requests."), ["method", "code"]);
    for (method, code) in [("put", "200"), ("get", "500"), ("get", "200"), ("", "404"), ("Get", "200")] {
        requests.with([method, code]).inc();
    }
    let queue = |name: &str| {
        let shards = Metric::<IntGauge>::new(Options::new("queue_shards", "Shards.").const_label("queue", name));
        shards.set(4);
        shards
    };
    let registry = Registry::new();
    registry.register(requests).unwrap();
    registry.register(queue("b")).unwrap();
    let first = registry.register(queue("a")).unwrap();
    registry.register(FnMetric::gauge(Options::new("blocks", "Blocks."), || 3.5)).unwrap();
    registry.register(Family::<Gauge, 1>::new(Options::new("empty", "No metrics."), ["x"])).unwrap();
    let mut snapshot = Snapshot::new();
    registry.gather(NOW, &mut snapshot).unwrap();
    // Labels sorted by name, so `code` decides before `method`. Bytes compare: "Get" is before "get".
    let expect = r#"gauge blocks "Blocks."
  {} 3.5
counter http_requests_total "Requests."
  {code=200,method=Get} 1
  {code=200,method=get} 1
  {code=200,method=put} 1
  {code=404,method=} 1
  {code=500,method=get} 1
gauge queue_shards "Shards."
  {queue=a} 4
  {queue=b} 4
"#;
    assert_eq!(lines(&snapshot), expect);
    assert_eq!(snapshot.len(), 8);

    assert!(registry.unregister(first) && !registry.unregister(first));
    registry.gather(NOW, &mut snapshot).unwrap();
    assert_eq!(lines(&snapshot), expect.replace("  {queue=a} 4\n", ""));
}

#[test]
fn registration_checks() {
    let metric = |name: &str, help: &str| Metric::<Counter>::new(Options::new(name, help));
    let check = |first: Arc<dyn Collect>, second: Arc<dyn Collect>, expect: &str| {
        let registry = Registry::new();
        registry.register(first).unwrap();
        assert_eq!(registry.register(second).unwrap_err().to_string(), expect);
    };
    let differs = r#"metric "a" is registered with another type, help, unit or other label names"#;
    let twice = r#"metric "a" is registered already with the same constant labels"#;
    check(Arc::new(metric("a", "A.")), Arc::new(metric("a", "A.")), twice);
    check(Arc::new(metric("a", "A.")), Arc::new(metric("a", "B.")), differs);
    check(Arc::new(metric("a", "A.")), Arc::new(Metric::<Gauge>::new(Options::new("a", "A."))), differs);
    let unit = Options::new("a", "A.").unit("seconds");
    check(Arc::new(metric("a", "A.")), Arc::new(Metric::<Counter>::new(unit)), differs);
    let family = || Family::<Counter, 1>::new(Options::new("a", "A."), ["x"]);
    check(Arc::new(metric("a", "A.")), Arc::new(family()), differs);
    check(Arc::new(family()), Arc::new(family()), twice);

    let invalid = |collector: Arc<dyn Collect>, expect: &str| {
        let error = Registry::new().register(collector).unwrap_err();
        assert!(matches!(error, RegisterError::Desc(_)));
        assert_eq!(error.to_string(), expect);
    };
    let options = |label| Options::new("a", "A.").const_label(label, "1");
    invalid(Arc::new(metric("", "A.")), r#"metric "": the name is empty"#);
    invalid(Arc::new(Metric::<Gauge>::new(options(""))), r#"metric "a": "" is not a valid label name"#);
    invalid(Arc::new(Metric::<Gauge>::new(options("__x"))), r#"metric "a": "__x" is not a valid label name"#);
    invalid(Arc::new(Family::<Gauge, 2>::new(options("x"), ["y", "x"])), r#"metric "a": the label "x" is there twice"#);
    invalid(
        Arc::new(Metric::<Histogram>::new(options("le"))),
        r#"metric "a": a histogram gives the label "le" a meaning of its own"#,
    );
    invalid(
        Arc::new(Family::<Summary, 1>::new(Options::new("a", "A."), ["quantile"])),
        r#"metric "a": a summary gives the label "quantile" a meaning of its own"#,
    );
    let registry = Registry::new();
    registry.register(Metric::<Gauge>::new(options("le"))).unwrap();
    registry
        .register(Metric::<FloatCounter>::new(Options::new("räksmörgås", "Any UTF-8.").const_label("ö", "")))
        .unwrap();
}

#[test]
fn what_does_not_fit_is_left_out() {
    let (lines, problems) = gather(Loose(vec![
        (gauge("a", "A."), vec![labelled(&[("x", "1")], 1.0), labelled(&[("x", "1")], 2.0)]),
        (gauge("a", "B."), vec![labelled(&[("x", "2")], 3.0)]),
        (gauge("b", ""), vec![labelled(&[("y", "1"), ("x", "1")], 4.0), labelled(&[("x", "1"), ("x", "2")], 5.0)]),
        (Desc::new(MetricType::Counter, Options::new("c", ""), &[]), vec![labelled(&[], 6.0)]),
        (gauge("d", ""), vec![labelled(&[], 7.0)]),
    ]));
    assert_eq!(lines, "gauge a \"A.\"\n  {x=1} 1\ngauge d \"\"\n  {} 7\n");
    assert_eq!(
        problems,
        [
            r#"collected metric "c" should be a counter, but is a gauge"#,
            r#"collected metric "a" is a gauge with help "B.", but should be a gauge with help "A.""#,
            r#"collected metric "a" {x="1"} was collected before with the same name and label values"#,
            r#"collected metric "b" has the label "x" after "y""#,
            r#"collected metric "b" has the label "x" after "x""#,
        ]
    );
}

#[test]
fn names_of_flattened_series_are_taken() {
    let settings = HistogramSettings::default();
    let registry = Registry::new();
    registry.register(Metric::<Histogram>::with(Options::new("h", ""), &settings, None)).unwrap();
    registry.register(Metric::<Summary>::new(Options::new("s", ""))).unwrap();
    for name in ["h_count", "h_sum", "h_bucket", "s_count", "s_sum", "s_bucket", "g_count", "_count"] {
        registry.register(Metric::<Gauge>::new(Options::new(name, ""))).unwrap();
    }
    let mut snapshot = Snapshot::new();
    let error = registry.gather(NOW, &mut snapshot).unwrap_err();
    assert_eq!(error.count(), 5);
    assert_eq!(error.problems()[0], r#"collected metric named "h_bucket" collides with the histogram named "h""#);
    let kept: Vec<String> =
        lines(&snapshot).lines().step_by(2).map(|line| line.split(' ').nth(1).unwrap().into()).collect();
    assert_eq!(kept, ["_count", "g_count", "h", "s", "s_bucket"]);
}

#[test]
fn label_counts_and_timestamps_order_too() {
    let at = |timestamp, value| (vec![("x", "1".to_owned())], timestamp, value);
    let (lines, problems) = gather(Loose(vec![(
        gauge("a", ""),
        vec![
            labelled(&[("x", "0"), ("y", "0")], 1.0),
            at(None, 2.0),
            at(Some(7), 3.0),
            at(Some(-7), 4.0),
            labelled(&[("y", "1")], 5.0),
            labelled(&[], 6.0),
        ],
    )]));
    let expect = "gauge a \"\"\n  {} 6\n  {x=1} 4 @-7\n  {x=1} 3 @7\n  {x=1} 2\n  {y=1} 5\n  {x=0,y=0} 1\n";
    assert_eq!((lines.as_str(), problems.len()), (expect, 0));
}

#[test]
fn the_texts_of_problems_are_bounded() {
    let samples = (0..1000).map(|_| labelled(&[], 1.0)).collect();
    let registry = Registry::new();
    registry.register(Loose(vec![(gauge("a", ""), samples)])).unwrap();
    let error = registry.gather(NOW, &mut Snapshot::new()).unwrap_err();
    assert_eq!((error.count(), error.problems().len()), (999, 10));
    assert!(error.to_string().ends_with("; and 989 more"));
}

#[test]
fn families_forget_what_is_removed() {
    let family = Family::<Counter, 2>::new(Options::new("a", ""), ["x", "y"]);
    let kept = family.with(["1", "1"]);
    family.with(["1", "2"]).add(2);
    family.with(["2", "1"]).add(3);
    kept.add(1);
    let mut seen = Vec::new();
    family.for_each(|[x, y], counter| seen.push((x.to_owned(), y.to_owned(), counter.value())));
    seen.sort();
    let text = |x: &str, y: &str, value| (x.to_owned(), y.to_owned(), value);
    assert_eq!(seen, [text("1", "1", 1), text("1", "2", 2), text("2", "1", 3)]);
    family.retain(|[x, _], _| x == "1");
    assert_eq!((family.len(), family.find(["2", "1"]).is_some()), (2, false));
    assert!(family.remove(["1", "1"]) && !family.remove(["1", "1"]));
    kept.inc();
    assert_eq!((kept.value(), family.with(["1", "1"]).value()), (2, 0), "a handle outlives its removal");
    family.clear();
    assert!(family.is_empty());
}

#[test]
fn threads_share_what_they_make() {
    let family = Family::<Counter, 1>::new(Options::new("a", ""), ["x"]);
    let histogram = Metric::<Histogram>::new(Options::new("h", ""));
    let registry = Registry::new();
    let values = ["0", "1", "2", "3"];
    let family = Arc::new(family);
    registry.register(Arc::clone(&family)).unwrap();
    registry.register(histogram.clone()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (family, histogram) = (&family, &histogram);
            scope.spawn(move || {
                for step in 0..4000 {
                    family.with([values[(thread + step) % 4]]).inc();
                    histogram.observe(1.0);
                }
            });
        }
        let mut snapshot = Snapshot::new();
        for _ in 0..50 {
            registry.gather(NOW, &mut snapshot).unwrap();
        }
    });
    let counts: Vec<u64> = values.iter().map(|value| family.with([value]).value()).collect();
    assert_eq!((counts, histogram.count(), histogram.sum()), (vec![8000; 4], 32_000, 32_000.0));
}

proptest! {
    /// Against the definition: every sample once, in the order of (number of labels, values), first come, first served.
    #[test]
    fn order_is_that_of_a_naive_sort(samples in prop::collection::vec((0usize..3, 0u8..3, "[ab]{0,2}", "[ab]{0,2}"), 0..60)) {
        let families: Vec<_> = samples.iter().map(|(name, labels, x, y)| {
            let pairs = [("x", x.as_str()), ("y", y.as_str())];
            (gauge(["m", "l", "n"][*name], ""), vec![labelled(&pairs[..usize::from(*labels)], 0.0)])
        }).collect();
        let mut expect: Vec<_> = samples.iter().map(|(name, labels, x, y)| {
            let values: Vec<_> = [x, y].into_iter().take(usize::from(*labels)).cloned().collect();
            (["m", "l", "n"][*name], values.len(), values)
        }).collect();
        expect.sort();
        expect.dedup();
        let (lines, problems) = gather(Loose(families));
        prop_assert!(problems.len() == (samples.len() - expect.len()).min(10));
        let mut found = Vec::new();
        let mut name = "";
        for line in lines.lines() {
            if let Some(family) = line.strip_prefix("gauge ") {
                name = family.split(' ').next().unwrap();
            } else {
                let labels = line.trim_start_matches("  {").split('}').next().unwrap();
                let values: Vec<String> = labels.split(',').filter_map(|pair| Some(pair.split_once('=')?.1.into())).collect();
                found.push((name, values.len(), values));
            }
        }
        prop_assert_eq!(found, expect);
    }
}
