//! `sum`, `avg`, `count`, `group`, `min`, `max`, `stddev`, `stdvar` and `quantile`.

use promd_budget::Charge;
use promd_model::{FloatHistogram, Labels};
use promd_promql_parser::ast::AggregateOp;

use super::Groups;
use super::cells::Cells;
use crate::annotations::{Note, Operation};
use crate::column::{Column, Point, Series};
use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::functions::HistogramFold;
use crate::plan::{Aggregate, Node};

/// What lists and tables take for a group beside what it has folded; they grow by doubling.
const GROUP: usize = 3 * size_of::<Group>() + 4 * size_of::<(Box<[u8]>, usize)>();

struct Group {
    labels: Labels,
    drop_name: bool,
    floats: Cells,
    /// One a step, or none while no histogram has been seen.
    histograms: Vec<HistogramCell>,
    /// Whether there is a step with histograms that cannot be added: no float counts there any more.
    any_incompatible: bool,
}

/// What histograms have folded into at a step.
#[derive(Debug, Clone, Default)]
struct HistogramCell {
    fold: Option<Box<HistogramFold>>,
    is_present: bool,
    /// Histograms that cannot be added have been seen.
    incompatible: bool,
}

pub(super) fn eval(evaluator: &Evaluator<'_>, node: &Node, e: &Aggregate, sink: Sink<'_>) -> Result<()> {
    let steps = node.steps.count;
    let phi = quantiles(evaluator, node, e)?;
    let mut finder = Groups::new(e);
    let mut groups: Vec<Group> = Vec::new();
    let mut charge = Charge::empty(&evaluator.account());
    evaluator.eval(&e.expr, &mut |series| {
        let (at, new) = finder.find(&series.labels);
        if let Some(labels) = new {
            charge.grow(Cells::bytes(e.op, steps) + 2 * labels.as_packed().len() + GROUP)?;
            groups.push(Group {
                labels,
                drop_name: false,
                floats: Cells::new(e.op, steps),
                histograms: Vec::new(),
                any_incompatible: false,
            });
        }
        let group = &mut groups[at];
        group.drop_name |= series.drop_name;
        if e.op == AggregateOp::Quantile {
            charge.grow(series.column.weight() * 2 * size_of::<f64>())?;
        }
        if let Some(values) = series.column.as_floats().filter(|_| !group.any_incompatible) {
            group.floats.add(values);
            return Ok(());
        }
        if group.histograms.is_empty() && matches!(e.op, AggregateOp::Sum | AggregateOp::Avg) {
            charge.grow(steps * size_of::<HistogramCell>())?;
            group.histograms.resize(steps, HistogramCell::default());
        }
        for (step, point) in series.column.points() {
            match point {
                Point::Float(value) => group.float(step, value),
                Point::Histogram(histogram) => {
                    let metric = || series.labels.metric_name().unwrap_or_default().to_owned();
                    if let Some(note) = group.histogram(e.op, step, histogram, metric) {
                        evaluator.notes.add(note, e.expr.span);
                    }
                }
            }
        }
        Ok(())
    })?;
    for group in groups {
        let (labels, drop_name) = (group.labels.clone(), group.drop_name);
        let column = group.into_column(evaluator, e, &phi);
        if !column.is_blank() {
            sink(&mut Series { labels, drop_name, column })?;
        }
    }
    Ok(())
}

/// Which quantile at each step.
fn quantiles(evaluator: &Evaluator<'_>, node: &Node, e: &Aggregate) -> Result<Vec<f64>> {
    let Some(param) = &e.param else { return Ok(Vec::new()) };
    let phi = evaluator.scalar(param)?;
    // As Prometheus does: one warning each for what is no number, the greatest and the least.
    if phi.iter().any(|phi| phi.is_nan()) {
        evaluator.notes.add_of(Note::InvalidQuantile(f64::NAN), param.span, node.span);
    }
    let numbers = || phi.iter().copied().filter(|phi| !phi.is_nan());
    if let Some(greatest) = numbers().reduce(f64::max).filter(|phi| *phi > 1.0) {
        evaluator.notes.add_of(Note::InvalidQuantile(greatest), param.span, node.span);
    }
    if let Some(least) = numbers().reduce(f64::min).filter(|phi| *phi < 0.0) {
        evaluator.notes.add_of(Note::InvalidQuantile(least), param.span, node.span);
    }
    Ok(phi)
}

impl Group {
    fn float(&mut self, step: usize, value: f64) {
        if !self.histograms.get(step).is_some_and(|cell| cell.incompatible) {
            self.floats.one(step, value);
        }
    }

    /// Adds a histogram, or says why it does not count.
    fn histogram(
        &mut self,
        op: AggregateOp,
        step: usize,
        histogram: &FloatHistogram,
        metric: impl Fn() -> String,
    ) -> Option<Note> {
        match op {
            AggregateOp::Count | AggregateOp::Group => {
                self.floats.one(step, 0.0);
                None
            }
            AggregateOp::Sum | AggregateOp::Avg => {
                let has_float = self.floats.is_present(step);
                let cell = &mut self.histograms[step];
                cell.is_present = true;
                if cell.incompatible {
                    return None;
                }
                let Some(fold) = &mut cell.fold else {
                    // Behind a float nothing comes of it.
                    if has_float {
                        return None;
                    }
                    cell.fold = Some(Box::new(HistogramFold::new(histogram, op == AggregateOp::Avg)));
                    return None;
                };
                match fold.add(histogram) {
                    None => {
                        cell.incompatible = true;
                        self.any_incompatible = true;
                        Some(Note::MixedSchemas(metric()))
                    }
                    Some(reconciled) => reconciled.then_some(Note::BoundsReconciled(Operation::Aggregation)),
                }
            }
            _ => Some(Note::IgnoredInAggregation(op.as_str())),
        }
    }

    fn into_column(self, evaluator: &Evaluator<'_>, e: &Aggregate, phi: &[f64]) -> Column {
        let say = |note| evaluator.notes.add(note, e.expr.span);
        let has_float: Vec<bool> = (0..self.histograms.len()).map(|step| self.floats.is_present(step)).collect();
        let mut column = Column::floats(self.floats.into_values(phi));
        for ((step, cell), has_float) in self.histograms.into_iter().enumerate().zip(has_float) {
            if !cell.is_present {
                continue;
            }
            if has_float {
                say(Note::MixedFloatsHistogramsAggregation);
                column.remove(step);
                continue;
            }
            if cell.incompatible {
                column.remove(step);
                continue;
            }
            let Some(fold) = cell.fold else { continue };
            if fold.resets_collide() {
                say(Note::ResetsCollide(Operation::Aggregation));
            }
            let mut value = fold.value();
            value.compact(0);
            column.set_histogram(step, value.into());
        }
        column
    }
}
