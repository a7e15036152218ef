//! Functions on what they are not for, and on too little of it.

use promd_model::{Duration, METRIC_NAME, MatchOp, Matcher};

use super::{Fix, Lints, Rule};
use crate::Span;
use crate::ast::{AggregateExpr, AggregateOp, Call, DurationArg, Expr, MatrixSelector, VectorSelector};

/// Functions that take counters, and count their resets.
const OF_COUNTERS: [&str; 4] = ["increase", "irate", "rate", "resets"];

/// Functions that need two samples.
const OF_TWO_SAMPLES: [&str; 8] = ["changes", "delta", "deriv", "idelta", "increase", "irate", "rate", "resets"];

/// How the names of counters end.
const COUNTERS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

/// How many intervals a range should span, so that one scrape may fail.
const GOOD_RANGE: i64 = 4;

pub(super) fn check(expr: &Expr, path: &[&Expr], lints: &mut Lints<'_>) {
    let Expr::Call(call) = expr else { return };
    let Some(arg) = call.args.first() else { return };
    if OF_COUNTERS.contains(&call.function.name) {
        match arg.without_parens() {
            Expr::Matrix(matrix) => gauge(call, matrix, path, lints),
            Expr::Subquery(subquery) => {
                if let Expr::Aggregate(aggregate) = subquery.expr.without_parens() {
                    of_aggregate(call, arg, aggregate, lints);
                }
            }
            _ => {}
        }
    }
    if OF_TWO_SAMPLES.contains(&call.function.name) {
        short_range(call, arg.without_parens(), lints);
    }
}

fn name(selector: &VectorSelector) -> Option<&str> {
    let within = || {
        let matchers = selector.matchers.iter().map(|matcher| &matcher.matcher);
        matchers.into_iter().find(|m| m.name() == METRIC_NAME && m.op() == MatchOp::Equal).map(Matcher::value)
    };
    selector.name.as_ref().map(|name| &*name.text).or_else(within)
}

fn gauge(call: &Call, matrix: &MatrixSelector, path: &[&Expr], lints: &mut Lints<'_>) {
    let Some(name) = name(&matrix.vector) else { return };
    // A native histogram is a counter without such a name.
    let of_histogram =
        |expr: &&Expr| matches!(expr, Expr::Call(outer) if outer.function.name.starts_with("histogram_"));
    // Recording rules are called by what they hold: `job:requests:rate5m`.
    if COUNTERS.iter().any(|suffix| name.ends_with(suffix)) || name.contains(':') || path.iter().any(of_histogram) {
        return;
    }
    let function = call.function.name;
    let reason = format!("{function}() is for counters, and {name} is none by its name");
    lints.report(Rule::RateOfGauge, matrix.vector.span, reason, None);
}

fn of_aggregate(call: &Call, arg: &Expr, aggregate: &AggregateExpr, lints: &mut Lints<'_>) {
    if let AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio = aggregate.op {
        return;
    }
    let (function, op) = (call.function.name, aggregate.op);
    let reason =
        format!("{function}() of {op}() takes a reset of one series for a reset of all: aggregate the {function}()");
    let fix = turned_inside_out(call, arg, aggregate, lints);
    lints.report(Rule::RateOfAggregate, call.span, reason, fix);
}

/// `rate(sum(a)[5m:])` as `sum(rate(a[5m]))`.
fn turned_inside_out(call: &Call, arg: &Expr, aggregate: &AggregateExpr, lints: &Lints<'_>) -> Option<Fix> {
    let Expr::Subquery(subquery) = arg.without_parens() else { return None };
    let Expr::Vector(selector) = aggregate.expr.without_parens() else { return None };
    let plain = selector.offset.is_none() && selector.at.is_none() && selector.mode.is_none();
    let comments = lints.between(call.span.start, call.span.end).contains('#');
    if aggregate.op != AggregateOp::Sum || call.function.name == "resets" || !plain || comments {
        return None;
    }
    let mut vector = (**selector).clone();
    (vector.offset, vector.at) = (subquery.offset.clone(), subquery.at);
    let matrix = MatrixSelector { vector, range: subquery.range.clone(), span: Span::default() };
    let inner = Expr::call(call.function.name, [matrix.into()])?;
    let outer = AggregateExpr { expr: inner, ..aggregate.clone() };
    Some(Fix { span: call.span, replacement: Expr::from(outer).to_string() })
}

fn short_range(call: &Call, arg: &Expr, lints: &mut Lints<'_>) {
    let (range, interval, what) = match arg {
        // With these the edges of a range are samples too.
        Expr::Matrix(matrix) if matrix.vector.mode.is_some() => return,
        Expr::Matrix(matrix) => (&matrix.range, lints.linter.scrape_interval, "scrape intervals"),
        Expr::Subquery(subquery) => {
            let Some(step) = subquery.step.as_ref().and_then(DurationArg::as_fixed) else { return };
            (&subquery.range, step, "steps")
        }
        _ => return,
    };
    let Some(duration) = range.as_fixed() else { return };
    if i128::from(duration.as_nanos()) >= 2 * i128::from(interval.as_nanos()) {
        return;
    }
    let function = call.function.name;
    let reason = format!("{function}() needs two samples, and {duration} is shorter than two {what} of {interval}");
    let good = interval.as_nanos().checked_mul(GOOD_RANGE).map(Duration::from_nanos);
    let fix = good.map(|good| Fix { span: range.span(), replacement: good.to_string() });
    lints.report(Rule::ShortRange, range.span(), reason, fix);
}
