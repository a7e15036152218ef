//! A head that is brought back from what another one has logged and written.

use promd_model::{Histogram, Run, Span};
use promd_wal::record::{SampleColumns, Stamp};

use super::*;
use crate::head::replay::Replayed;

/// Brings back what went to `world`: chunks first if they are there, then all commits.
fn brought_back(world: &World, with_chunks: bool) -> Head {
    let chunks = world.chunks.lock().clone();
    let again = Arc::new(World { chunks: Mutex::new(chunks.clone()), ..World::default() });
    let options = HeadOptions { samples_per_chunk: 8, ..HeadOptions::default() };
    let head = Head::new(options, Arc::clone(&again) as _, again);
    for (at, stored) in (0..).zip(&chunks).filter(|_| with_chunks) {
        head.replay_mapped(stored.reference, MappedChunk { at, interval: stored.interval });
    }
    for Logged { series, batches, .. } in world.commits.lock().clone() {
        series.iter().for_each(|(reference, labels)| head.replay_series(*reference, labels.view()));
        for batch in batches {
            head.replay_floats(&batch.floats);
            replay_histograms(&head, &batch.histograms);
            replay_histograms(&head, &batch.float_histograms);
        }
    }
    assert!(head.finish_replay().is_empty());
    head
}

fn replay_histograms(head: &Head, HistogramColumns { series, columns }: &HistogramColumns) {
    let mut references = series.iter();
    for run in columns.runs() {
        for (row, (t, reference)) in run.times().iter().zip(&mut references).enumerate() {
            let stamp = Stamp::new(*reference, *t);
            match &run {
                Run::Histograms(run) => head.replay_histogram(stamp, &run.histogram(row)),
                Run::FloatHistograms(run) => head.replay_float_histogram(stamp, &run.float_histogram(row)),
                Run::Floats(_) => panic!("these are histograms"),
            };
        }
    }
}

#[test]
fn what_was_logged_comes_back_with_and_without_its_chunks() {
    let (head, world) = head_with(HeadOptions { samples_per_chunk: 8, ..HeadOptions::default() });
    let (up, histogram) = (series(&head, &[("__name__", "up")]), series(&head, &[("__name__", "h")]));
    let floats = series(&head, &[("__name__", "f")]);
    for n in 0..100_i64 {
        let mut batch = Batch::new();
        batch.float(up, n * 15_000, f64::from(i32::try_from(n % 7).unwrap()));
        let value = Histogram {
            count: n.unsigned_abs(),
            positive_spans: vec![Span::new(0, 1)],
            positive_buckets: vec![n],
            ..Histogram::default()
        };
        batch.histogram(histogram, n * 15_000, &value).unwrap();
        batch.float_histogram(floats, n * 15_000, &value.to_float()).unwrap();
        let mut appender = Box::new(head.appender());
        appender.append(&batch, &mut Vec::new());
        appender.commit().unwrap();
    }
    let expected = content(&head.reader(Interval::ALL), &[], Interval::ALL);
    assert_eq!(expected.values().map(Vec::len).sum::<usize>(), 300);
    for with_chunks in [true, false] {
        let again = brought_back(&world, with_chunks);
        let got = content(&again.reader(Interval::ALL), &[], Interval::ALL);
        for (labels, expected) in &expected {
            let different = got[labels].iter().zip(expected).find(|(got, expected)| got != expected);
            assert!(different.is_none(), "{labels}, with chunks: {with_chunks}: {different:?}");
            assert_eq!(got[labels].len(), expected.len());
        }
        assert_eq!((again.min_time(), again.max_time()), (Some(0), Some(99 * 15_000)));
        // It goes on, and references are not used again.
        assert_eq!(series(&again, &[("__name__", "up")]), up);
        assert_eq!(append(&again, up, &[(100 * 15_000, 1.0)]), [Verdict::Accepted]);
        assert!(series(&again, &[("__name__", "other")]).0 > floats.0);
    }
}

fn columns(samples: &[(u64, i64, f64)]) -> SampleColumns {
    let mut columns = SampleColumns::default();
    samples.iter().for_each(|(series, t, v)| columns.push(Stamp::new(*series, *t), *v));
    columns
}

#[test]
fn a_second_reference_means_the_same_series() {
    let (head, _) = head();
    let up = labels(&[("__name__", "up")]);
    head.replay_series(5, up.view());
    let mut replayed = head.replay_floats(&columns(&[(5, 1_000, 1.0), (9, 2_000, 2.0)]));
    assert_eq!(replayed, Replayed { appended: 1, passed: 0, unknown: 1 });
    head.replay_series(9, up.view());
    assert_eq!((head.aliases(), head.has(5), head.has(9)), (vec![9], true, false));
    replayed.add(head.replay_floats(&columns(&[(9, 2_000, 2.0), (5, 3_000, 3.0), (9, 3_000, 3.0)])));
    assert_eq!(replayed, Replayed { appended: 3, passed: 1, unknown: 1 });
    head.finish_replay();
    let got = floats(&head.reader(Interval::ALL), Matcher::equal("__name__", "up"));
    assert_eq!(got, [(1_000, 1.0), (2_000, 2.0), (3_000, 3.0)]);
    assert_eq!(series(&head, &[("__name__", "up")]), SeriesRef(5));
}

#[test]
fn what_belongs_to_blocks_is_passed_over() {
    let (head, _) = head();
    head.set_min_valid_time(2_000);
    head.replay_series(1, labels(&[("a", "b")]).view());
    let replayed = head.replay_floats(&columns(&[(1, 1_999, 1.0), (1, 2_000, 1.0)]));
    assert_eq!(replayed, Replayed { appended: 1, passed: 1, unknown: 0 });
}

#[test]
fn a_deletion_of_all_times_takes_the_series_out_and_another_may_follow() {
    let (head, _) = head();
    let gone = labels(&[("a", "b")]);
    head.replay_series(3, gone.view());
    head.replay_floats(&columns(&[(3, 1, 1.0)]));
    head.replay_tombstone(3, Interval::ALL);
    assert_eq!(head.series_count(), 0);
    head.replay_series(4, gone.view());
    head.replay_floats(&columns(&[(4, 2, 2.0), (4, 3, 3.0)]));
    head.replay_tombstone(4, Interval::new(3, 3));
    head.finish_replay();
    assert_eq!(floats(&head.reader(Interval::ALL), Matcher::equal("a", "b")), [(2, 2.0)]);
    assert_eq!(series(&head, &[("c", "d")]), SeriesRef(5));
}

#[test]
fn chunks_of_nobody_are_told() {
    let (head, _) = head();
    head.replay_mapped(8, MappedChunk { at: 0, interval: Interval::new(0, 1) });
    assert_eq!(head.finish_replay(), [8]);
}
