//! Durations of selectors and subqueries.

use std::fmt;

use promd_model::Duration;

use super::{NumberLiteral, UnaryOp};
use crate::Span;

/// A range, step or offset.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationArg {
    /// Written as a number or a duration.
    Fixed {
        /// How long.
        duration: Duration,
        /// Where it stands.
        span: Span,
    },
    /// To be worked out when the query is evaluated.
    Expr(Box<DurationExpr>),
}

impl DurationArg {
    /// So long, and nowhere in a text.
    #[must_use]
    pub const fn fixed(duration: Duration) -> Self {
        Self::Fixed { duration, span: Span::new(0, 0) }
    }

    /// How long, unless that has to be worked out.
    #[must_use]
    pub fn as_fixed(&self) -> Option<Duration> {
        match self {
            Self::Fixed { duration, .. } => Some(*duration),
            Self::Expr(_) => None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Fixed { span, .. } => *span,
            Self::Expr(expr) => expr.span(),
        }
    }
}

/// An expression for a duration: `step() * 2`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DurationExpr {
    /// `5m`, `300`
    Number(NumberLiteral),
    /// `step()`
    Step(Span),
    /// `range()`
    Range(Span),
    /// `-(…)`
    Unary {
        /// The sign.
        op: UnaryOp,
        /// What it stands before.
        expr: Box<DurationExpr>,
        /// Where all of it stands.
        span: Span,
    },
    /// `1m + 1s`, and `min_of(…, …)`, `max_of(…, …)`.
    Binary {
        /// The operator.
        op: DurationOp,
        /// What stands before it.
        lhs: Box<DurationExpr>,
        /// What stands after it.
        rhs: Box<DurationExpr>,
        /// Where all of it stands.
        span: Span,
    },
    /// `(…)`
    Paren {
        /// What is within.
        expr: Box<DurationExpr>,
        /// Where it stands, with its parentheses.
        span: Span,
    },
    /// What could not be understood, or has no value. A tree without errors has none.
    Error(Span),
}

impl DurationExpr {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Number(number) => number.span,
            Self::Step(span) | Self::Range(span) | Self::Error(span) => *span,
            Self::Unary { span, .. } | Self::Binary { span, .. } | Self::Paren { span, .. } => *span,
        }
    }
}

/// The operators of duration expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum DurationOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    MinOf,
    MaxOf,
}

impl DurationOp {
    /// As it is written in PromQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::MinOf => "min_of",
            Self::MaxOf => "max_of",
        }
    }

    /// Whether it is written as a call, `min_of(a, b)`.
    #[must_use]
    pub const fn is_call(self) -> bool {
        matches!(self, Self::MinOf | Self::MaxOf)
    }
}

impl fmt::Display for DurationOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
