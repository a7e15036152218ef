//! What applying rules needs memory for.

use std::ops::Range;

/// Memory that is reused from one label set to the next, so that relabelling allocates only while it grows.
///
/// It holds nothing that matters between two label sets; one for each thread is what is wanted.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// The value that a rule works on.
    pub(crate) value: String,
    /// The name that a template has become.
    pub(crate) name: String,
    /// What the replacement has become.
    pub(crate) replacement: String,
    /// What `labelmap` is about to set.
    pub(crate) copies: Copies,
    /// The labels that the rules have set, in order.
    pub(crate) order: Order,
}

impl Scratch {
    /// Scratch space that has not grown yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Labels to be set, with the rank of the label that each is a copy of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Copies {
    text: String,
    entries: Vec<Copy>,
}

#[derive(Debug, Clone)]
struct Copy {
    rank: usize,
    name: Range<usize>,
    value: Range<usize>,
}

impl Copies {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.entries.clear();
    }

    pub(crate) fn push(&mut self, rank: usize, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.entries.push(Copy { rank, name: start..middle, value: middle..self.text.len() });
    }

    /// By rank; among equals in the order in which they came.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_by_key(|copy| copy.rank);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let slice = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        self.entries.iter().map(move |copy| (slice(&copy.name), slice(&copy.value)))
    }
}

/// The names of the labels that rules have set, in the order in which they were set first.
///
/// Prometheus' label builder keeps what was set behind what was there before, and goes through labels in that order. It
/// shows where `labelmap` makes one name of several: the last one stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    names: Vec<String>,
    /// How many of them count; those behind are memory to reuse.
    len: usize,
}

impl Order {
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn set(&mut self, name: &str) {
        if self.rank(name) > 0 {
            return;
        }
        match self.names.get_mut(self.len) {
            Some(spare) => {
                spare.clear();
                spare.push_str(name);
            }
            None => self.names.push(name.to_owned()),
        }
        self.len += 1;
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let mut kept = 0;
        for at in 0..self.len {
            if self.names.get(at).is_some_and(|name| keep(name)) {
                self.names.swap(kept, at);
                kept += 1;
            }
        }
        self.len = kept;
    }

    /// 0 for a label that was there before, then ascending.
    pub(crate) fn rank(&self, name: &str) -> usize {
        self.names.iter().take(self.len).position(|set| set == name).map_or(0, |at| at + 1)
    }
}
