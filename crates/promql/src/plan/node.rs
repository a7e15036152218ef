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
    /// Its place in lists of what nodes cost.
    pub(crate) number: usize,
}

impl Node {
    /// The nodes directly within it.
    pub(crate) fn children(&self) -> Vec<&Self> {
        fn of_range(range: &RangeVector) -> Option<&Node> {
            match &range.source {
                RangeSource::Selection(_) => None,
                RangeSource::Subquery(inner) => Some(&**inner),
            }
        }
        match &self.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Select(_) => Vec::new(),
            Kind::Invariant(inner) | Kind::Negate(inner) => vec![&**inner],
            Kind::ScalarBinary(e) | Kind::VectorScalar(e) | Kind::VectorBinary(e) => vec![&e.lhs, &e.rhs],
            Kind::Aggregate(e) => e.param.iter().chain([&e.expr]).collect(),
            Kind::Call(call) => call.args.iter().collect(),
            Kind::Range(range) | Kind::AbsentOverTime { range, .. } => of_range(range).into_iter().collect(),
            Kind::OverTime { range, args, .. } => of_range(range).into_iter().chain(args).collect(),
        }
    }

    /// The selection that it reads itself.
    pub(crate) fn selection(&self) -> Option<usize> {
        match &self.kind {
            Kind::Select(selector) => Some(selector.selection),
            Kind::Range(range) | Kind::AbsentOverTime { range, .. } | Kind::OverTime { range, .. } => {
                match range.source {
                    RangeSource::Selection(selection) => Some(selection),
                    RangeSource::Subquery(_) => None,
                }
            }
            _ => None,
        }
    }

    /// What is done for it, in a word.
    pub(crate) fn operation(&self) -> &'static str {
        match &self.kind {
            Kind::Number(_) | Kind::Text(_) => "constant",
            Kind::Select(_) => "select",
            Kind::Invariant(_) => "once",
            Kind::Negate(_) => "-",
            Kind::ScalarBinary(e) | Kind::VectorScalar(e) | Kind::VectorBinary(e) => e.op.as_str(),
            Kind::Aggregate(e) => e.op.as_str(),
            Kind::Call(call) => call.name,
            Kind::Range(_) => "range",
            Kind::OverTime { name, .. } => name,
            Kind::AbsentOverTime { .. } => "absent_over_time",
        }
    }
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
