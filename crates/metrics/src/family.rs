//! Families: instruments by the values of labels.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use hashbrown::{Equivalent, HashMap};

use crate::collect::{Collect, Sink};
use crate::desc::{Desc, Options};
use crate::metric::Instrument;
use crate::value::Sample;

/// Instruments of one name that differ in the values of `N` labels.
///
/// [`Family::with`] finds or makes one and returns a handle. Looking it up takes a shared lock and hashes the values,
/// so a hot path keeps the handle. A handle outlives its removal, but is not collected any more.
///
/// ```
/// use promd_metrics::{Counter, Family, Options};
///
/// let options = Options::new("prometheus_sd_refresh_failures_total", "Number of refresh failures.");
/// let failures = Family::<Counter, 2>::new(options, ["mechanism", "config"]);
/// let dns = failures.with(["dns", "node"]);
/// dns.inc();
/// assert_eq!(failures.with(["dns", "node"]).value(), 1);
/// assert!(failures.remove(["dns", "node"]));
/// assert_eq!(failures.with(["dns", "node"]).value(), 0);
/// ```
pub struct Family<I: Instrument, const N: usize> {
    desc: Desc,
    settings: I::Settings,
    /// Held to look up, to add and to collect. A sink called under it must not come back to the family.
    metrics: RwLock<HashMap<Key<N>, I>>,
}

/// The values of the labels, in the order in which the family declares their names.
#[derive(PartialEq, Eq)]
struct Key<const N: usize>([Box<str>; N]);

/// The same, borrowed: hashes alike.
struct Lookup<'a, const N: usize>(&'a [&'a str; N]);

impl<const N: usize> Hash for Key<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|value| (**value).hash(state));
    }
}

impl<const N: usize> Hash for Lookup<'_, N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|value| (**value).hash(state));
    }
}

impl<const N: usize> Equivalent<Key<N>> for Lookup<'_, N> {
    fn equivalent(&self, key: &Key<N>) -> bool {
        self.0.iter().zip(&key.0).all(|(a, b)| **a == **b)
    }
}

impl<const N: usize> Key<N> {
    fn as_strs(&self) -> [&str; N] {
        self.0.each_ref().map(|value| &**value)
    }
}

impl<I: Instrument, const N: usize> Family<I, N> {
    /// A family without metrics, whose instruments get the default settings.
    pub fn new(options: Options, labels: [&str; N]) -> Family<I, N> {
        Family::with_settings(options, labels, I::Settings::default())
    }

    /// A family without metrics, whose instruments get these settings.
    pub fn with_settings(options: Options, labels: [&str; N], settings: I::Settings) -> Family<I, N> {
        Family { desc: Desc::new(I::TYPE, options, &labels), settings, metrics: RwLock::default() }
    }

    /// The descriptor.
    pub fn desc(&self) -> &Desc {
        &self.desc
    }

    /// The instrument with these label values, made if it is not there.
    ///
    /// A metric that exists is exported, also while it is zero: call it once for each value that is known beforehand, so that
    /// the first increment is seen as one.
    pub fn with(&self, values: [&str; N]) -> I {
        self.with_created(values, None)
    }

    /// As [`Family::with`]; if the instrument is made here, it gets this created timestamp.
    pub fn with_created(&self, values: [&str; N], created: Option<SystemTime>) -> I {
        if let Some(found) = self.find(values) {
            return found;
        }
        let mut metrics = self.write();
        // Another thread may have been here meanwhile.
        let made = metrics.entry(Key(values.map(Box::from)));
        made.or_insert_with(|| I::new(&self.settings, created)).clone()
    }

    /// The instrument with these label values, if there is one.
    pub fn find(&self, values: [&str; N]) -> Option<I> {
        self.read().get(&Lookup(&values)).cloned()
    }

    /// Removes the metric with these label values, and says whether it was there.
    pub fn remove(&self, values: [&str; N]) -> bool {
        self.write().remove(&Lookup(&values)).is_some()
    }

    /// Keeps the metrics for which `keep` says so: to drop those of a job that left the configuration.
    pub fn retain(&self, mut keep: impl FnMut([&str; N], &I) -> bool) {
        self.write().retain(|key, instrument| keep(key.as_strs(), instrument));
    }

    /// Removes all metrics.
    pub fn clear(&self) {
        self.write().clear();
    }

    /// Calls `each` for all metrics, in no order. It must not come back to the family.
    pub fn for_each(&self, mut each: impl FnMut([&str; N], &I)) {
        self.read().iter().for_each(|(key, instrument)| each(key.as_strs(), instrument));
    }

    /// How many metrics there are.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    // A panic under the lock (in a caller's closure) cannot leave the map half-changed.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<Key<N>, I>> {
        self.metrics.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Key<N>, I>> {
        self.metrics.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: Instrument, const N: usize> Collect for Family<I, N> {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        each(&self.desc);
    }

    fn collect(&self, now: SystemTime, sink: &mut dyn Sink) {
        sink.family(&self.desc);
        let metrics = self.read();
        let mut labels = Vec::new();
        for (key, instrument) in &*metrics {
            labels.clear();
            self.desc.label_pairs(&key.as_strs(), &mut labels);
            instrument.read(now, &mut |value| sink.sample(&Sample::new(&labels, value)));
        }
    }
}

impl<I: Instrument, const N: usize> fmt::Debug for Family<I, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").field("name", &self.desc.name()).field("len", &self.len()).finish_non_exhaustive()
    }
}
