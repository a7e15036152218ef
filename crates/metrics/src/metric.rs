//! Instruments with a name: one metric.

use std::ops::Deref;
use std::time::SystemTime;

use crate::collect::{Collect, Sink};
use crate::desc::{Desc, MetricType, Options};
use crate::value::{Sample, Value};

/// What counts or observes, without a name and labels. Clones are handles of the same numbers, so a hot path keeps one and
/// looks nothing up.
pub trait Instrument: Clone + Send + Sync {
    /// The type of the family that it makes.
    const TYPE: MetricType;

    /// What it can be set to: buckets, objectives.
    type Settings: Clone + Default + Send + Sync;

    /// An instrument at its initial state. `created` is handed out with its values, so that a reader knows since when it counts.
    fn new(settings: &Self::Settings, created: Option<SystemTime>) -> Self;

    /// Calls `with` once with what it holds, at the time `now`.
    fn read(&self, now: SystemTime, with: &mut dyn FnMut(Value<'_>));
}

/// An instrument with a name: a family of one metric. It derefs to the instrument.
///
/// ```
/// use promd_metrics::{Counter, Metric, Options};
///
/// let reloads = Metric::<Counter>::new(Options::new("prometheus_tsdb_reloads_total", "Number of reloads."));
/// reloads.inc();
/// assert_eq!(reloads.value(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Metric<I> {
    desc: Desc,
    instrument: I,
}

impl<I: Instrument> Metric<I> {
    /// A metric with the default settings and no created timestamp.
    pub fn new(options: Options) -> Metric<I> {
        Metric::with(options, &I::Settings::default(), None)
    }

    /// A metric with settings, and the time at which it began.
    pub fn with(options: Options, settings: &I::Settings, created: Option<SystemTime>) -> Metric<I> {
        Metric { desc: Desc::new(I::TYPE, options, &[]), instrument: I::new(settings, created) }
    }

    /// The descriptor.
    pub fn desc(&self) -> &Desc {
        &self.desc
    }

    /// A handle of the instrument alone.
    pub fn handle(&self) -> I {
        self.instrument.clone()
    }
}

impl<I> Deref for Metric<I> {
    type Target = I;

    fn deref(&self) -> &I {
        &self.instrument
    }
}

impl<I: Instrument> Collect for Metric<I> {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        each(&self.desc);
    }

    fn collect(&self, now: SystemTime, sink: &mut dyn Sink) {
        let mut labels = Vec::new();
        self.desc.label_pairs(&[], &mut labels);
        sink.family(&self.desc);
        self.instrument.read(now, &mut |value| sink.sample(&Sample::new(&labels, value)));
    }
}

/// A metric whose value is computed when it is collected.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use promd_metrics::{FnMetric, Options};
///
/// let blocks = Arc::new(AtomicU64::new(3));
/// let seen = Arc::clone(&blocks);
/// let metric = FnMetric::gauge(Options::new("prometheus_tsdb_blocks_loaded", "..."), move || {
///     seen.load(Ordering::Relaxed) as f64
/// });
/// # drop(metric);
/// ```
#[derive(Debug, Clone)]
pub struct FnMetric<F> {
    desc: Desc,
    value: F,
}

impl<F: Fn() -> f64 + Send + Sync> FnMetric<F> {
    /// A gauge. The function is called by whichever thread collects, perhaps by several at once, and must not block.
    pub fn gauge(options: Options, value: F) -> FnMetric<F> {
        FnMetric { desc: Desc::new(MetricType::Gauge, options, &[]), value }
    }

    /// A counter, whose function never returns less than before.
    pub fn counter(options: Options, value: F) -> FnMetric<F> {
        FnMetric { desc: Desc::new(MetricType::Counter, options, &[]), value }
    }
}

impl<F: Fn() -> f64 + Send + Sync> Collect for FnMetric<F> {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        each(&self.desc);
    }

    fn collect(&self, _now: SystemTime, sink: &mut dyn Sink) {
        let mut labels = Vec::new();
        self.desc.label_pairs(&[], &mut labels);
        sink.family(&self.desc);
        let value = (self.value)();
        let value = match self.desc.metric_type() {
            MetricType::Counter => Value::counter(value),
            _ => Value::Gauge(value),
        };
        sink.sample(&Sample::new(&labels, value));
    }
}
