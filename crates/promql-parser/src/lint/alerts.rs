//! Alerts that fire whatever the values are.

use super::{Fix, Lints, Rule};
use crate::Span;
use crate::ast::{BinaryExpr, BinaryOp, Expr, ValueType};

pub(super) fn check(expr: &Expr, lints: &mut Lints<'_>) {
    if may_be_empty(expr) || is_constant(expr) {
        return;
    }
    let (reason, fix) = match expr.without_parens() {
        Expr::Binary(e) if e.return_bool => (
            "with bool a comparison has a value where it does not hold, too, and the alert fires",
            without_bool(e, lints),
        ),
        _ => ("nothing is compared: the alert fires as long as there is a series", None),
    };
    lints.report(Rule::AlertWithoutComparison, expr.span(), reason.to_owned(), fix);
}

/// An alert that is to fire always, to show that alerting works.
fn is_constant(expr: &Expr) -> bool {
    match expr.without_parens() {
        Expr::Call(call) => call.function.name == "vector" && call.args.iter().all(is_constant),
        Expr::Number(_) => true,
        _ => false,
    }
}

/// Whether values decide what series there are.
fn may_be_empty(expr: &Expr) -> bool {
    match expr {
        Expr::Binary(e) => match e.op {
            BinaryOp::And => may_be_empty(&e.lhs) || may_be_empty(&e.rhs),
            BinaryOp::Unless | BinaryOp::TrimLower | BinaryOp::TrimUpper => true,
            BinaryOp::Or => may_be_empty(&e.lhs) && may_be_empty(&e.rhs),
            op if op.is_comparison() && !e.return_bool => e.value_type() != Some(ValueType::Scalar),
            _ => may_be_empty(&e.lhs) || may_be_empty(&e.rhs),
        },
        Expr::Call(call) => match call.function.name {
            "absent" | "absent_over_time" => true,
            _ => call.args.iter().any(may_be_empty),
        },
        Expr::Aggregate(e) => may_be_empty(&e.expr),
        Expr::Paren(e) => may_be_empty(&e.expr),
        Expr::Unary(e) => may_be_empty(&e.expr),
        Expr::Subquery(e) => may_be_empty(&e.expr),
        Expr::Error(_) => true,
        Expr::Matrix(_) | Expr::Number(_) | Expr::String(_) | Expr::Vector(_) => false,
    }
}

fn without_bool(e: &BinaryExpr, lints: &Lints<'_>) -> Option<Fix> {
    if e.value_type() == Some(ValueType::Scalar) {
        return None;
    }
    let behind = lints.between(e.op_span.end, e.rhs.span().start);
    let word = behind.trim_start();
    word.get(..4).filter(|word| word.eq_ignore_ascii_case("bool"))?;
    let end = e.op_span.end + u32::try_from(behind.len() - word.len() + 4).ok()?;
    Some(Fix { span: Span::new(e.op_span.end, end), replacement: String::new() })
}
