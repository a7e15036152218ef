//! Operators.

use std::fmt;

use super::{Expr, Name, ValueType};
use crate::Span;

/// Two operands and what is between them.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryExpr {
    /// The operator.
    pub op: BinaryOp,
    /// What stands before it.
    pub lhs: Expr,
    /// What stands after it.
    pub rhs: Expr,
    /// Whether a comparison gives 0 or 1 (`bool`) rather than what it holds for.
    pub return_bool: bool,
    /// How series are matched; `None` unless both operands are vectors, once the expression was checked.
    pub matching: Option<Box<VectorMatching>>,
    /// Where the operator stands, without its modifiers.
    pub op_span: Span,
    /// Where all of it stands.
    pub span: Span,
}

impl BinaryExpr {
    /// What it evaluates to, or `None` if it hangs on an operand that could not be understood.
    #[must_use]
    pub fn value_type(&self) -> Option<ValueType> {
        // A vector on either side decides. The right side is the shallow one, by associativity.
        match self.rhs.value_type() {
            Some(ValueType::Scalar) => {}
            None => return None,
            Some(_) => return Some(ValueType::Vector),
        }
        match self.lhs.value_type()? {
            ValueType::Scalar => Some(ValueType::Scalar),
            _ => Some(ValueType::Vector),
        }
    }
}

/// How the series of two vectors find each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VectorMatching {
    /// How many may meet how many.
    pub cardinality: Cardinality,
    /// Whether [`labels`](Self::labels) are those that count (`on`) rather than those that do not (`ignoring`).
    pub on: bool,
    /// The labels of `on` or `ignoring`.
    pub labels: Vec<Name>,
    /// The labels of `group_left` or `group_right`.
    pub include: Vec<Name>,
    /// What stands in for a series that is missing.
    pub fill: Fill,
}

/// The values of `fill`, `fill_left` and `fill_right`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Fill {
    /// For a series that is missing on the left.
    pub left: Option<f64>,
    /// For a series that is missing on the right.
    pub right: Option<f64>,
}

impl Fill {
    /// Whether nothing is filled in.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.left.is_none() && self.right.is_none()
    }
}

/// How many series of the left side meet how many of the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Cardinality {
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
    /// `and`, `or`, `unless`
    ManyToMany,
}

impl Cardinality {
    /// As the HTTP API has it: `one-to-one` and so on.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "one-to-one",
            Self::ManyToOne => "many-to-one",
            Self::OneToMany => "one-to-many",
            Self::ManyToMany => "many-to-many",
        }
    }
}

impl fmt::Display for Cardinality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The operators between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `</`: keeps the observations of a histogram that are below.
    TrimUpper,
    /// `>/`: keeps the observations of a histogram that are above.
    TrimLower,
    And,
    Or,
    Unless,
}

impl BinaryOp {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Mod,
        Self::Pow,
        Self::Atan2,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::TrimUpper,
        Self::TrimLower,
        Self::And,
        Self::Or,
        Self::Unless,
    ];

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
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it compares, and may have `bool`. The operators that trim histograms do not.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        use BinaryOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
    }

    /// Whether it is `and`, `or` or `unless`.
    #[must_use]
    pub const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// How tightly it binds, from 1 (`or`) to 6 (`^`).
    #[must_use]
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => 5,
            Self::Pow => 6,
            _ => 3,
        }
    }
}

impl fmt::Display for BinaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A sign before an expression that is no number. That of a number is part of the number.
#[derive(Debug, Clone, PartialEq)]
pub struct UnaryExpr {
    /// The sign.
    pub op: UnaryOp,
    /// What it stands before.
    pub expr: Expr,
    /// Where all of it stands.
    pub span: Span,
}

/// The signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum UnaryOp {
    Plus,
    Minus,
}

impl UnaryOp {
    /// As it is written in PromQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

impl fmt::Display for UnaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
