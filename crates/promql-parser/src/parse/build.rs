//! What the rules of the grammar do: make nodes, and notice what the grammar cannot.
//!
//! What is noticed here, rather than by [`check`](crate::check), is what Prometheus notices while it parses, so that it
//! comes first and in the same order.

mod call;
mod duration;
mod label;
mod modifier;
mod operator;
mod unexpected;

pub(crate) use call::Args;
pub(crate) use duration::Dur;
pub(crate) use operator::Modifiers;
pub(crate) use unexpected::{cut, describe};

use crate::ast::{ErrorExpr, Expr, NumberLiteral, ParenExpr, StringLiteral};
use crate::check;
use crate::error::{ErrorKind, MAX_ERRORS, ParseError};
use crate::lex::unquote_bytes;
use crate::{Options, Span};

/// What came of a text.
#[derive(Debug)]
pub(crate) enum Tree {
    Expr(Node),
    Selector(Node),
    Nothing,
}

/// An expression and the height of its tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) expr: Expr,
    pub(crate) depth: u32,
}

impl Node {
    pub(crate) fn leaf(expr: impl Into<Expr>) -> Self {
        Self { expr: expr.into(), depth: 1 }
    }

    fn error(parts: Vec<Expr>, span: Span, depth: u32) -> Self {
        Self { expr: ErrorExpr { parts, span }.into(), depth }
    }

    pub(crate) fn span(&self) -> Span {
        self.expr.span()
    }
}

/// What the rules of the grammar work on.
#[derive(Debug)]
pub(crate) struct Build<'input> {
    pub(super) text: &'input str,
    pub(super) options: Options,
    pub(crate) errors: Vec<ParseError>,
    /// What is wrong with the types in trees that were given up because of their depth.
    pub(crate) type_errors: Vec<ParseError>,
    /// Where the first tree became too deep.
    pub(crate) too_deep: Option<Span>,
}

impl<'input> Build<'input> {
    pub(crate) fn new(text: &'input str, options: Options) -> Self {
        Self { text, options, errors: Vec::new(), type_errors: Vec::new(), too_deep: None }
    }

    pub(crate) fn error(&mut self, kind: ErrorKind, span: Span) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ParseError::new(kind, span, self.text));
        }
    }

    fn slice(&self, span: Span) -> &'input str {
        span.slice(self.text).unwrap_or_default()
    }

    /// Room for a node above a tree of this height. A tree that is too high is checked and then given up.
    fn under(&mut self, node: Node) -> Node {
        if node.depth < self.options.max_depth {
            return node;
        }
        let span = node.span();
        self.too_deep.get_or_insert(span);
        let mut expr = node.expr;
        check::check(&mut expr, self.text, &[], &self.errors, &mut self.type_errors);
        Node::error(Vec::new(), span, 1)
    }

    pub(crate) fn missing(&mut self, span: Span) -> Node {
        Node::error(Vec::new(), span, 1)
    }

    pub(crate) fn paren(&mut self, within: Node, span: Span) -> Node {
        let within = self.under(within);
        Node { depth: within.depth + 1, expr: ParenExpr { expr: within.expr, span }.into() }
    }

    pub(crate) fn string(&mut self, span: Span) -> Node {
        let (value, bytes) = match String::from_utf8(unquote_bytes(self.slice(span)).into_owned()) {
            Ok(text) => (text, None),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(error.into_bytes().into())),
        };
        Node::leaf(StringLiteral { value: value.into(), bytes, span })
    }

    pub(crate) fn number(&mut self, span: Span) -> NumberLiteral {
        let value = super::number::parse(self.slice(span)).unwrap_or_else(|kind| {
            let value = if let ErrorKind::Number(_) = kind { f64::INFINITY } else { 0.0 };
            self.error(kind, span);
            value
        });
        NumberLiteral { value, is_duration: false, span }
    }
}
