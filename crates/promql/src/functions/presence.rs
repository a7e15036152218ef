//! Whether there is anything, and scalars from vectors and back.

use super::Function::Whole;
use super::Implementation::{self, Instant};
use crate::column::{Column, Series};
use crate::error::Result;
use crate::eval::{self, Evaluator, Sink};
use crate::plan::{self, Call, Node};

pub(super) const TABLE: &[(&str, Implementation)] =
    &[("absent", Instant(Whole(absent))), ("scalar", Instant(Whole(scalar))), ("vector", Instant(Whole(vector)))];

fn absent(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let mut column = Column::floats(vec![1.0; node.steps.count]);
    evaluator.eval(&call.args[0], &mut |series| {
        series.column.points().for_each(|(step, _)| column.remove(step));
        Ok(())
    })?;
    if column.is_blank() {
        return Ok(());
    }
    sink(&mut Series { labels: plan::absent_labels(&call.matchers)?, drop_name: false, column })
}

/// The one float at each step, or NaN if there is none or more.
fn scalar(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let mut values = vec![f64::NAN; node.steps.count];
    let mut seen = vec![0u8; node.steps.count];
    evaluator.eval(&call.args[0], &mut |series| {
        for step in 0..node.steps.count {
            if let Some(value) = series.column.float(step) {
                values[step] = if seen[step] == 0 { value } else { f64::NAN };
                seen[step] = 1;
            }
        }
        Ok(())
    })?;
    sink(&mut eval::scalar(values))
}

fn vector(evaluator: &Evaluator<'_>, call: &Call, _: &Node, sink: Sink<'_>) -> Result<()> {
    sink(&mut eval::scalar(evaluator.scalar(&call.args[0])?))
}
