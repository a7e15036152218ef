//! The writers against the real programs: what Prometheus says of itself in protobuf, read and written again as a text,
//! is what it says in that text, and `promtool check metrics` has nothing against it. No peer writes OpenMetrics of its own
//! account; what we write of it, `promtool tsdb create-blocks-from openmetrics` reads.
#![expect(clippy::unwrap_used, reason = "a peer that cannot be run fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use promd_exposition::{Entry, FamilyHead, Format, MetricType, Options, Parser, ProtobufParser, Writer};
use promd_metrics::{Bucket, Count, CounterValue, HistogramValue, Quantile, Sample, SummaryValue, Value};
use promd_model::{EscapingScheme, float};
use promd_testkit::Server;

fn get(server: &Server, accept: &str) -> Vec<u8> {
    let answer = server.connect().send("GET", "/metrics", &[("Accept", accept)], b"").unwrap();
    assert_eq!(answer.status, 200);
    answer.body
}

/// A metric that is put together from the entries of a parser.
#[derive(Default)]
struct Metric {
    value: f64,
    count: f64,
    sum: f64,
    quantiles: Vec<Quantile>,
    buckets: Vec<Bucket>,
}

/// Reads protobuf and writes it in another format.
fn rewritten(body: &[u8], format: Format, timestamp_ms: Option<i64>) -> Vec<u8> {
    let mut options = Options::default();
    options.ignore_native_histograms = true;
    let mut parser = ProtobufParser::new(body, options);
    let mut writer = Writer::new(format, EscapingScheme::Underscores);
    let (mut name, mut help, mut metric_type) = (String::new(), String::new(), MetricType::Unknown);
    let mut metrics: Vec<(Vec<(String, String)>, Metric)> = Vec::new();
    loop {
        let entry = parser.next().unwrap();
        if matches!(entry, None | Some(Entry::Help { .. })) {
            writer.begin(&FamilyHead { name: &name, help: Some(&help), unit: "", metric_type });
            for (labels, metric) in metrics.drain(..) {
                write_metric(&mut writer, metric_type, &labels, metric, timestamp_ms);
            }
        }
        match entry {
            None => return writer.finish().unwrap(),
            Some(Entry::Help { name: family, help: text }) => {
                family.clone_into(&mut name);
                help = text.to_string();
            }
            Some(Entry::Type { metric_type: own, .. }) => metric_type = own,
            Some(Entry::Series(sample)) => {
                let (mut series, mut extra, mut labels) = (String::new(), None, Vec::new());
                sample.for_each_label(|label, value| match label {
                    "__name__" => value.clone_into(&mut series),
                    "le" | "quantile" => extra = Some(float::parse(value.as_bytes()).unwrap()),
                    _ => labels.push((label.to_owned(), value.to_owned())),
                });
                if metrics.last().is_none_or(|(last, _)| *last != labels) {
                    metrics.push((labels, Metric::default()));
                }
                let metric = &mut metrics.last_mut().unwrap().1;
                match (series.strip_prefix(&*name).unwrap(), extra) {
                    ("_bucket", Some(upper_bound)) => {
                        let cumulative_count = Count::Integer(whole(sample.value));
                        metric.buckets.push(Bucket { upper_bound, cumulative_count, exemplar: None });
                    }
                    ("", Some(rank)) => metric.quantiles.push(Quantile { rank, value: sample.value }),
                    ("_count", _) => metric.count = sample.value,
                    ("_sum", _) => metric.sum = sample.value,
                    _ => metric.value = sample.value,
                }
            }
            Some(_) => {}
        }
    }
}

fn write_metric(
    writer: &mut Writer,
    metric_type: MetricType,
    labels: &[(String, String)],
    metric: Metric,
    timestamp_ms: Option<i64>,
) {
    let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let Metric { value, count, sum, quantiles, buckets } = &metric;
    let (value, sum, created) = (*value, *sum, None);
    let value = match metric_type {
        MetricType::Counter => Value::Counter(CounterValue { value, created, exemplar: None }),
        MetricType::Gauge => Value::Gauge(value),
        MetricType::Summary => Value::Summary(SummaryValue { count: whole(*count), sum, created, quantiles }),
        MetricType::Histogram => {
            let count = Count::Integer(whole(*count));
            Value::Histogram(HistogramValue { count, sum, created, buckets, infinity_exemplar: None, native: None })
        }
        _ => Value::Untyped(value),
    };
    writer.sample(&Sample { labels: &labels, timestamp_ms, value }).unwrap();
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked")]
fn whole(count: f64) -> u64 {
    assert!((0.0..9e15).contains(&count) && count.fract() == 0.0, "{count}");
    count as u64
}

/// The lines of each family: those from one `# HELP` to the next.
fn families(text: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut family = String::new();
    for line in str::from_utf8(text).unwrap().lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap().to_owned();
        }
        families.entry(family.clone()).or_default().push(line.to_owned());
    }
    families
}

#[test]
fn prometheus_says_the_same_in_protobuf_and_in_the_text_that_is_written_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    let server = Server::launch(&program, folder.path()).config("global: {scrape_interval: 1h}\n").start();
    let protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=underscores";
    let text = "text/plain;version=0.0.4;escaping=underscores";
    // Values change between two answers, and so a family counts that was the same in both once. One that is written wrongly
    // never is.
    let mut same = BTreeSet::new();
    let (mut body, mut different) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let before = families(&get(&server, text));
        body = get(&server, protobuf);
        let after = families(&get(&server, text));
        different = after.keys().cloned().map(|name| (name, Vec::new())).collect();
        if !before.keys().eq(after.keys()) {
            // It has just started: some families come a little later.
            continue;
        }
        let own = families(&rewritten(&body, Format::Text, None));
        assert_eq!(own.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        same.extend(own.iter().filter(|(name, lines)| after[*name] == **lines).map(|(name, _)| name.clone()));
        // Those that stood still around the protobuf and are not the same in it.
        different = after.into_iter().filter(|(name, lines)| before[name] == *lines && !same.contains(name)).collect();
        if different.is_empty() {
            break;
        }
    }
    assert!(different.is_empty(), "{different:?}");
    assert!(same.len() > 100, "{}", same.len());
    let Some(promtool) = promd_testkit::peer("promtool") else { return };
    checked_by(&promtool, &rewritten(&body, Format::Text, None));
    let openmetrics = folder.path().join("metrics.om");
    fs::write(&openmetrics, rewritten(&body, Format::OpenMetrics1_0_0, Some(1_700_000_000_500))).unwrap();
    let command = ["tsdb", "create-blocks-from", "openmetrics", "--quiet"];
    let output = Command::new(&promtool).args(command).arg(&openmetrics).arg(folder.path().join("blocks")).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn checked_by(promtool: &Path, text: &[u8]) {
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    // Advice about Prometheus' own names is no error of the text: exit status 3.
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{errors}");
    assert!(!errors.contains("error while linting"), "{errors}");
}
