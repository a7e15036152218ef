//! The nodes of a plan.

use promd_model::{Labels, Matcher};
use promd_promql_parser::Span;
use promd_promql_parser::ast::{AggregateOp, BinaryOp, RangeMode, VectorMatching};

use crate::functions::{Function, RangeFunction};
use crate::steps::Steps;

/// An expression, and when it is evaluated.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) steps: Steps,
    /// Where annotations of it point.
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Number(f64),
    Text(Box<str>),
    Select(InstantSelector),
    /// Planned for one step, and the same at all.
    Invariant(Box<Node>),
    Negate(Box<Node>),
    /// Scalars on both sides.
    ScalarBinary(Box<Binary>),
    /// A vector on one side.
    VectorScalar(Box<Binary>),
    /// Vectors on both sides.
    VectorBinary(Box<Binary>),
    Aggregate(Box<Aggregate>),
    Call(Box<Call>),
    /// A range vector by itself.
    Range(Box<RangeVector>),
    /// A function over the windows of a range vector.
    OverTime {
        name: &'static str,
        function: &'static RangeFunction,
        range: Box<RangeVector>,
        args: Vec<Node>,
        place: Span,
    },
    /// `absent_over_time`
    AbsentOverTime {
        range: Box<RangeVector>,
        labels: Labels,
    },
}

#[derive(Debug)]
pub(crate) struct InstantSelector {
    pub(crate) selection: usize,
    pub(crate) at: Option<i64>,
    pub(crate) offset: i64,
    pub(crate) smoothed: bool,
}

#[derive(Debug)]
pub(crate) struct RangeVector {
    pub(crate) source: RangeSource,
    pub(crate) at: Option<i64>,
    pub(crate) offset: i64,
    pub(crate) range: i64,
    /// The same in seconds, with all digits that the query has.
    pub(crate) seconds: f64,
    pub(crate) mode: Option<RangeMode>,
}

#[derive(Debug)]
pub(crate) enum RangeSource {
    Selection(usize),
    Subquery(Box<Node>),
}

#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) op: BinaryOp,
    pub(crate) lhs: Node,
    pub(crate) rhs: Node,
    pub(crate) return_bool: bool,
    pub(crate) matching: VectorMatching,
    /// Whether it is the right side that is the vector.
    pub(crate) swapped: bool,
}

#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) op: AggregateOp,
    pub(crate) param: Option<Node>,
    pub(crate) text: Box<str>,
    pub(crate) expr: Node,
    pub(crate) without: bool,
    /// Ascending.
    pub(crate) labels: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) function: &'static Function,
    pub(crate) args: Vec<Node>,
    /// What `absent` says of a selector, and what `info` looks for.
    pub(crate) matchers: Vec<Matcher>,
    /// When `info` looks at info series, if not at each step.
    pub(crate) at: Option<i64>,
    pub(crate) offset: i64,
}

impl Call {
    /// Whether it gives a scalar.
    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self.function, Function::Scalar(_)) || self.name == "scalar"
    }
}
