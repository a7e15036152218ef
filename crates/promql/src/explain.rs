//! What each part of a query costs.

use std::fmt;
use std::time::Duration;

use crate::plan::{Node, Plan};

/// An expression and what it costs: estimated before it is evaluated ([`Engine::estimate`](crate::Engine::estimate)) or
/// counted while it was ([`Query::explained`](crate::Query::explained)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explain {
    /// The text of the expression.
    pub text: String,
    /// What the engine does for it: `select`, `rate`, `sum`, `once` for what is the same at every step, and so on.
    pub operation: String,
    /// The steps that it is evaluated at.
    pub steps: usize,
    /// The series that come of it. `None` before an evaluation, where it cannot be told.
    pub series: Option<u64>,
    /// The samples that are decoded for it, without those of the expressions within it.
    pub samples: u64,
    /// The chunks that they are in.
    pub chunks: u64,
    /// The bytes of those chunks.
    pub bytes: u64,
    /// How long the thread of the query was busy with it, expressions within it included. Zero without a clock, and in an
    /// estimate.
    pub time: Duration,
    /// Whether it asks for the same series as another selector, so that they are found once.
    pub shared: bool,
    /// The expressions within it.
    pub children: Vec<Explain>,
}

impl Explain {
    /// The samples of the expression and of all within it.
    #[must_use]
    pub fn total_samples(&self) -> u64 {
        self.samples + self.children.iter().map(Self::total_samples).sum::<u64>()
    }
}

/// What is known of the cost of a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    pub(crate) series: Option<u64>,
    pub(crate) samples: u64,
    pub(crate) chunks: u64,
    pub(crate) bytes: u64,
    pub(crate) time: Duration,
}

impl Explain {
    /// The costs of the nodes of a plan, by their numbers.
    pub(crate) fn of(plan: &Plan, text: &str, costs: &[Cost]) -> Self {
        Self::of_node(plan, &plan.root, text, costs)
    }

    fn of_node(plan: &Plan, node: &Node, text: &str, costs: &[Cost]) -> Self {
        let cost = costs.get(node.number).cloned().unwrap_or_default();
        let shared = node.selection().is_some_and(|selection| plan.selections[selection].uses > 1);
        Self {
            text: node.span.slice(text).unwrap_or_default().to_owned(),
            operation: node.operation().to_owned(),
            steps: node.steps.count,
            series: cost.series,
            samples: cost.samples,
            chunks: cost.chunks,
            bytes: cost.bytes,
            time: cost.time,
            shared,
            children: node.children().into_iter().map(|child| Self::of_node(plan, child, text, costs)).collect(),
        }
    }
}

/// A line for each expression, those within another one further to the right.
impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines(0, f)
    }
}

impl Explain {
    fn lines(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:1$}{2}: {3}", "", depth * 2, self.operation, self.text)?;
        if let Some(series) = self.series {
            write!(f, " | {series} series")?;
        }
        if self.chunks > 0 {
            write!(f, " | {} samples in {} chunks of {} bytes", self.samples, self.chunks, self.bytes)?;
        }
        if self.shared {
            f.write_str(" | shared")?;
        }
        if !self.time.is_zero() {
            write!(f, " | {:?}", self.time)?;
        }
        writeln!(f)?;
        self.children.iter().try_for_each(|child| child.lines(depth + 1, f))
    }
}
