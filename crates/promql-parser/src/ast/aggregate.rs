//! Aggregations.

use std::fmt;

use super::{Expr, Name};
use crate::Span;

/// An aggregation: `topk by (job) (3, up)`.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateExpr {
    /// How it aggregates.
    pub op: AggregateOp,
    /// What comes before the aggregated expression: the `3` of `topk(3, up)`.
    pub param: Option<Expr>,
    /// What is aggregated.
    pub expr: Expr,
    /// By which labels; none is the same as `by ()`.
    pub grouping: Option<Grouping>,
    /// Where all of it stands.
    pub span: Span,
}

/// `by (a, b)` or `without (a, b)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Whether the labels are those that are dropped.
    pub without: bool,
    /// The labels.
    pub labels: Vec<Name>,
    /// Where it stands, from the keyword on.
    pub span: Span,
}

/// The operators that aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "they are called what they are written as")]
#[non_exhaustive]
pub enum AggregateOp {
    Avg,
    BottomK,
    Count,
    CountValues,
    Group,
    LimitK,
    LimitRatio,
    Max,
    Min,
    Quantile,
    StdDev,
    StdVar,
    Sum,
    TopK,
}

impl AggregateOp {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 14] = [
        Self::Avg,
        Self::BottomK,
        Self::Count,
        Self::CountValues,
        Self::Group,
        Self::LimitK,
        Self::LimitRatio,
        Self::Max,
        Self::Min,
        Self::Quantile,
        Self::StdDev,
        Self::StdVar,
        Self::Sum,
        Self::TopK,
    ];

    /// As it is written in PromQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Avg => "avg",
            Self::BottomK => "bottomk",
            Self::Count => "count",
            Self::CountValues => "count_values",
            Self::Group => "group",
            Self::LimitK => "limitk",
            Self::LimitRatio => "limit_ratio",
            Self::Max => "max",
            Self::Min => "min",
            Self::Quantile => "quantile",
            Self::StdDev => "stddev",
            Self::StdVar => "stdvar",
            Self::Sum => "sum",
            Self::TopK => "topk",
        }
    }

    /// Whether it takes a parameter before the expression.
    #[must_use]
    pub const fn takes_param(self) -> bool {
        use AggregateOp::{BottomK, CountValues, LimitK, LimitRatio, Quantile, TopK};
        matches!(self, BottomK | CountValues | LimitK | LimitRatio | Quantile | TopK)
    }

    /// Whether it is refused unless [`Options::experimental_functions`](crate::Options) is set.
    #[must_use]
    pub const fn is_experimental(self) -> bool {
        matches!(self, Self::LimitK | Self::LimitRatio)
    }
}

impl fmt::Display for AggregateOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
