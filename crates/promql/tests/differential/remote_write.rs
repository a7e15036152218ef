//! Requests of remote write 1.0.

use promd_codec::compress::{Compression, Encoder};
use promd_codec::proto::Writer;
use promd_model::{CounterResetHint, FloatHistogram, Labels, Span};

use super::data::Sample;

/// What the receiver wants to be told.
pub(crate) const HEADERS: [(&str, &str); 3] = [
    ("Content-Encoding", "snappy"),
    ("Content-Type", "application/x-protobuf"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
];

/// A request with one sample of each series, as it is sent.
pub(crate) fn request<'a>(samples: impl IntoIterator<Item = (&'a Labels, i64, &'a Sample)>) -> Vec<u8> {
    let mut body = Vec::new();
    let mut writer = Writer::new(&mut body);
    for (labels, t, sample) in samples {
        writer.message(1, |series| {
            for label in labels {
                series.message(1, |pair| {
                    pair.string(1, label.name);
                    pair.string(2, label.value);
                });
            }
            match sample {
                Sample::Float(value) => series.message(2, |float| {
                    float.double(1, *value);
                    float.int64(2, t);
                }),
                Sample::Histogram { value, whole } => series.message(4, |message| histogram(message, t, value, *whole)),
            }
        });
    }
    let mut packed = Vec::new();
    Encoder::new().encode(Compression::Snappy, &body, &mut packed).unwrap();
    packed
}

fn histogram(message: &mut Writer<'_>, t: i64, value: &FloatHistogram, whole: bool) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is whole was made of integers")]
    if whole {
        message.uint64(1, value.count as u64);
        message.uint64(6, value.zero_count as u64);
        message.packed_sint64s(9, deltas(&value.negative_buckets));
        message.packed_sint64s(12, deltas(&value.positive_buckets));
    } else {
        message.double(2, value.count);
        message.double(7, value.zero_count);
        message.packed_doubles(10, value.negative_buckets.iter().copied());
        message.packed_doubles(13, value.positive_buckets.iter().copied());
    }
    message.double(3, value.sum);
    message.sint64(4, value.schema.into());
    message.double(5, value.zero_threshold);
    spans(message, 8, &value.negative_spans);
    spans(message, 11, &value.positive_spans);
    message.uint64(14, if value.counter_reset_hint == CounterResetHint::Gauge { 3 } else { 0 });
    message.int64(15, t);
    message.packed_doubles(16, value.custom_values.iter().copied());
}

fn spans(message: &mut Writer<'_>, number: u32, spans: &[Span]) {
    for span in spans {
        message.message(number, |inner| {
            inner.sint64(1, span.offset.into());
            inner.uint64(2, span.length.into());
        });
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what is whole was made of integers")]
pub(crate) fn deltas(counts: &[f64]) -> Vec<i64> {
    let mut before = 0;
    let delta = |count: &f64| {
        let count = *count as i64;
        count - std::mem::replace(&mut before, count)
    };
    counts.iter().map(delta).collect()
}
