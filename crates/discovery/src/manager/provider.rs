//! A discoverer that runs, with what it has found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Shared, TargetSets};
use crate::{CancelSource, Discoverer, Mechanism, TargetGroup};

/// A discoverer that runs until this is dropped.
pub(super) struct Provider {
    name: String,
    pub(super) mechanism: Arc<dyn Mechanism>,
    found: Mutex<Found>,
    /// Ends the discoverer when it is dropped.
    _stop: CancelSource,
}

#[derive(Default)]
struct Found {
    subscribers: BTreeSet<Arc<str>>,
    /// By source, so that the order is always the same.
    groups: BTreeMap<Arc<str>, Arc<TargetGroup>>,
}

impl Provider {
    /// Starts a discoverer.
    pub(super) fn start(
        name: String,
        mechanism: Arc<dyn Mechanism>,
        discoverer: Box<dyn Discoverer>,
        shared: &Arc<Shared>,
    ) -> Arc<Self> {
        let stop = CancelSource::new();
        let signal = stop.signal();
        let (updates, received) = mpsc::channel(1);
        let provider = Arc::new(Self { name, mechanism, found: Mutex::default(), _stop: stop });
        tokio::spawn(discoverer.run(updates, signal));
        tokio::spawn(receive(Arc::downgrade(&provider), Arc::downgrade(shared), received));
        provider
    }

    /// Sets who asks for it.
    pub(super) fn subscribe(&self, subscribers: BTreeSet<Arc<str>>) {
        self.found.lock().subscribers = subscribers;
    }

    fn update(&self, groups: Vec<TargetGroup>) {
        let mut found = self.found.lock();
        for group in groups {
            if group.targets.is_empty() {
                found.groups.remove(&group.source);
            } else {
                found.groups.insert(Arc::clone(&group.source), Arc::new(group));
            }
        }
    }

    /// Adds its groups to all sets that ask for it.
    pub(super) fn add_to(&self, sets: &mut TargetSets) {
        let found = self.found.lock();
        for set in &found.subscribers {
            sets.entry(Arc::clone(set)).or_default().extend(found.groups.values().cloned());
        }
    }
}

/// The task that takes what a discoverer sends, for as long as the provider is there.
async fn receive(provider: Weak<Provider>, shared: Weak<Shared>, mut received: mpsc::Receiver<Vec<TargetGroup>>) {
    while let Some(groups) = received.recv().await {
        let (Some(provider), Some(shared)) = (provider.upgrade(), shared.upgrade()) else { return };
        shared.metrics.received_updates.inc();
        provider.update(groups);
        shared.changed.notify_one();
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
