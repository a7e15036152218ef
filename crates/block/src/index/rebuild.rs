//! What is made again from the rest of the index where a part of it is damaged.
//!
//! An index says most things twice. A series refers to its labels, and the posting lists of those labels refer to the series;
//! the offset table holds all names and values as text, and so do the symbols. So posting lists and their table are made
//! again from the series, and the symbols from the table and the lists. This costs a pass over the index, and memory
//! for what is made again: the one place where memory grows with the block, and only if it is damaged.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use super::entry;
use super::symbols::Symbols;
use super::table::OffsetTable;
use crate::postings::{DiskIds, Postings};

/// All posting lists, made from the series.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) all: Postings,
    pub(super) by_name: BTreeMap<Box<str>, BTreeMap<Box<str>, Postings>>,
}

impl Lists {
    /// The values of a name that begin so, ascending, with their lists.
    pub(super) fn values(&self, name: &str, prefix: &str) -> impl Iterator<Item = (&str, &Postings)> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let values = self.by_name.get(name).map(|values| values.range::<str, _>(from));
        let values = values.into_iter().flatten().map(|(value, list)| (&**value, list));
        values.take_while(move |(value, _)| value.starts_with(prefix))
    }
}

/// Collects posting lists from series as they come.
#[derive(Debug, Default)]
pub(super) struct ListsBuilder {
    all: Vec<u32>,
    by_pair: HashMap<(u32, u32), Vec<u32>>,
}

impl ListsBuilder {
    pub(super) fn series(&mut self, id: u32) {
        self.all.push(id);
    }

    /// A label of a series, by its references.
    pub(super) fn label(&mut self, name: u32, value: u32, id: u32) {
        self.by_pair.entry((name, value)).or_default().push(id);
    }

    /// The lists; pairs of which no text is known are left out, as no series with them can be read.
    pub(super) fn finish(self, symbols: &Symbols, file: &[u8]) -> Lists {
        let mut by_name: BTreeMap<Box<str>, BTreeMap<Box<str>, Postings>> = BTreeMap::new();
        for ((name, value), ids) in self.by_pair {
            if let (Some(name), Some(value)) = (symbols.get(file, name), symbols.get(file, value)) {
                by_name.entry(name.into()).or_default().insert(value.into(), Postings::from_ascending(ids));
            }
        }
        Lists { all: Postings::from_ascending(self.all), by_name }
    }
}

/// The symbols that series use, from the offset table and the posting lists.
///
/// Entries of the table ascend by name, as the labels of a series do. So the k-th list in which a series is found is that of
/// its k-th label, and tells what the two references of that label mean. Every reference must be told the same by
/// each list; `None` if one is not, or if a list is damaged: then the text of no label can be trusted.
pub(super) fn symbols<'f>(
    file: &'f [u8],
    table: &OffsetTable,
    list: impl Fn(u64) -> Option<DiskIds<'f>>,
    body: impl Fn(u32) -> Option<promd_codec::Reader<'f>>,
) -> Option<Symbols> {
    let mut texts: BTreeMap<u32, Box<str>> = BTreeMap::new();
    let mut labels_seen: HashMap<u32, usize> = HashMap::new();
    let mut pairs = Vec::new();
    for entry in table.iter(file).filter(|entry| !entry.name.is_empty()) {
        let mut told = false;
        for id in list(entry.offset)?.iter() {
            let seen = labels_seen.entry(id).or_default();
            let number = *seen;
            *seen += 1;
            // One series is enough, as long as its own entry is whole.
            let Some(mut body) = (if told { None } else { body(id) }) else { continue };
            pairs.clear();
            entry::labels(&mut body, |name, value| pairs.push((name, value))).ok()?;
            let &(name, value) = pairs.get(number)?;
            for (reference, text) in [(name, entry.name), (value, entry.value)] {
                if **texts.entry(reference).or_insert_with(|| text.into()) != *text {
                    return None;
                }
            }
            told = true;
        }
    }
    // The empty symbol stands first in every index, and no label has it.
    texts.entry(0).or_default();
    // Symbols are numbered in their order.
    texts.values().is_sorted_by(|a, b| a < b).then_some(Symbols::Rebuilt(texts))
}
