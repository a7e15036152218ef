//! Aggregations: series fold into the columns of their groups as they come by.

mod cells;
mod choose;
mod fold;
mod values;

use hashbrown::DefaultHashBuilder;
use hashbrown::hash_table::{Entry, HashTable};
use promd_model::{Labels, METRIC_NAME};
use promd_promql_parser::ast::AggregateOp;
use std::hash::BuildHasher;

use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::plan::{Aggregate, Node};

pub(crate) fn eval(evaluator: &Evaluator<'_>, node: &Node, e: &Aggregate, sink: Sink<'_>) -> Result<()> {
    match e.op {
        AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio => {
            choose::eval(evaluator, node, e, sink)
        }
        AggregateOp::CountValues => values::eval(evaluator, node, e, sink),
        _ => fold::eval(evaluator, node, e, sink),
    }
}

/// Which group a series belongs to.
struct Groups<'a> {
    e: &'a Aggregate,
    known: HashTable<(Box<[u8]>, usize)>,
    hasher: DefaultHashBuilder,
    /// What tells a group from others: the labels that it is by, one after the other.
    key: Vec<u8>,
}

impl<'a> Groups<'a> {
    fn new(e: &'a Aggregate) -> Self {
        Self { e, known: HashTable::new(), hasher: DefaultHashBuilder::default(), key: Vec::new() }
    }

    /// Whether a label is one of those of the group.
    fn keeps(e: &Aggregate, name: &[u8]) -> bool {
        let listed = || e.labels.binary_search_by(|label| label.as_bytes().cmp(name)).is_ok();
        if e.without { name != METRIC_NAME.as_bytes() && !listed() } else { listed() }
    }

    /// The labels of the group of a series.
    fn labels(&self, series: &Labels) -> Labels {
        if !self.e.without && self.e.labels.is_empty() {
            return Labels::empty();
        }
        series.filter(|label| Self::keeps(self.e, label.name.as_bytes()))
    }

    /// The number of the group of a series; its labels if there was none. Only a group that is new has its labels built.
    fn find(&mut self, series: &Labels) -> (usize, Option<Labels>) {
        self.key.clear();
        if self.e.without || !self.e.labels.is_empty() {
            for (name, value) in series.iter_bytes().filter(|(name, _)| Self::keeps(self.e, name)) {
                // Neither can be in a text.
                for (text, end) in [(name, 0xfe), (value, 0xff)] {
                    self.key.extend_from_slice(text);
                    self.key.push(end);
                }
            }
        }
        let hash = self.hasher.hash_one(&self.key[..]);
        let next = self.known.len();
        let rehash = |(known, _): &(Box<[u8]>, usize)| self.hasher.hash_one(&known[..]);
        match self.known.entry(hash, |(known, _)| **known == self.key[..], rehash) {
            Entry::Occupied(known) => (known.get().1, None),
            Entry::Vacant(place) => {
                place.insert((self.key.as_slice().into(), next));
                (next, Some(self.labels(series)))
            }
        }
    }
}
