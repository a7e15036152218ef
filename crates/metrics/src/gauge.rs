//! Gauges.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::desc::MetricType;
use crate::float::AtomicF64;
use crate::metric::Instrument;
use crate::value::Value;

/// A value that goes up and down.
#[derive(Debug, Clone)]
pub struct Gauge {
    value: Arc<AtomicF64>,
}

impl Gauge {
    /// Sets it.
    #[inline]
    pub fn set(&self, value: f64) {
        self.value.store(value);
    }

    /// Sets it to seconds since the Unix epoch.
    pub fn set_time(&self, time: SystemTime) {
        self.set(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        });
    }

    /// Sets it to seconds.
    pub fn set_duration(&self, duration: Duration) {
        self.set(duration.as_secs_f64());
    }

    /// Adds `more`, which may be negative.
    #[inline]
    pub fn add(&self, more: f64) {
        self.value.add(more);
    }

    /// The value.
    pub fn value(&self) -> f64 {
        self.value.load()
    }
}

/// A whole number that goes up and down: how many of something there are. Up and down are one atomic addition each.
#[derive(Debug, Clone)]
pub struct IntGauge {
    value: Arc<AtomicI64>,
}

impl IntGauge {
    /// Sets it.
    #[inline]
    pub fn set(&self, value: i64) {
        self.value.store(value, Relaxed);
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Takes one away.
    #[inline]
    pub fn dec(&self) {
        self.add(-1);
    }

    /// Adds `more`, which may be negative.
    #[inline]
    pub fn add(&self, more: i64) {
        self.value.fetch_add(more, Relaxed);
    }

    /// Adds one until the guard is dropped: for what is in flight.
    ///
    /// ```
    /// use promd_metrics::{IntGauge, Metric, Options};
    ///
    /// let queries = Metric::<IntGauge>::new(Options::new("prometheus_engine_queries", "..."));
    /// let running = queries.track();
    /// assert_eq!(queries.value(), 1);
    /// drop(running);
    /// assert_eq!(queries.value(), 0);
    /// ```
    pub fn track(&self) -> InFlight {
        self.inc();
        InFlight { gauge: self.clone() }
    }

    /// The value.
    pub fn value(&self) -> i64 {
        self.value.load(Relaxed)
    }
}

/// One of what an [`IntGauge`] counts, until it is dropped.
#[derive(Debug)]
#[must_use = "the gauge falls again when this is dropped"]
pub struct InFlight {
    gauge: IntGauge,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

impl Instrument for Gauge {
    const TYPE: MetricType = MetricType::Gauge;
    type Settings = ();

    fn new((): &(), _created: Option<SystemTime>) -> Gauge {
        Gauge { value: Arc::default() }
    }

    fn read(&self, _now: SystemTime, with: &mut dyn FnMut(Value<'_>)) {
        with(Value::Gauge(self.value()));
    }
}

impl Instrument for IntGauge {
    const TYPE: MetricType = MetricType::Gauge;
    type Settings = ();

    fn new((): &(), _created: Option<SystemTime>) -> IntGauge {
        IntGauge { value: Arc::default() }
    }

    fn read(&self, _now: SystemTime, with: &mut dyn FnMut(Value<'_>)) {
        with(Value::Gauge(self.value() as f64));
    }
}
