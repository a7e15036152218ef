//! `and`, `or` and `unless`.

use promd_promql_parser::ast::BinaryOp;

use super::matching::Signatures;
use crate::column::Series;
use crate::error::Result;
use crate::eval::{Evaluator, Merged, Sink};
use crate::plan::{Binary, Node};

pub(super) fn eval(evaluator: &Evaluator<'_>, node: &Node, e: &Binary, sink: Sink<'_>) -> Result<()> {
    if e.op == BinaryOp::Or { union(evaluator, node, e, sink) } else { filter(evaluator, node, e, sink) }
}

/// The left side where the right one has something, or has nothing.
fn filter(evaluator: &Evaluator<'_>, node: &Node, e: &Binary, sink: Sink<'_>) -> Result<()> {
    let mut signatures = Signatures::new(&e.matching);
    let mut present: Vec<Vec<bool>> = Vec::new();
    let right = evaluator.eval(&e.rhs, &mut |series| {
        let at = signatures.find(&series.labels);
        if at == present.len() {
            evaluator.charge(node.steps.count)?;
            present.push(vec![false; node.steps.count]);
        }
        series.column.points().for_each(|(step, _)| present[at][step] = true);
        Ok(())
    });
    if let Err(error) = right {
        // If there is something wrong with the left side too, that is what counts.
        evaluator.eval(&e.lhs, &mut |_| Ok(()))?;
        return Err(error);
    }
    let wanted = e.op == BinaryOp::And;
    evaluator.eval(&e.lhs, &mut |series| {
        let known = signatures.known(&series.labels);
        let on_the_right = |step: usize| known.is_some_and(|at| present[at][step]);
        for step in 0..node.steps.count {
            if on_the_right(step) != wanted {
                series.column.remove(step);
            }
        }
        if series.column.is_blank() { Ok(()) } else { sink(series) }
    })
}

/// The left side, and the right one where the left one has nothing.
fn union(evaluator: &Evaluator<'_>, node: &Node, e: &Binary, sink: Sink<'_>) -> Result<()> {
    let mut signatures = Signatures::new(&e.matching);
    let mut present: Vec<Vec<bool>> = Vec::new();
    // Two series with the same labels can only be of both sides and of different signatures, as with `on`. What comes
    // of an instant query is looked at in the end if names are still to be dropped.
    let apart = node.steps.is_single() && evaluator.options.delayed_name_removal;
    let mut all = Merged::default();
    let mut separate: Vec<Series> = Vec::new();
    let mut add = |series: Series| {
        if apart {
            separate.push(series);
            return Ok(());
        }
        all.add(series)
    };
    evaluator.eval(&e.lhs, &mut |series| {
        let at = signatures.find(&series.labels);
        if at == present.len() {
            evaluator.charge(node.steps.count)?;
            present.push(vec![false; node.steps.count]);
        }
        series.column.points().for_each(|(step, _)| present[at][step] = true);
        evaluator.hold(series)?;
        add(series.take())
    })?;
    evaluator.eval(&e.rhs, &mut |series| {
        if let Some(at) = signatures.known(&series.labels) {
            (0..node.steps.count).filter(|step| present[at][*step]).for_each(|step| series.column.remove(step));
        }
        if series.column.is_blank() {
            return Ok(());
        }
        evaluator.hold(series)?;
        add(series.take())
    })?;
    evaluator.release(&all.series);
    evaluator.release(&separate);
    all.series.iter_mut().chain(&mut separate).try_for_each(sink)
}
