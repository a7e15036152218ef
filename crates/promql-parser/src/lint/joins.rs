//! Labels that are asked for where there are none: in `by`, `without`, `on` and `group_left`, and in matching itself.

use promd_model::Matcher;

use super::labels::Facts;
use super::{Fix, Lints, Rule};
use crate::Span;
use crate::ast::{
    AggregateExpr, AggregateOp, BinaryExpr, BinaryOp, Call, Cardinality, Expr, Name, VectorMatching, VectorSelector,
};

/// What is known of the labels of an expression's series. What is wrong below is reported on the way.
pub(super) fn facts<'a>(expr: &'a Expr, lints: &mut Lints<'_>) -> Facts<'a> {
    match expr {
        Expr::Aggregate(e) => aggregate(e, lints),
        Expr::Binary(e) => binary(e, lints),
        Expr::Call(e) => call(e, lints),
        Expr::Paren(e) => facts(&e.expr, lints),
        Expr::Unary(e) => facts(&e.expr, lints),
        Expr::Subquery(e) => facts(&e.expr, lints),
        Expr::Matrix(e) => Facts::selected(matchers(&e.vector)),
        Expr::Vector(e) => Facts::selected(matchers(e)),
        Expr::Number(_) | Expr::String(_) => Facts::none(),
        Expr::Error(e) => {
            for part in &e.parts {
                facts(part, lints);
            }
            Facts::anything()
        }
    }
}

fn matchers(selector: &VectorSelector) -> impl Iterator<Item = &Matcher> {
    selector.matchers.iter().map(|matcher| &matcher.matcher)
}

fn text_of(expr: Option<&Expr>) -> Option<&str> {
    match expr.map(Expr::without_parens) {
        Some(Expr::String(text)) => Some(&text.value),
        _ => None,
    }
}

fn call<'a>(e: &'a Call, lints: &mut Lints<'_>) -> Facts<'a> {
    let mut args: Vec<Facts<'_>> = e.args.iter().map(|arg| facts(arg, lints)).collect();
    // The vector comes first, but for these.
    let last = matches!(e.function.name, "histogram_quantile" | "histogram_fraction" | "quantile_over_time");
    let at = if last { args.len().saturating_sub(1) } else { 0 };
    let mut vector = if at < args.len() { args.swap_remove(at) } else { Facts::none() };
    match e.function.name {
        "label_replace" | "label_join" | "histogram_quantiles" => match text_of(e.args.get(1)) {
            Some(label) => {
                vector.add(label);
                vector
            }
            None => Facts::anything(),
        },
        "histogram_quantile" | "histogram_fraction" => {
            vector.remove("le");
            vector
        }
        "info" => {
            let mut anything = Facts::anything();
            vector.certain().for_each(|(label, value)| anything.add_certain(label, value));
            anything
        }
        "absent" | "absent_over_time" => match e.args.first().map(Expr::without_parens) {
            Some(Expr::Vector(selector)) => Facts::absent(matchers(selector)),
            Some(Expr::Matrix(selector)) => Facts::absent(matchers(&selector.vector)),
            _ => Facts::none(),
        },
        "scalar" | "vector" | "time" | "pi" => Facts::none(),
        _ => vector,
    }
}

fn aggregate<'a>(e: &'a AggregateExpr, lints: &mut Lints<'_>) -> Facts<'a> {
    if let Some(param) = &e.param {
        facts(param, lints);
    }
    let mut inner = facts(&e.expr, lints);
    let labels = e.grouping.as_ref().map_or(&[][..], |grouping| &grouping.labels);
    for (index, label) in labels.iter().enumerate().filter(|(_, label)| !inner.may_have(&label.text)) {
        let keyword = if e.grouping.as_ref().is_some_and(|grouping| grouping.without) { "without" } else { "by" };
        let reason = format!("{keyword} ({label}): what is aggregated has no label {label}");
        let fix = removal(|at| labels.get(at).map(|label| label.span), index, lints);
        lints.report(Rule::ImpossibleGrouping, label.span, reason, fix);
    }
    if let AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio = e.op {
        return inner;
    }
    match &e.grouping {
        Some(grouping) if grouping.without => labels.iter().for_each(|label| inner.remove(&label.text)),
        _ => inner.keep(labels.iter().map(|label| &*label.text)),
    }
    if e.op == AggregateOp::CountValues {
        match text_of(e.param.as_ref()) {
            Some(label) => inner.add_certain(label, None),
            None => return Facts::anything(),
        }
    }
    inner
}

/// Takes one of a list of labels or matchers out, with a comma beside it.
pub(super) fn removal(span_of: impl Fn(usize) -> Option<Span>, index: usize, lints: &Lints<'_>) -> Option<Fix> {
    let span = span_of(index)?;
    let cut = match (span_of(index + 1), index.checked_sub(1).and_then(&span_of)) {
        (Some(next), _) => Span::new(span.start, next.start),
        (None, Some(previous)) => Span::new(previous.end, span.end),
        (None, None) => {
            // A comma may follow, which cannot stand alone.
            let behind = lints.text.get(span.end as usize..)?;
            let rest = behind.trim_start().strip_prefix(',').unwrap_or(behind);
            Span::new(span.start, span.end + u32::try_from(behind.len() - rest.len()).ok()?)
        }
    };
    let comment = lints.between(cut.start, span.start).contains('#') || lints.between(span.end, cut.end).contains('#');
    (!comment).then(|| Fix { span: cut, replacement: String::new() })
}

fn binary<'a>(e: &'a BinaryExpr, lints: &mut Lints<'_>) -> Facts<'a> {
    let (left, right) = (facts(&e.lhs, lints), facts(&e.rhs, lints));
    let Some(matching) = &e.matching else {
        // One side is a scalar, and the labels are those of the other.
        let left_is_scalar = e.lhs.value_type() == Some(crate::ValueType::Scalar);
        return if left_is_scalar { right } else { left };
    };
    if matching.on {
        lost_labels(e, matching, &left, &right, lints);
    } else {
        never_matches(e, matching, &left, &right, lints);
    }
    included_labels(matching, &left, &right, lints);
    result(e, matching, left, right)
}

fn lost_labels(e: &BinaryExpr, matching: &VectorMatching, left: &Facts<'_>, right: &Facts<'_>, lints: &mut Lints<'_>) {
    for label in &matching.labels {
        let sides = match (left.may_have(&label.text), right.may_have(&label.text)) {
            (true, true) => {
                differing_values(e, &label.text, left, right, lints);
                continue;
            }
            (false, true) => "the left side has",
            (true, false) => "the right side has",
            (false, false) => "both sides have",
        };
        lints.report(Rule::OnLostLabel, label.span, format!("on ({label}): {sides} no label {label}"), None);
    }
}

fn included_labels(matching: &VectorMatching, left: &Facts<'_>, right: &Facts<'_>, lints: &mut Lints<'_>) {
    let (keyword, one, side) = match matching.cardinality {
        Cardinality::ManyToOne => ("group_left", right, "right"),
        Cardinality::OneToMany => ("group_right", left, "left"),
        Cardinality::OneToOne | Cardinality::ManyToMany => return,
    };
    for (index, label) in matching.include.iter().enumerate().filter(|(_, label)| !one.may_have(&label.text)) {
        let reason = format!("{keyword} ({label}): the {side} side has no label {label}");
        let fix = removal(|at| matching.include.get(at).map(|label| label.span), index, lints);
        lints.report(Rule::OnLostLabel, label.span, reason, fix);
    }
}

fn never_matches(
    e: &BinaryExpr,
    matching: &VectorMatching,
    left: &Facts<'_>,
    right: &Facts<'_>,
    lints: &mut Lints<'_>,
) {
    let ignored = |label: &str| matching.labels.iter().any(|ignored| *ignored.text == *label);
    for (has, lacks, side) in [(left, right, "right"), (right, left, "left")] {
        for (label, _) in has.certain().filter(|(label, _)| !ignored(label)) {
            if !lacks.may_have(label) {
                let label = Name::new(label);
                let reason = format!(
                    "{} never matches: each series of one side has a label {label}, and the {side} side has none",
                    e.op
                );
                return report_no_match(e, matching, reason, lints);
            }
        }
    }
    for (label, _) in left.certain().filter(|(label, _)| !ignored(label)) {
        if differing_values(e, label, left, right, lints) {
            return;
        }
    }
}

/// Reports a label that has one value on the left and another on the right.
fn differing_values(e: &BinaryExpr, label: &str, left: &Facts<'_>, right: &Facts<'_>, lints: &mut Lints<'_>) -> bool {
    let (Some(a), Some(b), Some(matching)) = (left.value(label), right.value(label), &e.matching) else { return false };
    if a == b {
        return false;
    }
    let reason = format!("{} never matches: {} is {a:?} on the left and {b:?} on the right", e.op, Name::new(label));
    report_no_match(e, matching, reason, lints);
    true
}

fn report_no_match(e: &BinaryExpr, matching: &VectorMatching, reason: String, lints: &mut Lints<'_>) {
    // `or` is for sides that differ, and so is filling in.
    if e.op != BinaryOp::Or && matching.fill.is_none() {
        lints.report(Rule::NeverMatches, e.op_span, reason, None);
    }
}

/// What is known of the result.
fn result<'a>(e: &'a BinaryExpr, matching: &'a VectorMatching, left: Facts<'a>, right: Facts<'a>) -> Facts<'a> {
    let include = || matching.include.iter().map(|label| &*label.text);
    let (mut own, other) = match matching.cardinality {
        _ if e.op == BinaryOp::Or => return left.or(&right),
        _ if e.op.is_set() => return left,
        _ if !matching.fill.is_none() => return left.or(&right),
        Cardinality::OneToMany => (right, left),
        _ => (left, right),
    };
    // What was matched is on both sides, so what is certain of one side is certain of the other.
    let matched = |label: &str| matching.labels.iter().any(|name| *name.text == *label) == matching.on;
    for (label, value) in other.certain().filter(|(label, _)| matched(label)) {
        let value = value.or(own.value(label));
        own.add_certain(label, value);
    }
    if matching.cardinality == Cardinality::OneToOne {
        if matching.on {
            own.keep(matching.labels.iter().map(|label| &*label.text));
        } else {
            matching.labels.iter().for_each(|label| own.remove(&label.text));
        }
    } else {
        include().for_each(|label| if other.may_have(label) { own.add(label) } else { own.remove(label) });
    }
    own
}
