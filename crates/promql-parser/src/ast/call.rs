//! Calls, parentheses, and what could not be understood.

use super::Expr;
use crate::{Function, Span};

/// A call of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called.
    pub function: &'static Function,
    /// With which arguments. How many there may be and of which type is checked after the tree was made.
    pub args: Vec<Expr>,
    /// Where the name stands.
    pub name_span: Span,
    /// Where all of it stands.
    pub span: Span,
}

/// An expression in parentheses.
#[derive(Debug, Clone, PartialEq)]
pub struct ParenExpr {
    /// What is within.
    pub expr: Expr,
    /// Where it stands, with its parentheses.
    pub span: Span,
}

/// A stretch of text that could not be understood, or that no expression may have.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorExpr {
    /// The expressions in it that could.
    pub parts: Vec<Expr>,
    /// Where it stands.
    pub span: Span,
}
