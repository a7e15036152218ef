//! Series at random: floats, floats with start timestamps, integer and float histograms of changing layouts, gauges, stale
//! markers, deletions.

use bytes::Bytes;
use promd_block::{Interval, SourceChunk, SourceSeries};
use promd_chunk::{Encoding, FloatHistogramAppender, HistogramAppender, ResetHeader, Xor2Appender, XorAppender};
use promd_model::{CounterResetHint, Histogram, Labels, STALE_NAN, Span};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Float,
    FloatWithStart,
    Histogram,
    FloatHistogram,
}

/// A chunk to be made: how long after the one before, of what, and the steps and seeds of its samples.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    gap: i64,
    sort: Sort,
    samples: Vec<(i64, u8)>,
}

/// A series of a source to be made: the chunks, and what was deleted.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    chunks: Vec<Draft>,
    deleted: Vec<(i64, i64)>,
}

fn draft(starts: bool) -> impl Strategy<Value = Draft> {
    let sort = prop_oneof![
        4 => Just(Sort::Float),
        u32::from(starts) => Just(Sort::FloatWithStart),
        2 => Just(Sort::Histogram),
        2 => Just(Sort::FloatHistogram),
    ];
    let samples = prop_oneof![4 => vec((1..4i64, any::<u8>()), 1..12), 1 => vec((1..3i64, any::<u8>()), 100..300)];
    (1..60i64, sort, samples).prop_map(|(gap, sort, samples)| Draft { gap, sort, samples })
}

/// Series of all sorts, with start timestamps among them or without.
pub(crate) fn input(starts: bool) -> impl Strategy<Value = Input> {
    let deleted = prop_oneof![2 => Just(vec![]), 1 => vec((0..400i64, 0..80i64), 1..4)];
    (vec(draft(starts), 1..5), deleted).prop_map(|(chunks, deleted)| Input { chunks, deleted })
}

/// The series of a draft, which begins at `t`.
pub(crate) fn series(number: usize, input: &Input, mut t: i64) -> SourceSeries {
    let first = t;
    let mut chunks = Vec::new();
    for draft in &input.chunks {
        t += draft.gap;
        make(draft, &mut t, &mut chunks);
    }
    SourceSeries {
        labels: Labels::from_pairs([("__name__", "up"), ("instance", &*number.to_string())]).unwrap(),
        chunks,
        deleted: input.deleted.iter().map(|(min, length)| Interval::new(first + min, first + min + length)).collect(),
        holes: Vec::new(),
    }
}

/// Makes the chunks of a draft; histograms may need several.
fn make(draft: &Draft, t: &mut i64, into: &mut Vec<SourceChunk>) {
    let times: Vec<i64> = draft
        .samples
        .iter()
        .map(|(step, _)| {
            *t += step;
            *t
        })
        .collect();
    let seeds = draft.samples.iter().map(|(_, seed)| *seed);
    let mut push = |encoding, first: usize, end: usize, bytes: &[u8]| {
        into.push(SourceChunk {
            min: times[first],
            max: times[end - 1],
            encoding,
            bytes: Bytes::copy_from_slice(bytes),
        });
    };
    match draft.sort {
        Sort::Float => {
            let mut chunk = XorAppender::new();
            times.iter().zip(seeds).for_each(|(t, seed)| chunk.append(*t, value(seed)).unwrap());
            push(Encoding::Xor, 0, times.len(), chunk.bytes());
        }
        Sort::FloatWithStart => {
            let mut chunk = Xor2Appender::new();
            times.iter().zip(seeds).for_each(|(t, seed)| chunk.append(*t, value(seed), i64::from(seed % 3)).unwrap());
            push(Encoding::Xor2, 0, times.len(), chunk.bytes());
        }
        Sort::Histogram => {
            let mut open: Option<(usize, HistogramAppender)> = None;
            for (row, (t, seed)) in times.iter().zip(seeds).enumerate() {
                let histogram = histogram(seed, &draft.samples);
                if let Some((_, chunk)) = &mut open
                    && chunk.append(*t, &histogram).is_ok()
                {
                    continue;
                }
                if let Some((first, chunk)) = open.take() {
                    push(Encoding::Histogram, first, row, chunk.bytes());
                }
                let header = ResetHeader::of_first(histogram.counter_reset_hint);
                open = Some((row, HistogramAppender::start(header, *t, &histogram).unwrap()));
            }
            let (first, chunk) = open.unwrap();
            push(Encoding::Histogram, first, times.len(), chunk.bytes());
        }
        Sort::FloatHistogram => {
            let mut open: Option<(usize, FloatHistogramAppender)> = None;
            for (row, (t, seed)) in times.iter().zip(seeds).enumerate() {
                let histogram = histogram(seed, &draft.samples).to_float();
                if let Some((_, chunk)) = &mut open
                    && chunk.append(*t, &histogram).is_ok()
                {
                    continue;
                }
                if let Some((first, chunk)) = open.take() {
                    push(Encoding::FloatHistogram, first, row, chunk.bytes());
                }
                let header = ResetHeader::of_first(histogram.counter_reset_hint);
                open = Some((row, FloatHistogramAppender::start(header, *t, &histogram).unwrap()));
            }
            let (first, chunk) = open.unwrap();
            push(Encoding::FloatHistogram, first, times.len(), chunk.bytes());
        }
    }
}

fn value(seed: u8) -> f64 {
    if seed.is_multiple_of(11) { STALE_NAN } else { f64::from(seed) * 0.3 }
}

/// A histogram of one of several layouts. All of one draft are gauges or none is.
fn histogram(seed: u8, draft: &[(i64, u8)]) -> Histogram {
    if seed.is_multiple_of(13) {
        return Histogram { sum: STALE_NAN, ..Histogram::default() };
    }
    let gauge = draft.len().is_multiple_of(3);
    let n = i64::from(seed % 5) + 1;
    let (positive_spans, positive_buckets) = match seed % 3 {
        0 => (vec![Span::new(0, 2)], vec![n, 1]),
        1 => (vec![Span::new(0, 1), Span::new(1, 1)], vec![n, 2]),
        _ => (vec![Span::new(-1, 4)], vec![1, n, 0, -1]),
    };
    let mut at = 0;
    let total: i64 = positive_buckets
        .iter()
        .map(|delta| {
            at += delta;
            at
        })
        .sum();
    Histogram {
        counter_reset_hint: if gauge { CounterResetHint::Gauge } else { CounterResetHint::Unknown },
        schema: i32::from(seed.is_multiple_of(17)),
        zero_threshold: 0.001,
        zero_count: 1,
        count: u64::try_from(total).unwrap() + 1,
        sum: f64::from(seed),
        positive_spans,
        positive_buckets,
        ..Histogram::default()
    }
}
