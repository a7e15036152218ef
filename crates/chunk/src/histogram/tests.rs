//! Histogram chunks against worked chunks (bytes that the encoders of Prometheus 3.14 give) and against themselves.

use promd_model::{Columns, CounterResetHint, FloatHistogram, Histogram, Run, STALE_NAN, Span};
use proptest::prelude::*;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn integer(count: u64, zero_count: u64, sum: f64, deltas: &[i64]) -> Histogram {
    Histogram {
        schema: 1,
        zero_threshold: 2f64.powi(-128),
        zero_count,
        count,
        sum,
        positive_spans: vec![Span::new(0, 2), Span::new(1, 1)],
        positive_buckets: deltas.to_vec(),
        ..Histogram::default()
    }
}

fn stale() -> Histogram {
    Histogram { sum: STALE_NAN, ..Histogram::default() }
}

fn float_stale() -> FloatHistogram {
    FloatHistogram { sum: STALE_NAN, ..FloatHistogram::default() }
}

#[test]
fn integers_give_the_bytes_of_prometheus() {
    let mut chunk = HistogramAppender::start(ResetHeader::Unknown, 1_000, &integer(4, 1, 5.5, &[1, 0, 0])).unwrap();
    chunk.append(16_000, &integer(6, 1, 8.5, &[2, -1, 1])).unwrap();
    chunk.append(31_000, &stale()).unwrap();
    assert_eq!(hex(chunk.bytes()), "000300748ca48c5e3e8a45005800000000000227c1d4c49a86de3788c5effa20000000000040");
}

#[test]
fn custom_bounds_give_the_bytes_of_prometheus() {
    let sample = |count, sum, deltas: &[i64]| Histogram {
        schema: -53,
        count,
        sum,
        positive_spans: vec![Span::new(0, 2)],
        positive_buckets: deltas.to_vec(),
        custom_values: vec![0.1, 1.005, 1e6],
        ..Histogram::default()
    };
    let mut chunk = HistogramAppender::start(ResetHeader::Unknown, 1_000, &sample(3, 4.25, &[1, 1])).unwrap();
    chunk.append(16_000, &sample(4, 4.3, &[2, 0])).unwrap();
    assert_eq!(
        hex(chunk.bytes()),
        "00020000ee5c644f8cbe3ee209742400000000078fa2640110000000000008c7e0ea622e576666666666671b80"
    );
}

#[test]
fn integers_with_starts_give_the_bytes_of_prometheus() {
    let samples = [
        (1_000, 500, integer(4, 1, 5.5, &[1, 0, 0])),
        (16_000, 500, integer(6, 1, 8.5, &[2, -1, 1])),
        (31_000, 16_500, integer(7, 2, 9.0, &[2, -1, 1])),
        (46_000, 16_500, integer(8, 2, 10.0, &[2, -1, 2])),
    ];
    let mut samples = samples.iter();
    let (t, start, first) = samples.next().unwrap();
    let mut chunk = HistogramAppender::start_with_starts(ResetHeader::Reset, *t, *start, first).unwrap();
    for (t, start, sample) in samples {
        chunk.append_with_start(*t, *start, sample).unwrap();
    }
    // The worked chunk has the flag "unknown", which is the highest two bits.
    let mut bytes = chunk.bytes().to_vec();
    assert_eq!(bytes[0], 0x80, "reset");
    bytes[0] = 0;
    assert_eq!(hex(&bytes), "000482748ca48c5e3e8a45005800000000000227403fc1d4c49a86de378af183bc6fee0c2f0c47e0ea60");
}

#[test]
fn floats_give_the_bytes_of_prometheus() {
    let sample = |count, sum, deltas: &[i64]| integer(count, 1, sum, deltas).to_float();
    let mut chunk = FloatHistogramAppender::start(ResetHeader::Unknown, 1_000, &sample(4, 5.5, &[1, 0, 0])).unwrap();
    chunk.append(16_000, &sample(6, 8.5, &[2, -1, 1])).unwrap();
    chunk.append(31_000, &float_stale()).unwrap();
    assert_eq!(
        hex(chunk.bytes()),
        "000300748ca48c5e3e840100000000000003ff000000000000040160000000000003ff00000000000003ff00000000000003ff0000000000000\
         f83a98d80da86df097ffd84bffec26401e22bffc5effa20000000000040"
    );
}

#[test]
fn floats_with_starts_give_the_bytes_of_prometheus() {
    let sample = |count, zero_count, sum, deltas: &[i64]| integer(count, zero_count, sum, deltas).to_float();
    let first = sample(4, 1, 5.5, &[1, 0, 0]);
    let mut chunk = FloatHistogramAppender::start_with_starts(ResetHeader::Unknown, 1_000, 0, &first).unwrap();
    chunk.append_with_start(16_000, 900, &sample(6, 1, 8.5, &[2, -1, 1])).unwrap();
    chunk.append_with_start(31_000, 900, &sample(7, 2, 9.0, &[2, -1, 1])).unwrap();
    assert_eq!(
        hex(chunk.bytes()),
        "000301748ca48c5e3e840100000000000003ff000000000000040160000000000003ff00000000000003ff00000000000003ff0000000000000\
         f83a98d80da86df097ffd84bfffc646d0784bfff063e0ea60"
    );
}

/// A histogram of schema 0 with these buckets.
fn with(buckets: &[(i32, u32)], counts: &[i64]) -> Histogram {
    let deltas = counts.iter().scan(0, |before, count| Some(count - std::mem::replace(before, *count)));
    Histogram {
        count: counts.iter().sum::<i64>().unsigned_abs(),
        sum: 1.0,
        positive_spans: buckets.iter().map(|(offset, length)| Span::new(*offset, *length)).collect(),
        positive_buckets: deltas.collect(),
        ..Histogram::default()
    }
}

fn gauge(mut histogram: Histogram) -> Histogram {
    histogram.counter_reset_hint = CounterResetHint::Gauge;
    histogram
}

#[track_caller]
fn check_append(first: &Histogram, second: &Histogram, expected: Result<Appended, HistogramRefused>) -> Vec<Histogram> {
    let mut chunk = HistogramAppender::start(ResetHeader::of_first(first.counter_reset_hint), 0, first).unwrap();
    let before = chunk.bytes().to_vec();
    assert_eq!(chunk.append(1, second), expected);
    if expected.is_err() {
        assert_eq!(chunk.bytes(), before, "a refused sample leaves no trace");
    }
    let mut columns = Columns::new();
    decode_histograms(chunk.bytes(), false, &mut columns).unwrap();
    let Some(Run::Histograms(run)) = columns.runs().next() else { panic!("no histograms") };
    (0..run.len()).map(|row| run.histogram(row)).collect()
}

#[test]
fn buckets_that_appear_widen_the_chunk() {
    let rows = check_append(&with(&[(0, 2)], &[1, 2]), &with(&[(0, 2), (2, 1)], &[1, 2, 5]), Ok(Appended::Rewritten));
    assert_eq!(rows[0].positive_spans, [Span::new(0, 2), Span::new(2, 1)]);
    assert_eq!(rows[0].positive_buckets, [1, 1, -2]);
    assert_eq!(rows[1].positive_buckets, [1, 1, 3]);
}

#[test]
fn empty_buckets_may_be_left_out() {
    let rows = check_append(&with(&[(0, 3)], &[1, 0, 2]), &with(&[(0, 1), (1, 1)], &[1, 3]), Ok(Appended::InPlace));
    assert_eq!(rows[1].positive_spans, [Span::new(0, 3)]);
    assert_eq!(rows[1].positive_buckets, [1, -1, 3]);
}

#[test]
fn buckets_may_appear_and_be_left_out_at_once() {
    let rows = check_append(&with(&[(0, 2)], &[0, 2]), &with(&[(1, 2)], &[2, 1]), Ok(Appended::Rewritten));
    assert_eq!(rows[0].positive_spans, [Span::new(0, 3)]);
    assert_eq!(rows[0].positive_buckets, [0, 2, -2]);
    assert_eq!(rows[1].positive_buckets, [0, 2, -1]);
}

#[test]
fn what_ends_a_chunk() {
    let next = |header| Err(HistogramRefused::NextChunk(header));
    let first = with(&[(0, 2)], &[2, 3]);
    let cases: Vec<(Histogram, Histogram, ResetHeader)> = vec![
        (first.clone(), with(&[(0, 2)], &[2, 2]), ResetHeader::Reset),
        (first.clone(), with(&[(0, 2)], &[1, 9]), ResetHeader::Reset),
        (first.clone(), with(&[(1, 1)], &[9]), ResetHeader::Reset),
        (first.clone(), Histogram { schema: 1, ..with(&[(0, 2)], &[3, 4]) }, ResetHeader::Unknown),
        (first.clone(), Histogram { zero_threshold: 0.5, ..with(&[(0, 2)], &[3, 4]) }, ResetHeader::Unknown),
        (
            first.clone(),
            Histogram { counter_reset_hint: CounterResetHint::Reset, ..with(&[(0, 2)], &[3, 4]) },
            ResetHeader::Reset,
        ),
        (first.clone(), gauge(with(&[(0, 2)], &[3, 4])), ResetHeader::Gauge),
        (gauge(first.clone()), first.clone(), ResetHeader::NotReset),
        (stale(), first.clone(), ResetHeader::Unknown),
        (Histogram { zero_count: 4, ..first.clone() }, with(&[(0, 2)], &[3, 4]), ResetHeader::Reset),
    ];
    for (first, second, header) in cases {
        let mut chunk = HistogramAppender::start(ResetHeader::of_first(first.counter_reset_hint), 0, &first).unwrap();
        assert_eq!(chunk.append(1, &second), next(header), "{second:?} behind {first:?}");
    }
}

#[test]
fn a_gauge_may_go_down_and_lose_buckets() {
    let rows = check_append(
        &gauge(with(&[(0, 2), (3, 1)], &[2, 3, 4])),
        &gauge(with(&[(1, 2)], &[1, 1])),
        Ok(Appended::Rewritten),
    );
    assert_eq!(rows[0].positive_spans, [Span::new(0, 3), Span::new(2, 1)]);
    assert_eq!(rows[1].positive_buckets, [0, 1, 0, -1]);
    assert_eq!(rows[1].counter_reset_hint, CounterResetHint::Gauge);
}

#[test]
fn spans_that_lie_are_refused() {
    let lying = Histogram { positive_spans: vec![Span::new(0, u32::MAX)], ..with(&[], &[]) };
    let refused = HistogramAppender::start(ResetHeader::Unknown, 0, &lying).map(|chunk| chunk.count());
    assert_eq!(refused, Err(HistogramRefused::Malformed));
    let descending = with(&[(5, 1), (-3, 1)], &[1, 1]);
    let refused = HistogramAppender::start(ResetHeader::Unknown, 0, &descending).map(|chunk| chunk.count());
    assert_eq!(refused, Err(HistogramRefused::Malformed));
}

#[test]
fn the_header_of_the_next_chunk() {
    let chunk = HistogramAppender::start(ResetHeader::Unknown, 0, &with(&[(0, 2)], &[2, 3])).unwrap();
    assert_eq!(chunk.header_of_next(&with(&[(0, 2)], &[2, 4])), ResetHeader::NotReset);
    assert_eq!(chunk.header_of_next(&with(&[(0, 2)], &[1, 1])), ResetHeader::Reset);
    let other_schema = Histogram { schema: 3, ..with(&[(0, 2)], &[3, 4]) };
    assert_eq!(chunk.header_of_next(&other_schema), ResetHeader::Unknown);
    let floats = FloatHistogramAppender::start(ResetHeader::Unknown, 0, &with(&[(0, 2)], &[2, 3]).to_float()).unwrap();
    assert_eq!(floats.header_of_next(&other_schema.to_float()), ResetHeader::NotReset);
}

/// Counters that grow, in buckets that come and go while they are empty; now and then a gap in time.
fn growing() -> impl Strategy<Value = Vec<(i64, i64, Histogram)>> {
    let step = (prop::collection::vec((0..12usize, 0..5i64), 0..6), 0..30_000i64, 0..4u8, any::<i64>());
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let (mut counts, mut t, mut start) = ([0i64; 12], 0, 0);
        steps
            .into_iter()
            .map(|(observations, gap, restart, at)| {
                for (bucket, more) in observations {
                    counts[bucket] += more;
                }
                t += gap;
                if restart == 0 {
                    start = at;
                }
                let occupied: Vec<usize> = (0..12).filter(|bucket| counts[*bucket] > 0).collect();
                let spans = spans::spans_of(occupied.iter().map(|bucket| *bucket as i64 - 4));
                let counts: Vec<i64> = occupied.iter().map(|bucket| counts[*bucket]).collect();
                let histogram = Histogram {
                    sum: counts.iter().sum::<i64>() as f64 * 1.5,
                    positive_spans: spans,
                    ..with(&[], &counts)
                };
                (t, start, histogram)
            })
            .collect()
    })
}

fn rows(bytes: &[u8], with_starts: bool) -> Vec<(i64, i64, Histogram)> {
    let mut columns = Columns::new();
    decode_histograms(bytes, with_starts, &mut columns).unwrap();
    let runs = columns.runs().map(|run| match run {
        Run::Histograms(run) => (0..run.len())
            .map(|row| {
                let start = run.start.map_or(0, |starts| starts[row]);
                let mut histogram = run.histogram(row);
                histogram.compact(0);
                histogram.counter_reset_hint = CounterResetHint::Unknown;
                (run.t[row], start, histogram)
            })
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    });
    runs.flatten().collect()
}

proptest! {
    #[test]
    fn samples_come_back(samples in growing(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(samples.len()).max(1);
        let (t, start, first) = &samples[0];
        let mut plain = HistogramAppender::start(ResetHeader::Unknown, *t, first).unwrap();
        let mut dated = HistogramAppender::start_with_starts(ResetHeader::Unknown, *t, *start, first).unwrap();
        for (t, start, sample) in &samples[1..cut] {
            plain.append(*t, sample).unwrap();
            dated.append_with_start(*t, *start, sample).unwrap();
        }
        let mut plain = HistogramAppender::resume(plain.bytes(), false).unwrap();
        let mut dated = HistogramAppender::resume(dated.bytes(), true).unwrap();
        for (t, start, sample) in &samples[cut..] {
            plain.append(*t, sample).unwrap();
            dated.append_with_start(*t, *start, sample).unwrap();
        }
        let undated: Vec<_> = samples.iter().map(|(t, _, sample)| (*t, 0, sample.clone())).collect();
        prop_assert_eq!(rows(plain.bytes(), false), undated);
        prop_assert_eq!(rows(dated.bytes(), true), samples);
    }

    #[test]
    fn floats_are_the_integers(samples in growing()) {
        let (t, _, first) = &samples[0];
        let mut chunk = FloatHistogramAppender::start(ResetHeader::Unknown, *t, &first.to_float()).unwrap();
        for (t, _, sample) in &samples[1..] {
            chunk.append(*t, &sample.to_float()).unwrap();
        }
        let mut columns = Columns::new();
        decode_float_histograms(chunk.bytes(), false, &mut columns).unwrap();
        let mut row = 0;
        for run in columns.runs() {
            let Run::FloatHistograms(run) = run else { panic!("{run:?}") };
            for index in 0..run.len() {
                let mut got = run.float_histogram(index);
                got.compact(0);
                got.counter_reset_hint = CounterResetHint::Unknown;
                prop_assert_eq!(got, samples[row].2.to_float());
                row += 1;
            }
        }
        prop_assert_eq!(row, samples.len());
    }

    #[test]
    fn noise_is_an_error_or_samples(mut bytes in prop::collection::vec(any::<u8>(), 3..200), with_starts in any::<bool>()) {
        bytes[0] = 0;
        let mut columns = Columns::new();
        let _ = decode_histograms(&bytes, with_starts, &mut columns);
        let _ = decode_float_histograms(&bytes, with_starts, &mut columns);
        prop_assert!(columns.len() <= 2 * 255);
    }
}
