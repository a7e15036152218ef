//! Columns against the plain list of samples that they stand for.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use promd_model::{
    Columns, CounterResetHint, FloatHistogram, Histogram, HistogramError, HistogramLayout, HistogramRow, Run,
    STALE_NAN, Span,
};
use promd_testkit::CountingAllocator;
use proptest::prelude::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// What a sample may be, and what reading it back must give.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Float(f64),
    Integer(Histogram),
    FloatHistogram(FloatHistogram),
}

/// Histograms with nothing but a layout, and the number of buckets that it needs on either side.
fn layouts() -> impl Strategy<Value = (Histogram, usize, usize)> {
    let two_sides = Histogram {
        zero_threshold: 0.5,
        positive_spans: vec![Span::new(0, 2), Span::new(3, 1)],
        negative_spans: vec![Span::new(-4, 1)],
        ..Histogram::default()
    };
    let fine = Histogram { schema: 3, positive_spans: vec![Span::new(-1, 1)], ..Histogram::default() };
    let custom = Histogram {
        schema: -53,
        positive_spans: vec![Span::new(0, 2)],
        custom_values: vec![1.0, 2.5],
        ..Histogram::default()
    };
    prop_oneof![Just((two_sides, 3, 1)), Just((fine, 1, 0)), Just((custom, 2, 0)), Just((Histogram::default(), 0, 0))]
}

fn integers() -> impl Strategy<Value = Histogram> {
    (layouts(), any::<u64>(), prop::array::uniform3(0i64..50)).prop_map(
        |((layout, positive, negative), count, deltas)| Histogram {
            counter_reset_hint: CounterResetHint::NotReset,
            count,
            zero_count: if layout.uses_custom_buckets() { 0 } else { count / 2 },
            sum: 1.5,
            positive_buckets: deltas[..positive].to_vec(),
            negative_buckets: deltas[..negative].to_vec(),
            ..layout
        },
    )
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-1e9..1e9).prop_map(Value::Float),
        2 => integers().prop_map(Value::Integer),
        2 => integers().prop_map(|histogram| Value::FloatHistogram(histogram.to_float())),
    ]
}

fn push(columns: &mut Columns, t: i64, value: &Value) {
    match value {
        Value::Float(v) => columns.push_float(t, *v),
        Value::Integer(histogram) => columns.push_histogram(t, histogram).unwrap(),
        Value::FloatHistogram(histogram) => columns.push_float_histogram(t, histogram).unwrap(),
    }
}

fn read<'a>(runs: impl Iterator<Item = Run<'a>>) -> Vec<(i64, Value)> {
    let mut samples = Vec::new();
    for run in runs {
        assert!(!run.times().is_empty(), "a run is never empty");
        match run {
            Run::Floats(run) => samples.extend(run.t.iter().copied().zip(run.v.iter().copied().map(Value::Float))),
            Run::Histograms(run) => {
                samples.extend((0..run.len()).map(|row| (run.t[row], Value::Integer(run.histogram(row)))));
            }
            Run::FloatHistograms(run) => {
                samples.extend((0..run.len()).map(|row| (run.t[row], Value::FloatHistogram(run.float_histogram(row)))));
            }
        }
    }
    samples
}

proptest! {
    #[test]
    fn a_tail_can_be_cut_off(values in prop::collection::vec(values(), 0..30), rows in 0usize..32) {
        let mut columns = Columns::new();
        values.iter().enumerate().for_each(|(t, value)| push(&mut columns, t as i64, value));
        let whole = read(columns.runs());
        columns.truncate(rows);
        let kept = &whole[..rows.min(whole.len())];
        prop_assert_eq!(read(columns.runs()), kept);
        // Rows that come after it join what is there.
        values.iter().enumerate().for_each(|(t, value)| push(&mut columns, 100 + t as i64, value));
        let again = read(columns.runs());
        prop_assert_eq!(&again[..kept.len()], kept);
        prop_assert_eq!(again.len(), kept.len() + values.len());
    }

    #[test]
    fn give_back_what_was_pushed(values in prop::collection::vec(values(), 0..30), from in 0i64..40, to in -2i64..40) {
        let samples: Vec<(i64, Value)> = (1i64..).zip(values).collect();
        let mut columns = Columns::new();
        for round in 0..2 {
            columns.clear();
            prop_assert!(columns.is_empty() && columns.runs().next().is_none(), "round {round}");
            samples.iter().for_each(|(t, value)| push(&mut columns, *t, value));
            prop_assert_eq!(columns.len(), samples.len());
            prop_assert_eq!(read(columns.runs()), samples.clone());
        }

        let inside: Vec<_> = samples.iter().filter(|(t, _)| (from..=to).contains(t)).cloned().collect();
        prop_assert_eq!(read(columns.runs_between(from..=to)), inside);

        let mut copy = Columns::new();
        copy.push_float_with_start(0, 0.25, -7);
        columns.runs().for_each(|run| copy.push_run(&run));
        prop_assert_eq!(read(copy.runs_of(1..usize::MAX)), samples);
    }
}

#[test]
fn rows_of_one_layout_are_one_run() {
    let histogram = |count| Histogram {
        count,
        positive_spans: vec![Span::new(0, 1)],
        positive_buckets: vec![1],
        ..Histogram::default()
    };
    let mut columns = Columns::new();
    columns.push_histogram(1, &histogram(1)).unwrap();
    columns.push_histogram(2, &histogram(2)).unwrap();
    columns.push_histogram(3, &Histogram { sum: STALE_NAN, ..Histogram::default() }).unwrap();
    columns.push_histogram(4, &histogram(3)).unwrap();
    let runs: Vec<Run<'_>> = columns.runs().collect();
    let [Run::Histograms(run)] = runs.as_slice() else { panic!("one run, not {runs:?}") };
    assert_eq!(run.counts, [1, 2, 0, 3]);
    assert_eq!(run.buckets, [1, 1, 0, 1]);
    let stale = run.histogram(2);
    assert!(stale.is_stale() && stale.positive_spans.is_empty() && stale.positive_buckets.is_empty());
    assert!(run.float_histogram(2).is_stale() && run.float_histogram(2).positive_spans.is_empty());
    assert_eq!(run.slice(3..4).histogram(0), histogram(3));
    assert_eq!(run.rows().map(|row| row.positive[0]).sum::<u64>(), 3);
}

#[test]
fn start_timestamps_are_kept_once_there_is_one() {
    let mut columns = Columns::new();
    columns.push_float(1, 1.0);
    assert!(columns.as_floats().is_some_and(|run| run.start.is_none()));
    columns.push_float_with_start(2, 2.0, -5);
    columns.push_float(3, 3.0);
    assert_eq!(columns.as_floats().and_then(|run| run.start), Some(&[0, -5, 0][..]));
    let spans = [Span::new(0, 1)];
    let layout = HistogramLayout { positive_spans: &spans, ..HistogramLayout::default() };
    let row = HistogramRow { t: 4, start: 3, positive: &[1.5], ..HistogramRow::default() };
    columns.begin_histogram_run::<f64>(layout).push(&row).unwrap();
    assert!(columns.as_floats().is_none());
    let last = columns.runs().next_back();
    assert!(matches!(last, Some(Run::FloatHistograms(run)) if run.row(0) == row), "{last:?}");
}

#[test]
fn floats_in_bulk_can_be_taken_back() {
    let mut columns = Columns::new();
    columns.push_histogram(1, &Histogram::default()).unwrap();
    let mut floats = columns.floats_mut(8);
    assert!(floats.is_empty());
    floats.push(2, 0.5);
    let (t, v) = floats.rows_mut(4);
    t[0] = 3;
    v[0] = 1.5;
    floats.truncate(2);
    assert_eq!(floats.len(), 2);
    floats.truncate(7);
    assert_eq!(columns.times(), [1, 2, 3]);
    columns.floats_mut(0).truncate(0);
    assert_eq!(columns.times(), [1, 2, 3], "rows from before are not in reach");
    // A float run that stayed empty leaves no trace.
    columns.push_histogram(4, &Histogram::default()).unwrap();
    let mut floats = columns.floats_mut(0);
    floats.push_with_start(5, 4.0, 1);
    floats.truncate(0);
    columns.push_histogram(5, &Histogram::default()).unwrap();
    assert_eq!(columns.runs().flat_map(|run| run.times().to_vec()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(columns.runs().filter(|run| matches!(run, Run::Floats(_))).count(), 1);
}

#[test]
fn a_row_must_fit_its_layout() {
    let spans = [Span::new(0, u32::MAX), Span::new(0, u32::MAX)];
    let layout = HistogramLayout { positive_spans: &spans, negative_spans: &spans, ..HistogramLayout::default() };
    let mut columns = Columns::new();
    let mut run = columns.begin_histogram_run::<u64>(layout);
    run.reserve(1);
    let refused = run.push(&HistogramRow { t: 1, positive: &[1], ..HistogramRow::default() });
    assert!(matches!(refused, Err(HistogramError::SpansBucketsMismatch { have: 1, .. })), "{refused:?}");
    assert!(columns.is_empty() && columns.runs().next().is_none());
    assert!(columns.heap_bytes() < 4096, "claims are not believed: {}", columns.heap_bytes());

    let short = Histogram { positive_spans: vec![Span::new(0, 2)], positive_buckets: vec![1], ..Histogram::default() };
    assert!(columns.push_histogram(1, &short).is_err());
    assert!(columns.push_float_histogram(1, &short.to_float()).is_err());
    // A stale marker after a layout that was claimed and never met must not believe the claim either.
    columns.begin_histogram_run::<u64>(layout);
    columns.push_histogram(2, &Histogram { sum: STALE_NAN, ..Histogram::default() }).unwrap();
    assert_eq!((columns.len(), columns.heap_bytes() < 8192), (1, true));
}

#[test]
fn columns_that_have_grown_do_not_allocate() {
    let histogram = Histogram {
        schema: 3,
        positive_spans: vec![Span::new(0, 5)],
        positive_buckets: vec![1; 5],
        ..Histogram::default()
    };
    let fill = |columns: &mut Columns| {
        columns.clear();
        let mut floats = columns.floats_mut(0);
        (0..100).for_each(|t| floats.push(t, 0.5));
        (100..200).for_each(|t| columns.push_histogram(t, &histogram).unwrap());
        columns.push_float(200, 0.5);
    };
    let mut columns = Columns::new();
    fill(&mut columns);
    let held = columns.heap_bytes();
    let ((), allocated) = CountingAllocator::during(|| fill(&mut columns));
    assert_eq!((allocated.calls, columns.heap_bytes()), (0, held));

    let mut float = FloatHistogram::default();
    let read = |columns: &Columns, float: &mut FloatHistogram| {
        for run in columns.runs() {
            if let Run::Histograms(run) = run {
                (0..run.len()).for_each(|row| run.float_histogram_into(row, float));
            }
        }
    };
    read(&columns, &mut float);
    let ((), allocated) = CountingAllocator::during(|| read(&columns, &mut float));
    assert_eq!(allocated.calls, 0);
}
