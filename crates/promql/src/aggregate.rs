//! Aggregations: series fold into the columns of their groups as they come by.

mod choose;
mod fold;
mod values;

use hashbrown::HashMap;
use promd_model::{Labels, METRIC_NAME};
use promd_promql_parser::ast::AggregateOp;

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
    known: HashMap<Labels, usize>,
}

impl<'a> Groups<'a> {
    fn new(e: &'a Aggregate) -> Self {
        Self { e, known: HashMap::new() }
    }

    /// The labels of the group of a series.
    fn labels(&self, series: &Labels) -> Labels {
        let listed = |name: &str| self.e.labels.binary_search_by(|label| label.as_str().cmp(name)).is_ok();
        if self.e.without {
            series.filter(|label| label.name != METRIC_NAME && !listed(label.name))
        } else if self.e.labels.is_empty() {
            Labels::empty()
        } else {
            series.filter(|label| listed(label.name))
        }
    }

    /// The number of the group of a series; its labels if there was none.
    fn find(&mut self, series: &Labels) -> (usize, Option<Labels>) {
        let labels = self.labels(series);
        let next = self.known.len();
        match self.known.get(&labels) {
            Some(known) => (*known, None),
            None => {
                self.known.insert(labels.clone(), next);
                (next, Some(labels))
            }
        }
    }
}
