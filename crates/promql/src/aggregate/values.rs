//! `count_values`: how often each value occurs in a group.

use hashbrown::HashMap;
use promd_model::{Labels, LabelsBuilder, float};

use super::Groups;
use crate::QueryError;
use crate::column::{Column, Point, Series};
use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::plan::{Aggregate, Node};

pub(super) fn eval(evaluator: &Evaluator<'_>, node: &Node, e: &Aggregate, sink: Sink<'_>) -> Result<()> {
    let steps = node.steps.count;
    let groups = Groups::new(e);
    let mut known: HashMap<Labels, usize> = HashMap::new();
    let mut all: Vec<Series> = Vec::new();
    let mut builder = LabelsBuilder::new();
    evaluator.eval(&e.expr, &mut |series| {
        // Values repeat from step to step: the last group is most often the next one.
        let mut last: Option<(u64, usize)> = None;
        for (step, point) in series.column.points() {
            let at = match (point, last) {
                (Point::Float(value), Some((bits, at))) if value.to_bits() == bits => at,
                _ => {
                    let value = match point {
                        Point::Float(value) => float::f(value),
                        Point::Histogram(histogram) => histogram.to_string(),
                    };
                    builder.reset(&series.labels).set(&e.text, &value);
                    let labels = builder.build().map_err(|error| QueryError::execution(error.to_string()))?;
                    let labels = groups.labels(&labels);
                    match known.get(&labels) {
                        Some(at) => *at,
                        None => {
                            evaluator.charge(labels.as_packed().len() + steps * size_of::<f64>())?;
                            known.insert(labels.clone(), all.len());
                            all.push(Series { labels, drop_name: false, column: Column::absent(steps) });
                            all.len() - 1
                        }
                    }
                }
            };
            if let Point::Float(value) = point {
                last = Some((value.to_bits(), at));
            }
            let column = &mut all[at].column;
            column.set(step, column.float(step).unwrap_or(0.0) + 1.0);
        }
        Ok(())
    })?;
    all.iter_mut().try_for_each(sink)
}
