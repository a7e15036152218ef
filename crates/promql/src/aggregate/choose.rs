//! `topk`, `bottomk`, `limitk` and `limit_ratio`: some series of each group, step by step.

use std::sync::Arc;

use hashbrown::HashMap;
use promd_budget::Charge;
use promd_model::{FloatHistogram, Labels, float};
use promd_promql_parser::ast::AggregateOp;

use super::Groups;
use crate::QueryError;
use crate::annotations::Note;
use crate::column::{Column, Point, Series};
use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::functions::compare_values;
use crate::plan::{Aggregate, Node};

/// A sample that may be chosen: of which series, and what.
#[derive(Debug, Clone)]
struct Chosen {
    series: usize,
    value: f64,
    histogram: Option<Arc<FloatHistogram>>,
}

#[expect(clippy::cast_possible_truncation, reason = "checked before")]
pub(super) fn eval(evaluator: &Evaluator<'_>, node: &Node, e: &Aggregate, sink: Sink<'_>) -> Result<()> {
    let steps = node.steps.count;
    let params = match &e.param {
        Some(param) => evaluator.scalar(param)?,
        None => Vec::new(),
    };
    match judge(evaluator, node, e, &params) {
        Ok(true) => {}
        // What is to be said of the operand comes first.
        nothing => {
            evaluator.eval(&e.expr, &mut |_| Ok(()))?;
            return nothing.map(drop);
        }
    }
    let mut finder = Groups::new(e);
    // By group and step.
    let mut chosen: Vec<Vec<Vec<Chosen>>> = Vec::new();
    let mut names: Vec<(Labels, bool)> = Vec::new();
    let mut charge = Charge::empty(&evaluator.account());
    // How many series of each group were seen; beyond the greatest number asked for, one takes the place of another.
    let mut seen: Vec<usize> = Vec::new();
    let most = match e.op {
        AggregateOp::LimitRatio => f64::INFINITY,
        _ => params.iter().copied().fold(0.0, f64::max),
    };
    evaluator.eval(&e.expr, &mut |series| {
        let (at, new) = finder.find(&series.labels);
        if new.is_some() {
            charge.grow(steps * size_of::<Vec<Chosen>>())?;
            chosen.push(vec![Vec::new(); steps]);
            seen.push(0);
        }
        seen[at] += 1;
        if seen[at] as f64 <= most {
            // Lists grow by doubling, from four on.
            charge.grow(if seen[at] == 1 { 4 } else { 2 } * steps * size_of::<Chosen>())?;
        }
        let mut used = false;
        for (step, point) in series.column.points() {
            let one = match point {
                Point::Float(value) => Chosen { series: names.len(), value, histogram: None },
                Point::Histogram(histogram) => {
                    Chosen { series: names.len(), value: 0.0, histogram: Some(Arc::clone(histogram)) }
                }
            };
            let list = &mut chosen[at][step];
            let param = params[step];
            used |= match e.op {
                AggregateOp::LimitRatio => {
                    let taken = in_ratio(&series.labels, param);
                    if taken {
                        insert(list, one, i64::MAX, true);
                    }
                    taken
                }
                AggregateOp::LimitK => {
                    let taken = (list.len() as i64) < param as i64;
                    if taken {
                        insert(list, one, i64::MAX, true);
                    }
                    taken
                }
                _ if one.histogram.is_some() => {
                    if param as i64 > 0 {
                        evaluator.notes.add(Note::IgnoredInAggregation(e.op.as_str()), node.span);
                    }
                    false
                }
                op => insert(list, one, param as i64, op == AggregateOp::TopK),
            };
        }
        charge.grow(3 * size_of::<(Labels, bool)>() + if used { series.labels.as_packed().len() } else { 0 })?;
        // The labels of what is not chosen at any step so far are not kept.
        names.push((if used { series.labels.clone() } else { Labels::empty() }, series.drop_name));
        Ok(())
    })?;
    if matches!(e.op, AggregateOp::TopK | AggregateOp::BottomK) {
        let descending = e.op == AggregateOp::TopK;
        for list in chosen.iter_mut().flatten() {
            list.sort_by(|a, b| compare_values(a.value, b.value, descending));
        }
    }
    give(chosen, &names, steps, sink)
}

/// Looks at the parameters. `false` if nothing can come of them.
fn judge(evaluator: &Evaluator<'_>, node: &Node, e: &Aggregate, params: &[f64]) -> Result<bool> {
    // Numbers only: a NaN is looked for by itself.
    let numbers = || params.iter().copied().filter(|param| !param.is_nan());
    let (greatest, least) = (numbers().fold(f64::NEG_INFINITY, f64::max), numbers().fold(f64::INFINITY, f64::min));
    let has_nan = params.iter().any(|param| param.is_nan());
    let place = e.param.as_ref().map_or(e.expr.span, |param| param.span);
    if e.op == AggregateOp::LimitRatio {
        if greatest == 0.0 && least == 0.0 && !has_nan {
            return Ok(false);
        }
        if has_nan {
            return Err(QueryError::execution("Ratio value is NaN"));
        }
        for (got, capped, wrong) in [(greatest, 1.0, greatest > 1.0), (least, -1.0, least < -1.0)] {
            if wrong {
                evaluator.notes.add_of(Note::InvalidRatio { got, capped }, place, node.span);
            }
        }
        return Ok(true);
    }
    if greatest < 1.0 && !has_nan {
        return Ok(false);
    }
    if has_nan {
        return Err(QueryError::execution("Parameter value is NaN"));
    }
    // 2^63.
    let limit = 9_223_372_036_854_775_808.0;
    if least <= -limit {
        return Err(QueryError::execution(format!("Scalar value {} underflows int64", float::g(least))));
    }
    if greatest >= limit {
        return Err(QueryError::execution(format!("Scalar value {} overflows int64", float::g(greatest))));
    }
    Ok(true)
}

/// Whether a share of all series, by the hash of their labels, holds this one.
#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
fn in_ratio(labels: &Labels, ratio: f64) -> bool {
    let ratio = ratio.clamp(-1.0, 1.0);
    let offset = labels.hash() as f64 / u64::MAX as f64;
    if ratio >= 0.0 { offset < ratio } else { offset >= 1.0 + ratio }
}

/// Keeps the best so many in a heap with the worst at its root. Which of equal ones stay is decided by the heap, as in
/// Prometheus: by the steps of Go's `container/heap`.
fn insert(heap: &mut Vec<Chosen>, one: Chosen, most: i64, descending: bool) -> bool {
    let is_worse = |a: f64, b: f64| if descending { a < b } else { a > b };
    let less = |a: &Chosen, b: &Chosen| a.value.is_nan() || is_worse(a.value, b.value);
    if i64::try_from(heap.len()).unwrap_or(i64::MAX) < most {
        heap.push(one);
        let mut at = heap.len() - 1;
        while at > 0 && less(&heap[at], &heap[(at - 1) / 2]) {
            heap.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        return true;
    }
    let Some(root) = heap.first_mut() else { return false };
    if !(is_worse(root.value, one.value) || (root.value.is_nan() && !one.value.is_nan())) {
        return false;
    }
    *root = one;
    let mut at = 0;
    while let Some(left) = heap.get(2 * at + 1) {
        let right = heap.get(2 * at + 2).is_some_and(|right| less(right, left));
        let child = 2 * at + 1 + usize::from(right);
        if !less(&heap[child], &heap[at]) {
            break;
        }
        heap.swap(at, child);
        at = child;
    }
    true
}

/// Hands out what was chosen: group after group, and for a single step in the order of choice.
fn give(chosen: Vec<Vec<Vec<Chosen>>>, names: &[(Labels, bool)], steps: usize, sink: Sink<'_>) -> Result<()> {
    let mut known: HashMap<usize, usize> = HashMap::new();
    let mut all: Vec<Series> = Vec::new();
    for group in chosen {
        for (step, list) in group.into_iter().enumerate() {
            for one in list {
                let at = *known.entry(one.series).or_insert_with(|| {
                    let (labels, drop_name) = names[one.series].clone();
                    all.push(Series { labels, drop_name, column: Column::absent(steps) });
                    all.len() - 1
                });
                match one.histogram {
                    Some(histogram) => all[at].column.set_histogram(step, histogram),
                    None => all[at].column.set(step, one.value),
                }
            }
        }
    }
    all.iter_mut().try_for_each(sink)
}
