//! What targets say of their metrics, each thing that is said once.
//!
//! Nearly all series of a metric have the same metadata. A series has a number of 24 bits, in bytes that its slot had to spare;
//! the texts are in one table, under a lock that is taken last.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use promd_model::{METRIC_NAME, Metadata, MetricType};
use promd_storage::SeriesRef;

use super::Head;
use super::stripe::{join, stripe_of};

/// The most that fits into a slot. What more is said is not kept.
const MOST: usize = (1 << 24) - 1;

/// The number of something that is said: 0 if nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Said([u8; 3]);

impl Said {
    pub(super) const NOTHING: Self = Self([0; 3]);

    fn of(index: usize) -> Option<Self> {
        let number = u32::try_from(index + 1).ok().filter(|number| *number as usize <= MOST)?;
        let [_, number @ ..] = number.to_be_bytes();
        Some(Self(number))
    }

    fn index(self) -> Option<usize> {
        let [a, b, c] = self.0;
        (u32::from_be_bytes([0, a, b, c]) as usize).checked_sub(1)
    }
}

#[derive(Debug)]
struct Entry {
    /// How many series say it.
    users: u32,
    metric_type: MetricType,
    unit: Box<str>,
    help: Box<str>,
}

impl Entry {
    fn is(&self, metadata: &Metadata) -> bool {
        self.metric_type == metadata.metric_type && *self.help == *metadata.help && *self.unit == *metadata.unit
    }

    fn to_metadata(&self) -> Metadata {
        Metadata { metric_type: self.metric_type, unit: self.unit.to_string(), help: self.help.to_string() }
    }
}

/// All that is said.
#[derive(Debug, Default)]
pub(super) struct Sayings {
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    by_content: HashTable<usize>,
    hasher: RandomState,
}

impl Sayings {
    /// Whether a series that says `said` says this.
    fn is(&self, said: Said, metadata: &Metadata) -> bool {
        self.entry(said).is_some_and(|entry| entry.is(metadata))
    }

    /// What a series says that said `before`.
    fn change(&mut self, before: Said, metadata: &Metadata) -> Said {
        if self.is(before, metadata) {
            return before;
        }
        let said = self.intern(metadata);
        self.release(before);
        said
    }

    /// A series does not say this any more.
    pub(super) fn release(&mut self, said: Said) {
        let Some(index) = said.index() else { return };
        let Some(place) = self.entries.get_mut(index) else { return };
        let Some(entry) = place else { return };
        entry.users -= 1;
        if entry.users == 0 {
            let hash = hash(&self.hasher, entry.metric_type, &entry.unit, &entry.help);
            if let Ok(entry) = self.by_content.find_entry(hash, |other| *other == index) {
                entry.remove();
            }
            *place = None;
            self.free.push(index);
        }
    }

    /// The memory that is held.
    pub(super) fn heap_bytes(&self) -> usize {
        let texts: usize = self.entries.iter().flatten().map(|entry| entry.unit.len() + entry.help.len()).sum();
        let lists = self.entries.capacity() * size_of::<Option<Entry>>() + self.free.capacity() * size_of::<usize>();
        texts + lists + self.by_content.allocation_size()
    }

    fn entry(&self, said: Said) -> Option<&Entry> {
        self.entries.get(said.index()?)?.as_ref()
    }

    fn intern(&mut self, metadata: &Metadata) -> Said {
        let Metadata { metric_type, unit, help } = metadata;
        let hash_here = hash(&self.hasher, *metric_type, unit, help);
        let is = |index: &usize| self.entries[*index].as_ref().is_some_and(|entry| entry.is(metadata));
        let known = self.by_content.find(hash_here, is).copied();
        if let Some(known) = known {
            if let Some(entry) = &mut self.entries[known] {
                entry.users += 1;
            }
            return Said::of(known).unwrap_or_default();
        }
        let index = self.free.last().copied().unwrap_or(self.entries.len());
        let Some(said) = Said::of(index) else { return Said::NOTHING };
        let entry =
            Some(Entry { users: 1, metric_type: *metric_type, unit: unit.as_str().into(), help: help.as_str().into() });
        if self.free.pop().is_some() {
            self.entries[index] = entry;
        } else {
            self.entries.push(entry);
        }
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.by_content.insert_unique(hash_here, index, |other| {
            let entry = entries[*other].as_ref();
            entry.map_or(0, |entry| hash(hasher, entry.metric_type, &entry.unit, &entry.help))
        });
        said
    }
}

fn hash(hasher: &RandomState, metric_type: MetricType, unit: &str, help: &str) -> u64 {
    hasher.hash_one((metric_type, unit, help))
}

impl Head {
    /// What the series of each metric say of it, by the metric's name; only of one metric if it is named.
    pub(crate) fn metadata(&self, metric: Option<&str>) -> BTreeMap<String, Vec<Metadata>> {
        let index = self.index.read();
        let mut said = BTreeSet::new();
        for (number, stripe) in self.stripes.iter().enumerate() {
            let stripe = stripe.lock();
            for local in stripe.locals() {
                let slot = stripe.slot(local);
                if slot.reference == 0 || slot.metadata == Said::NOTHING {
                    continue;
                }
                let pairs = index.pairs_of(join(number, local));
                let name = pairs.iter().copied().find(|pair| index.pairs.text(*pair).0 == METRIC_NAME);
                if let Some(name) = name.filter(|name| metric.is_none_or(|one| index.pairs.text(*name).1 == one)) {
                    said.insert((name, slot.metadata));
                }
            }
        }
        let sayings = self.sayings.lock();
        let mut by_metric: BTreeMap<String, Vec<Metadata>> = BTreeMap::new();
        for (name, said) in said {
            if let Some(entry) = sayings.entry(said) {
                by_metric.entry(index.pairs.text(name).1.to_owned()).or_default().push(entry.to_metadata());
            }
        }
        by_metric
    }

    /// What a series says of its metric.
    #[cfg(all(test, not(feature = "shuttle")))]
    pub(crate) fn metadata_of(&self, SeriesRef(series): SeriesRef) -> Option<Metadata> {
        let stripe = self.stripes[stripe_of(series)].lock();
        let said = stripe.slot(stripe.find(series)?).metadata;
        self.sayings.lock().entry(said).map(Entry::to_metadata)
    }

    /// Takes what is new.
    pub(super) fn take_metadata(&self, metadata: &[(SeriesRef, Metadata)], taken: &mut Vec<(u64, Metadata)>) {
        for (SeriesRef(series), metadata) in metadata {
            let stripe = self.stripes[stripe_of(*series)].lock();
            let Some(local) = stripe.find(*series) else { continue };
            if !self.sayings.lock().is(stripe.slot(local).metadata, metadata) {
                taken.push((*series, metadata.clone()));
            }
        }
    }

    /// Keeps what was logged.
    pub(super) fn apply_metadata(&self, metadata: &[(u64, Metadata)]) {
        for (series, metadata) in metadata {
            // A series that has gone meanwhile says nothing.
            self.set_metadata(*series, metadata);
        }
    }

    /// Keeps what a series says: `false` if nobody knows it.
    pub(super) fn set_metadata(&self, series: u64, metadata: &Metadata) -> bool {
        let mut stripe = self.stripes[stripe_of(series)].lock();
        let Some(local) = stripe.find(series) else { return false };
        let slot = stripe.slot_mut(local);
        slot.metadata = self.sayings.lock().change(slot.metadata, metadata);
        true
    }
}
