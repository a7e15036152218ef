//! Durations.

use promd_model::Duration;

use super::Build;
use crate::Span;
use crate::ast::{DurationArg, DurationExpr, DurationOp, NumberLiteral, UnaryOp};
use crate::error::ErrorKind;

/// 2^63 ns in seconds: what is longer is refused.
const LIMIT: f64 = 9_223_372_036.854_776;

fn is_out_of_range(seconds: f64) -> bool {
    seconds.is_nan() || seconds.abs() > LIMIT
}

fn negated(mut number: NumberLiteral, op: UnaryOp, start: u32) -> NumberLiteral {
    if op == UnaryOp::Minus {
        number.value = -number.value;
    }
    number.span.start = start;
    number
}

fn fixed(number: NumberLiteral) -> DurationArg {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates, and the float is whole")]
    let nanos = (number.value * 1e9).round() as i64;
    DurationArg::Fixed { duration: Duration::from_nanos(nanos), span: number.span }
}

fn error(span: Span) -> DurationArg {
    DurationArg::Expr(Box::new(DurationExpr::Error(span)))
}

/// A duration expression and the height of its tree.
#[derive(Debug)]
pub(crate) struct Dur {
    expr: DurationExpr,
    depth: u32,
}

impl Dur {
    pub(crate) fn leaf(expr: DurationExpr) -> Self {
        Self { expr, depth: 1 }
    }
}

impl Build<'_> {
    /// A duration where a number may stand too.
    pub(crate) fn duration(&mut self, span: Span) -> NumberLiteral {
        let value = match self.slice(span).parse::<Duration>() {
            Ok(duration) => duration.as_secs_f64(),
            Err(error) => {
                self.error(ErrorKind::Duration(error), span);
                0.0
            }
        };
        NumberLiteral { value, is_duration: true, span }
    }

    pub(crate) fn duration_number(&mut self, number: NumberLiteral) -> Dur {
        Dur::leaf(if is_out_of_range(number.value) {
            self.error(ErrorKind::DurationOutOfRange, number.span);
            DurationExpr::Error(number.span)
        } else {
            DurationExpr::Number(number)
        })
    }

    /// `step()` or `range()`
    pub(crate) fn duration_word(&mut self, step: bool, span: Span) -> Dur {
        Dur::leaf(if step { DurationExpr::Step(span) } else { DurationExpr::Range(span) })
    }

    /// An expression that is not a mere number.
    pub(crate) fn duration_expr(&mut self, dur: Dur) -> Dur {
        if !self.options.duration_expressions {
            self.error(ErrorKind::DurationExpressionNotEnabled, dur.expr.span());
        }
        dur
    }

    /// A node above a tree, unless the tree is too high for one.
    fn above(&mut self, dur: Dur, node: impl FnOnce(Box<DurationExpr>) -> DurationExpr) -> Dur {
        let dur = self.room(dur);
        Dur { expr: node(Box::new(dur.expr)), depth: dur.depth + 1 }
    }

    fn room(&mut self, dur: Dur) -> Dur {
        if dur.depth < self.options.max_depth {
            return dur;
        }
        let span = dur.expr.span();
        self.too_deep.get_or_insert(span);
        Dur::leaf(DurationExpr::Error(span))
    }

    pub(crate) fn duration_unary(&mut self, start: u32, op: UnaryOp, dur: Dur) -> Dur {
        let span = Span::new(start, dur.expr.span().end);
        match (dur.expr, op) {
            (DurationExpr::Number(number), _) => Dur::leaf(DurationExpr::Number(negated(number, op, start))),
            (expr, UnaryOp::Plus) => Dur { expr, depth: dur.depth },
            (expr, UnaryOp::Minus) => {
                self.above(Dur { expr, depth: dur.depth }, |expr| DurationExpr::Unary { op, expr, span })
            }
        }
    }

    pub(crate) fn duration_join(&mut self, op: DurationOp, lhs: Dur, rhs: Dur, span: Span) -> Dur {
        let (lhs, rhs) = (self.room(lhs), self.room(rhs));
        let depth = lhs.depth.max(rhs.depth) + 1;
        Dur { expr: DurationExpr::Binary { op, lhs: Box::new(lhs.expr), rhs: Box::new(rhs.expr), span }, depth }
    }

    pub(crate) fn duration_binary(&mut self, lhs: Dur, op: DurationOp, op_span: Span, rhs: Dur) -> Dur {
        let span = lhs.expr.span().to(rhs.expr.span());
        let lhs = self.duration_expr(lhs);
        let zero = matches!(&rhs.expr, DurationExpr::Number(number) if number.value == 0.0);
        let wrong = match op {
            DurationOp::Div if zero => ErrorKind::DivisionByZero,
            DurationOp::Mod if zero => ErrorKind::ModuloByZero,
            _ => return self.duration_join(op, lhs, rhs, span),
        };
        self.error(wrong, op_span);
        Dur::leaf(DurationExpr::Error(span))
    }

    pub(crate) fn duration_paren(&mut self, dur: Dur, span: Span) -> Dur {
        let dur = self.duration_expr(dur);
        self.above(dur, |expr| DurationExpr::Paren { expr, span })
    }

    /// A range or step.
    pub(crate) fn positive(&mut self, dur: Dur) -> DurationArg {
        match dur.expr {
            DurationExpr::Number(number) if number.value <= 0.0 => {
                self.error(ErrorKind::DurationNotPositive, number.span);
                error(number.span)
            }
            _ => self.duration_arg(dur),
        }
    }

    pub(crate) fn duration_arg(&mut self, dur: Dur) -> DurationArg {
        match dur.expr {
            DurationExpr::Number(number) => fixed(number),
            expr => DurationArg::Expr(Box::new(expr)),
        }
    }

    pub(crate) fn offset_number(&mut self, number: NumberLiteral, start: u32) -> DurationArg {
        if is_out_of_range(number.value) {
            self.error(ErrorKind::DurationOutOfRange, Span::new(start, number.span.end));
            return error(number.span);
        }
        fixed(number)
    }

    pub(crate) fn offset_signed(&mut self, start: u32, op: UnaryOp, number: NumberLiteral) -> DurationArg {
        self.offset_number(negated(number, op, start), start)
    }

    pub(crate) fn offset_signed_call(&mut self, start: u32, op: UnaryOp, call: Dur) -> DurationArg {
        let span = Span::new(start, call.expr.span().end);
        let signed = self.above(call, |expr| DurationExpr::Unary { op, expr, span });
        let signed = self.duration_expr(signed);
        self.duration_arg(signed)
    }

    /// `-(…)`, whose span is that of the parentheses.
    pub(crate) fn offset_signed_paren(&mut self, start: u32, op: UnaryOp, dur: Dur, span: Span) -> DurationArg {
        let paren = self.above(dur, |expr| DurationExpr::Paren { expr, span });
        let signed = self.duration_unary(start, op, paren);
        self.duration_arg(signed)
    }
}
