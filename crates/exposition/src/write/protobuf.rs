//! Messages `io.prometheus.client.MetricFamily`.

use std::time::SystemTime;

use promd_codec::proto::Writer;
use promd_metrics::{Count, Exemplar, HistogramValue, NativeBuckets, NativeCounts, NativeValue, Sample, Value};
use promd_model::EscapingScheme;

use super::Family;
use super::name::escaped;
use crate::MetricType;
use crate::protobuf::schema::{
    VALUE, bucket, counter, exemplar, family, histogram, label, metric, quantile, span, summary, timestamp,
};

/// Appends a metric to the message of its family.
pub(super) fn write(out: &mut Vec<u8>, head: &Family, first: bool, escaping: EscapingScheme, sample: &Sample<'_>) {
    let mut writer = Writer::new(out);
    if first {
        writer.string(family::NAME, &head.name);
        if let Some(help) = &head.help {
            writer.string(family::HELP, help);
        }
        writer.uint64(family::TYPE, type_number(head.metric_type));
        if !head.unit.is_empty() {
            writer.string(family::UNIT, &head.unit);
        }
    }
    writer.message(family::METRIC, |writer| {
        for (name, value) in sample.labels {
            write_label(writer, metric::LABEL, &escaped(name, escaping), value);
        }
        match sample.value {
            Value::Gauge(value) => writer.message(metric::GAUGE, |writer| writer.double(VALUE, value)),
            Value::Untyped(value) => writer.message(metric::UNTYPED, |writer| writer.double(VALUE, value)),
            Value::Counter(value) => writer.message(metric::COUNTER, |writer| {
                writer.double(VALUE, value.value);
                if let Some(exemplar) = value.exemplar {
                    write_exemplar(writer, counter::EXEMPLAR, exemplar);
                }
                write_time(writer, counter::START_TIMESTAMP, value.created);
            }),
            Value::Summary(value) => writer.message(metric::SUMMARY, |writer| {
                writer.uint64(summary::SAMPLE_COUNT, value.count);
                writer.double(summary::SAMPLE_SUM, value.sum);
                for each in value.quantiles {
                    writer.message(summary::QUANTILE, |writer| {
                        writer.double(quantile::QUANTILE, each.rank);
                        writer.double(quantile::VALUE, each.value);
                    });
                }
                write_time(writer, summary::START_TIMESTAMP, value.created);
            }),
            Value::Histogram(value) => writer.message(metric::HISTOGRAM, |writer| write_histogram(writer, &value)),
            // `Writer::check` has refused what it does not know.
            _ => {}
        }
        if let Some(timestamp) = sample.timestamp_ms {
            writer.int64(metric::TIMESTAMP_MS, timestamp);
        }
    });
}

fn type_number(metric_type: MetricType) -> u64 {
    match metric_type {
        MetricType::Counter => 0,
        MetricType::Gauge | MetricType::Info | MetricType::Stateset => 1,
        MetricType::Summary => 2,
        MetricType::Unknown => 3,
        MetricType::Histogram => 4,
        MetricType::GaugeHistogram => 5,
    }
}

fn write_histogram(writer: &mut Writer<'_>, value: &HistogramValue<'_>) {
    write_count(writer, value.count, histogram::SAMPLE_COUNT, histogram::SAMPLE_COUNT_FLOAT);
    writer.double(histogram::SAMPLE_SUM, value.sum);
    for each in value.buckets {
        write_bucket(writer, each.upper_bound, each.cumulative_count, each.exemplar.as_ref());
    }
    if value.infinity_exemplar.is_some() && !super::has_infinity(value) {
        write_bucket(writer, f64::INFINITY, value.count, value.infinity_exemplar);
    }
    if let Some(native) = &value.native {
        write_native(writer, native, value.count);
    }
    write_time(writer, histogram::START_TIMESTAMP, value.created);
}

fn write_bucket(writer: &mut Writer<'_>, upper_bound: f64, count: Count, exemplar: Option<&Exemplar>) {
    writer.message(histogram::BUCKET, |writer| {
        write_count(writer, count, bucket::CUMULATIVE_COUNT, bucket::CUMULATIVE_COUNT_FLOAT);
        writer.double(bucket::UPPER_BOUND, upper_bound);
        if let Some(exemplar) = exemplar {
            write_exemplar(writer, bucket::EXEMPLAR, exemplar);
        }
    });
}

fn write_native(writer: &mut Writer<'_>, native: &NativeValue<'_>, count: Count) {
    writer.sint64(histogram::SCHEMA, i64::from(native.schema));
    writer.double(histogram::ZERO_THRESHOLD, native.zero_threshold);
    write_count(writer, native.zero_count, histogram::ZERO_COUNT, histogram::ZERO_COUNT_FLOAT);
    // Readers take a histogram for one of floats if it has a float count above zero. One of floats without any
    // observation cannot be told from one of whole numbers, which has no buckets then.
    let is_empty = count.as_f64() == 0.0 && native.zero_count.as_f64() == 0.0;
    let none = NativeBuckets::default();
    let sides = if is_empty { [none, none] } else { [native.negative, native.positive] };
    let [negative, positive] = sides;
    let numbers = (histogram::NEGATIVE_SPAN, histogram::NEGATIVE_DELTA, histogram::NEGATIVE_COUNT);
    write_buckets(writer, numbers, &negative);
    let numbers = (histogram::POSITIVE_SPAN, histogram::POSITIVE_DELTA, histogram::POSITIVE_COUNT);
    write_buckets(writer, numbers, &positive);
    if is_empty && native.zero_threshold == 0.0 || native.needs_marker_span() {
        writer.message(histogram::POSITIVE_SPAN, |writer| {
            writer.sint64(span::OFFSET, 0);
            writer.uint64(span::LENGTH, 0);
        });
    }
    for exemplar in native.exemplars {
        write_exemplar(writer, histogram::EXEMPLARS, exemplar);
    }
}

fn write_buckets(writer: &mut Writer<'_>, (spans, deltas, counts): (u32, u32, u32), buckets: &NativeBuckets<'_>) {
    for each in buckets.spans {
        writer.message(spans, |writer| {
            writer.sint64(span::OFFSET, i64::from(each.offset));
            writer.uint64(span::LENGTH, u64::from(each.length));
        });
    }
    match buckets.counts {
        NativeCounts::Deltas(values) => writer.packed_sint64s(deltas, values.iter().copied()),
        NativeCounts::Absolute(values) => writer.packed_doubles(counts, values.iter().copied()),
    }
}

fn write_count(writer: &mut Writer<'_>, count: Count, whole: u32, float: u32) {
    match count {
        Count::Integer(count) => writer.uint64(whole, count),
        Count::Float(count) => writer.double(float, count),
    }
}

fn write_exemplar(writer: &mut Writer<'_>, number: u32, value: &Exemplar) {
    writer.message(number, |writer| {
        for (name, text) in value.labels() {
            write_label(writer, exemplar::LABEL, name, text);
        }
        writer.double(exemplar::VALUE, value.value());
        write_time(writer, exemplar::TIMESTAMP, value.timestamp());
    });
}

fn write_label(writer: &mut Writer<'_>, number: u32, name: &str, value: &str) {
    writer.message(number, |writer| {
        writer.string(label::NAME, name);
        writer.string(label::VALUE, value);
    });
}

/// A `google.protobuf.Timestamp`, whose nanoseconds are never negative: a time before the epoch is rounded to the second
/// before it.
fn write_time(writer: &mut Writer<'_>, number: u32, time: Option<SystemTime>) {
    let Some(time) = time else { return };
    let (seconds, nanos) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
            match before.subsec_nanos() {
                0 => (-whole, 0),
                nanos => (-whole - 1, 1_000_000_000 - nanos),
            }
        }
    };
    writer.message(number, |writer| {
        writer.int64(timestamp::SECONDS, seconds);
        writer.int64(timestamp::NANOS, i64::from(nanos));
    });
}
