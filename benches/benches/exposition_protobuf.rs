//! Protobuf bodies against a reference that builds the messages in memory, as generated code does.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_codec::proto::{ProtoError, Reader, read_delimited};
use promd_exposition::{Entry, FamilyHead, Format, MetricType, Options, Parser, ProtobufParser, Writer};
use promd_metrics::{Bucket, Count, HistogramValue, Sample, Value};
use promd_model::EscapingScheme;

/// 2000 gauges and counters in 100 families, with four labels each.
fn plain() -> Vec<u8> {
    let mut writer = Writer::new(Format::Protobuf, EscapingScheme::None);
    for family in 0..100 {
        let (name, help) =
            (format!("node_subsystem_metric_number_{family}_total"), "What it counts, in a line of help.");
        let metric_type = MetricType::Counter;
        writer.begin(&FamilyHead { name: &name, help: Some(help), unit: "", metric_type });
        for series in 0..20 {
            let device = format!("device{series}");
            let labels = [("cpu", "3"), ("device", device.as_str()), ("mode", "idle"), ("node", "rack-a-17")];
            let value = Value::counter(f64::from(family * series) * 1.5);
            writer.sample(&Sample::new(&labels, value)).expect("a counter in a family of counters");
        }
    }
    writer.finish().expect("no sample came through the sink")
}

/// 200 classic histograms with ten buckets each.
fn histograms() -> Vec<u8> {
    let mut writer = Writer::new(Format::Protobuf, EscapingScheme::None);
    let metric_type = MetricType::Histogram;
    writer.begin(&FamilyHead { name: "http_request_duration_seconds", help: Some("Latency."), unit: "", metric_type });
    let bucket = |at: u32| Bucket {
        upper_bound: 0.005 * f64::from(1 << at),
        cumulative_count: Count::Integer(u64::from(at) * 1000),
        exemplar: None,
    };
    let buckets: Vec<_> = (0..10).map(bucket).collect();
    for series in 0..200 {
        let handler = format!("/api/v1/handler/{series}");
        let labels = [("code", "200"), ("handler", handler.as_str())];
        let value = Value::Histogram(HistogramValue {
            count: Count::Integer(10_000),
            sum: 12.5,
            created: None,
            buckets: &buckets,
            infinity_exemplar: None,
            native: None,
        });
        writer.sample(&Sample::new(&labels, value)).expect("a histogram in a family of histograms");
    }
    writer.finish().expect("no sample came through the sink")
}

/// What a scraper does with a body whose series it knows: bytes and value of each.
fn parse(body: &[u8], options: Options) -> usize {
    let mut parser = ProtobufParser::new(body, options);
    let mut samples = 0;
    while let Some(entry) = parser.next().expect("the body is sound") {
        match entry {
            Entry::Series(sample) => {
                black_box((sample.series, sample.value));
                samples += 1;
            }
            Entry::Histogram(sample) => {
                black_box((sample.series, sample.value));
                samples += 1;
            }
            _ => {}
        }
    }
    samples
}

/// A message as generated code has it, with the fields that the bodies use.
#[derive(Default)]
struct Message {
    numbers: Vec<(u32, u64)>,
    texts: Vec<(u32, String)>,
    messages: Vec<(u32, Message)>,
}

/// Which fields of a message are messages, and of what kind.
#[derive(Clone, Copy)]
enum Kind {
    Family,
    Metric,
    Label,
    Value,
    Bucket,
}

fn decode(mut reader: Reader<'_>, kind: Kind) -> Result<Message, ProtoError> {
    let mut message = Message::default();
    while let Some(field) = reader.next()? {
        let nested = match (kind, field.number) {
            (Kind::Family, 4) => Some(Kind::Metric),
            (Kind::Metric, 1) => Some(Kind::Label),
            (Kind::Metric, 2..=5 | 7) => Some(Kind::Value),
            (Kind::Value, 3) => Some(Kind::Bucket),
            _ => None,
        };
        match (nested, field.as_str(), field.as_fixed64()) {
            (Some(nested), ..) => message.messages.push((field.number, decode(field.as_message()?, nested)?)),
            (None, Ok(text), _) => message.texts.push((field.number, text.to_owned())),
            (None, _, Ok(bits)) => message.numbers.push((field.number, bits)),
            (None, ..) => message.numbers.push((field.number, field.as_u64()?)),
        }
    }
    Ok(message)
}

/// Builds all messages and counts the samples in them.
fn reference(body: &[u8]) -> usize {
    let mut input = promd_codec::Reader::new(body);
    let mut samples = 0;
    while let Some(reader) = read_delimited(&mut input).expect("the body is sound") {
        let family = decode(reader, Kind::Family).expect("the body is sound");
        for (_, metric) in family.messages.iter().filter(|(number, _)| *number == 4) {
            for (number, value) in &metric.messages {
                samples += match number {
                    1 => 0,
                    7 => 3 + value.messages.len(),
                    _ => 1,
                };
            }
        }
        black_box(family);
    }
    samples
}

fn bench(criterion: &mut Criterion) {
    for (name, body) in [("plain", plain()), ("histograms", histograms())] {
        let samples = parse(&body, Options::default());
        assert_eq!(samples, reference(&body));
        let mut group = criterion.benchmark_group(format!("exposition/protobuf/{name}"));
        group.throughput(Throughput::Elements(samples as u64));
        group.bench_function("parse", |bencher| bencher.iter(|| parse(&body, Options::default())));
        if name == "histograms" {
            let mut options = Options::default();
            options.convert_classic_histograms = true;
            group.bench_function("convert", |bencher| bencher.iter(|| parse(&body, options)));
        }
        group.bench_function("reference", |bencher| bencher.iter(|| reference(&body)));
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
