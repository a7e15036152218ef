//! Merges against a map from time to what the sources have there.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod drafts;
mod memory;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use drafts::{Input, input, series};
use memory::Memory;
use promd_block::{BlockSource, Hole, Interval, LostSeries, SourceChunk, SourceSeries};
use promd_chunk::{Encoding, XorAppender};
use promd_compactor::{Merge, MergeOptions};
use promd_model::{Columns, CounterResetHint, FloatHistogram, Labels, Run};
use proptest::collection::vec;
use proptest::prelude::*;

/// A sample, so that equal ones are equal: floats by their bits, histograms as text without empty buckets.
type Sample = (bool, String);

/// For each source, what it has of each of three series.
fn inputs() -> impl Strategy<Value = Vec<Vec<Option<Input>>>> {
    vec(vec(prop::option::weighted(0.8, input(true)), 3), 1..6)
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
            let series = series(number, input, 0);
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
