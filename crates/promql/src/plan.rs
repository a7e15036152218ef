//! From a tree to what is evaluated.
//!
//! The plan knows for every expression at which steps it is evaluated, so durations, `@` and `offset` are resolved
//! here, once: a selector has the time it reads, a subquery the steps it runs at. What gives the same at every step is
//! planned for a single one ([`Kind::Invariant`]). Selectors with the same matchers share one selection.

mod duration;
mod node;
mod selection;
mod tree;

use promd_model::Interval;
use promd_promql_parser::Expr;

use crate::error::Result;
use crate::steps::Steps;
use crate::{EngineOptions, Query};

pub(crate) use node::{Aggregate, Binary, Call, InstantSelector, Kind, Node, RangeSource, RangeVector};
pub(crate) use selection::Selection;
pub(crate) use tree::absent_labels;

/// A query that is ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) root: Node,
    /// The steps of the query.
    pub(crate) steps: Steps,
    pub(crate) selections: Vec<Selection>,
    /// How many nodes there are.
    pub(crate) nodes: usize,
}

impl Plan {
    pub(crate) fn new(expr: &Expr, steps: Steps, query: &Query, options: &EngineOptions) -> Result<Self> {
        let mut planner = tree::Planner::new(query, options);
        let root = planner.root(expr, steps)?;
        let (selections, nodes) = planner.finish();
        Ok(Self { root, steps, selections, nodes })
    }

    /// The time from the first sample that can matter to the last.
    pub(crate) fn times(&self) -> Option<Interval> {
        let times = self.selections.iter().map(|selection| selection.times);
        times.reduce(|a, b| Interval::new(a.min.min(b.min), a.max.max(b.max)))
    }
}
