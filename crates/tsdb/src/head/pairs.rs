//! Names and values of labels, each pair once, with the series that have it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use promd_block::postings::{List, Postings, PostingsSource, Union};

/// All pairs. A pair stays for as long as a series uses it; its number is used again.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    names: Vec<Name>,
    by_name: HashTable<u32>,
    pairs: Vec<Pair>,
    free: Vec<u32>,
    by_text: HashTable<u32>,
    all: Postings,
    hasher: RandomState,
}

#[derive(Debug)]
struct Name {
    text: Box<str>,
    /// The pairs with this name, in any order.
    pairs: Vec<u32>,
}

#[derive(Debug, Default)]
struct Pair {
    name: u32,
    /// How many series have it, those that are forgotten but still read among them.
    users: u32,
    value: Box<str>,
    series: Postings,
}

/// What is known of a label: the numbers of its name and of the pair, if there are such.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    name: u32,
    pub(super) pair: u32,
}

/// No name, or no pair.
pub(super) const NONE: u32 = u32::MAX;

impl Known {
    pub(super) const NOTHING: Self = Self { name: NONE, pair: NONE };
}

impl Pairs {
    /// The number of a pair, if there is such a pair.
    pub(super) fn find(&self, name: &str, value: &str) -> Option<u32> {
        self.find_of(self.find_name(name.as_bytes())?, value.as_bytes())
    }

    /// What is known of a label. `near` is what is known of another one, which may be of the same name, or even the same: the label in the
    /// same place of the series before, which has most labels in common with its neighbours.
    pub(super) fn look(&self, name: &[u8], value: &[u8], near: Known) -> Known {
        let same_name = self.names.get(near.name as usize).filter(|known| known.text.as_bytes() == name);
        let name = same_name.map_or_else(|| self.find_name(name), |_| Some(near.name));
        let Some(name) = name else { return Known::NOTHING };
        let is_same = |pair: &&Pair| pair.users > 0 && pair.name == name && pair.value.as_bytes() == value;
        let pair = match self.pairs.get(near.pair as usize).filter(is_same) {
            Some(_) => near.pair,
            None => self.find_of(name, value).unwrap_or(NONE),
        };
        Known { name, pair }
    }

    /// Makes a pair that there is not, as a [look](Self::look) at it has found. It has to be [used](Self::enlist).
    pub(super) fn intern(&mut self, name: &[u8], value: &[u8], known: Known) -> Known {
        let name = if known.name == NONE { self.intern_name(name) } else { known.name };
        let hash = self.hasher.hash_one((name, value));
        let value = std::str::from_utf8(value).unwrap_or_default().into();
        let fresh = Pair { name, value, ..Pair::default() };
        let number = match self.free.pop() {
            Some(number) => {
                self.pairs[number as usize] = fresh;
                number
            }
            None => {
                self.pairs.push(fresh);
                number_of(self.pairs.len() - 1)
            }
        };
        let (pairs, hasher) = (&self.pairs, &self.hasher);
        self.by_text.insert_unique(hash, number, |other| hash_of(&pairs[*other as usize], hasher));
        self.names[name as usize].pairs.push(number);
        Known { name, pair: number }
    }

    /// Adds a series to the lists of its pairs.
    pub(super) fn enlist(&mut self, series: u32, pairs: &[u32]) {
        self.all.insert(series);
        for number in pairs {
            let pair = &mut self.pairs[*number as usize];
            pair.users += 1;
            pair.series.insert(series);
        }
    }

    /// Takes a series off the lists of its pairs, which stay for whoever still reads it.
    pub(super) fn strike(&mut self, series: u32, pairs: &[u32]) {
        self.all.remove(series);
        for number in pairs {
            self.pairs[*number as usize].series.remove(series);
        }
    }

    /// Gives up the pairs of series that nobody reads any more.
    pub(super) fn release<'a>(&mut self, sets: impl Iterator<Item = &'a [u32]>) {
        let mut touched = BTreeSet::new();
        for number in sets.flatten() {
            let pair = &mut self.pairs[*number as usize];
            pair.users -= 1;
            if pair.users == 0 {
                let hash = hash_of(pair, &self.hasher);
                if let Ok(entry) = self.by_text.find_entry(hash, |other| other == number) {
                    entry.remove();
                }
                touched.insert(pair.name);
                *pair = Pair::default();
                self.free.push(*number);
            }
        }
        for name in touched {
            let pairs = &self.pairs;
            self.names[name as usize].pairs.retain(|number| pairs[*number as usize].users > 0);
        }
    }

    /// The name and the value of a pair.
    pub(super) fn text(&self, number: u32) -> (&str, &str) {
        let pair = &self.pairs[number as usize];
        (self.name(pair.name), &pair.value)
    }

    /// How many series have a pair.
    pub(super) fn series_count(&self, number: u32) -> usize {
        self.pairs[number as usize].series.len()
    }

    /// What each series that has a pair pays for it: its text and its list, shared among them.
    pub(super) fn share(&self, number: u32) -> usize {
        let pair = &self.pairs[number as usize];
        let bytes = size_of::<Pair>() + pair.value.len() + pair.series.memory_usage();
        bytes.div_ceil((pair.users as usize).max(1))
    }

    /// The numbers of all pairs that a series has.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..number_of(self.pairs.len())).filter(|number| !self.pairs[*number as usize].series.is_empty())
    }

    /// The names that a series has, in any order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let used = |name: &&Name| name.pairs.iter().any(|number| self.series_count(*number) > 0);
        self.names.iter().filter(used).map(|name| &*name.text)
    }

    /// The values of a name that a series has, in any order.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.of_name(name).filter(|pair| !pair.series.is_empty()).map(|pair| &*pair.value)
    }

    /// The memory that is held, texts and lists included.
    pub(super) fn heap_bytes(&self) -> usize {
        let texts: usize = self.pairs.iter().map(|pair| pair.value.len() + pair.series.memory_usage()).sum();
        let names: usize = self.names.iter().map(|name| name.text.len() + name.pairs.capacity() * 4).sum();
        texts + names + self.pairs.capacity() * size_of::<Pair>() + self.by_text.allocation_size()
    }

    fn of_name(&self, name: &str) -> impl Iterator<Item = &Pair> {
        let pairs = self.find_name(name.as_bytes()).map_or(&[][..], |name| &self.names[name as usize].pairs);
        pairs.iter().map(|number| &self.pairs[*number as usize])
    }

    fn name(&self, name: u32) -> &str {
        &self.names[name as usize].text
    }

    fn find_name(&self, name: &[u8]) -> Option<u32> {
        self.by_name.find(self.hasher.hash_one(name), |other| self.name(*other).as_bytes() == name).copied()
    }

    fn intern_name(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.find_name(name) {
            return number;
        }
        let number = number_of(self.names.len());
        let text = std::str::from_utf8(name).unwrap_or_default().into();
        self.names.push(Name { text, pairs: Vec::new() });
        let (names, hasher) = (&self.names, &self.hasher);
        let hash = |other: &u32| hasher.hash_one(names[*other as usize].text.as_bytes());
        self.by_name.insert_unique(hasher.hash_one(name), number, hash);
        number
    }

    fn find_of(&self, name: u32, value: &[u8]) -> Option<u32> {
        let same = |other: &u32| {
            let pair = &self.pairs[*other as usize];
            pair.name == name && pair.value.as_bytes() == value
        };
        self.by_text.find(self.hasher.hash_one((name, value)), same).copied()
    }
}

fn hash_of(pair: &Pair, hasher: &RandomState) -> u64 {
    hasher.hash_one((pair.name, pair.value.as_bytes()))
}

#[expect(clippy::cast_possible_truncation, reason = "four billion pairs do not fit into memory")]
const fn number_of(index: usize) -> u32 {
    index as u32
}

impl PostingsSource for Pairs {
    type Error = Infallible;

    fn all(&self) -> Result<List<'_>, Infallible> {
        Ok(List::Memory(&self.all))
    }

    fn list(&self, name: &str, value: &str) -> Result<List<'_>, Infallible> {
        let pair = self.find(name, value);
        Ok(pair.map_or_else(List::default, |number| List::Memory(&self.pairs[number as usize].series)))
    }

    fn lists(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
        union: &mut Union,
    ) -> Result<(), Infallible> {
        for pair in self.of_name(name) {
            if pair.value.starts_with(prefix) && keep(&pair.value) {
                union.add(List::Memory(&pair.series));
            }
        }
        Ok(())
    }
}
