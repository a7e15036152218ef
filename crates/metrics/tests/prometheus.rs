//! The awkward ones among the metrics that Prometheus keeps about itself, declared and written as it does.
//!
//! Names, labels, bounds and ranks are those that Prometheus 3.5.3 serves under `/metrics`.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use promd_metrics::{
    Collect, Counter, CounterValue, Desc, Family, FnMetric, Gauge, Histogram, HistogramSettings, IntGauge, Metric,
    MetricType, NativeSettings, Options, Quantile, Registry, Sample, Sink, Snapshot, Summary, SummarySettings,
    SummaryValue, Value, exponential_buckets, impl_collect,
};

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_264_941_500)
}

/// Flattens samples roughly as the text format does; numbers as Rust prints them.
#[derive(Default)]
struct Text {
    name: String,
    out: String,
}

impl Text {
    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], more: Option<(&str, f64)>, value: f64) {
        let mut pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        pairs.extend(more.map(|(name, value)| format!("{name}=\"{value}\"")));
        let pairs = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        writeln!(self.out, "{}{suffix}{pairs} {value}", self.name).unwrap();
    }
}

impl Sink for Text {
    fn family(&mut self, desc: &Desc) {
        self.name = desc.name().to_owned();
        writeln!(self.out, "# {} {}", desc.name(), desc.metric_type()).unwrap();
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let labels = sample.labels;
        match sample.value {
            Value::Counter(CounterValue { value, .. }) | Value::Gauge(value) => self.line("", labels, None, value),
            Value::Summary(summary) => {
                for quantile in summary.quantiles {
                    self.line("", labels, Some(("quantile", quantile.rank)), quantile.value);
                }
                self.line("_sum", labels, None, summary.sum);
                self.line("_count", labels, None, summary.count as f64);
            }
            Value::Histogram(histogram) => {
                for bucket in histogram.buckets {
                    let le = Some(("le", bucket.upper_bound));
                    self.line("_bucket", labels, le, bucket.cumulative_count.as_f64());
                }
                self.line("_bucket", labels, Some(("le", f64::INFINITY)), histogram.count.as_f64());
                self.line("_sum", labels, None, histogram.sum);
                self.line("_count", labels, None, histogram.count.as_f64());
            }
            _ => {}
        }
    }
}

#[track_caller]
fn check(collector: impl Collect + 'static, expect: &str) {
    let registry = Registry::new();
    registry.register(collector).unwrap();
    let mut snapshot = Snapshot::new();
    registry.gather(now(), &mut snapshot).unwrap();
    let mut text = Text::default();
    snapshot.visit(&mut text);
    assert_eq!(text.out, expect.trim_start());
}

#[test]
fn build_info_has_constant_labels_only() {
    let options = Options::new("prometheus_build_info", "A metric with a constant '1' value.")
        .const_label("version", "3.14.0")
        .const_label("revision", "unknown")
        .const_label("branch", "HEAD")
        .const_label("goversion", "go1.26");
    let metric = Metric::<Gauge>::new(options);
    metric.set(1.0);
    let expect = r#"
# prometheus_build_info gauge
prometheus_build_info{branch="HEAD",goversion="go1.26",revision="unknown",version="3.14.0"} 1
"#;
    check(metric, expect);
}

#[test]
fn query_durations_are_summaries_by_slice() {
    let options = Options::new("prometheus_engine_query_duration_seconds", "Query timings");
    let settings = SummarySettings::new([(0.99, 0.001), (0.5, 0.05), (0.9, 0.01)]);
    let timings = Family::<Summary, 1>::with_settings(options, ["slice"], settings);
    let inner_eval = timings.with(["inner_eval"]);
    (1..=1000).for_each(|ms| inner_eval.observe_duration(Duration::from_millis(ms), now()));
    timings.with(["result_sort"]);

    let registry = Registry::new();
    registry.register(timings).unwrap();
    let mut snapshot = Snapshot::new();
    registry.gather(now(), &mut snapshot).unwrap();
    let mut text = Text::default();
    snapshot.visit(&mut text);
    let lines: Vec<&str> = text.out.lines().collect();
    let value = |at: usize, series: &str| -> f64 {
        let (name, value) = lines[at].rsplit_once(' ').unwrap();
        assert_eq!(name, format!("prometheus_engine_query_duration_seconds{series}"));
        value.parse().unwrap()
    };
    // Of a uniform distribution, values are ranks.
    assert!((0.45..=0.55).contains(&value(1, r#"{slice="inner_eval",quantile="0.5"}"#)));
    assert!((0.89..=0.91).contains(&value(2, r#"{slice="inner_eval",quantile="0.9"}"#)));
    assert!((0.989..=0.991).contains(&value(3, r#"{slice="inner_eval",quantile="0.99"}"#)));
    assert!((value(4, r#"_sum{slice="inner_eval"}"#) - 500.5).abs() < 1e-6);
    assert_eq!(value(5, r#"_count{slice="inner_eval"}"#), 1000.0);
    assert!(value(6, r#"{slice="result_sort",quantile="0.5"}"#).is_nan());
}

#[test]
fn request_durations_are_classic_and_native() {
    let options = Options::new("prometheus_http_request_duration_seconds", "Histogram of latencies for HTTP requests.");
    let native = NativeSettings::new(1.1).max_buckets(100).min_reset(Duration::from_secs(3600));
    let settings = HistogramSettings::classic([0.1, 0.2, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 120.0]).with_native(native);
    let durations = Family::<Histogram, 1>::with_settings(options, ["handler"], settings);
    let handler = durations.with_created(["/metrics"], Some(now()));
    handler.observe(0.3);
    handler.observe(500.0);
    let expect = r#"
# prometheus_http_request_duration_seconds histogram
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="0.1"} 0
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="0.2"} 0
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="0.4"} 1
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="1"} 1
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="3"} 1
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="8"} 1
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="20"} 1
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="60"} 1
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="120"} 1
prometheus_http_request_duration_seconds_bucket{handler="/metrics",le="inf"} 2
prometheus_http_request_duration_seconds_sum{handler="/metrics"} 500.3
prometheus_http_request_duration_seconds_count{handler="/metrics"} 2
"#;
    check(durations, expect);
}

#[test]
fn bucket_bounds_of_the_storage() {
    let ranges = [100.0, 400.0, 1600.0, 6400.0, 25600.0, 102400.0, 409600.0, 1.6384e+06, 6.5536e+06, 2.62144e+07];
    assert_eq!(exponential_buckets(100.0, 4.0, 10), ranges);
    let durations = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0];
    assert_eq!(exponential_buckets(1.0, 2.0, 14), durations);
}

/// What each queue of remote write has of its own: the same names, told apart by constant labels.
struct QueueMetrics {
    shards: Metric<IntGauge>,
    samples: Metric<Counter>,
    highest_sent: Metric<Gauge>,
}

impl_collect!(QueueMetrics { shards, samples, highest_sent });

impl QueueMetrics {
    fn new(remote: &str) -> QueueMetrics {
        let options = |name: &str| {
            let name = format!("prometheus_remote_storage_{name}");
            Options::new(name, "...").const_label("remote_name", remote).const_label("url", "http://localhost/write")
        };
        QueueMetrics {
            shards: Metric::new(options("shards")),
            samples: Metric::new(options("samples_total")),
            highest_sent: Metric::new(options("queue_highest_sent_timestamp_seconds")),
        }
    }
}

#[test]
fn queues_come_and_go() {
    let registry = Arc::new(Registry::new());
    let second = Arc::new(QueueMetrics::new("b"));
    let ids = [registry.register(Arc::clone(&second)).unwrap(), registry.register(QueueMetrics::new("a")).unwrap()];
    assert!(registry.register(QueueMetrics::new("a")).is_err(), "two queues of one name");
    second.shards.set(3);
    second.samples.add(500);
    second.highest_sent.set_time(now());
    let both = r#"
# prometheus_remote_storage_queue_highest_sent_timestamp_seconds gauge
prometheus_remote_storage_queue_highest_sent_timestamp_seconds{remote_name="a",url="http://localhost/write"} 0
prometheus_remote_storage_queue_highest_sent_timestamp_seconds{remote_name="b",url="http://localhost/write"} 1795264941.5
# prometheus_remote_storage_samples_total counter
prometheus_remote_storage_samples_total{remote_name="a",url="http://localhost/write"} 0
prometheus_remote_storage_samples_total{remote_name="b",url="http://localhost/write"} 500
# prometheus_remote_storage_shards gauge
prometheus_remote_storage_shards{remote_name="a",url="http://localhost/write"} 0
prometheus_remote_storage_shards{remote_name="b",url="http://localhost/write"} 3
"#;
    check(Arc::clone(&registry), both);
    assert!(registry.unregister(ids[0]));
    let first: Vec<&str> = both.lines().filter(|line| !line.contains("\"b\"")).collect();
    check(registry, &(first.join("\n") + "\n"));
}

/// A runtime's own statistics: computed when asked, and a summary whose quantiles nobody observed one by one.
struct Runtime {
    pauses: Desc,
    info: Desc,
}

impl Collect for Runtime {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        [&self.pauses, &self.info].into_iter().for_each(each);
    }

    fn collect(&self, _now: SystemTime, sink: &mut dyn Sink) {
        let quantile = |rank: f64| Quantile { rank, value: rank / 8.0 };
        let quantiles = [0.0, 0.25, 0.5, 0.75, 1.0].map(quantile);
        sink.family(&self.pauses);
        let summary = SummaryValue { count: 4, sum: 0.5, created: None, quantiles: &quantiles };
        sink.sample(&Sample::new(&[], Value::Summary(summary)));
        let mut labels = Vec::new();
        self.info.label_pairs(&["go1.26"], &mut labels);
        sink.family(&self.info);
        sink.sample(&Sample::new(&labels, Value::Gauge(1.0)));
    }
}

#[test]
fn a_runtime_speaks_for_itself() {
    let runtime = Runtime {
        pauses: Desc::new(MetricType::Summary, Options::new("go_gc_duration_seconds", "..."), &[]),
        info: Desc::new(MetricType::Gauge, Options::new("go_info", "..."), &["version"]),
    };
    let expect = r#"
# go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 0
go_gc_duration_seconds{quantile="0.25"} 0.03125
go_gc_duration_seconds{quantile="0.5"} 0.0625
go_gc_duration_seconds{quantile="0.75"} 0.09375
go_gc_duration_seconds{quantile="1"} 0.125
go_gc_duration_seconds_sum 0.5
go_gc_duration_seconds_count 4
# go_info gauge
go_info{version="go1.26"} 1
"#;
    check(runtime, expect);
}

#[test]
fn counters_of_seconds_and_of_codes() {
    let cpu = FnMetric::counter(Options::new("process_cpu_seconds_total", "...").unit("seconds"), || 12.25);
    check(cpu, "# process_cpu_seconds_total counter\nprocess_cpu_seconds_total 12.25\n");

    let requests = Family::<Counter, 1>::new(Options::new("promhttp_metric_handler_requests_total", "..."), ["code"]);
    ["200", "500", "503"].into_iter().for_each(|code| drop(requests.with([code])));
    requests.with(["200"]).inc();
    let expect = r#"
# promhttp_metric_handler_requests_total counter
promhttp_metric_handler_requests_total{code="200"} 1
promhttp_metric_handler_requests_total{code="500"} 0
promhttp_metric_handler_requests_total{code="503"} 0
"#;
    check(requests, expect);
}

#[test]
fn a_metric_may_be_absent() {
    // Without a limit of retention there is no series, as `Option` says.
    let none: Option<Metric<Gauge>> = None;
    check(none, "");
    let some = Some(Metric::<Gauge>::new(Options::new("prometheus_tsdb_retention_limit_bytes", "...")));
    check(some, "# prometheus_tsdb_retention_limit_bytes gauge\nprometheus_tsdb_retention_limit_bytes 0\n");
}
