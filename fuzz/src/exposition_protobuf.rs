//! Bodies in protobuf, and what the writers write.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use promd_exposition::{
    Entry, FamilyHead, Format, HistogramRef, MetricType, NhcbParser, OpenMetricsParser, Options, Parser,
    ProtobufParser, TextParser, Writer,
};
use promd_metrics::{Bucket, Count, HistogramValue, Quantile, Sample, SummaryValue, Value};
use promd_model::EscapingScheme;

/// Reads anything; the first byte chooses the options. What comes out is bounded by what goes in.
pub fn parse(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let chosen = |bit: u8| choice & 1 << bit != 0;
    let mut options = Options::default();
    options.type_and_unit_labels = chosen(0);
    options.ignore_native_histograms = chosen(1);
    options.keep_classic_histograms = chosen(2);
    options.convert_classic_histograms = chosen(3);
    let parser = ProtobufParser::new(body, options);
    if chosen(4) {
        consume(NhcbParser::new(parser, options), body.len());
    } else {
        consume(parser, body.len());
    }
}

fn consume(mut parser: impl Parser, bytes: usize) {
    let mut entries = 0;
    // Labels and exemplars are looked up on demand, at the cost of their metric: not for every bucket of a large one.
    let mut lookups = 1000;
    let mut look = |sample: &mut dyn FnMut()| {
        if lookups > 0 {
            lookups -= 1;
            sample();
        }
    };
    let end = loop {
        match parser.next() {
            Ok(Some(Entry::Series(sample))) => look(&mut || {
                let mut labels = 0;
                sample.for_each_label(|_, _| labels += 1);
                assert!(labels > 0 && labels <= bytes + 4 && sample.exemplars().count() <= bytes);
                std::hint::black_box(sample.start_timestamp());
            }),
            Ok(Some(Entry::Histogram(sample))) => look(&mut || {
                let (spans, buckets) = match sample.value {
                    HistogramRef::Integer(h) => (&h.positive_spans, h.positive_buckets.len()),
                    HistogramRef::Float(h) => (&h.positive_spans, h.positive_buckets.len()),
                };
                let claimed: usize = spans.iter().map(|span| span.length as usize).sum();
                assert!(claimed == buckets && buckets <= bytes, "{claimed} {buckets}");
                for exemplar in sample.exemplars() {
                    std::hint::black_box(exemplar.label_chars());
                }
            }),
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        entries += 1;
        // Help, unit, type, count, sum, the added bucket and a conversion, of at least two bytes.
        assert!(entries <= 5 * bytes, "{entries} entries");
    };
    if let Some(error) = end {
        assert!(error.offset() <= bytes && !error.to_string().is_empty());
    }
}

/// A family of one metric.
#[derive(Debug, Arbitrary)]
pub struct Family {
    name: String,
    help: Option<String>,
    unit: String,
    labels: BTreeMap<String, String>,
    timestamp: Option<u32>,
    value: Metric,
}

#[derive(Debug, Arbitrary)]
enum Metric {
    Counter(f64),
    Gauge(f64),
    Untyped(f64),
    Summary { count: u64, sum: f64, quantiles: Vec<(u8, f64)> },
    Histogram { sum: f64, buckets: BTreeMap<i16, u32> },
}

/// Writes families in all formats: what is read of them is the same series with the same values.
pub fn round_trip(families: Vec<Family>) {
    let of_protobuf = samples(ProtobufParser::new(&write(&families, Format::Protobuf), Options::default()));
    let of_text = samples(TextParser::new(&write(&families, Format::Text), Options::default()));
    let openmetrics = write(&families, Format::OpenMetrics1_0_0);
    let of_openmetrics = samples(OpenMetricsParser::new(&openmetrics, Options::default()));
    assert_eq!(of_protobuf, of_text);
    assert_eq!(of_protobuf, of_openmetrics, "{}", String::from_utf8_lossy(&openmetrics));
}

fn write(families: &[Family], format: Format) -> Vec<u8> {
    let mut writer = Writer::new(format, EscapingScheme::None);
    for Family { name, help, unit, labels, timestamp, value } in families {
        let metric_type = match value {
            Metric::Counter(_) => MetricType::Counter,
            Metric::Gauge(_) => MetricType::Gauge,
            Metric::Untyped(_) => MetricType::Unknown,
            Metric::Summary { .. } => MetricType::Summary,
            Metric::Histogram { .. } => MetricType::Histogram,
        };
        // Prometheus' lexers of texts take a NUL for the end, wherever it stands.
        let nul = |text: &str| text.contains('\0');
        if name.is_empty() || nul(name) || nul(unit) || help.as_deref().is_some_and(nul) {
            continue;
        }
        let reserved = |name: &str| nul(name) || ["", "le", "quantile", "__name__"].contains(&name);
        let labels = labels.iter().map(|(name, value)| (&**name, &**value));
        let labels: Vec<_> = labels.filter(|(name, value)| !reserved(name) && !nul(value)).collect();
        writer.begin(&FamilyHead { name, help: help.as_deref(), unit, metric_type });
        // Whole seconds but not zero, which protobuf cannot tell from none.
        let timestamp_ms = timestamp.map(|seconds| (i64::from(seconds) + 1) * 1000);
        let mut sample =
            |value| writer.sample(&Sample { labels: &labels, timestamp_ms, value }).expect("it can be said");
        match value {
            Metric::Counter(value) => sample(Value::counter(*value)),
            Metric::Gauge(value) => sample(Value::Gauge(*value)),
            Metric::Untyped(value) => sample(Value::Untyped(*value)),
            Metric::Summary { count, sum, quantiles } => {
                let rank = |rank: u8| f64::from(rank) / 255.0;
                let quantiles: Vec<_> =
                    quantiles.iter().map(|(r, value)| Quantile { rank: rank(*r), value: *value }).collect();
                sample(Value::Summary(SummaryValue { count: *count, sum: *sum, created: None, quantiles: &quantiles }));
            }
            Metric::Histogram { sum, buckets } => {
                let mut count = 0;
                let bucket = |(bound, more): (&i16, &u32)| {
                    count += u64::from(*more);
                    let cumulative_count = Count::Integer(count);
                    Bucket { upper_bound: f64::from(*bound) / 16.0, cumulative_count, exemplar: None }
                };
                let buckets: Vec<_> = buckets.iter().map(bucket).collect();
                let count = Count::Integer(count);
                let (infinity_exemplar, native, created) = (None, None, None);
                sample(Value::Histogram(HistogramValue {
                    count,
                    sum: *sum,
                    created,
                    buckets: &buckets,
                    infinity_exemplar,
                    native,
                }));
            }
        }
    }
    writer.finish().expect("no sample came through the sink")
}

/// Labels, value and time of each sample, sorted: the formats differ in the order within a metric.
fn samples(mut parser: impl Parser) -> Vec<(BTreeMap<String, String>, u64, Option<i64>)> {
    let mut samples = Vec::new();
    while let Some(entry) = parser.next().expect("what was written can be read") {
        if let Entry::Series(sample) = entry {
            let mut labels = BTreeMap::new();
            sample.for_each_label(|name, value| {
                labels.insert(name.to_owned(), value.to_owned());
            });
            // A NaN is a NaN, and texts have no negative zero.
            let value = if sample.value.is_nan() { f64::NAN } else { sample.value + 0.0 };
            samples.push((labels, value.to_bits(), sample.timestamp));
        }
    }
    samples.sort();
    samples
}
