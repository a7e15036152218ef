//! Histograms that nobody has checked: every operation ends, and those that validate keep their observations.

use arbitrary::{Arbitrary, Unstructured};
use promd_model::{Columns, CounterResetHint, FloatHistogram, Histogram, HistogramSum, Run, Span, Trim};

/// A histogram as it may come from a chunk, a record or a remote write.
#[derive(Debug, Arbitrary)]
struct Untrusted {
    schema: i8,
    zero_threshold: f64,
    zero_count: u64,
    count: u64,
    sum: f64,
    positive_spans: Vec<(i32, u32)>,
    negative_spans: Vec<(i8, u8)>,
    positive_buckets: Vec<i64>,
    negative_buckets: Vec<i8>,
    custom_values: Vec<f32>,
}

/// Two histograms and the numbers that operations take.
#[derive(Debug, Arbitrary)]
struct Input {
    a: Untrusted,
    b: Untrusted,
    number: f64,
    schema: i8,
    max_empty: u16,
}

impl From<Untrusted> for Histogram {
    fn from(untrusted: Untrusted) -> Self {
        let narrow = untrusted.negative_spans.into_iter();
        Self {
            counter_reset_hint: CounterResetHint::Unknown,
            schema: i32::from(untrusted.schema),
            zero_threshold: untrusted.zero_threshold,
            zero_count: untrusted.zero_count,
            count: untrusted.count,
            sum: untrusted.sum,
            positive_spans: untrusted.positive_spans.into_iter().map(|(o, l)| Span::new(o, l)).collect(),
            negative_spans: narrow.map(|(o, l)| Span::new(i32::from(o), u32::from(l))).collect(),
            positive_buckets: untrusted.positive_buckets,
            negative_buckets: untrusted.negative_buckets.into_iter().map(i64::from).collect(),
            custom_values: untrusted.custom_values.into_iter().map(f64::from).collect(),
        }
    }
}

/// Runs everything on two histograms.
pub fn model_histogram(bytes: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let Input { a, b, number, schema, max_empty } = input;
    let (a, b) = (Histogram::from(a), Histogram::from(b));
    let max_empty = usize::from(max_empty);

    let mut compact = a.clone();
    compact.compact(max_empty);
    if a.validate().is_ok() {
        assert_eq!(compact.validate(), Ok(()), "a compacted histogram validates");
        let mut coarse = a.clone();
        if coarse.reduce_resolution(i32::from(schema)).is_ok() {
            assert_eq!(coarse.count, a.count);
        }
    }
    let _ = compact.reduce_on_read();
    let _ = (a.cumulative().count(), a.to_string(), a.same_data(&b));
    columns(&a, &b);
    floats(&a.to_float(), &b.to_float(), number, max_empty);
}

fn floats(a: &FloatHistogram, b: &FloatHistogram, number: f64, max_empty: usize) {
    let mut compact = a.clone();
    compact.compact(max_empty);
    let comparable = |histogram: &FloatHistogram| {
        let numbers = [histogram.count, histogram.sum, histogram.zero_threshold];
        numbers.iter().all(|number| !number.is_nan()) && histogram.validate().is_ok()
    };
    if comparable(a) {
        assert!(compact.same_populations(a), "{compact:?} is not {a:?}");
    }
    let mut sum = a.clone();
    let added = sum.add(b);
    let mut kahan = HistogramSum::new(a);
    assert_eq!(kahan.add(b), added);
    assert_eq!(kahan.into_value().schema, sum.schema);
    let _ = sum.sub(a);
    for trim in [Trim::KeepBelow, Trim::KeepAbove] {
        let mut trimmed = a.clone();
        trimmed.trim(number, trim);
    }
    let _ = (a.quantile(number), a.fraction(number, b.sum), a.variance(), a.detect_reset(b));
    let _ = (a.test_expression(), a.to_string(), a.same_data(b));
    assert_eq!(a.all().count(), a.all().rev().count());
}

fn columns(a: &Histogram, b: &Histogram) {
    let mut columns = Columns::new();
    let pushed: Vec<&Histogram> = [a, b, a].into_iter().filter(|one| columns.push_histogram(0, one).is_ok()).collect();
    let read: Vec<Histogram> = columns
        .runs()
        .flat_map(|run| match run {
            Run::Histograms(run) => (0..run.len()).map(|row| run.histogram(row)).collect(),
            Run::Floats(_) | Run::FloatHistograms(_) => Vec::new(),
        })
        .collect();
    assert_eq!(read.len(), pushed.len());
    for (read, pushed) in read.iter().zip(pushed) {
        assert!(
            read.is_stale() == pushed.is_stale()
                && (read.is_stale() || read.positive_buckets == pushed.positive_buckets)
        );
    }
}
