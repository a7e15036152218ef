//! Parentheses around what stands alone anyway.

use super::{Fix, Lints, Rule};
use crate::ast::{BinaryOp, Expr};

pub(super) fn check(expr: &Expr, path: &[&Expr], lints: &mut Lints<'_>) {
    let Expr::Paren(paren) = expr else { return };
    let reason = match (path.last(), &paren.expr) {
        (_, Expr::Error(_)) => return,
        (_, Expr::Paren(_)) => "parentheses around parentheses",
        (None, _) => "parentheses around the whole expression",
        (Some(Expr::Call(_) | Expr::Aggregate(_)), _) => "parentheses around an argument",
        // What a subquery is of is easier to see in parentheses.
        (Some(Expr::Subquery(_)), _) => return,
        // `(-2)^2` is 4 and `-2^2` is not; `-(-2)` is easier to read than `--2`.
        (Some(Expr::Binary(outer)), Expr::Number(number))
            if outer.op == BinaryOp::Pow && number.value.is_sign_negative() =>
        {
            return;
        }
        (Some(Expr::Unary(_)), Expr::Number(_)) => return,
        (_, Expr::Aggregate(_) | Expr::Call(_) | Expr::Matrix(_) | Expr::Number(_) | Expr::Vector(_)) => {
            "parentheses around what stands alone"
        }
        _ => return,
    };
    let (outer, inner) = (paren.span, paren.expr.span());
    let fix = inner.slice(lints.text).and_then(|text| {
        let around = [lints.between(outer.start, inner.start), lints.between(inner.end, outer.end)];
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_:.".contains(c));
        let before = lints.text.get(..outer.start as usize)?.chars().next_back();
        let behind = lints.text.get(outer.end as usize..)?.chars().next();
        let open = if is_word(before) { " " } else { "" };
        let close = if is_word(behind) { " " } else { "" };
        let comment = around.iter().any(|text| text.contains('#')) || text.contains('#');
        (!comment).then(|| Fix { span: outer, replacement: format!("{open}{text}{close}") })
    });
    lints.report(Rule::RedundantParentheses, outer, reason.to_owned(), fix);
}
