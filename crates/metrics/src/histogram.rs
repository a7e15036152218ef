//! Histograms: observations counted in buckets.
//!
//! - this file: the handle, classic buckets and what they have in common;
//! - `settings`: what a histogram can be set to;
//! - `native`: the state of native buckets, and how their number is kept below a limit;
//! - `exponential`: which native bucket a number falls into;
//! - `exemplars`: which examples a native histogram keeps.
//!
//! # Two kinds of state
//!
//! A histogram with classic buckets alone is a row of atomics: an observation is a search among the bounds and two atomic
//! operations, and threads never wait for each other. Native buckets come into being as values are observed, and
//! limiting their number changes all of them, so they are behind a lock, together with the classic buckets that the
//! same histogram may have: a reset empties both.

mod exemplars;
mod exponential;
mod native;
mod settings;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::desc::MetricType;
use crate::exemplar::Exemplar;
use crate::float::AtomicF64;
use crate::metric::Instrument;
use crate::value::{Bucket, Count, HistogramValue, Value};

use native::Native;
pub use settings::{
    DEFAULT_BUCKETS, HistogramSettings, NativeSettings, exponential_buckets, exponential_range_buckets, linear_buckets,
};

/// Counts observations in buckets: classic ones with bounds that are set, native ones that grow exponentially, or both.
///
/// ```
/// use promd_metrics::{Histogram, HistogramSettings, Metric, NativeSettings, Options};
///
/// let options = Options::new("prometheus_http_request_duration_seconds", "Histogram of latencies.");
/// let settings = HistogramSettings::classic([0.1, 0.2, 0.4, 1.0]).with_native(NativeSettings::new(1.1));
/// let latency = Metric::<Histogram>::with(options, &settings, None);
/// latency.observe(0.15);
/// assert_eq!((latency.count(), latency.sum()), (1, 0.15));
/// ```
#[derive(Debug, Clone)]
pub struct Histogram {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Of the classic buckets, ascending, without `+Inf`.
    bounds: Box<[f64]>,
    state: State,
    /// What readers are handed: a place to put the counts of classic buckets without allocating, and the exemplars.
    /// Taken after the state's lock, if both are.
    shown: Mutex<Shown>,
    created: Option<SystemTime>,
}

#[derive(Debug)]
enum State {
    Classic {
        /// Not cumulative; one more than there are bounds, for `+Inf`.
        counts: Box<[AtomicU64]>,
        sum: AtomicF64,
    },
    Native(Box<Mutex<Native>>),
}

#[derive(Debug)]
struct Shown {
    buckets: Vec<Bucket>,
    infinity_exemplar: Option<Exemplar>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Numbers only: a panic elsewhere leaves them as good as they were.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Histogram {
    /// Counts an observation. NaN counts in `+Inf` and in no native bucket, and makes the sum NaN.
    #[inline]
    pub fn observe(&self, value: f64) {
        let bucket = self.inner.bucket(value);
        match &self.inner.state {
            State::Classic { counts, sum } => {
                if let Some(count) = counts.get(bucket) {
                    count.fetch_add(1, Relaxed);
                }
                sum.add(value);
            }
            State::Native(native) => lock(native).observe(value, bucket),
        }
    }

    /// Counts a duration in seconds.
    #[inline]
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Counts the exemplar's value, and keeps it as the example of its bucket. A native histogram keeps some, spread
    /// over the values, and only those with a timestamp.
    pub fn observe_with_exemplar(&self, exemplar: Exemplar) {
        let value = exemplar.value();
        self.observe(value);
        if let State::Native(native) = &self.inner.state {
            lock(native).keep(&exemplar);
        }
        let mut shown = lock(&self.inner.shown);
        match shown.buckets.get_mut(self.inner.bucket(value)) {
            Some(bucket) => bucket.exemplar = Some(exemplar),
            None => shown.infinity_exemplar = Some(exemplar),
        }
    }

    /// How many observations, since the last reset if it is native.
    pub fn count(&self) -> u64 {
        match &self.inner.state {
            State::Classic { counts, .. } => counts.iter().map(|count| count.load(Relaxed)).sum(),
            State::Native(native) => lock(native).count(),
        }
    }

    /// The sum of all observations, since the last reset if it is native.
    pub fn sum(&self) -> f64 {
        match &self.inner.state {
            State::Classic { sum, .. } => sum.load(),
            State::Native(native) => lock(native).sum(),
        }
    }
}

impl Inner {
    /// The classic bucket that holds `value`; the one after the last for `+Inf`.
    #[inline]
    fn bucket(&self, value: f64) -> usize {
        if value.is_nan() {
            return self.bounds.len();
        }
        self.bounds.partition_point(|bound| *bound < value)
    }

    /// Hands out what the histogram holds. The count is the sum of the buckets, so that the two always agree; the sum of
    /// a classic histogram may differ by observations that happen meanwhile.
    fn show(&self, native: Option<&mut Native>, with: &mut dyn FnMut(Value<'_>)) {
        let mut shown = lock(&self.shown);
        let Shown { buckets, infinity_exemplar } = &mut *shown;
        let fill = |buckets: &mut [Bucket], each: &mut dyn FnMut(usize) -> u64| {
            let mut cumulative = 0;
            for (at, bucket) in buckets.iter_mut().enumerate() {
                cumulative += each(at);
                bucket.cumulative_count = Count::Integer(cumulative);
            }
            cumulative
        };
        let (count, sum, created, native) = match (&self.state, native) {
            (State::Classic { counts, sum }, _) => {
                let load = |at: usize| counts.get(at).map_or(0, |count| count.load(Relaxed));
                let below = fill(buckets, &mut { load });
                (below + load(self.bounds.len()), sum.load(), self.created, None)
            }
            (State::Native(_), Some(native)) => {
                fill(buckets, &mut |at| native.classic().get(at).copied().unwrap_or(0));
                let (count, sum, created) = (native.count(), native.sum(), native.created());
                (count, sum, created, Some(native.show()))
            }
            (State::Native(_), None) => return,
        };
        with(Value::Histogram(HistogramValue {
            count: Count::Integer(count),
            sum,
            created,
            buckets,
            infinity_exemplar: infinity_exemplar.as_ref(),
            native,
        }));
    }
}

impl Instrument for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
    type Settings = HistogramSettings;

    fn new(settings: &HistogramSettings, created: Option<SystemTime>) -> Histogram {
        let bounds = settings.bounds();
        let bucket = |bound: &f64| Bucket { upper_bound: *bound, cumulative_count: Count::Integer(0), exemplar: None };
        let shown = Shown { buckets: bounds.iter().map(bucket).collect(), infinity_exemplar: None };
        let state = match settings.native_settings() {
            Some(native) => State::Native(Box::new(Mutex::new(Native::new(native, bounds.len(), created)))),
            None => State::Classic {
                counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
                sum: AtomicF64::default(),
            },
        };
        Histogram { inner: Arc::new(Inner { bounds, state, shown: Mutex::new(shown), created }) }
    }

    fn read(&self, now: SystemTime, with: &mut dyn FnMut(Value<'_>)) {
        match &self.inner.state {
            State::Classic { .. } => self.inner.show(None, with),
            State::Native(native) => {
                let mut native = lock(native);
                self.inner.show(Some(&mut native), with);
                native.elapse(now);
            }
        }
    }
}
