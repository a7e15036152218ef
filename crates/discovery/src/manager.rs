//! The manager: which discoverers run, and which targets each set has.

mod provider;
mod throttle;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use promd_clock::Clock;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::{CancelSource, Context, ManagerMetrics, Mechanism, StaticMechanism, TargetGroup};
use provider::Provider;
use throttle::Throttle;

/// The groups of each set, by its name.
pub type TargetSets = BTreeMap<Arc<str>, Vec<Arc<TargetGroup>>>;

/// What a [`Manager`] is made from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ManagerOptions {
    /// The name in its metrics: `scrape` and `notify` in Prometheus.
    pub name: String,
    /// How long changes are gathered at most.
    pub update_interval: Duration,
}

impl ManagerOptions {
    /// The options of a manager of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), update_interval: Duration::from_secs(5) }
    }
}

/// Runs discoverers, and hands out the targets of all sets whenever some have changed.
///
/// It spawns tasks, so it is used within a runtime of tokio.
pub struct Manager {
    shared: Arc<Shared>,
    stop: CancelSource,
    sender: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    metrics: Arc<ManagerMetrics>,
    /// Held for as long as it takes to look at maps; never while something is awaited.
    state: Mutex<State>,
    /// Told whenever there is something to hand out.
    changed: Notify,
    sets: watch::Sender<Arc<TargetSets>>,
}

#[derive(Debug, Default)]
struct State {
    providers: Vec<Arc<Provider>>,
    /// How many there have been: a part of their names.
    made: usize,
}

impl Manager {
    /// A manager without sets.
    #[must_use]
    pub fn new(options: ManagerOptions, clock: Arc<dyn Clock>) -> Self {
        let metrics = Arc::new(ManagerMetrics::new(&options.name));
        let (state, changed, sets) = (Mutex::default(), Notify::new(), watch::Sender::new(Arc::default()));
        let shared = Arc::new(Shared { clock, metrics, state, changed, sets });
        let stop = CancelSource::new();
        let throttle = Throttle::new(options.update_interval);
        let sender = tokio::spawn(Arc::clone(&shared).hand_out(throttle, stop.signal()));
        Self { shared, stop, sender }
    }

    /// The metrics, to be registered.
    #[must_use]
    pub fn metrics(&self) -> Arc<ManagerMetrics> {
        Arc::clone(&self.shared.metrics)
    }

    /// The sets as they are handed out. What is there is always all of the newest.
    #[must_use]
    pub fn updates(&self) -> watch::Receiver<Arc<TargetSets>> {
        self.shared.sets.subscribe()
    }

    /// Follows what these sets ask for, and nothing else any more. What is the same as before goes on.
    ///
    /// A mechanism that cannot be used is logged and counted, and the others of its set go on without it, as in Prometheus.
    pub fn apply(&self, sets: BTreeMap<String, Vec<Arc<dyn Mechanism>>>) {
        let mut state = self.shared.state.lock();
        let old = std::mem::take(&mut state.providers);
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut failed = 0_u32;
        for (set, mechanisms) in sets {
            let set: Arc<str> = set.into();
            let mut found = false;
            for mechanism in mechanisms {
                match self.provider(&mut state.made, &old, &wanted, mechanism, &set) {
                    Some(provider) => {
                        subscribe(&mut wanted, provider, &set);
                        found = true;
                    }
                    None => failed += 1,
                }
            }
            let nothing = Arc::new(StaticMechanism::nothing());
            if !found && let Some(provider) = self.provider(&mut state.made, &old, &wanted, nothing, &set) {
                subscribe(&mut wanted, provider, &set);
            }
        }
        self.shared.metrics.failed_configs.set(f64::from(failed));
        let names: BTreeSet<_> = wanted.iter().flat_map(|(_, subscribers)| subscribers).cloned().collect();
        self.shared.metrics.discovered_targets.retain(|[set], _| names.contains(set));
        self.shared.metrics.last_updated.retain(|[set], _| names.contains(set));
        for (provider, subscribers) in wanted {
            provider.subscribe(subscribers);
            state.providers.push(provider);
        }
        // What is not wanted any more ends here: dropping a provider cancels its tasks.
        drop(old);
        drop(state);
        self.shared.changed.notify_one();
    }

    /// The provider of a mechanism: one that runs already, or one that is made here.
    fn provider(
        &self,
        made: &mut usize,
        old: &[Arc<Provider>],
        wanted: &[Wanted],
        mechanism: Arc<dyn Mechanism>,
        set: &Arc<str>,
    ) -> Option<Arc<Provider>> {
        let known = wanted.iter().map(|(provider, _)| provider).chain(old);
        if let Some(provider) = known.into_iter().find(|provider| provider.mechanism.is_same(&*mechanism)) {
            return Some(Arc::clone(provider));
        }
        let context = Context::new(Arc::clone(&self.shared.clock), Arc::clone(set));
        match mechanism.discoverer(&context) {
            Ok(discoverer) => {
                let name = format!("{}/{made}", mechanism.name());
                *made += 1;
                Some(Provider::start(name, mechanism, discoverer, &self.shared))
            }
            Err(error) => {
                tracing::error!(err = %error, r#type = mechanism.name(), config = &**set, "Cannot create service discovery");
                None
            }
        }
    }

    /// Ends all discoverers, and waits for the manager's own task.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // It ends without a panic: it only waits and hands out.
        let _ = self.sender.await;
        self.shared.state.lock().providers.clear();
    }
}

/// A provider, and the sets that ask for it.
type Wanted = (Arc<Provider>, BTreeSet<Arc<str>>);

/// Notes that a set asks for a provider.
fn subscribe(wanted: &mut Vec<Wanted>, provider: Arc<Provider>, set: &Arc<str>) {
    match wanted.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &provider)) {
        Some((_, subscribers)) => drop(subscribers.insert(Arc::clone(set))),
        None => wanted.push((provider, BTreeSet::from([Arc::clone(set)]))),
    }
}

impl Shared {
    /// The task that hands out what has changed.
    async fn hand_out(self: Arc<Self>, mut throttle: Throttle, mut stop: crate::CancelSignal) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.changed.notified() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep(throttle.delay(self.clock.monotonic())) => {}
            }
            // Whatever has changed meanwhile goes with it.
            throttle.sent(self.clock.monotonic());
            self.metrics.sent_updates.inc();
            self.sets.send_replace(Arc::new(self.gather()));
        }
    }

    /// The groups of all sets.
    fn gather(&self) -> TargetSets {
        let state = self.state.lock();
        let mut sets = TargetSets::new();
        for provider in &state.providers {
            provider.add_to(&mut sets);
        }
        drop(state);
        let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(self.clock.wall().nanos().max(0).unsigned_abs());
        for (set, groups) in &sets {
            let targets: usize = groups.iter().map(|group| group.targets.len()).sum();
            #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
            self.metrics.discovered_targets.with([set]).set(targets as f64);
            self.metrics.last_updated.with([set]).set_time(now);
        }
        sets
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("state", &*self.shared.state.lock()).finish_non_exhaustive()
    }
}
