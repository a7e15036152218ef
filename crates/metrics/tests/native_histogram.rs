//! Native histograms against client_golang, and what happens as time passes.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use promd_metrics::{
    Bucket, Exemplar, Histogram, HistogramSettings, HistogramValue, Instrument, NativeBuckets, NativeCounts,
    NativeSettings, Value,
};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn with_value<T>(histogram: &Histogram, now: SystemTime, see: impl Fn(&HistogramValue<'_>) -> T) -> T {
    let mut seen = None;
    histogram.read(now, &mut |value| {
        if let Value::Histogram(value) = value {
            seen = Some(see(&value));
        }
    });
    seen.unwrap()
}

/// As in the files of testdata.
fn line(value: &HistogramValue<'_>) -> String {
    fn side(line: &mut String, name: &str, buckets: &NativeBuckets<'_>) {
        write!(line, " {name}").unwrap();
        buckets.spans.iter().for_each(|span| write!(line, " {}+{}", span.offset, span.length).unwrap());
        write!(line, " deltas").unwrap();
        let NativeCounts::Deltas(deltas) = buckets.counts else { panic!("integers were counted") };
        deltas.iter().for_each(|delta| write!(line, " {delta}").unwrap());
    }
    let native = value.native.unwrap();
    let zero_count = native.zero_count.as_f64();
    let mut line = format!(
        "schema {} zero {:016x} {zero_count} count {} sum {:016x} classic",
        native.schema,
        native.zero_threshold.to_bits(),
        value.count.as_f64(),
        value.sum.to_bits()
    );
    value.buckets.iter().for_each(|bucket| write!(line, " {}", bucket.cumulative_count.as_f64()).unwrap());
    side(&mut line, "positive", &native.positive);
    side(&mut line, "negative", &native.negative);
    line
}

/// The observations of testdata: splitmix64, and floats by exact arithmetic.
struct Observations {
    state: u64,
    kind: u8,
}

impl Observations {
    fn float(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Iterator for Observations {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let (u, w) = (self.float(), self.float());
        let scaled = |range: f64| (1.0 + u) * ((w * range).floor() - range / 2.0).exp2();
        Some(match self.kind {
            0 => scaled(20.0),
            1 if u < 0.4 => -scaled(20.0),
            1 => scaled(20.0),
            _ if w < 0.1 => 0.0,
            _ if u < 0.3 => -scaled(400.0),
            _ => scaled(400.0),
        })
    }
}

#[test]
fn limiting_buckets_does_what_client_golang_does() {
    let text = std::fs::read_to_string(promd_testkit::testdata("metrics/native_limits.txt")).unwrap();
    let mut compared = 0;
    for case in text.split("case ").skip(1) {
        let mut lines = case.lines();
        let head: Vec<f64> = lines.next().unwrap().split(' ').map(|field| field.parse().unwrap()).collect();
        let [factor, zero, max_zero, max, seed, kind] = head[..] else { panic!("{head:?}") };
        let mut native =
            NativeSettings::new(factor).max_buckets(max.to_string().parse().unwrap()).max_zero_threshold(max_zero);
        if zero != 0.0 {
            native = native.zero_threshold(zero);
        }
        let settings = HistogramSettings::classic([0.1, 1.0, 10.0]).with_native(native);
        let histogram = Histogram::new(&settings, None);
        let mut observations =
            Observations { state: seed.to_string().parse().unwrap(), kind: kind.to_string().parse().unwrap() };
        let mut observed = 0;
        for line_then in lines {
            let (count, expect) = line_then.split_once(' ').unwrap();
            let count: usize = count.parse().unwrap();
            observations.by_ref().take(count - observed).for_each(|value| histogram.observe(value));
            observed = count;
            assert_eq!(with_value(&histogram, at(0), line), expect, "after {count} of {head:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 48);
}

#[test]
fn a_reset_follows_when_time_has_passed() {
    let native = NativeSettings::new(2.0).max_buckets(3).min_reset(Duration::from_secs(3600));
    let histogram = Histogram::new(&HistogramSettings::native(native), Some(at(1000)));
    let state =
        |now| with_value(&histogram, at(now), |v| (v.count.as_f64(), v.native.map(|native| native.schema), v.created));
    // Buckets 0, 2, 4: powers of two in schema 0.
    [1.0, 4.0, 16.0].into_iter().for_each(|value| histogram.observe(value));
    assert_eq!(state(1100), (3.0, Some(0), Some(at(1000))));
    // One too many: 0, 1, 2, 4 of schema -1 are 2^0, 2^2, 2^4, 2^8; then 0, 1, 2 of -2.
    histogram.observe(256.0);
    assert_eq!(state(1200), (4.0, Some(-1), Some(at(1000))));
    histogram.observe(256.0);
    assert_eq!(state(1300), (5.0, Some(-2), Some(at(1000))));
    // Once an hour has passed, what was counted is handed out for the last time.
    histogram.observe(1.0);
    assert_eq!(state(4600), (6.0, Some(-2), Some(at(1000))));
    assert_eq!(state(4601), (0.0, Some(0), Some(at(4600))));

    // Long after a reset, one bucket too many resets at once and keeps the observation.
    [1.0, 4.0, 16.0].into_iter().for_each(|value| histogram.observe(value));
    assert_eq!(state(9000), (3.0, Some(0), Some(at(4600))));
    histogram.observe(256.0);
    assert_eq!((histogram.count(), histogram.sum()), (1, 256.0));
    assert_eq!(state(9001), (1.0, Some(0), Some(at(9000))));
    // A clock that is set back resets nothing.
    [1.0, 4.0, 16.0].into_iter().for_each(|value| histogram.observe(value));
    assert_eq!(state(50), (4.0, Some(-1), Some(at(9000))));
    assert_eq!(state(60), (4.0, Some(-1), Some(at(9000))));
}

#[test]
fn odd_observations() {
    let settings = HistogramSettings::classic([1.0]).with_native(NativeSettings::new(2.0));
    let histogram = Histogram::new(&settings, None);
    assert!(with_value(&histogram, at(0), |v| !v.native.unwrap().needs_marker_span()));
    [0.0, -0.0, f64::INFINITY, -f64::MAX, f64::from_bits(1)].into_iter().for_each(|value| histogram.observe(value));
    // The least float is within the default zero threshold of 2^-128. Bucket 1024 ends at the largest float.
    let (zero, sum) = (2f64.powi(-128).to_bits(), f64::INFINITY.to_bits());
    assert_eq!(
        with_value(&histogram, at(0), line),
        format!(
            "schema 0 zero {zero:016x} 3 count 5 sum {sum:016x} classic 4 positive 1025+1 deltas 1 negative 1024+1 deltas 1"
        )
    );
    histogram.observe(f64::NAN);
    let (count, zero_count) = with_value(&histogram, at(0), |v| (v.count, v.native.unwrap().zero_count));
    assert_eq!((count.as_f64(), zero_count.as_f64()), (6.0, 3.0), "NaN counts, and in no bucket");

    let settings = HistogramSettings::native(NativeSettings::new(2.0).zero_threshold(-1.0));
    let empty = Histogram::new(&settings, None);
    assert!(with_value(&empty, at(0), |v| v.native.unwrap().needs_marker_span()));
    empty.observe(f64::from_bits(1));
    assert!(with_value(&empty, at(0), |v| v.native.unwrap().zero_count.as_f64() == 0.0));
}

#[test]
fn exemplars_spread_over_the_values() {
    let exemplar = |value: f64, seconds: u64| Exemplar::new(&[("id", "x")], value, Some(at(seconds))).unwrap();
    let kept = |histogram: &Histogram| {
        with_value(histogram, at(0), |v| v.native.unwrap().exemplars.iter().map(Exemplar::value).collect::<Vec<_>>())
    };
    let settings = |max| HistogramSettings::native(NativeSettings::new(1.1).max_exemplars(max));
    let histogram = Histogram::new(&settings(3), None);
    [10.0, 1.0, 100.0].into_iter().for_each(|value| histogram.observe_with_exemplar(exemplar(value, 0)));
    assert_eq!(kept(&histogram), [1.0, 10.0, 100.0]);
    // Nearer to 10 than any two others are to each other: 10 leaves.
    histogram.observe_with_exemplar(exemplar(12.0, 1));
    assert_eq!(kept(&histogram), [1.0, 12.0, 100.0]);
    // 12 and 100 are the nearest pair, and 100 is the older of them.
    histogram.observe_with_exemplar(exemplar(10_000.0, 2));
    assert_eq!(kept(&histogram), [1.0, 12.0, 10_000.0]);
    // After five minutes the oldest leaves, which is 1.
    histogram.observe_with_exemplar(exemplar(12.5, 301));
    assert_eq!(kept(&histogram), [12.0, 12.5, 10_000.0]);
    histogram.observe_with_exemplar(Exemplar::new(&[], 5.0, None).unwrap());
    assert_eq!(kept(&histogram).len(), 3, "none without a timestamp");

    let single = Histogram::new(&settings(1), None);
    single.observe_with_exemplar(exemplar(1.0, 0));
    single.observe_with_exemplar(exemplar(50.0, 0));
    assert_eq!(kept(&single), [50.0]);
    let none = Histogram::new(&settings(0), None);
    none.observe_with_exemplar(exemplar(1.0, 0));
    assert!(kept(&none).is_empty());
}

#[test]
fn classic_exemplars_sit_on_their_buckets() {
    let histogram = Histogram::new(&HistogramSettings::classic([1.0, 2.0]), None);
    let exemplar = |value: f64| Exemplar::new(&[("id", "x")], value, None).unwrap();
    [0.5, 1.0, 7.0, f64::NAN].into_iter().for_each(|value| histogram.observe_with_exemplar(exemplar(value)));
    let (kept, infinity) = with_value(&histogram, at(0), |v| {
        let value = |bucket: &Bucket| bucket.exemplar.as_ref().map(Exemplar::value);
        (v.buckets.iter().map(value).collect::<Vec<_>>(), v.infinity_exemplar.map(Exemplar::value))
    });
    assert_eq!(kept, [Some(1.0), None]);
    assert!(infinity.is_some_and(f64::is_nan), "the last one above all bounds");
}
