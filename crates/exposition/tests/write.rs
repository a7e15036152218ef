//! What the writers write. Expected texts follow `expfmt/text_create.go` and `expfmt/openmetrics_create.go` of Go's
//! prometheus/common; `interop_writers.rs` compares with a program that uses it.

use std::time::{Duration, SystemTime};

use promd_exposition::{FamilyHead, Format, MetricType, WriteError, Writer};
use promd_metrics::{Bucket, Count, CounterValue, Exemplar, HistogramValue, Quantile, Sample, SummaryValue, Value};
use promd_model::EscapingScheme;

const TEXT: Format = Format::Text;
const OPENMETRICS: Format = Format::OpenMetrics1_0_0;

fn head(name: &str, metric_type: MetricType) -> FamilyHead<'_> {
    FamilyHead { name, help: None, unit: "", metric_type }
}

fn write(format: Format, escaping: EscapingScheme, head: &FamilyHead<'_>, samples: &[Sample<'_>]) -> String {
    let mut writer = Writer::new(format, escaping).with_created_lines();
    writer.begin(head);
    for sample in samples {
        writer.sample(sample).expect("the format can say it");
    }
    String::from_utf8(writer.finish().expect("no sample came through the sink")).expect("a text is UTF-8")
}

#[track_caller]
fn check(format: Format, head: &FamilyHead<'_>, sample: Sample<'_>, expected: &[&str]) {
    assert_eq!(write(format, EscapingScheme::None, head, &[sample]).lines().collect::<Vec<_>>(), expected);
}

fn at(seconds: u64, millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(millis)
}

fn example(value: f64, time: Option<SystemTime>) -> Exemplar {
    Exemplar::new(&[("trace", "a\"b")], value, time).expect("it is short")
}

#[test]
fn help_and_labels_are_escaped() {
    let family = FamilyHead { help: Some("a \\ \"b\"\nc"), ..head("g", MetricType::Gauge) };
    let sample = Sample::new(&[("l", "a \\ \"b\"\nc")], Value::Gauge(-0.0));
    let line = "g{l=\"a \\\\ \\\"b\\\"\\nc\"}";
    check(TEXT, &family, sample, &["# HELP g a \\\\ \"b\"\\nc", "# TYPE g gauge", &format!("{line} 0")]);
    let help = "# HELP g a \\\\ \\\"b\\\"\\nc";
    check(OPENMETRICS, &family, sample, &[help, "# TYPE g gauge", &format!("{line} 0.0"), "# EOF"]);
}

#[test]
fn numbers() {
    let texts = |format, value| {
        let lines = write(
            format,
            EscapingScheme::None,
            &head("g", MetricType::Gauge),
            &[Sample::new(&[], Value::Gauge(value))],
        );
        lines.lines().nth(1).expect("the second line is the sample").to_owned()
    };
    for (value, text, openmetrics) in [
        (1.0, "g 1", "g 1.0"),
        (-1.0, "g -1", "g -1.0"),
        (123_456.0, "g 123456", "g 123456.0"),
        (1e6, "g 1e+06", "g 1e+06"),
        (0.1, "g 0.1", "g 0.1"),
        (f64::NAN, "g NaN", "g NaN"),
        (f64::INFINITY, "g +Inf", "g +Inf"),
        (f64::NEG_INFINITY, "g -Inf", "g -Inf"),
    ] {
        assert_eq!((texts(TEXT, value).as_str(), texts(OPENMETRICS, value).as_str()), (text, openmetrics));
    }
}

#[test]
fn times_are_milliseconds_or_seconds() {
    let sample = Sample { timestamp_ms: Some(1_700_000_000_123), ..Sample::new(&[], Value::Untyped(1.0)) };
    check(TEXT, &head("u", MetricType::Unknown), sample, &["# TYPE u untyped", "u 1 1700000000123"]);
    let expected = ["# TYPE u unknown", "u 1.0 1.700000000123e+09", "# EOF"];
    check(OPENMETRICS, &head("u", MetricType::Unknown), sample, &expected);
}

#[test]
fn counters_lose_their_suffix_in_the_metadata_of_openmetrics() {
    let exemplar = example(0.5, Some(at(10, 250)));
    let value = Value::Counter(CounterValue { value: 3.0, created: Some(at(5, 500)), exemplar: Some(&exemplar) });
    let sample = Sample::new(&[("a", "b")], value);
    check(TEXT, &head("c_total", MetricType::Counter), sample, &["# TYPE c_total counter", "c_total{a=\"b\"} 3"]);
    let expected =
        ["# TYPE c counter", "c_total{a=\"b\"} 3.0 # {trace=\"a\\\"b\"} 0.5 10.25", "c_created{a=\"b\"} 5.5", "# EOF"];
    check(OPENMETRICS, &head("c_total", MetricType::Counter), sample, &expected);
    // One without the suffix is none to OpenMetrics.
    let plain = Sample::new(&[], Value::counter(1.0));
    check(OPENMETRICS, &head("c", MetricType::Counter), plain, &["# TYPE c unknown", "c 1.0", "# EOF"]);
    let expected = ["# TYPE _total unknown", "_total 1.0", "# EOF"];
    check(OPENMETRICS, &head("_total", MetricType::Counter), plain, &expected);
}

#[test]
fn a_unit_is_told_to_openmetrics_if_the_name_ends_with_it() {
    let family = |name| FamilyHead { unit: "seconds", ..head(name, MetricType::Counter) };
    let sample = Sample::new(&[], Value::counter(1.0));
    let expected = ["# TYPE a_seconds counter", "# UNIT a_seconds seconds", "a_seconds_total 1.0", "# EOF"];
    check(OPENMETRICS, &family("a_seconds_total"), sample, &expected);
    check(OPENMETRICS, &family("a_total"), sample, &["# TYPE a counter", "a_total 1.0", "# EOF"]);
    check(TEXT, &family("a_seconds_total"), sample, &["# TYPE a_seconds_total counter", "a_seconds_total 1"]);
}

#[test]
fn info_is_a_gauge_to_who_does_not_know_it() {
    let sample = Sample::new(&[("v", "1")], Value::Gauge(1.0));
    check(OPENMETRICS, &head("b_info", MetricType::Info), sample, &["# TYPE b info", "b_info{v=\"1\"} 1.0", "# EOF"]);
    check(TEXT, &head("b_info", MetricType::Info), sample, &["# TYPE b_info gauge", "b_info{v=\"1\"} 1"]);
}

#[test]
fn summaries() {
    let quantiles = [Quantile { rank: 0.5, value: 1.5 }, Quantile { rank: 1.0, value: f64::NAN }];
    let value = SummaryValue { count: 3, sum: 4.0, created: Some(at(1, 0)), quantiles: &quantiles };
    let sample = Sample::new(&[("a", "b")], Value::Summary(value));
    let expected = [
        "# TYPE s summary",
        "s{a=\"b\",quantile=\"0.5\"} 1.5",
        "s{a=\"b\",quantile=\"1\"} NaN",
        "s_sum{a=\"b\"} 4",
        "s_count{a=\"b\"} 3",
    ];
    check(TEXT, &head("s", MetricType::Summary), sample, &expected);
    let expected = [
        "# TYPE s summary",
        "s{a=\"b\",quantile=\"0.5\"} 1.5",
        "s{a=\"b\",quantile=\"1.0\"} NaN",
        "s_sum{a=\"b\"} 4.0",
        "s_count{a=\"b\"} 3",
        "s_created{a=\"b\"} 1.0",
        "# EOF",
    ];
    check(OPENMETRICS, &head("s", MetricType::Summary), sample, &expected);
}

fn histogram<'a>(buckets: &'a [Bucket], count: Count, infinity_exemplar: Option<&'a Exemplar>) -> Sample<'a> {
    let value = HistogramValue { count, sum: 7.5, created: None, buckets, infinity_exemplar, native: None };
    Sample::new(&[], Value::Histogram(value))
}

#[test]
fn histograms() {
    let exemplar = example(0.5, None);
    let buckets = [Bucket { upper_bound: 1.0, cumulative_count: Count::Integer(1), exemplar: Some(exemplar.clone()) }];
    let sample = histogram(&buckets, Count::Integer(2), Some(&exemplar));
    let lines = ["h_bucket{le=\"1\"} 1", "h_bucket{le=\"+Inf\"} 2", "h_sum 7.5", "h_count 2"];
    for metric_type in [MetricType::Histogram, MetricType::GaugeHistogram] {
        let expected: Vec<_> = ["# TYPE h histogram"].into_iter().chain(lines).collect();
        check(TEXT, &head("h", metric_type), sample, &expected);
    }
    let expected = [
        "# TYPE h gaugehistogram",
        "h_bucket{le=\"1.0\"} 1 # {trace=\"a\\\"b\"} 0.5",
        "h_bucket{le=\"+Inf\"} 2 # {trace=\"a\\\"b\"} 0.5",
        "h_sum 7.5",
        "h_count 2",
        "# EOF",
    ];
    check(OPENMETRICS, &head("h", MetricType::GaugeHistogram), sample, &expected);
}

#[test]
fn the_last_bucket_is_not_written_twice() {
    let buckets = [Bucket { upper_bound: f64::INFINITY, cumulative_count: Count::Float(2.5), exemplar: None }];
    let sample = histogram(&buckets, Count::Float(2.5), None);
    let expected = ["# TYPE h histogram", "h_bucket{le=\"+Inf\"} 2.5", "h_sum 7.5", "h_count 2.5"];
    check(TEXT, &head("h", MetricType::Histogram), sample, &expected);
}

#[test]
fn names_that_are_not_legacy_are_quoted_or_escaped() {
    let family = FamilyHead { help: Some("H"), ..head("http.size", MetricType::Counter) };
    let samples =
        [Sample::new(&[], Value::counter(1.0)), Sample::new(&[("a.b", "c"), ("d:e", "f")], Value::counter(2.0))];
    let lines = write(TEXT, EscapingScheme::None, &family, &samples);
    let expected = "# HELP \"http.size\" H\n# TYPE \"http.size\" counter\n{\"http.size\"} 1\n\
                    {\"http.size\",\"a.b\"=\"c\",\"d:e\"=\"f\"} 2\n";
    assert_eq!(lines, expected);
    for (escaping, name, label) in [
        (EscapingScheme::Underscores, "http_size", "a_b"),
        (EscapingScheme::Dots, "http_dot_size", "a_dot_b"),
        (EscapingScheme::Values, "U__http_2e_size", "U__a_2e_b"),
    ] {
        let lines = write(TEXT, escaping, &family, &samples);
        let expected =
            format!("# HELP {name} H\n# TYPE {name} counter\n{name} 1\n{name}{{{label}=\"c\",\"d:e\"=\"f\"}} 2\n");
        assert_eq!(lines, expected);
    }
    // A legacy name is not escaped, though dots and values would change its underscore.
    let lines =
        write(TEXT, EscapingScheme::Dots, &head("a_b", MetricType::Gauge), &[Sample::new(&[], Value::Gauge(1.0))]);
    assert_eq!(lines, "# TYPE a_b gauge\na_b 1\n");
}

#[test]
fn a_family_without_samples_is_not_written() {
    for format in Format::ALL {
        let mut writer = Writer::new(format, EscapingScheme::None);
        writer.begin(&FamilyHead { help: Some("H"), ..head("a", MetricType::Gauge) });
        writer.begin(&head("b", MetricType::Gauge));
        let expected: &[u8] =
            if matches!(format, Format::OpenMetrics1_0_0 | Format::OpenMetrics0_0_1) { b"# EOF\n" } else { b"" };
        assert_eq!(writer.finish().unwrap(), expected);
    }
}

#[test]
fn what_cannot_be_said_is_left_out_with_an_error() {
    let mut writer = Writer::new(OPENMETRICS, EscapingScheme::None);
    let gauge = Sample::new(&[], Value::Gauge(1.0));
    assert_eq!(writer.sample(&gauge), Err(WriteError::NoName));
    writer.begin(&head("c", MetricType::Counter));
    let error = writer.sample(&gauge).expect_err("a gauge is no counter");
    assert_eq!(error.to_string(), "expected counter in metric c");
    writer.begin(&head("h", MetricType::Histogram));
    let error = writer.sample(&histogram(&[], Count::Float(0.5), None)).expect_err("half an observation");
    assert_eq!(error.to_string(), "OpenMetrics v1.0 does not support float histogram h");
    assert_eq!(writer.finish().unwrap(), b"# EOF\n");
}

#[test]
fn what_is_written_may_be_taken_away_in_pieces() {
    for format in Format::ALL {
        let samples = [Sample::new(&[("a", "1")], Value::Gauge(1.0)), Sample::new(&[("a", "2")], Value::Gauge(2.0))];
        let new = || Writer::new(format, EscapingScheme::None);
        let (mut whole, mut pieces, mut taken) = (new(), new(), Vec::new());
        for name in ["a", "b"] {
            for writer in [&mut whole, &mut pieces] {
                writer.begin(&head(name, MetricType::Gauge));
            }
            for sample in &samples {
                whole.sample(sample).unwrap();
                pieces.sample(sample).unwrap();
                taken.append(pieces.written());
            }
        }
        taken.append(&mut pieces.finish().unwrap());
        assert_eq!(whole.finish().unwrap(), taken);
    }
}
