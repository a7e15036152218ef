//! Regular expressions that are none.

use promd_model::{MatchOp, Matcher};
use promd_regex::Candidates;

use super::joins::removal;
use super::{Fix, Lints, Rule};
use crate::Span;
use crate::ast::{Expr, VectorSelector};

pub(super) fn check(expr: &Expr, lints: &mut Lints<'_>) {
    let selector = match expr {
        Expr::Vector(selector) => selector,
        Expr::Matrix(matrix) => &matrix.vector,
        _ => return,
    };
    for (index, matcher) in selector.matchers.iter().enumerate() {
        match matcher.matcher.candidates() {
            Some(Candidates::All) => matches_all(selector, index, lints),
            Some(Candidates::Literals(literals)) if literals.len() == 1 => {
                if let Some(literal) = literals.iter().next() {
                    is_literal(&matcher.matcher, literal, matcher.span, lints);
                }
            }
            _ => {}
        }
    }
}

fn is_literal(matcher: &Matcher, literal: &str, span: Span, lints: &mut Lints<'_>) {
    let op = if matcher.op().is_negative() { MatchOp::NotEqual } else { MatchOp::Equal };
    let Ok(plain) = Matcher::new(op, matcher.name(), literal) else { return };
    let fix = Fix { span, replacement: plain.to_string() };
    let reason = format!("{matcher} is matched by one text only: {plain}");
    lints.report(Rule::LiteralRegex, span, reason, Some(fix));
}

fn matches_all(selector: &VectorSelector, index: usize, lints: &mut Lints<'_>) {
    let Some(matcher) = selector.matchers.get(index) else { return };
    let (reason, fix) = if matcher.matcher.op().is_negative() {
        (format!("nothing passes {}", matcher.matcher), None)
    } else {
        let fix = removal(|at| selector.matchers.get(at).map(|matcher| matcher.span), index, lints);
        (format!("everything passes {}", matcher.matcher), fix)
    };
    lints.report(Rule::RegexMatchesAll, matcher.span, reason, fix);
}
