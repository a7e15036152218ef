//! Counters.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use crate::desc::MetricType;
use crate::exemplar::Exemplar;
use crate::float::AtomicF64;
use crate::metric::Instrument;
use crate::value::{CounterValue, Value};

/// A sum of whole numbers that only grows. An increment is one atomic addition.
#[derive(Debug, Clone)]
pub struct Counter {
    inner: Arc<CounterInner<AtomicU64>>,
}

/// A sum of seconds, say, that only grows.
#[derive(Debug, Clone)]
pub struct FloatCounter {
    inner: Arc<CounterInner<AtomicF64>>,
}

#[derive(Debug)]
struct CounterInner<T> {
    sum: T,
    created: Option<SystemTime>,
    /// Made with the first exemplar: most counters never see one.
    exemplar: OnceLock<Mutex<Option<Exemplar>>>,
}

impl<T: Default> CounterInner<T> {
    fn new(created: Option<SystemTime>) -> Arc<CounterInner<T>> {
        Arc::new(CounterInner { sum: T::default(), created, exemplar: OnceLock::new() })
    }
}

impl<T> CounterInner<T> {
    fn keep(&self, exemplar: Exemplar) {
        *self.exemplar.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner) = Some(exemplar);
    }

    fn read(&self, value: f64, with: &mut dyn FnMut(Value<'_>)) {
        let kept = self.exemplar.get().and_then(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone());
        with(Value::Counter(CounterValue { value, created: self.created, exemplar: kept.as_ref() }));
    }
}

impl Counter {
    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds `more`.
    #[inline]
    pub fn add(&self, more: u64) {
        self.inner.sum.fetch_add(more, Relaxed);
    }

    /// Adds `more` and keeps an example of it, in the place of the one before.
    pub fn add_with_exemplar(&self, more: u64, exemplar: Exemplar) {
        self.add(more);
        self.inner.keep(exemplar);
    }

    /// The sum.
    pub fn value(&self) -> u64 {
        self.inner.sum.load(Relaxed)
    }
}

impl FloatCounter {
    /// Adds `more`. What is negative or NaN is not added, since a counter never falls.
    #[inline]
    pub fn add(&self, more: f64) {
        if more >= 0.0 {
            self.inner.sum.add(more);
        }
    }

    /// Adds `more` and keeps an example of it, in the place of the one before.
    pub fn add_with_exemplar(&self, more: f64, exemplar: Exemplar) {
        self.add(more);
        self.inner.keep(exemplar);
    }

    /// The sum.
    pub fn value(&self) -> f64 {
        self.inner.sum.load()
    }
}

impl Instrument for Counter {
    const TYPE: MetricType = MetricType::Counter;
    type Settings = ();

    fn new((): &(), created: Option<SystemTime>) -> Counter {
        Counter { inner: CounterInner::new(created) }
    }

    fn read(&self, _now: SystemTime, with: &mut dyn FnMut(Value<'_>)) {
        self.inner.read(self.value() as f64, with);
    }
}

impl Instrument for FloatCounter {
    const TYPE: MetricType = MetricType::Counter;
    type Settings = ();

    fn new((): &(), created: Option<SystemTime>) -> FloatCounter {
        FloatCounter { inner: CounterInner::new(created) }
    }

    fn read(&self, _now: SystemTime, with: &mut dyn FnMut(Value<'_>)) {
        self.inner.read(self.value(), with);
    }
}
