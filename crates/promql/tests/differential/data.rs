//! Series with everything that makes evaluation hard: gaps, counter resets, stale markers, NaN, infinities, native
//! histograms whose buckets change, series that collide without their names.

use std::collections::BTreeMap;

use promd_model::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint, FloatHistogram, Histogram, Labels, STALE_NAN, Span};
use promd_storage::{Batch, MemStorage, Storage};

use super::random::Random;
use super::remote_write;

/// When the data begin, in milliseconds: a moment in 2025 that no step divides.
pub(crate) const START: i64 = 1_766_361_600_279;
/// How far samples of a series are apart.
const INTERVAL: i64 = 30_000;
/// How many times each series may have a sample.
const SLOTS: i64 = 80;
/// When they end.
pub(crate) const END: i64 = START + SLOTS * INTERVAL;

/// Metrics by what they are.
pub(crate) const COUNTERS: [&str; 3] = ["reqs_total", "errs_total", "lat_count"];
pub(crate) const GAUGES: [&str; 5] = ["temp", "load", "odd", "flag", "lat_sum"];
pub(crate) const CLASSIC: [&str; 2] = ["lat_bucket", "bad_bucket"];
pub(crate) const NATIVE: [&str; 5] = ["nat", "natf", "natg", "nhcb", "nan_nat"];
pub(crate) const MIXED: [&str; 2] = ["mixed", "target_info"];

/// The value of a sample.
#[derive(Debug, Clone)]
pub(crate) enum Sample {
    Float(f64),
    /// `whole` says that it goes over the wire and into the store as one of integers.
    Histogram {
        value: FloatHistogram,
        whole: bool,
    },
}

/// Samples of one series, ascending by time; the number is the slot.
type Samples = Vec<(i64, i64, Sample)>;

#[derive(Debug)]
pub(crate) struct Data {
    series: Vec<(Labels, Samples)>,
}

impl Data {
    pub(crate) fn generate(seed: u64) -> Self {
        let mut maker = Maker { random: Random::new(seed), series: Vec::new() };
        maker.floats();
        maker.classic();
        maker.native();
        let mut series = maker.series;
        series.sort_by(|a, b| a.0.cmp(&b.0));
        Self { series }
    }

    pub(crate) fn sample_count(&self) -> usize {
        self.series.iter().map(|(_, samples)| samples.len()).sum()
    }

    /// A store with the data.
    pub(crate) fn storage(&self) -> MemStorage {
        let storage = MemStorage::new();
        let mut appender = storage.appender();
        let mut batch = Batch::new();
        for (labels, samples) in &self.series {
            let series = appender.series(labels.view()).unwrap();
            for (_, t, sample) in samples {
                match sample {
                    Sample::Float(value) => batch.float(series, *t, *value),
                    Sample::Histogram { value, whole: false } => batch.float_histogram(series, *t, value).unwrap(),
                    Sample::Histogram { value, whole: true } => batch.histogram(series, *t, &integers(value)).unwrap(),
                }
            }
        }
        let mut verdicts = Vec::new();
        appender.append(&batch, &mut verdicts);
        assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{verdicts:?}");
        appender.commit().unwrap();
        storage
    }

    /// Requests that write the data, one for each slot. The first one has every series, by labels: Prometheus reads
    /// series in the order in which it met them, and so sees them in ours.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        let of_slot = |slot: i64| {
            let samples = self.series.iter().flat_map(move |(labels, samples)| {
                samples.iter().filter(move |sample| sample.0 == slot).map(move |(_, t, sample)| (labels, *t, sample))
            });
            remote_write::request(samples)
        };
        (-1..SLOTS).map(of_slot).collect()
    }
}

fn integers(value: &FloatHistogram) -> Histogram {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is whole was made of integers")]
    Histogram {
        counter_reset_hint: value.counter_reset_hint,
        schema: value.schema,
        zero_threshold: value.zero_threshold,
        zero_count: value.zero_count as u64,
        count: value.count as u64,
        sum: value.sum,
        positive_spans: value.positive_spans.clone(),
        negative_spans: value.negative_spans.clone(),
        positive_buckets: remote_write::deltas(&value.positive_buckets),
        negative_buckets: remote_write::deltas(&value.negative_buckets),
        custom_values: value.custom_values.clone(),
    }
}

struct Maker {
    random: Random,
    series: Vec<(Labels, Samples)>,
}

impl Maker {
    /// A series: samples where scrapes did not fail, some of them late, and stale markers where the target went away.
    fn series(&mut self, name: &str, labels: &[(&str, &str)], mut value: impl FnMut(&mut Random, i64) -> Sample) {
        let labels = Labels::from_pairs(labels.iter().copied().chain([("__name__", name)])).unwrap();
        let random = &mut self.random;
        let jitter = if random.one_in(2) { 0 } else { 2_500 };
        let begin = if random.one_in(4) { random.below(40) as i64 } else { 0 };
        let mut away = 0;
        // A marker in front of everything makes the series known to Prometheus in the order of labels.
        let mut samples = vec![(-1, START - 20 * 60_000, Sample::Float(STALE_NAN))];
        for slot in begin..SLOTS {
            let sample = value(random, slot);
            if away > 0 {
                away -= 1;
                continue;
            }
            let late = if jitter == 0 { 0 } else { random.below(jitter) as i64 };
            let t = START + slot * INTERVAL + late;
            match random.below(60) {
                0 => away = random.below(16),
                1 => {
                    samples.push((slot, t, Sample::Float(STALE_NAN)));
                    away = random.below(8);
                }
                _ => samples.push((slot, t, sample)),
            }
        }
        self.series.push((labels, samples));
    }

    fn floats(&mut self) {
        for job in ["api", "db"] {
            for instance in ["0", "1", "2"] {
                for code in ["200", "500"] {
                    let labels = [("job", job), ("instance", instance), ("code", code)];
                    let fraction = self.random.one_in(3);
                    let mut count = 0.0;
                    self.series("reqs_total", &labels, |random, _| counter(random, &mut count, fraction));
                }
                let labels = [("job", job), ("instance", instance)];
                let mut count = 100.0;
                self.series("errs_total", &labels, |random, _| counter(random, &mut count, false));
                let mut now = 20.0;
                self.series("temp", &labels, |random, _| {
                    now += (random.unit() - 0.5) * 3.0;
                    Sample::Float(if random.one_in(3) { f64::round(now) } else { now })
                });
                if job == "api" || instance != "2" {
                    let versions = ["1.0", "1.1", "2.0"];
                    let version = self.random.pick(&versions);
                    let labels = [("job", job), ("instance", instance), ("version", version), ("zone", "x")];
                    self.series("target_info", &labels, |_, _| Sample::Float(1.0));
                }
            }
            self.series("flag", &[("job", job)], |random, _| Sample::Float(f64::from(u8::from(random.one_in(3)))));
            self.series("dup_a", &[("job", job)], |random, slot| Sample::Float(slot as f64 + random.unit()));
            self.series("dup_b", &[("job", job)], |_, slot| Sample::Float(slot as f64));
        }
        for instance in ["0", "1", "10", "9"] {
            self.series("load", &[("instance", instance)], |random, _| Sample::Float(random.unit() * 8.0));
        }
        const SPECIAL: [f64; 14] = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.0,
            -0.0,
            1e308,
            -1.5e308,
            5e-324,
            1.0,
            -1.0,
            0.1,
            1e15,
            -2.5,
            1e-9,
        ];
        for i in ["a", "b", "c", "d"] {
            let often = self.random.below(4) + 1;
            self.series("odd", &[("i", i)], |random, _| {
                Sample::Float(if random.one_in(often) {
                    SPECIAL[random.below(SPECIAL.len())]
                } else {
                    (random.unit() - 0.5) * 1e3
                })
            });
        }
    }

    fn classic(&mut self) {
        for job in ["api", "db"] {
            let mut total = 0.0;
            let seed = self.random.next();
            for (at, le) in ["0.1", "0.5", "1", "2.5", "+Inf"].iter().enumerate() {
                // The same increments for each bucket, so that the counts go together.
                let mut own = Random::new(seed);
                let mut count = 0.0;
                self.series("lat_bucket", &[("job", job), ("le", le)], |_, _| {
                    for _ in 0..3 {
                        count += f64::from(u8::from(own.below(5) <= at));
                    }
                    if own.one_in(50) {
                        count = 0.0;
                    }
                    Sample::Float(count)
                });
            }
            self.series("lat_sum", &[("job", job)], |random, _| {
                total += random.unit() * 5.0;
                Sample::Float(total)
            });
            let mut count = 0.0;
            self.series("lat_count", &[("job", job)], |random, _| counter(random, &mut count, false));
        }
        // Counts that do not ascend, no highest bucket, a bound that is none.
        for (job, bounds) in
            [("api", &["-1", "0", "1", "+Inf"][..]), ("db", &["1", "2", "abc"][..]), ("web", &["1", "1.0", "+Inf"][..])]
        {
            for le in bounds {
                self.series("bad_bucket", &[("job", job), ("le", le)], |random, _| {
                    Sample::Float(random.below(20) as f64)
                });
            }
        }
        self.series("bad_bucket", &[("job", "none")], |random, _| Sample::Float(random.below(20) as f64));
    }

    fn native(&mut self) {
        let gauge = CounterResetHint::Gauge;
        let counter = CounterResetHint::Unknown;
        for (job, instance) in [("api", "0"), ("api", "1"), ("db", "0")] {
            let labels = [("job", job), ("instance", instance)];
            let mut one = Native::new(&mut self.random, true, counter);
            self.series("nat", &labels, |random, _| one.next(random));
            let mut one = Native::new(&mut self.random, false, counter);
            self.series("natf", &labels, |random, _| one.next(random));
            let mut one = Native::new(&mut self.random, true, gauge);
            self.series("natg", &labels, |random, _| one.next(random));
            let mut one = Native::new(&mut self.random, false, counter);
            one.custom = true;
            self.series("nhcb", &labels, |random, _| one.next(random));
            let mut one = Native::new(&mut self.random, true, counter);
            let mut count = 0.0;
            self.series("mixed", &labels, |random, slot| {
                if (slot / 9) % 2 == 0 { counter_sample(&mut count) } else { one.next(random) }
            });
        }
        let mut one = Native::new(&mut self.random, true, counter);
        one.nan = true;
        self.series("nan_nat", &[("job", "api")], |random, _| one.next(random));
        // The same labels as the classic one.
        let mut one = Native::new(&mut self.random, true, counter);
        self.series("lat_bucket", &[("job", "db")], |random, _| one.next(random));
    }
}

fn counter(random: &mut Random, count: &mut f64, fraction: bool) -> Sample {
    let step = random.below(10) as f64;
    *count += if fraction { step * 0.1 } else { step };
    if random.one_in(25) {
        *count = random.below(5) as f64;
    }
    Sample::Float(*count)
}

fn counter_sample(count: &mut f64) -> Sample {
    *count += 1.0;
    Sample::Float(*count)
}

/// A native histogram that goes on from scrape to scrape.
struct Native {
    whole: bool,
    hint: CounterResetHint,
    custom: bool,
    nan: bool,
    schema: i32,
    zero_threshold: f64,
    positive: BTreeMap<i32, f64>,
    negative: BTreeMap<i32, f64>,
    zero: f64,
    sum: f64,
    not_numbers: f64,
    bounds: &'static [f64],
}

const BOUNDS: [&[f64]; 4] = [&[1.0, 2.0, 5.0], &[1.0, 5.0], &[0.5, 1.0, 2.0, 5.0, 10.0], &[-1.0, 0.0, 2.0]];

impl Native {
    fn new(random: &mut Random, whole: bool, hint: CounterResetHint) -> Self {
        Self {
            whole,
            hint,
            custom: false,
            nan: false,
            schema: random.between(-1, 4),
            zero_threshold: [0.0, 0.001, 0.25][random.below(3)],
            positive: BTreeMap::new(),
            negative: BTreeMap::new(),
            zero: 0.0,
            sum: 0.0,
            not_numbers: 0.0,
            bounds: BOUNDS[random.below(3)],
        }
    }

    fn next(&mut self, random: &mut Random) -> Sample {
        let reset = random.one_in(25) || self.hint == CounterResetHint::Gauge;
        if reset {
            self.positive.clear();
            self.negative.clear();
            (self.zero, self.sum, self.not_numbers) = (0.0, 0.0, 0.0);
        }
        if reset && random.one_in(2) {
            self.bounds = BOUNDS[random.below(4)];
            self.schema = random.between(-1, 4);
            self.zero_threshold = [0.0, 0.001, 0.25][random.below(3)];
        }
        for _ in 0..random.below(6) {
            let much = if self.whole || random.one_in(2) { random.below(4) as f64 } else { random.unit() * 3.0 };
            if self.custom {
                let bucket = random.between(0, i32::try_from(self.bounds.len()).unwrap());
                *self.positive.entry(bucket).or_default() += much;
            } else {
                let bucket = random.between(-3, 5);
                match random.below(5) {
                    0 => self.zero += much,
                    1 => *self.negative.entry(bucket).or_default() += much,
                    _ => *self.positive.entry(bucket).or_default() += much,
                }
            }
            self.sum += much * (random.unit() * 3.0 - 0.5);
        }
        if self.nan && random.one_in(3) {
            self.not_numbers += 1.0;
        }
        let (positive_spans, positive_buckets) = spans(&self.positive);
        let (negative_spans, negative_buckets) = spans(&self.negative);
        let all = positive_buckets.iter().chain(&negative_buckets).sum::<f64>() + self.zero;
        let value = FloatHistogram {
            counter_reset_hint: self.hint,
            schema: if self.custom { CUSTOM_BUCKETS_SCHEMA } else { self.schema },
            zero_threshold: if self.custom { 0.0 } else { self.zero_threshold },
            zero_count: self.zero,
            count: all + self.not_numbers,
            sum: if self.not_numbers > 0.0 { f64::NAN } else { self.sum },
            positive_spans,
            negative_spans,
            positive_buckets,
            negative_buckets,
            custom_values: if self.custom { self.bounds.to_vec() } else { Vec::new() },
        };
        Sample::Histogram { value, whole: self.whole }
    }
}

fn spans(buckets: &BTreeMap<i32, f64>) -> (Vec<Span>, Vec<f64>) {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = 0;
    for index in buckets.keys() {
        match spans.last_mut() {
            Some(last) if *index == next => last.length += 1,
            _ => spans.push(Span::new(index - next, 1)),
        }
        next = index + 1;
    }
    (spans, buckets.values().copied().collect())
}
