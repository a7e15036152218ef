//! Ranges, subqueries, `offset`, `@`, `anchored` and `smoothed`.

use promd_model::{Duration, Millis};

use super::{Build, Node};
use crate::Span;
use crate::ast::{
    At, AtModifier, DurationArg, Expr, MatrixSelector, RangeMode, RangeModifier, Subquery, VectorSelector,
};
use crate::error::ErrorKind;

/// 2^63: times beyond are refused.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

fn is_set(offset: Option<&DurationArg>) -> bool {
    // An offset of zero is none.
    offset.is_some_and(|offset| offset.as_fixed() != Some(Duration::ZERO))
}

impl Build<'_> {
    /// `e[d]`
    pub(crate) fn matrix(&mut self, node: Node, range: DurationArg, brackets: Span) -> Node {
        let span = Span::new(node.span().start, brackets.end);
        let Expr::Vector(vector) = node.expr else {
            let wrong = !matches!(node.expr, Expr::Error(_));
            if wrong {
                self.error(ErrorKind::RangeOfOther, brackets);
            }
            let node = self.under(node);
            return Node::error(vec![node.expr], span, node.depth + 1);
        };
        if is_set(vector.offset.as_ref()) {
            self.error(ErrorKind::OffsetBeforeRange, brackets);
        } else if vector.at.is_some() {
            self.error(ErrorKind::AtBeforeRange, brackets);
        }
        Node { expr: MatrixSelector { vector: *vector, range, span }.into(), depth: node.depth + 1 }
    }

    /// `e[d:s]`
    pub(crate) fn subquery(&mut self, node: Node, range: DurationArg, step: Option<DurationArg>, end: u32) -> Node {
        let node = self.under(node);
        let span = Span::new(node.span().start, end);
        let expr = Subquery { expr: node.expr, range, step, offset: None, at: None, span };
        Node { expr: expr.into(), depth: node.depth + 1 }
    }

    /// `e offset d`
    pub(crate) fn offset(&mut self, mut node: Node, offset: DurationArg, end: u32) -> Node {
        let span = node.span();
        let Some(parts) = Parts::of(&mut node.expr) else {
            self.misplaced(&node, "offset");
            return node;
        };
        *parts.end = end;
        if is_set(parts.offset.as_ref()) {
            self.error(ErrorKind::OffsetTwice, span);
        } else {
            *parts.offset = Some(offset);
        }
        node
    }

    /// `e @ seconds`
    pub(crate) fn at_time(&mut self, node: Node, seconds: f64, at: Span) -> Node {
        if !(-LIMIT < seconds && seconds < LIMIT) {
            let text = match seconds {
                f64::INFINITY => "+Inf".to_owned(),
                f64::NEG_INFINITY => "-Inf".to_owned(),
                _ => format!("{seconds:.6}"),
            };
            self.error(ErrorKind::TimestampOutOfBounds(text), node.span());
        }
        self.at(node, At::Time(Millis::from_secs_f64(seconds)), at)
    }

    /// `e @ start()`
    pub(crate) fn at(&mut self, mut node: Node, at: At, at_span: Span) -> Node {
        let span = node.span();
        let Some(parts) = Parts::of(&mut node.expr) else {
            self.misplaced(&node, "@");
            return node;
        };
        *parts.end = at_span.end;
        if parts.at.is_some() {
            self.error(ErrorKind::AtTwice, span);
        } else {
            *parts.at = Some(AtModifier { at, span: at_span });
        }
        node
    }

    fn misplaced(&mut self, node: &Node, modifier: &'static str) {
        match node.expr {
            // A range of what is no selector: Prometheus says the same again.
            Expr::Error(_) => {}
            _ => self.error(ErrorKind::ModifierOfOther(modifier), node.span()),
        }
    }

    /// `e anchored`
    pub(crate) fn mode(&mut self, mut node: Node, mode: RangeMode, mode_span: Span) -> Node {
        let span = node.span();
        if !self.options.extended_range_selectors {
            self.error(ErrorKind::ModeNotEnabled(mode), span);
            return node;
        }
        let (vector, end) = match &mut node.expr {
            Expr::Vector(vector) => (&mut **vector, None),
            Expr::Matrix(matrix) => (&mut matrix.vector, Some(&mut matrix.span.end)),
            Expr::Error(_) => return node,
            other => {
                let kind = match other {
                    Expr::Subquery(_) => ErrorKind::ModeOfSubquery(mode),
                    _ => ErrorKind::ModeOfOther(mode),
                };
                self.error(kind, span);
                return node;
            }
        };
        let both = vector.mode.is_some_and(|other| other.mode != mode);
        vector.mode = Some(RangeModifier { mode, span: mode_span });
        *end.unwrap_or(&mut vector.span.end) = mode_span.end;
        if both {
            self.error(ErrorKind::BothModes, span);
        }
        node
    }
}

/// What modifiers are kept in.
struct Parts<'a> {
    offset: &'a mut Option<DurationArg>,
    at: &'a mut Option<AtModifier>,
    end: &'a mut u32,
}

impl<'a> Parts<'a> {
    fn of(expr: &'a mut Expr) -> Option<Self> {
        Some(match expr {
            Expr::Vector(vector) => {
                let VectorSelector { offset, at, span, .. } = &mut **vector;
                Self { offset, at, end: &mut span.end }
            }
            Expr::Matrix(matrix) => {
                let MatrixSelector { vector, span, .. } = &mut **matrix;
                Self { offset: &mut vector.offset, at: &mut vector.at, end: &mut span.end }
            }
            Expr::Subquery(subquery) => {
                let Subquery { offset, at, span, .. } = &mut **subquery;
                Self { offset, at, end: &mut span.end }
            }
            _ => return None,
        })
    }
}
