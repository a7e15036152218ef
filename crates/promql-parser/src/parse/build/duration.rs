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

    pub(crate) fn duration_number(&mut self, number: NumberLiteral) -> DurationExpr {
        if is_out_of_range(number.value) {
            self.error(ErrorKind::DurationOutOfRange, number.span);
            return DurationExpr::Error(number.span);
        }
        DurationExpr::Number(number)
    }

    /// An expression that is not a mere number.
    pub(crate) fn duration_expr(&mut self, expr: DurationExpr) -> DurationExpr {
        if !self.options.duration_expressions {
            self.error(ErrorKind::DurationExpressionNotEnabled, expr.span());
        }
        expr
    }

    pub(crate) fn duration_unary(&mut self, start: u32, op: UnaryOp, expr: DurationExpr) -> DurationExpr {
        let span = Span::new(start, expr.span().end);
        match (expr, op) {
            (DurationExpr::Number(number), _) => DurationExpr::Number(negated(number, op, start)),
            (expr, UnaryOp::Plus) => expr,
            (expr, UnaryOp::Minus) => DurationExpr::Unary { op, expr: Box::new(expr), span },
        }
    }

    pub(crate) fn duration_binary(
        &mut self,
        lhs: DurationExpr,
        op: DurationOp,
        op_span: Span,
        rhs: DurationExpr,
    ) -> DurationExpr {
        let span = lhs.span().to(rhs.span());
        let lhs = self.duration_expr(lhs);
        let zero = matches!(&rhs, DurationExpr::Number(number) if number.value == 0.0);
        let wrong = match op {
            DurationOp::Div if zero => ErrorKind::DivisionByZero,
            DurationOp::Mod if zero => ErrorKind::ModuloByZero,
            _ => return DurationExpr::Binary { op, lhs: Box::new(lhs), rhs: Box::new(rhs), span },
        };
        self.error(wrong, op_span);
        DurationExpr::Error(span)
    }

    pub(crate) fn duration_paren(&mut self, expr: DurationExpr, span: Span) -> DurationExpr {
        let expr = Box::new(self.duration_expr(expr));
        DurationExpr::Paren { expr, span }
    }

    /// A range or step.
    pub(crate) fn positive(&mut self, expr: DurationExpr) -> DurationArg {
        match expr {
            DurationExpr::Number(number) if number.value <= 0.0 => {
                self.error(ErrorKind::DurationNotPositive, number.span);
                error(number.span)
            }
            expr => self.duration_arg(expr),
        }
    }

    pub(crate) fn duration_arg(&mut self, expr: DurationExpr) -> DurationArg {
        match expr {
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

    pub(crate) fn offset_signed_call(&mut self, start: u32, op: UnaryOp, call: DurationExpr) -> DurationArg {
        let span = Span::new(start, call.span().end);
        let expr = self.duration_expr(DurationExpr::Unary { op, expr: Box::new(call), span });
        DurationArg::Expr(Box::new(expr))
    }

    /// `-(…)`, whose span is that of the parentheses.
    pub(crate) fn offset_signed_paren(
        &mut self,
        start: u32,
        op: UnaryOp,
        expr: DurationExpr,
        span: Span,
    ) -> DurationArg {
        let paren = DurationExpr::Paren { expr: Box::new(expr), span };
        let expr = self.duration_unary(start, op, paren);
        DurationArg::Expr(Box::new(expr))
    }
}
