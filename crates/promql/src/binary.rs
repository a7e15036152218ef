//! Operators with two sides.

mod matching;
mod pair;
mod sets;

use promd_promql_parser::ast::BinaryOp;

use crate::column::{Column, Point};
use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::plan::{Binary, Node};

pub(crate) use pair::of_scalars;

/// Whether an operator makes another metric of what it works on.
const fn changes_metric(op: BinaryOp) -> bool {
    use BinaryOp::{Add, Atan2, Div, Mod, Mul, Pow, Sub};
    matches!(op, Add | Sub | Mul | Div | Mod | Pow | Atan2)
}

/// A vector and a scalar.
pub(crate) fn vector_scalar(evaluator: &Evaluator<'_>, node: &Node, e: &Binary, sink: Sink<'_>) -> Result<()> {
    let (vector, scalar) = if e.swapped { (&e.rhs, &e.lhs) } else { (&e.lhs, &e.rhs) };
    let scalars = match evaluator.scalar(scalar) {
        Ok(scalars) => scalars,
        Err(error) => {
            // If there is something wrong with the left side too, that is what counts.
            if !e.swapped {
                evaluator.eval(vector, &mut |_| Ok(()))?;
            }
            return Err(error);
        }
    };
    let told = pair::Told::new(e.op);
    let mut result = Column::default();
    evaluator.eval(vector, &mut |series| {
        result.reset(node.steps.count);
        for (step, point) in series.column.points() {
            let number = Point::Float(scalars[step]);
            let (lhs, rhs) = if e.swapped { (number, point) } else { (point, number) };
            let Some(outcome) = pair::of_points(step, lhs, rhs, &told) else { continue };
            if e.return_bool {
                result.set(step, f64::from(u8::from(outcome.keep)));
            } else if e.op.is_comparison() && outcome.keep {
                result.put(step, point);
            } else if outcome.keep {
                outcome.put(&mut result, step);
            }
        }
        if result.is_blank() {
            return Ok(());
        }
        std::mem::swap(&mut series.column, &mut result);
        if changes_metric(e.op) || e.return_bool {
            evaluator.drop_name(series);
        }
        sink(series)
    })?;
    told.tell(&evaluator.notes, node.span);
    Ok(())
}

/// Two vectors.
pub(crate) fn vectors(evaluator: &Evaluator<'_>, node: &Node, e: &Binary, sink: Sink<'_>) -> Result<()> {
    if e.op.is_set() { sets::eval(evaluator, node, e, sink) } else { matching::eval(evaluator, node, e, sink) }
}
