//! The tree of a query.
//!
//! A node is a struct with public fields and a [`Span`]; [`Expr`] is a tag and a box around one, so that it can be moved
//! cheaply and matched on. What Prometheus keeps beside its tree (offsets, `@`, matching) is in the node that it belongs
//! to. A tree made by the parser is no deeper than [`Options::max_depth`](crate::Options), so that it can
//! be walked, printed and dropped by recursion.

mod aggregate;
mod binary;
mod call;
mod duration;
mod literal;
mod selector;
mod value_type;

pub use aggregate::{AggregateExpr, AggregateOp, Grouping};
pub use binary::{BinaryExpr, BinaryOp, Cardinality, Fill, UnaryExpr, UnaryOp, VectorMatching};
pub use call::{Call, ErrorExpr, ParenExpr};
pub use duration::{DurationArg, DurationExpr, DurationOp};
pub use literal::{NumberLiteral, StringLiteral};
pub use selector::{
    At, AtModifier, LabelMatcher, MatrixSelector, Name, RangeMode, RangeModifier, Subquery, VectorSelector,
};
pub use value_type::ValueType;

use crate::Span;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Expr {
    /// `sum by (job) (up)`
    Aggregate(Box<AggregateExpr>),
    /// `a / on (job) b`
    Binary(Box<BinaryExpr>),
    /// `rate(a[5m])`
    Call(Box<Call>),
    /// `a[5m] offset 1h`
    Matrix(Box<MatrixSelector>),
    /// `42`, `1h`
    Number(Box<NumberLiteral>),
    /// `(a)`
    Paren(Box<ParenExpr>),
    /// `"text"`
    String(Box<StringLiteral>),
    /// `rate(a[5m])[1h:]`
    Subquery(Box<Subquery>),
    /// `-a`
    Unary(Box<UnaryExpr>),
    /// `a{b="c"} @ end()`
    Vector(Box<VectorSelector>),
    /// What could not be understood. A tree without errors has none.
    Error(Box<ErrorExpr>),
}

impl Expr {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Aggregate(e) => e.span,
            Self::Binary(e) => e.span,
            Self::Call(e) => e.span,
            Self::Matrix(e) => e.span,
            Self::Number(e) => e.span,
            Self::Paren(e) => e.span,
            Self::String(e) => e.span,
            Self::Subquery(e) => e.span,
            Self::Unary(e) => e.span,
            Self::Vector(e) => e.span,
            Self::Error(e) => e.span,
        }
    }

    /// What it evaluates to, as far as its form tells: `None` for an [error](Self::Error) and whatever takes its type
    /// from one.
    #[must_use]
    pub fn value_type(&self) -> Option<ValueType> {
        // Parentheses and signs may be as deep as the tree; only operators branch.
        let mut expr = self;
        loop {
            expr = match expr {
                Self::Paren(e) => &e.expr,
                Self::Unary(e) => &e.expr,
                Self::Aggregate(_) | Self::Vector(_) => return Some(ValueType::Vector),
                Self::Matrix(_) | Self::Subquery(_) => return Some(ValueType::Matrix),
                Self::Number(_) => return Some(ValueType::Scalar),
                Self::String(_) => return Some(ValueType::String),
                Self::Call(e) => return Some(e.function.result),
                Self::Binary(e) => return e.value_type(),
                Self::Error(_) => return None,
            };
        }
    }

    /// The expression within any parentheses around it.
    #[must_use]
    pub fn without_parens(&self) -> &Self {
        let mut expr = self;
        while let Self::Paren(e) = expr {
            expr = &e.expr;
        }
        expr
    }
}

macro_rules! from_nodes {
    ($($node:ident => $variant:ident),* $(,)?) => {$(
        impl From<$node> for Expr {
            fn from(node: $node) -> Self {
                Self::$variant(Box::new(node))
            }
        }
    )*};
}

from_nodes! {
    AggregateExpr => Aggregate,
    BinaryExpr => Binary,
    Call => Call,
    MatrixSelector => Matrix,
    NumberLiteral => Number,
    ParenExpr => Paren,
    StringLiteral => String,
    Subquery => Subquery,
    UnaryExpr => Unary,
    VectorSelector => Vector,
    ErrorExpr => Error,
}
