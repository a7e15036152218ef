//! Operators and their modifiers.

use super::{Build, Node};
use crate::Span;
use crate::ast::{BinaryExpr, BinaryOp, Cardinality, Expr, Fill, Name, UnaryExpr, UnaryOp, VectorMatching};
use crate::error::ErrorKind;

/// What may stand between an operator and its right side.
#[derive(Debug, Default)]
pub(crate) struct Modifiers {
    return_bool: bool,
    /// `None` if there is nothing but what is meant without.
    matching: Option<Box<VectorMatching>>,
}

impl Modifiers {
    pub(crate) fn with_bool() -> Self {
        Self { return_bool: true, matching: None }
    }

    fn edit(mut self, edit: impl FnOnce(&mut VectorMatching)) -> Self {
        edit(self.matching.get_or_insert_default());
        self
    }

    pub(crate) fn matching(self, on: bool, labels: Vec<Name>) -> Self {
        self.edit(|matching| {
            matching.on = on;
            matching.labels = labels;
        })
    }

    pub(crate) fn group(self, left: bool, include: Option<Vec<Name>>) -> Self {
        self.edit(|matching| {
            matching.cardinality = if left { Cardinality::ManyToOne } else { Cardinality::OneToMany };
            matching.include = include.unwrap_or_default();
        })
    }

    pub(crate) fn fill(self, left: Option<f64>, right: Option<f64>) -> Self {
        self.edit(|matching| matching.fill = Fill { left, right })
    }
}

impl Build<'_> {
    pub(crate) fn binary(&mut self, lhs: Node, op: BinaryOp, op_span: Span, modifiers: Modifiers, rhs: Node) -> Node {
        // Recovery puts in an operator without text.
        if op_span.start == op_span.end {
            return self.side_by_side(lhs, rhs);
        }
        let (lhs, rhs) = (self.under(lhs), self.under(rhs));
        let span = lhs.span().to(rhs.span());
        let Modifiers { return_bool, matching } = modifiers;
        if !self.options.fill_modifiers && matching.as_ref().is_some_and(|matching| !matching.fill.is_none()) {
            self.error(ErrorKind::FillNotEnabled, span);
        }
        let depth = lhs.depth.max(rhs.depth) + 1;
        let matching = Some(matching.unwrap_or_default());
        let expr = BinaryExpr { op, lhs: lhs.expr, rhs: rhs.expr, return_bool, matching, op_span, span };
        Node { expr: expr.into(), depth }
    }

    /// Two expressions with no operator between them: the parts of an error. However many there are in a row, it is one
    /// error, no higher than its parts.
    fn side_by_side(&mut self, lhs: Node, rhs: Node) -> Node {
        let span = lhs.span().to(rhs.span());
        let rhs = self.under(rhs);
        let (mut parts, height) = match lhs {
            Node { expr: Expr::Error(error), depth } => (error.parts, depth),
            other => {
                let lhs = self.under(other);
                (vec![lhs.expr], lhs.depth + 1)
            }
        };
        parts.push(rhs.expr);
        Node::error(parts, span, height.max(rhs.depth + 1))
    }

    pub(crate) fn unary(&mut self, start: u32, op: UnaryOp, operand: Node) -> Node {
        let span = Span::new(start, operand.span().end);
        match operand.expr {
            Expr::Number(mut number) => {
                if op == UnaryOp::Minus {
                    number.value = -number.value;
                }
                number.span = span;
                Node { expr: Expr::Number(number), depth: operand.depth }
            }
            expr => {
                let operand = self.under(Node { expr, depth: operand.depth });
                Node { depth: operand.depth + 1, expr: UnaryExpr { op, expr: operand.expr, span }.into() }
            }
        }
    }
}
