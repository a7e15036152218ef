//! Summaries: quantiles of what was observed lately.
//!
//! - this file: the handle, its settings, and how observations age;
//! - `stream`: the quantiles of a stream in little memory.
//!
//! # How observations age
//!
//! Quantile streams cannot be merged or subtracted from. So there are several (the *age buckets*), and each observation goes
//! into all of them. At each step of `max_age / age_buckets` the oldest is emptied and becomes the youngest; the then oldest,
//! which has seen between `max_age - step` and `max_age`, answers. An observation is first put aside and goes into the
//! streams with some hundred others, sorted once for all of them.

mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::desc::MetricType;
use crate::metric::Instrument;
use crate::value::{Quantile, SummaryValue, Value};

use stream::Stream;

/// Quantiles of recent observations, with the count and the sum of all.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use promd_metrics::{Family, Options, Summary, SummarySettings};
///
/// let options = Options::new("prometheus_engine_query_duration_seconds", "Query timings.");
/// let settings = SummarySettings::new([(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)]);
/// let timings = Family::<Summary, 1>::with_settings(options, ["slice"], settings);
/// let inner_eval = timings.with(["inner_eval"]);
/// inner_eval.observe_duration(Duration::from_millis(3), SystemTime::UNIX_EPOCH);
/// assert_eq!((inner_eval.count(), inner_eval.sum()), (1, 0.003));
/// ```
#[derive(Debug, Clone)]
pub struct Summary {
    inner: Arc<Mutex<State>>,
}

/// Which quantiles a summary has, how exact they are, and for how long an observation matters.
///
/// The default has no quantiles, only a count and a sum.
#[derive(Debug, Clone, PartialEq)]
pub struct SummarySettings {
    /// Rank and allowed error, by ascending rank.
    objectives: Box<[Objective]>,
    max_age: Duration,
    age_buckets: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Objective {
    rank: f64,
    error: f64,
}

impl Default for SummarySettings {
    fn default() -> Self {
        SummarySettings::new([])
    }
}

impl SummarySettings {
    /// A summary with these quantiles: pairs of a rank and the allowed error. With `(0.99, 0.001)`, what is reported is
    /// of a rank between 0.989 and 0.991. What is out of range is brought into it: ranks into 0 to 1, errors to at
    /// least 1/10 000, which keeps the memory small. A pair with a NaN is left out.
    pub fn new(objectives: impl IntoIterator<Item = (f64, f64)>) -> SummarySettings {
        /// Below this a stream would keep many thousands of observations.
        const LEAST_ERROR: f64 = 1e-4;
        let mut objectives: Vec<Objective> = objectives
            .into_iter()
            .filter(|(rank, error)| !rank.is_nan() && !error.is_nan())
            .map(|(rank, error)| Objective { rank: rank.clamp(0.0, 1.0), error: error.clamp(LEAST_ERROR, 1.0) })
            .collect();
        objectives.sort_by(|a, b| a.rank.total_cmp(&b.rank));
        objectives.dedup_by(|a, b| a.rank == b.rank);
        SummarySettings { objectives: objectives.into(), max_age: Duration::from_secs(600), age_buckets: 5 }
    }

    /// For how long an observation matters to the quantiles; ten minutes by default. Zero is taken as one nanosecond.
    pub fn max_age(self, max_age: Duration) -> SummarySettings {
        SummarySettings { max_age, ..self }
    }

    /// In how many steps observations age; five by default. The work and the memory grow with it.
    pub fn age_buckets(self, age_buckets: u32) -> SummarySettings {
        SummarySettings { age_buckets: age_buckets.max(1), ..self }
    }
}

#[derive(Debug)]
struct State {
    settings: SummarySettings,
    count: u64,
    sum: f64,
    created: Option<SystemTime>,
    /// Observed, and in no stream yet.
    aside: Vec<f64>,
    /// The oldest first; all of `settings.age_buckets`, made with the first observation.
    streams: Vec<Stream>,
    /// When the oldest stream is emptied.
    next_step: Option<SystemTime>,
    /// Where readers find the quantiles.
    shown: Vec<Quantile>,
}

/// How many observations are put aside before they go into the streams together.
const ASIDE: usize = 500;

impl Summary {
    /// Counts an observation made at `now`. Not a NaN, which has no rank: it would make the sum NaN for ever.
    pub fn observe(&self, value: f64, now: SystemTime) {
        if !value.is_nan() {
            self.lock().observe(value, now);
        }
    }

    /// Counts a duration in seconds that ended at `now`.
    pub fn observe_duration(&self, duration: Duration, now: SystemTime) {
        self.observe(duration.as_secs_f64(), now);
    }

    /// How many observations, ever.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    /// The sum of all observations, ever.
    pub fn sum(&self) -> f64 {
        self.lock().sum
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Numbers only: a panic elsewhere leaves them as good as they were.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn observe(&mut self, value: f64, now: SystemTime) {
        self.count += 1;
        self.sum += value;
        if self.settings.objectives.is_empty() {
            return;
        }
        self.age(now);
        self.aside.push(value);
        if self.aside.len() >= ASIDE {
            self.flush();
        }
    }

    fn step(&self) -> Duration {
        (self.settings.max_age / self.settings.age_buckets).max(Duration::from_nanos(1))
    }

    /// Empties the streams whose time is over. A clock that is set back stops the ageing until it has caught up, one
    /// that leaps ahead empties all of them.
    fn age(&mut self, now: SystemTime) {
        let step = self.step();
        let Some(due) = self.next_step else {
            let streams = (0..self.settings.age_buckets).map(|_| Stream::new(&self.settings.objectives));
            self.streams = streams.collect();
            self.aside.reserve_exact(ASIDE);
            self.next_step = now.checked_add(step);
            return;
        };
        let Ok(late) = now.duration_since(due) else { return };
        self.flush();
        let steps = late.as_nanos() / step.as_nanos() + 1;
        let empty = usize::try_from(steps).unwrap_or(usize::MAX).min(self.streams.len());
        self.streams.iter_mut().take(empty).for_each(Stream::clear);
        self.streams.rotate_left(empty);
        let within = u64::try_from(late.as_nanos() % step.as_nanos()).unwrap_or(0);
        self.next_step = now.checked_add(step.saturating_sub(Duration::from_nanos(within))).or(self.next_step);
    }

    fn flush(&mut self) {
        self.aside.sort_unstable_by(f64::total_cmp);
        for stream in &mut self.streams {
            stream.insert_sorted(&self.aside);
        }
        self.aside.clear();
    }
}

impl Instrument for Summary {
    const TYPE: MetricType = MetricType::Summary;
    type Settings = SummarySettings;

    fn new(settings: &SummarySettings, created: Option<SystemTime>) -> Summary {
        let state = State {
            settings: settings.clone(),
            count: 0,
            sum: 0.0,
            created,
            aside: Vec::new(),
            streams: Vec::new(),
            next_step: None,
            shown: Vec::new(),
        };
        Summary { inner: Arc::new(Mutex::new(state)) }
    }

    fn read(&self, now: SystemTime, with: &mut dyn FnMut(Value<'_>)) {
        let mut state = self.lock();
        if state.next_step.is_some() {
            state.age(now);
            state.flush();
        }
        let State { settings, shown, streams, count, sum, created, .. } = &mut *state;
        let oldest = streams.first();
        shown.clear();
        shown.extend(settings.objectives.iter().map(|objective| Quantile {
            rank: objective.rank,
            value: oldest.and_then(|stream| stream.quantile(objective.rank)).unwrap_or(f64::NAN),
        }));
        with(Value::Summary(SummaryValue { count: *count, sum: *sum, created: *created, quantiles: shown }));
    }
}
