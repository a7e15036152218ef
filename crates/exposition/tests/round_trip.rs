//! What is written is read again as it was. The expected lines are built from the model, not from what was written.

mod common;

use std::time::{Duration, SystemTime};

use common::dump;
use promd_exposition::{
    FamilyHead, Format, MetricType, OpenMetricsParser, Options, ProtobufParser, TextParser, Writer,
};
use promd_metrics::{
    Bucket, Count, CounterValue, Exemplar, HistogramValue, NativeBuckets, NativeCounts, NativeValue, Quantile, Sample,
    Span, SummaryValue, Value,
};
use promd_model::{EscapingScheme, float};
use proptest::prelude::*;

/// A family of one metric.
#[derive(Debug, Clone)]
struct Family {
    name: String,
    help: String,
    labels: Vec<(String, String)>,
    timestamp: Option<i64>,
    value: Metric,
}

#[derive(Debug, Clone)]
enum Metric {
    Counter { value: f64, created: Option<u64>, exemplar: Option<(String, f64)> },
    Gauge(f64),
    Untyped(f64),
    Summary { count: u64, sum: f64, quantiles: Vec<(f64, f64)> },
    Classic { sum: f64, bounds: Vec<f64>, counts: Vec<u64> },
    Native { sum: f64, offset: i32, counts: Vec<u64> },
}

impl Metric {
    fn metric_type(&self) -> MetricType {
        match self {
            Self::Counter { .. } => MetricType::Counter,
            Self::Gauge(_) => MetricType::Gauge,
            Self::Untyped(_) => MetricType::Unknown,
            Self::Summary { .. } => MetricType::Summary,
            Self::Classic { .. } | Self::Native { .. } => MetricType::Histogram,
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z\\\\\"\n {}=,#]{0,8}", "\\PC{0,6}"]
}

fn label_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-d][a-z_]{0,4}", "[a-d]\\.[a-z\" \\\\]{1,3}"]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("NaN has many faces", |value| !value.is_nan()), (-9i8..9).prop_map(f64::from)]
}

/// Times that survive OpenMetrics: Prometheus multiplies seconds by 1000 and cuts off what rounding left short.
fn millis() -> impl Strategy<Value = i64> {
    (1i64..4_000_000_000).prop_map(|millis| millis * 1000 + 500)
}

fn metric() -> impl Strategy<Value = Metric> {
    let ascending = prop::collection::btree_set(-99i32..99, 0..5)
        .prop_map(|bounds| bounds.into_iter().map(|bound| f64::from(bound) / 8.0).collect::<Vec<_>>());
    let counts = prop::collection::vec(0u64..1000, 6);
    prop_oneof![
        (
            number(),
            prop::option::of(millis().prop_map(i64::cast_unsigned)),
            prop::option::of(("[a-z\"]{0,6}", number()))
        )
            .prop_map(|(value, created, exemplar)| Metric::Counter { value, created, exemplar }),
        number().prop_map(Metric::Gauge),
        number().prop_map(Metric::Untyped),
        (any::<u64>(), number(), prop::collection::vec((0.0..1.0, number()), 0..3))
            .prop_map(|(count, sum, quantiles)| Metric::Summary { count, sum, quantiles }),
        (number(), ascending, counts).prop_map(|(sum, bounds, counts)| Metric::Classic { sum, bounds, counts }),
        (number(), -9i32..9, prop::collection::vec(1u64..1000, 1..5))
            .prop_map(|(sum, offset, counts)| Metric::Native { sum, offset, counts }),
    ]
}

fn family() -> impl Strategy<Value = Family> {
    let labels = prop::collection::btree_map(label_name(), text(), 0..3).prop_map(|map| map.into_iter().collect());
    let name = prop_oneof!["[a-z][a-z_]{0,5}[a-z]_total", "[a-z]\\.[a-z\"\\\\]{1,3}_total"];
    let timestamp = prop::option::of(millis());
    // Readers do not see blanks before a help text.
    let help = text().prop_map(|help| help.trim_start().to_owned());
    (name, help, labels, timestamp, metric()).prop_map(|(name, help, labels, timestamp, value)| Family {
        name,
        help,
        labels,
        timestamp,
        value,
    })
}

fn write(families: &[Family], format: Format, created_lines: bool) -> Vec<u8> {
    let mut writer = Writer::new(format, EscapingScheme::None);
    if created_lines {
        writer = writer.with_created_lines();
    }
    for Family { name, help, labels, timestamp, value } in families {
        writer.begin(&FamilyHead { name, help: Some(help), unit: "", metric_type: value.metric_type() });
        let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut sample = |value| {
            writer
                .sample(&Sample { labels: &labels, timestamp_ms: *timestamp, value })
                .expect("every format can say it");
        };
        match value {
            Metric::Counter { value, created, exemplar } => {
                let exemplar = exemplar
                    .as_ref()
                    .and_then(|(trace, value)| Exemplar::new(&[("trace", trace)], *value, Some(time(10_250))));
                let created = created.map(time);
                sample(Value::Counter(CounterValue { value: *value, created, exemplar: exemplar.as_ref() }));
            }
            Metric::Gauge(value) => sample(Value::Gauge(*value)),
            Metric::Untyped(value) => sample(Value::Untyped(*value)),
            Metric::Summary { count, sum, quantiles } => {
                let quantiles: Vec<_> =
                    quantiles.iter().map(|(rank, value)| Quantile { rank: *rank, value: *value }).collect();
                sample(Value::Summary(SummaryValue { count: *count, sum: *sum, created: None, quantiles: &quantiles }));
            }
            Metric::Classic { sum, bounds, counts } => {
                let buckets: Vec<_> = bounds
                    .iter()
                    .zip(cumulative(counts))
                    .map(|(bound, count)| Bucket {
                        upper_bound: *bound,
                        cumulative_count: Count::Integer(count),
                        exemplar: None,
                    })
                    .collect();
                sample(Value::Histogram(HistogramValue {
                    count: Count::Integer(counts.iter().sum()),
                    sum: *sum,
                    created: None,
                    buckets: &buckets,
                    infinity_exemplar: None,
                    native: None,
                }));
            }
            Metric::Native { sum, offset, counts } => {
                let mut before = 0;
                let deltas: Vec<_> = counts
                    .iter()
                    .map(|count| count.cast_signed() - std::mem::replace(&mut before, count.cast_signed()))
                    .collect();
                let length = u32::try_from(counts.len()).expect("there are few");
                let spans = [Span { offset: *offset, length }];
                sample(Value::Histogram(HistogramValue {
                    count: Count::Integer(counts.iter().sum()),
                    sum: *sum,
                    created: None,
                    buckets: &[],
                    infinity_exemplar: None,
                    native: Some(NativeValue {
                        schema: 0,
                        zero_threshold: 0.0,
                        zero_count: Count::Integer(0),
                        positive: NativeBuckets { spans: &spans, counts: NativeCounts::Deltas(&deltas) },
                        negative: NativeBuckets::default(),
                        exemplars: &[],
                    }),
                }));
            }
        }
    }
    writer.finish().expect("no sample came through the sink")
}

fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn cumulative(counts: &[u64]) -> impl Iterator<Item = u64> {
    counts.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    })
}

/// The lines that [`dump`] has for a family; not in their order.
fn expected(family: &Family, format: Format) -> Vec<String> {
    let Family { name, help, labels, timestamp, value } = family;
    let metric_type = value.metric_type();
    let mut base = name.as_str();
    if format == Format::OpenMetrics1_0_0 && metric_type == MetricType::Counter {
        base = base.strip_suffix("_total").expect("all names end so");
    }
    // Prometheus keeps the backslashes of a name in the metadata of a text.
    let quoted = format != Format::Protobuf && name.contains('.');
    let base = if quoted { base.replace('\\', "\\\\").replace('"', "\\\"") } else { base.to_owned() };
    let mut lines = vec![format!("help {base} {help}"), format!("type {base} {metric_type}")];
    let mut line = |suffix: &str, extra: Option<(&str, f64)>, value: &str, rest: &str| {
        let extra = extra.map(|(name, value)| format!("{name}={:?}", float::openmetrics(value)));
        let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).chain(extra).collect();
        let braces = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        let time = timestamp.map_or(String::new(), |time| format!(" @{time}"));
        lines.push(format!("{name}{suffix}{braces} {value}{time}{rest}"));
    };
    let plain = |value: f64| float::g(if format == Format::Protobuf { value } else { value + 0.0 });
    match value {
        Metric::Counter { value, created, exemplar } => {
            let mut rest = String::new();
            if let Some(created) = created.filter(|_| format != Format::Text) {
                rest += &format!(" >{created}");
            }
            if let Some((trace, value)) = exemplar.as_ref().filter(|_| format != Format::Text) {
                // Prometheus keeps the backslashes of an exemplar's labels in OpenMetrics.
                let trace = if format == Format::OpenMetrics1_0_0 { trace.replace('"', "\\\"") } else { trace.clone() };
                rest += &format!(" # {{trace={trace:?}}} {} @10250", plain(*value));
            }
            line("", None, &plain(*value), &rest);
        }
        Metric::Gauge(value) | Metric::Untyped(value) => line("", None, &plain(*value), ""),
        Metric::Summary { count, sum, quantiles } => {
            for (rank, value) in quantiles {
                line("", Some(("quantile", *rank)), &plain(*value), "");
            }
            line("_sum", None, &plain(*sum), "");
            line("_count", None, &float::g(*count as f64), "");
        }
        Metric::Native { sum, counts, offset } if format == Format::Protobuf => {
            let histogram = promd_model::Histogram {
                count: counts.iter().sum(),
                sum: *sum,
                positive_spans: vec![promd_model::Span::new(*offset, u32::try_from(counts.len()).expect("few"))],
                positive_buckets: counts
                    .iter()
                    .scan(0, |before, count| Some(count.cast_signed() - std::mem::replace(before, count.cast_signed())))
                    .collect(),
                ..promd_model::Histogram::default()
            };
            line("", None, &format!("{histogram} Unknown"), "");
        }
        Metric::Classic { sum, counts, .. } | Metric::Native { sum, counts, .. } => {
            let bounds: &[f64] = if let Metric::Classic { bounds, .. } = value { bounds } else { &[] };
            for (bound, count) in bounds.iter().zip(cumulative(counts)) {
                line("_bucket", Some(("le", *bound)), &float::g(count as f64), "");
            }
            let total = float::g(counts.iter().sum::<u64>() as f64);
            line("_bucket", Some(("le", f64::INFINITY)), &total, "");
            line("_sum", None, &plain(*sum), "");
            line("_count", None, &total, "");
        }
    }
    lines
}

fn read(body: &[u8], format: Format) -> Vec<String> {
    let mut options = Options::default();
    options.skip_created_series = true;
    let lines = match format {
        Format::OpenMetrics1_0_0 => dump(OpenMetricsParser::new(body, options)),
        Format::Protobuf => dump(ProtobufParser::new(body, options)),
        _ => dump(TextParser::new(body, options)),
    };
    lines.unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(body)))
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(families in prop::collection::vec(family(), 0..4)) {
        for format in [Format::Text, Format::OpenMetrics1_0_0, Format::Protobuf] {
            // One at a time: OpenMetrics takes `_created` of an equal name for its own.
            for family in &families {
                let body = write(std::slice::from_ref(family), format, true);
                let (mut found, mut wanted) = (read(&body, format), expected(family, format));
                found.sort();
                wanted.sort();
                prop_assert_eq!(found, wanted, "{:?}: {}", format, String::from_utf8_lossy(&body));
            }
            let whole = write(&families, format, false);
            let lines: usize = families.iter().map(|family| expected(family, format).len()).sum();
            prop_assert_eq!(read(&whole, format).len(), lines);
        }
    }
}
