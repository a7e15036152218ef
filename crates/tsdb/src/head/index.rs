//! Which series there are: their labels as numbers of pairs, found by labels and by matchers.
//!
//! A series is a *slot*, a number of 32 bits that is used again when the series is gone and nobody reads it any more. Samples lie
//! elsewhere (`stripe`).

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use promd_block::postings::{Postings, select};
use promd_model::{Labels, LabelsRef, Matcher};
use promd_storage::Grouping;

use super::pairs::{Known, NONE, Pairs};

const PAGE: usize = 1 << 14;

/// The labels of all series.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) pairs: Pairs,
    /// By slot.
    sets: Vec<Set>,
    by_labels: HashTable<u32>,
    /// Numbers of pairs: the sets one after the other, none of them over the end of a page.
    pages: Vec<Vec<u32>>,
    /// Places of sets that are gone, by length.
    holes: BTreeMap<u32, Vec<u32>>,
    hasher: RandomState,
    /// How often series came or went.
    changes: u64,
}

/// What was found of the label set that was looked for last, and the memory for the next one.
#[derive(Debug, Default)]
pub(super) struct Looked {
    labels: Vec<Known>,
    pairs: Vec<u32>,
    /// Of the pairs, if there are all of them.
    hash: Option<u64>,
    changes: u64,
}

/// Where a label set lies.
#[derive(Debug, Clone, Copy, Default)]
struct Set {
    at: u32,
    length: u32,
}

impl Index {
    /// How many series there are.
    pub(super) fn len(&self) -> usize {
        self.by_labels.len()
    }

    /// The series with these labels.
    pub(super) fn find(&self, labels: LabelsRef<'_>) -> Option<u32> {
        self.look(labels, &mut Looked::default())
    }

    /// The same, which also notes what is known of a series that there is not. What is known of the one before helps to find it.
    pub(super) fn look(&self, labels: LabelsRef<'_>, looked: &mut Looked) -> Option<u32> {
        looked.changes = self.changes;
        looked.pairs.clear();
        for (at, (name, value)) in labels.iter_bytes().enumerate() {
            if looked.labels.len() == at {
                looked.labels.push(Known::NOTHING);
            }
            let known = self.pairs.look(name, value, looked.labels[at]);
            looked.labels[at] = known;
            looked.pairs.push(known.pair);
        }
        looked.hash = (!looked.pairs.contains(&NONE)).then(|| self.hasher.hash_one(&looked.pairs[..]));
        self.find_set(looked.hash?, &looked.pairs)
    }

    /// Whether nothing came or went since somebody looked.
    pub(super) const fn is_unchanged(&self, looked: &Looked) -> bool {
        self.changes == looked.changes
    }

    /// Adds a series that there is not, as a look at its labels has found a moment ago: nothing came or went since.
    pub(super) fn add(&mut self, labels: LabelsRef<'_>, slot: u32, looked: &mut Looked) {
        debug_assert!(self.is_unchanged(looked), "what is known of the labels is out of date");
        let unknown = looked.labels.iter_mut().zip(&mut looked.pairs).zip(labels.iter_bytes());
        for ((known, pair), (name, value)) in unknown.filter(|((known, _), _)| known.pair == NONE) {
            *known = self.pairs.intern(name, value, *known);
            *pair = known.pair;
        }
        let pairs = &looked.pairs[..];
        let hash = looked.hash.unwrap_or_else(|| self.hasher.hash_one(pairs));
        let set = self.lay(pairs);
        if self.sets.len() <= slot as usize {
            self.sets.resize(slot as usize + 1, Set::default());
        }
        self.sets[slot as usize] = set;
        let (sets, pages, hasher) = (&self.sets, &self.pages, &self.hasher);
        self.by_labels.insert_unique(hash, slot, |other| hasher.hash_one(slice(pages, sets[*other as usize])));
        self.pairs.enlist(slot, pairs);
        self.changes += 1;
    }

    /// Makes a series unfindable. Its labels stay for whoever still reads it.
    pub(super) fn strike(&mut self, slot: u32) {
        let set = slice(&self.pages, self.sets[slot as usize]);
        if let Ok(entry) = self.by_labels.find_entry(self.hasher.hash_one(set), |other| *other == slot) {
            entry.remove();
        }
        self.pairs.strike(slot, set);
    }

    /// Gives up the labels of struck series.
    pub(super) fn release(&mut self, slots: &[u32]) {
        self.changes += 1;
        let (sets, pages) = (&self.sets, &self.pages);
        self.pairs.release(slots.iter().map(|slot| slice(pages, sets[*slot as usize])));
        for slot in slots {
            let set = std::mem::take(&mut self.sets[*slot as usize]);
            self.holes.entry(set.length).or_default().push(set.at);
        }
        let (sets, pages, hasher) = (&self.sets, &self.pages, &self.hasher);
        shrink(&mut self.by_labels, |slot| hasher.hash_one(slice(pages, sets[*slot as usize])));
    }

    /// The numbers of the pairs of a series, ascending by the names of their labels.
    pub(super) fn pairs_of(&self, slot: u32) -> &[u32] {
        slice(&self.pages, self.sets[slot as usize])
    }

    /// The labels of a series, or those that `projection` keeps.
    pub(super) fn labels(&self, slot: u32, projection: Option<Grouping<'_>>) -> Labels {
        let kept = |name: &str| projection.is_none_or(|projection| projection.keeps(name));
        let pairs = self.pairs_of(slot).iter().map(|pair| self.pairs.text(*pair)).filter(|(name, _)| kept(name));
        // Room for the labels of most series.
        let mut memory = Vec::with_capacity(256);
        Labels::from_ascending(pairs, &mut memory).expect("the labels were a label set when the series was made")
    }

    /// The series that match.
    pub(super) fn select(&self, matchers: &[Matcher]) -> Postings {
        match select(&self.pairs, matchers) {
            Ok(postings) => postings,
            Err(never) => match never {},
        }
    }

    /// Brings slots into the order of their labels: many by the ranks of their pairs, which are fewer.
    pub(super) fn sort(&self, slots: &mut [u32]) {
        const MANY: usize = 1024;
        if slots.len() < MANY {
            let key = |slot: u32| self.pairs_of(slot).iter().map(|pair| self.pairs.text(*pair));
            return slots.sort_unstable_by(|a, b| key(*a).cmp(key(*b)));
        }
        let mut ordered = self.pairs_among(slots);
        let last = ordered.last().map_or(0, |pair| *pair as usize + 1);
        ordered.sort_unstable_by_key(|pair| self.pairs.text(*pair));
        let mut ranks = vec![0_u32; last];
        (0..).zip(&ordered).for_each(|(rank, pair)| ranks[*pair as usize] = rank);
        let key = |slot: u32| self.pairs_of(slot).iter().map(|pair| ranks[*pair as usize]);
        slots.sort_unstable_by(|a, b| key(*a).cmp(key(*b)));
    }

    /// The pairs that series have, ascending. What it takes is in proportion to pairs, not to series: this runs while a block is written.
    pub(super) fn pairs_among(&self, slots: &[u32]) -> Vec<u32> {
        let mut has: Vec<bool> = Vec::new();
        for pair in slots.iter().flat_map(|slot| self.pairs_of(*slot)) {
            let at = *pair as usize;
            if has.len() <= at {
                has.resize(at + 1, false);
            }
            has[at] = true;
        }
        (0..).zip(has).filter_map(|(pair, has)| has.then_some(pair)).collect()
    }

    /// The memory of labels and of the tables that find them, without pairs.
    pub(super) fn heap_bytes(&self) -> usize {
        let pages: usize = self.pages.iter().map(|page| page.capacity() * 4).sum();
        pages + self.table_bytes()
    }

    /// The memory of the tables that find series.
    pub(super) fn table_bytes(&self) -> usize {
        self.sets.capacity() * size_of::<Set>() + self.by_labels.allocation_size()
    }

    fn find_set(&self, hash: u64, pairs: &[u32]) -> Option<u32> {
        self.by_labels.find(hash, |slot| self.pairs_of(*slot) == pairs).copied()
    }

    #[expect(clippy::cast_possible_truncation, reason = "so many labels do not fit into memory")]
    fn lay(&mut self, pairs: &[u32]) -> Set {
        let length = pairs.len() as u32;
        if let Some(at) = self.holes.get_mut(&length).and_then(Vec::pop) {
            let (page, offset) = (at as usize / PAGE, at as usize % PAGE);
            self.pages[page][offset..][..pairs.len()].copy_from_slice(pairs);
            return Set { at, length };
        }
        if self.pages.last().is_none_or(|page| page.capacity() - page.len() < pairs.len()) {
            self.pages.push(Vec::with_capacity(pairs.len().max(PAGE)));
        }
        let number = self.pages.len() - 1;
        let page = &mut self.pages[number];
        let at = (number * PAGE + page.len()) as u32;
        page.extend_from_slice(pairs);
        Set { at, length }
    }
}

/// Gives back what a table has too much. One that is as good as full grows to twice its size when entries go and others come, since it
/// passes over the places of those that went.
pub(super) fn shrink(table: &mut HashTable<u32>, hash: impl Fn(&u32) -> u64) {
    if table.len() * 2 <= table.capacity() {
        table.shrink_to_fit(hash);
    }
}

fn slice(pages: &[Vec<u32>], set: Set) -> &[u32] {
    match pages.get(set.at as usize / PAGE) {
        Some(page) => &page[set.at as usize % PAGE..][..set.length as usize],
        None => &[],
    }
}
