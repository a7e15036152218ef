//! Durations of selectors, which may be calculated.

use promd_promql_parser::ast::{DurationArg, DurationExpr, DurationOp, UnaryOp};

use crate::QueryError;
use crate::error::Result;

/// The duration, and where it must be one of some length, in nanoseconds.
pub(super) struct Durations {
    /// Between steps, in seconds.
    pub(super) step: f64,
    /// From the first step to the last, in seconds.
    pub(super) range: f64,
}

impl Durations {
    /// In nanoseconds.
    pub(super) fn resolve(&self, arg: &DurationArg, may_be_negative: bool) -> Result<i64> {
        let expr = match arg {
            DurationArg::Fixed { duration, .. } => return Ok(duration.as_nanos()),
            DurationArg::Expr(expr) => expr,
        };
        let seconds = self.seconds(expr)?;
        let error = |what| error_at(expr, what);
        if !seconds.is_finite() {
            return Err(error("duration is NaN or infinite"));
        }
        if seconds <= 0.0 && !may_be_negative {
            return Err(error("duration must be greater than 0"));
        }
        // 2^63 ns.
        if seconds.abs() > 9_223_372_036.854_776 {
            return Err(error("duration is out of range"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "within the range of nanoseconds by the check above")]
        let millis = (seconds * 1000.0) as i64;
        Ok(millis.saturating_mul(1_000_000))
    }

    fn seconds(&self, expr: &DurationExpr) -> Result<f64> {
        Ok(match expr {
            DurationExpr::Number(number) => number.value,
            DurationExpr::Step(_) => self.step,
            DurationExpr::Range(_) => self.range,
            DurationExpr::Paren { expr, .. } => self.seconds(expr)?,
            DurationExpr::Unary { op: UnaryOp::Plus, expr, .. } => self.seconds(expr)?,
            DurationExpr::Unary { op: UnaryOp::Minus, expr, .. } => -self.seconds(expr)?,
            DurationExpr::Binary { op, lhs, rhs, .. } => {
                let (lhs, rhs) = (self.seconds(lhs)?, self.seconds(rhs)?);
                match op {
                    DurationOp::Add => lhs + rhs,
                    DurationOp::Sub => lhs - rhs,
                    DurationOp::Mul => lhs * rhs,
                    DurationOp::Div if rhs == 0.0 => return Err(error_at(expr, "division by zero")),
                    DurationOp::Div => lhs / rhs,
                    DurationOp::Mod if rhs == 0.0 => return Err(error_at(expr, "modulo by zero")),
                    DurationOp::Mod => lhs % rhs,
                    DurationOp::Pow => promd_model::math::pow(lhs, rhs),
                    DurationOp::MinOf => crate::functions::min(lhs, rhs),
                    DurationOp::MaxOf => crate::functions::max(lhs, rhs),
                }
            }
            _ => return Err(error_at(expr, "unexpected duration expression")),
        })
    }
}

fn error_at(expr: &DurationExpr, what: &str) -> QueryError {
    let span = expr.span();
    QueryError::execution(format!("{}:{}: {what}", span.start, span.end))
}
