//! Random actions on a head, and on maps that say what it should hold.

use promd_model::{CounterResetHint, FloatHistogram, Histogram, STALE_NAN, Span};
use proptest::prelude::*;

use super::*;

const RANGE: i64 = 600_000;
const SERIES: usize = 6;
const APPENDERS: usize = 3;

#[derive(Debug, Clone)]
enum Action {
    /// Appends a batch: series, how much later than its newest sample, and what.
    Append(usize, Vec<(usize, i64, Value)>),
    Commit(usize),
    RollBack(usize),
    Open(i64),
    /// Reads again through the oldest reader, and closes it.
    Close,
    /// How long before the newest sample.
    Truncate(i64),
    /// Writes nothing to the chunk store, or writes again.
    Full(bool),
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Float(f64),
    Histogram { grown: u8, buckets: u8, gauge: bool },
    FloatHistogram { grown: u8, buckets: u8 },
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => any::<i16>().prop_map(|v| Value::Float(f64::from(v) / 8.0)),
        1 => Just(Value::Float(STALE_NAN)),
        3 => (any::<u8>(), 0..6_u8, prop::bool::weighted(0.1))
            .prop_map(|(grown, buckets, gauge)| Value::Histogram { grown, buckets, gauge }),
        3 => (any::<u8>(), 0..6_u8).prop_map(|(grown, buckets)| Value::FloatHistogram { grown, buckets }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    // Most of the time forward, and sometimes back or not at all.
    let step = prop_oneof![12 => 1..30_000_i64, 1 => Just(0_i64), 1 => -20_000..0_i64, 1 => 0..2 * RANGE];
    // A series is mostly of one kind: that of its number.
    let of_kind = |series: usize, value: Value| match (series % 3, value) {
        (0, Value::Histogram { grown, .. }) => Value::Float(f64::from(grown)),
        (1, Value::FloatHistogram { grown, buckets }) => Value::Histogram { grown, buckets, gauge: false },
        (_, value) => value,
    };
    let sample =
        (0..SERIES, step, value()).prop_map(move |(series, step, value)| (series, step, of_kind(series, value)));
    prop_oneof![
        10 => (0..APPENDERS, prop::collection::vec(sample, 1..40)).prop_map(|(by, samples)| Action::Append(by, samples)),
        8 => (0..APPENDERS).prop_map(Action::Commit),
        1 => (0..APPENDERS).prop_map(Action::RollBack),
        3 => (0..4 * RANGE).prop_map(Action::Open),
        2 => Just(Action::Close),
        1 => (RANGE / 2..3 * RANGE).prop_map(Action::Truncate),
        1 => any::<bool>().prop_map(Action::Full),
    ]
}

/// A histogram that has counted more the more it has grown.
fn histogram(grown: u8, buckets: u8, gauge: bool) -> Histogram {
    let count = u64::from(grown) * u64::from(buckets);
    let first = i64::from(grown);
    Histogram {
        counter_reset_hint: if gauge { CounterResetHint::Gauge } else { CounterResetHint::Unknown },
        count,
        sum: f64::from(grown),
        positive_spans: if buckets == 0 { Vec::new() } else { vec![Span::new(0, u32::from(buckets))] },
        positive_buckets: (0..buckets).map(|bucket| if bucket == 0 { first } else { 0 }).collect(),
        ..Histogram::default()
    }
}

fn sample_value(value: Value) -> SampleValue {
    match value {
        Value::Float(v) => SampleValue::Float(v),
        Value::Histogram { grown, buckets, gauge } => SampleValue::Histogram(histogram(grown, buckets, gauge)),
        Value::FloatHistogram { grown, buckets } => {
            SampleValue::FloatHistogram(histogram(grown, buckets, false).to_float())
        }
    }
}

/// Buckets that are empty may come and go when a chunk is written again.
fn same(a: &SampleValue, b: &SampleValue) -> bool {
    let stale = |histogram: &FloatHistogram| histogram.is_stale();
    let alike = |a: FloatHistogram, b: FloatHistogram| (stale(&a) && stale(&b)) || a.same_populations(&b);
    match (a, b) {
        (SampleValue::Float(a), SampleValue::Float(b)) => a.to_bits() == b.to_bits(),
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => alike(a.to_float(), b.to_float()),
        (SampleValue::FloatHistogram(a), SampleValue::FloatHistogram(b)) => alike(a.clone(), b.clone()),
        _ => false,
    }
}

/// To the bit, as a sample that comes a second time must be.
fn same_again(a: &SampleValue, b: &SampleValue) -> bool {
    match (a, b) {
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => a.same_data(b),
        (SampleValue::FloatHistogram(a), SampleValue::FloatHistogram(b)) => a.same_data(b),
        (SampleValue::Float(a), SampleValue::Float(b)) => a.to_bits() == b.to_bits(),
        _ => false,
    }
}

type Samples = BTreeMap<i64, SampleValue>;

#[derive(Debug, Clone, Default)]
struct Model {
    committed: [Samples; SERIES],
    /// How old the samples of each appender may be, as it was when the first one was appended.
    valid_from: [Option<i64>; APPENDERS],
    /// What each appender holds, in its order.
    pending: [Vec<(usize, i64, SampleValue)>; APPENDERS],
    first: Option<i64>,
    newest: Option<i64>,
    valid: Option<i64>,
}

impl Model {
    fn last(&self, series: usize) -> Option<(i64, &SampleValue)> {
        self.committed[series].last_key_value().map(|(t, value)| (*t, value))
    }

    fn append(&mut self, by: usize, series: usize, t: i64, value: SampleValue, valid_from: i64) -> Verdict {
        let own = self.pending[by].iter().rev().find(|(other, ..)| *other == series).map(|(_, t, value)| (*t, value));
        let before = own.or_else(|| self.last(series));
        let value = match (before, value) {
            (Some((_, SampleValue::Histogram(_))), SampleValue::Float(v)) if promd_model::is_stale(v) => {
                SampleValue::Histogram(Histogram { sum: v, ..Histogram::default() })
            }
            (Some((_, SampleValue::FloatHistogram(_))), SampleValue::Float(v)) if promd_model::is_stale(v) => {
                SampleValue::FloatHistogram(FloatHistogram { sum: v, ..FloatHistogram::default() })
            }
            (_, value) => value,
        };
        match before {
            _ if t < valid_from => Verdict::OutOfBounds,
            Some((last, known)) if last == t && same_again(known, &value) => Verdict::Accepted,
            Some((last, _)) if last == t => Verdict::Duplicate,
            Some((last, _)) if last > t => Verdict::OutOfOrder,
            _ if own.is_some() && self.last(series).is_some_and(|(last, _)| t <= last) => {
                // Somebody else was faster.
                match self.last(series) {
                    Some((last, known)) if last == t && same_again(known, &value) => Verdict::Accepted,
                    Some((last, _)) if last == t => Verdict::Duplicate,
                    _ => Verdict::OutOfOrder,
                }
            }
            _ => {
                self.pending[by].push((series, t, value));
                Verdict::Accepted
            }
        }
    }

    fn commit(&mut self, by: usize) -> u64 {
        let mut dropped = 0;
        self.valid_from[by] = None;
        for (series, t, value) in std::mem::take(&mut self.pending[by]) {
            if self.last(series).is_some_and(|(last, _)| t <= last) || self.valid.is_some_and(|valid| t < valid) {
                dropped += 1;
                continue;
            }
            self.committed[series].insert(t, value);
            self.newest = self.newest.max(Some(t));
        }
        dropped
    }

    fn valid_from(&self) -> i64 {
        let newest = self.newest.max(self.first).unwrap_or(i64::MIN);
        self.valid.unwrap_or(i64::MIN).max(newest.saturating_sub(RANGE / 2))
    }
}

fn name(series: usize) -> Labels {
    labels(&[("__name__", "m"), ("n", &series.to_string())])
}

#[track_caller]
fn compare(reader: &dyn Reader, model: &[Samples; SERIES], from: i64) {
    let times = Interval::new(from, i64::MAX);
    let mut got = content(reader, &[Matcher::equal("__name__", "m")], times);
    for (number, samples) in model.iter().enumerate() {
        let expected: Vec<_> = samples.range(from..).collect();
        let got = got.remove(&name(number).to_string()).unwrap_or_default();
        let times: Vec<i64> = got.iter().map(|(t, _)| *t).collect();
        assert_eq!(times, expected.iter().map(|(t, _)| **t).collect::<Vec<_>>(), "times of series {number}");
        for ((t, got), (_, expected)) in got.iter().zip(expected) {
            assert!(same(got, expected), "series {number} at {t}: {got:?} instead of {expected:?}");
        }
    }
    assert!(got.is_empty(), "{got:?}");
}

fn run(actions: &[Action], samples_per_chunk: u16) {
    let options = HeadOptions { chunk_range: RANGE, samples_per_chunk, ..HeadOptions::default() };
    // The log is never full: only full chunks are refused.
    let (world, log) = (Arc::new(World::default()), Arc::new(World::default()));
    let head = Head::new(options, Arc::clone(&world) as _, log);
    let mut model = Model::default();
    let mut appenders: [Option<Box<HeadAppender<'_>>>; APPENDERS] = Default::default();
    let mut readers: Vec<(HeadReader<'_>, [Samples; SERIES], i64)> = Vec::new();
    let (mut dropped, mut truncated) = (0, 0);
    for action in actions {
        match action {
            Action::Append(by, samples) => {
                let appender = appenders[*by].get_or_insert_with(|| Box::new(head.appender()));
                let (mut batch, mut expected) = (Batch::new(), Vec::new());
                let mut newest: [Option<i64>; SERIES] = Default::default();
                // Rows of one series keep their order, and nothing else counts; the window is that of the whole batch.
                let mut rows = Vec::new();
                for (series, step, value) in samples {
                    let pending =
                        model.pending[*by].iter().filter(|(other, ..)| other == series).map(|(_, t, _)| *t).max();
                    let start = model.newest.unwrap_or(4 * RANGE).saturating_sub(RANGE / 3);
                    let base = newest[*series].or(pending).or(model.last(*series).map(|(t, _)| t)).unwrap_or(start);
                    let t = base.saturating_add(*step);
                    newest[*series] = newest[*series].max(Some(t));
                    rows.push((*series, t, *value));
                }
                if model.first.is_none() {
                    model.first = rows.first().map(|(_, t, _)| *t);
                }
                let now = model.valid_from();
                let valid_from = *model.valid_from[*by].get_or_insert(now);
                for (series, t, value) in rows {
                    let reference = appender.series(name(series).view()).unwrap();
                    match sample_value(value) {
                        SampleValue::Float(v) => batch.float(reference, t, v),
                        SampleValue::Histogram(histogram) => batch.histogram(reference, t, &histogram).unwrap(),
                        SampleValue::FloatHistogram(histogram) => {
                            batch.float_histogram(reference, t, &histogram).unwrap();
                        }
                    }
                    expected.push(model.append(*by, series, t, sample_value(value), valid_from));
                }
                let mut verdicts = Vec::new();
                appender.append(&batch, &mut verdicts);
                assert_eq!(verdicts, expected);
            }
            Action::Commit(by) => {
                if let Some(appender) = appenders[*by].take() {
                    appender.commit().unwrap();
                    dropped += model.commit(*by);
                }
            }
            Action::RollBack(by) => {
                appenders[*by] = None;
                model.pending[*by].clear();
                model.valid_from[*by] = None;
            }
            Action::Open(back) => {
                let from = model.newest.unwrap_or_default().saturating_sub(*back).max(model.valid.unwrap_or(i64::MIN));
                readers.push((head.reader(Interval::new(from, i64::MAX)), model.committed.clone(), from));
            }
            Action::Close => {
                if !readers.is_empty() {
                    readers.remove(0);
                }
            }
            Action::Truncate(back) => {
                let before = model.newest.unwrap_or_default().saturating_sub(*back);
                if model.valid.is_none_or(|valid| valid < before) {
                    // It would wait for them.
                    readers.retain(|(_, _, from)| *from >= before);
                    truncated += head.truncate(before).len();
                    model.valid = Some(before);
                    for samples in &mut model.committed {
                        if samples.last_key_value().is_some_and(|(t, _)| *t < before) {
                            samples.clear();
                        }
                    }
                }
            }
            Action::Full(full) => world.full.store(*full, Ordering::Relaxed),
        }
        for (reader, expected, from) in &readers {
            compare(reader, expected, *from);
        }
        let from = model.valid.unwrap_or(i64::MIN);
        compare(&head.reader(Interval::new(from, i64::MAX)), &model.committed, from);
    }
    assert_eq!(head.dropped_samples(), dropped);
    assert!(truncated <= actions.len() * SERIES);
    drop((readers, appenders));
    // Everything goes, and nothing is left behind.
    let newest = head.max_time().unwrap_or_default();
    head.truncate(newest + 1);
    assert_eq!((head.series_count(), head.memory().histograms), (0, 0));
    assert!(head.top_pairs(10).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_head_is_a_map(actions in prop::collection::vec(action(), 1..60), small in any::<bool>()) {
        run(&actions, if small { 8 } else { 120 });
    }
}
