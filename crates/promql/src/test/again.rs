//! Evaluations once more, in other ways that must answer the same: with `@` on every selector at other times, and as a
//! range around the time.

use promd_model::Millis;
use promd_promql_parser::ast::{At, AtModifier};
use promd_promql_parser::{Expr, Parser, Span};
use promd_storage::Storage;

use super::compare;
use super::script::Eval;
use crate::{Engine, MatrixSeries, Number, Query, Value, VectorSample};

/// Functions whose result depends on when they are evaluated, whatever their arguments are (`AtModifierUnsafeFunctions`
/// of `promql/functions.go`).
const DEPEND_ON_TIME: [&str; 15] = [
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
    "year",
];
/// How far a range goes to either side.
const MINUTE: i64 = 60_000;

/// Runs an instant evaluation that has answered what it must in all the other ways.
pub(super) fn check(eval: &Eval<'_>, storage: &dyn Storage, engine: &Engine) -> Result<(), String> {
    as_range(eval, eval.text, eval.start, storage, engine)?;
    let Some(pinned) = pinned(eval, engine) else { return Ok(()) };
    let t = eval.start;
    let times = if t == 0 { vec![-1000, 0, 1000] } else { vec![-10 * t, 0, t / 5, t, 10 * t] };
    for at in times {
        let answer = engine.run(&Query::instant(pinned.as_str(), at), storage);
        compare::check(eval, answer).map_err(|error| format!("as {pinned} at {}: {error}", Millis(at).rfc3339()))?;
        as_range(eval, &pinned, at, storage, engine)?;
    }
    Ok(())
}

/// The query with its time on every selector that has none, unless that says something else.
fn pinned(eval: &Eval<'_>, engine: &Engine) -> Option<String> {
    let mut expr = Parser::new(engine.options().parser).parse(eval.text).ok()?;
    let at = AtModifier { at: At::Time(Millis(eval.start)), span: Span::default() };
    pin(&mut expr, at).then(|| expr.to_string())
}

fn pin(expr: &mut Expr, at: AtModifier) -> bool {
    match expr {
        Expr::Vector(vector) => {
            vector.at.get_or_insert(at);
            true
        }
        Expr::Matrix(matrix) => {
            matrix.vector.at.get_or_insert(at);
            true
        }
        // What is within has its time from it.
        Expr::Subquery(subquery) => {
            subquery.at.get_or_insert(at);
            true
        }
        Expr::Call(call) if DEPEND_ON_TIME.contains(&call.function.name) => false,
        other => other.children_mut().all(|child| pin(child, at)),
    }
}

/// The middle of three steps is what the instant query answers.
fn as_range(eval: &Eval<'_>, text: &str, at: i64, storage: &dyn Storage, engine: &Engine) -> Result<(), String> {
    let other_type = eval.string.is_some() || eval.range_vector.is_some();
    let of_the_query = ["start()", "end()", "range()", "step()"].iter().any(|function| text.contains(function));
    if other_type || of_the_query || eval.fail.is_some() {
        return Ok(());
    }
    let failed = |error: String| format!("as a range, {text} at {}: {error}", Millis(at).rfc3339());
    let answer = engine.run(&Query::range(text, at - MINUTE, at + MINUTE, MINUTE), storage);
    let Value::Matrix(series) = answer.map_err(|error| failed(error.to_string()))?.value else {
        return Err(failed("no matrix".to_owned()));
    };
    if eval.ordered {
        return Ok(());
    }
    if !series.is_sorted_by(|a, b| a.labels < b.labels) {
        return Err(failed("the series are not in order, or one comes twice".to_owned()));
    }
    let samples: Vec<VectorSample> = series.iter().filter_map(|series| sample(series, at)).collect();
    let value = match &samples[..] {
        [VectorSample { value: Number::Float(v), .. }] if compare::is_scalar(eval) => Value::Scalar { t: at, v: *v },
        _ => Value::Vector(samples),
    };
    compare::value(eval, &value).map_err(failed)
}

fn sample(series: &MatrixSeries, at: i64) -> Option<VectorSample> {
    let float = series.floats.iter().find(|(t, _)| *t == at).map(|(_, v)| Number::Float(*v));
    let value = float
        .or_else(|| series.histograms.iter().find(|(t, _)| *t == at).map(|(_, h)| Number::Histogram(h.clone())))?;
    Some(VectorSample { labels: series.labels.clone(), t: at, value })
}
