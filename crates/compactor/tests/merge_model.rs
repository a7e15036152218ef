//! Merges against a map from time to what the sources have there.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod memory;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use memory::Memory;
use promd_block::{BlockSource, Hole, Interval, LostSeries, SourceChunk, SourceSeries};
use promd_chunk::{Encoding, FloatHistogramAppender, HistogramAppender, ResetHeader, Xor2Appender, XorAppender};
use promd_compactor::{Merge, MergeOptions};
use promd_model::{Columns, CounterResetHint, FloatHistogram, Histogram, Labels, Run, STALE_NAN, Span};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Float,
    FloatWithStart,
    Histogram,
    FloatHistogram,
}

/// A chunk to be made: how long after the one before, of what, and the steps and seeds of its samples.
#[derive(Debug, Clone)]
struct Draft {
    gap: i64,
    sort: Sort,
    samples: Vec<(i64, u8)>,
}

/// A series of a source to be made: the chunks, and what was deleted.
#[derive(Debug, Clone)]
struct Input {
    chunks: Vec<Draft>,
    deleted: Vec<(i64, i64)>,
}

/// A sample, so that equal ones are equal: floats by their bits, histograms as text without empty buckets.
type Sample = (bool, String);

fn draft() -> impl Strategy<Value = Draft> {
    let sort = prop_oneof![
        4 => Just(Sort::Float),
        1 => Just(Sort::FloatWithStart),
        2 => Just(Sort::Histogram),
        2 => Just(Sort::FloatHistogram),
    ];
    let samples = prop_oneof![4 => vec((1..4i64, any::<u8>()), 1..12), 1 => vec((1..3i64, any::<u8>()), 100..300)];
    (1..60i64, sort, samples).prop_map(|(gap, sort, samples)| Draft { gap, sort, samples })
}

fn input() -> impl Strategy<Value = Input> {
    let deleted = prop_oneof![2 => Just(vec![]), 1 => vec((0..400i64, 0..80i64), 1..4)];
    (vec(draft(), 1..5), deleted).prop_map(|(chunks, deleted)| Input { chunks, deleted })
}

/// For each source, what it has of each of three series.
fn inputs() -> impl Strategy<Value = Vec<Vec<Option<Input>>>> {
    vec(vec(prop::option::weighted(0.8, input()), 3), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4_000 }))]

    #[test]
    fn a_merge_has_what_the_sources_have(inputs in inputs()) {
        check(&inputs);
    }
}

fn check(inputs: &[Vec<Option<Input>>]) {
    let mut sources = Vec::new();
    let mut model: BTreeMap<Labels, BTreeMap<i64, BTreeSet<Sample>>> = BTreeMap::new();
    let mut kept: BTreeMap<Labels, Vec<SourceChunk>> = BTreeMap::new();
    let mut cut: BTreeSet<Labels> = BTreeSet::new();
    for input in inputs {
        let mut all = Vec::new();
        for (number, input) in input.iter().enumerate() {
            let Some(input) = input else { continue };
            let series = series(number, input);
            for chunk in &series.chunks {
                for (t, sample) in samples(chunk) {
                    if !series.deleted.contains(t) {
                        model.entry(series.labels.clone()).or_default().entry(t).or_default().insert(sample);
                    }
                }
                kept.entry(series.labels.clone()).or_default().push(chunk.clone());
            }
            if !series.deleted.is_empty() {
                cut.insert(series.labels.clone());
            }
            all.push(series);
        }
        sources.push(Memory::new(all));
    }

    let mut merge = Merge::new(sources, MergeOptions::default());
    let mut symbols = vec![String::new()];
    let mut symbol = String::new();
    assert!(merge.next_symbol(&mut symbol).unwrap() && symbol.is_empty());
    while merge.next_symbol(&mut symbol).unwrap() {
        assert!(*symbols.last().unwrap() < symbol, "symbols ascend");
        symbols.push(symbol.clone());
    }
    let mut series = SourceSeries::default();
    let mut found: BTreeMap<Labels, BTreeMap<i64, Sample>> = BTreeMap::new();
    while merge.next_series(&mut series).unwrap() {
        assert!(found.last_key_value().is_none_or(|(last, _)| *last < series.labels), "series ascend");
        assert!(series.labels.iter().all(|label| symbols.binary_search(&label.value.to_owned()).is_ok()));
        assert!(!series.chunks.is_empty() && series.deleted.is_empty());
        let mut last = i64::MIN;
        for chunk in &series.chunks {
            let samples = samples(chunk);
            let times: Vec<i64> = samples.iter().map(|(t, _)| *t).collect();
            assert_eq!((Some(&chunk.min), Some(&chunk.max)), (times.first(), times.last()));
            assert!(last < chunk.min, "chunks ascend without overlaps");
            last = chunk.max;
            found.entry(series.labels.clone()).or_default().extend(samples);
        }
        if !cut.contains(&series.labels) {
            check_kept(&series, &kept[&series.labels]);
        }
    }
    let expected: Vec<_> = model.iter().map(|(labels, samples)| (labels, samples.keys().collect::<Vec<_>>())).collect();
    let times: Vec<_> = found.iter().map(|(labels, samples)| (labels, samples.keys().collect::<Vec<_>>())).collect();
    assert_eq!(times, expected);
    for (labels, samples) in &found {
        for (t, sample) in samples {
            assert!(model[labels][t].contains(sample), "{labels} at {t}: {sample:?} is none of {:?}", model[labels][t]);
        }
    }
}

/// Of a series of which nothing was deleted, a chunk that overlaps no other one is the very bytes of the source.
fn check_kept(series: &SourceSeries, sources: &[SourceChunk]) {
    let overlapping =
        |chunk: &SourceChunk| sources.iter().filter(|other| other.interval().overlaps(&chunk.interval())).count();
    for chunk in sources.iter().filter(|chunk| overlapping(chunk) == 1) {
        let same = series.chunks.iter().find(|one| one.interval() == chunk.interval());
        assert_eq!(same.map(|same| same.bytes.as_ptr()), Some(chunk.bytes.as_ptr()), "not copied");
    }
}

fn series(number: usize, input: &Input) -> SourceSeries {
    let mut t = 0;
    let mut chunks = Vec::new();
    for draft in &input.chunks {
        t += draft.gap;
        make(draft, &mut t, &mut chunks);
    }
    SourceSeries {
        labels: Labels::from_pairs([("__name__", "up"), ("instance", &*number.to_string())]).unwrap(),
        chunks,
        deleted: input.deleted.iter().map(|(min, length)| Interval::new(*min, min + length)).collect(),
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
    if seed % 11 == 0 { STALE_NAN } else { f64::from(seed) * 0.3 }
}

/// A histogram of one of several layouts. All of one draft are gauges or none is.
fn histogram(seed: u8, draft: &[(i64, u8)]) -> Histogram {
    if seed % 13 == 0 {
        return Histogram { sum: STALE_NAN, ..Histogram::default() };
    }
    let gauge = draft.len() % 3 == 0;
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
        schema: i32::from(seed % 17 == 0),
        zero_threshold: 0.001,
        zero_count: 1,
        count: u64::try_from(total).unwrap() + 1,
        sum: f64::from(seed),
        positive_spans,
        positive_buckets,
        ..Histogram::default()
    }
}

fn samples(chunk: &SourceChunk) -> Vec<(i64, Sample)> {
    let mut columns = Columns::new();
    chunk.chunk().decode_into(&mut columns).unwrap();
    let mut all = Vec::new();
    for run in columns.runs() {
        match run {
            Run::Floats(run) => {
                let start = |row: usize| run.start.map_or(0, |start| start[row]);
                all.extend(
                    (0..run.len())
                        .map(|row| (run.t[row], (true, format!("{:x} {}", run.v[row].to_bits(), start(row))))),
                );
            }
            Run::Histograms(run) => {
                all.extend(
                    (0..run.len()).map(|row| (run.t[row], (false, text(run.histogram(row).to_float(), "integer")))),
                );
            }
            Run::FloatHistograms(run) => {
                all.extend((0..run.len()).map(|row| (run.t[row], (false, text(run.float_histogram(row), "float")))));
            }
        }
    }
    all
}

fn text(mut histogram: FloatHistogram, kind: &str) -> String {
    let gauge = histogram.counter_reset_hint == CounterResetHint::Gauge;
    histogram.compact(0);
    format!("{kind} gauge {gauge} {} {histogram}", histogram.schema)
}

#[test]
fn what_is_missing_is_carried_on() {
    let up = |instance: &str| Labels::from_pairs([("__name__", "up"), ("instance", instance)]).unwrap();
    let hole = |min, max| Hole { interval: Interval::new(min, max), cause: "checksum mismatch".into() };
    let one = |instance: &str, t: i64, holes: Vec<Hole>| {
        let mut chunk = XorAppender::new();
        chunk.append(t, 1.0).unwrap();
        let bytes = Bytes::copy_from_slice(chunk.bytes());
        let chunks = vec![SourceChunk { min: t, max: t, encoding: Encoding::Xor, bytes }];
        SourceSeries { labels: up(instance), chunks, deleted: Default::default(), holes }
    };
    let nothing_left = SourceSeries { chunks: Vec::new(), ..one("b", 0, vec![hole(7, 8)]) };
    let unknown = LostSeries { labels: None, hole: hole(0, 99) };
    let first = Memory::new(vec![one("a", 10, vec![hole(5, 9)]), nothing_left]).with_lost(vec![unknown.clone()]);
    // Made from the same damaged block, the second tells of the same hole.
    let second = Memory::new(vec![one("a", 20, vec![hole(5, 9), hole(1, 2)])]);
    let mut merge = Merge::new([first, second], MergeOptions::default());
    let mut series = SourceSeries::default();
    assert!(merge.next_series(&mut series).unwrap());
    assert_eq!(series.holes, [hole(1, 2), hole(5, 9)]);
    assert!(!merge.next_series(&mut series).unwrap());
    assert_eq!(merge.lost(), [LostSeries { labels: Some(up("b")), hole: hole(7, 8) }, unknown]);
}

#[test]
fn a_chunk_that_cannot_be_decoded_is_a_hole() {
    let labels = Labels::from_pairs([("__name__", "up")]).unwrap();
    let source = |bytes: &[u8], min, max| {
        let chunks = vec![SourceChunk { min, max, encoding: Encoding::Xor, bytes: Bytes::copy_from_slice(bytes) }];
        Memory::new(vec![SourceSeries { labels: labels.clone(), chunks, ..SourceSeries::default() }])
    };
    let mut sound = XorAppender::new();
    [(10, 1.0), (20, 2.5), (30, 0.1)].into_iter().for_each(|(t, v)| sound.append(t, v).unwrap());
    // The last byte is missing, and with it the third sample, whose value takes more than that.
    let torn = &sound.bytes()[..sound.bytes().len() - 1];
    let mut other = XorAppender::new();
    other.append(25, 2.0).unwrap();
    let mut merge = Merge::new([source(torn, 10, 30), source(other.bytes(), 25, 25)], MergeOptions::default());
    let mut series = SourceSeries::default();
    assert!(merge.next_series(&mut series).unwrap());
    let times: Vec<i64> = series.chunks.iter().flat_map(samples).map(|(t, _)| t).collect();
    assert_eq!(times, [10, 20, 25]);
    assert_eq!(series.holes.iter().map(|hole| hole.interval).collect::<Vec<_>>(), [Interval::new(21, 30)]);
}

#[test]
fn what_lies_outside_is_left_out() {
    let mut chunk = XorAppender::new();
    (1..=4).for_each(|t| chunk.append(t * 10, 1.0).unwrap());
    let bytes = Bytes::copy_from_slice(chunk.bytes());
    let whole = SourceChunk { min: 10, max: 40, encoding: Encoding::Xor, bytes };
    let check = |within: Interval, expect: &[i64]| {
        let labels = Labels::from_pairs([("__name__", "up")]).unwrap();
        let series = SourceSeries { labels, chunks: vec![whole.clone()], ..SourceSeries::default() };
        let mut options = MergeOptions::default();
        options.within = within;
        let mut merge = Merge::new([Memory::new(vec![series])], options);
        let mut series = SourceSeries::default();
        merge.next_series(&mut series).unwrap();
        let times: Vec<i64> = series.chunks.iter().flat_map(samples).map(|(t, _)| t).collect();
        assert_eq!(times, expect, "{within:?}");
    };
    check(Interval::new(10, 40), &[10, 20, 30, 40]);
    check(Interval::new(11, 40), &[20, 30, 40]);
    check(Interval::new(0, 39), &[10, 20, 30]);
    check(Interval::new(15, 25), &[20]);
    check(Interval::new(21, 29), &[]);
    check(Interval::new(41, 99), &[]);
}
