//! Columns into chunks and back, with the boundaries that Prometheus draws (`storage/series.go`, `seriesToChunkEncoder`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use promd_chunk::{Chunk, EncodeError, Encoder, Encoding, Sample, SampleValue, Samples};
use promd_model::{Columns, CounterResetHint, FloatHistogram, Histogram, Span};
use proptest::prelude::*;

fn chunks(encoder: Encoder, columns: &Columns) -> Vec<(Encoding, i64, i64, Vec<u8>)> {
    let mut out = Vec::new();
    encoder.encode(columns, |chunk| out.push((chunk.encoding, chunk.min, chunk.max, chunk.bytes.to_vec()))).unwrap();
    out
}

fn shape(columns: &Columns) -> Vec<(Encoding, i64, i64)> {
    chunks(Encoder::new(), columns).into_iter().map(|(encoding, min, max, _)| (encoding, min, max)).collect()
}

fn histogram(count: u64, hint: CounterResetHint) -> Histogram {
    Histogram {
        counter_reset_hint: hint,
        schema: 1,
        count,
        sum: count as f64,
        positive_spans: vec![Span::new(0, 1)],
        positive_buckets: vec![i64::try_from(count).unwrap()],
        ..Histogram::default()
    }
}

#[test]
fn floats_are_cut_at_120_samples() {
    let mut columns = Columns::new();
    (0..241).for_each(|t| columns.push_float(t, 1.0));
    assert_eq!(shape(&columns), [(Encoding::Xor, 0, 119), (Encoding::Xor, 120, 239), (Encoding::Xor, 240, 240)]);
}

#[test]
fn a_change_of_kind_cuts() {
    let mut columns = Columns::new();
    columns.push_float(1, 1.0);
    columns.push_histogram(2, &histogram(1, CounterResetHint::Unknown)).unwrap();
    columns.push_float_histogram(3, &FloatHistogram::default()).unwrap();
    columns.push_float(4, 1.0);
    assert_eq!(
        shape(&columns),
        [(Encoding::Xor, 1, 1), (Encoding::Histogram, 2, 2), (Encoding::FloatHistogram, 3, 3), (Encoding::Xor, 4, 4)]
    );
}

#[test]
fn a_start_timestamp_needs_an_encoding_that_has_room_for_it() {
    let mut columns = Columns::new();
    columns.push_float(1, 1.0);
    columns.push_float_with_start(2, 1.0, 1);
    columns.push_float(3, 1.0);
    assert_eq!(shape(&columns), [(Encoding::Xor, 1, 1), (Encoding::Xor2, 2, 3)]);
    let all = chunks(Encoder::new().with_xor2(), &columns);
    assert_eq!(all.iter().map(|chunk| chunk.0).collect::<Vec<_>>(), [Encoding::Xor2]);
}

#[test]
fn a_reset_begins_a_chunk_that_says_so() {
    let mut columns = Columns::new();
    for (t, count) in [(1, 5), (2, 6), (3, 2), (4, 3)] {
        columns.push_histogram(t, &histogram(count, CounterResetHint::Unknown)).unwrap();
    }
    let all = chunks(Encoder::new(), &columns);
    let headers: Vec<_> =
        all.iter().map(|(encoding, min, _, bytes)| (*min, Chunk::new(*encoding, bytes).reset_header())).collect();
    assert_eq!(headers, [(1, promd_chunk::ResetHeader::Unknown), (3, promd_chunk::ResetHeader::Reset)]);
}

#[test]
fn an_encoder_is_told_how_many_samples_a_chunk_has() {
    let mut columns = Columns::new();
    (0..5).for_each(|t| columns.push_float(t, 1.0));
    assert_eq!(chunks(Encoder::new().with_samples(2), &columns).len(), 3);
    assert_eq!(chunks(Encoder::new().with_samples(0), &columns).len(), 5);
}

#[test]
fn errors_name_the_time() {
    // Columns refuse a malformed histogram themselves, so the text is all that can be seen from here.
    assert_eq!(EncodeError::Malformed { t: 7 }.to_string(), "the spans of the histogram at 7 do not match its buckets");
}

fn value() -> impl Strategy<Value = SampleValue> {
    prop_oneof![
        8 => any::<f64>().prop_map(SampleValue::Float),
        2 => (0..50_u64).prop_map(|count| SampleValue::Histogram(histogram(count, CounterResetHint::Unknown))),
        1 => (0..50_u64).prop_map(|count| SampleValue::Histogram(histogram(count, CounterResetHint::Gauge))),
        1 => (0..50_u64).prop_map(|count| SampleValue::FloatHistogram(histogram(count, CounterResetHint::Unknown).to_float())),
    ]
}

proptest! {
    /// Whatever goes in comes out, but for the reset hints, which chunks only keep at their boundaries.
    #[test]
    fn round_trip(values in prop::collection::vec((value(), 0..5_i64), 0..300), per_chunk in 1..130_u16) {
        let mut columns = Columns::new();
        for (t, (value, start)) in values.iter().enumerate() {
            let t = i64::try_from(t).unwrap() * 1_000;
            match value {
                SampleValue::Float(v) if *start == 4 => columns.push_float_with_start(t, *v, t - 1),
                SampleValue::Float(v) => columns.push_float(t, *v),
                SampleValue::Histogram(h) => columns.push_histogram(t, h).unwrap(),
                SampleValue::FloatHistogram(h) => columns.push_float_histogram(t, h).unwrap(),
            }
        }
        let all = chunks(Encoder::new().with_samples(per_chunk), &columns);
        let mut decoded = Columns::new();
        for (encoding, min, max, bytes) in &all {
            let before = decoded.len();
            Chunk::new(*encoding, bytes).decode_into(&mut decoded).unwrap();
            prop_assert_eq!(decoded.times()[before], *min);
            prop_assert_eq!(*decoded.times().last().unwrap(), *max);
            prop_assert!(decoded.len() - before <= usize::from(per_chunk));
        }
        let plain = |sample: Sample| {
            let hintless = |hint: CounterResetHint| if hint == CounterResetHint::Gauge { hint } else { CounterResetHint::Unknown };
            let value = match sample.value {
                SampleValue::Float(v) => format!("{:x}", v.to_bits()),
                SampleValue::Histogram(h) => format!("{:?}", Histogram { counter_reset_hint: hintless(h.counter_reset_hint), ..h }),
                SampleValue::FloatHistogram(h) => format!("{:?}", FloatHistogram { counter_reset_hint: hintless(h.counter_reset_hint), ..h }),
            };
            (sample.t, sample.start, value)
        };
        let got: Vec<_> = Samples::from(decoded).map(plain).collect();
        let expected: Vec<_> = Samples::from(columns).map(plain).collect();
        prop_assert_eq!(got, expected);
    }
}
