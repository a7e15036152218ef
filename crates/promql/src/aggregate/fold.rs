//! `sum`, `avg`, `count`, `group`, `min`, `max`, `stddev`, `stdvar` and `quantile`.

use promd_model::{FloatHistogram, KahanSum, Labels};
use promd_promql_parser::ast::AggregateOp;

use super::Groups;
use crate::annotations::{Note, Operation};
use crate::column::{Column, Point, Series};
use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::functions::{HistogramFold, Mean, quantile};
use crate::plan::{Aggregate, Node};

/// A group at a step.
#[derive(Debug, Clone, Default)]
struct Cell {
    floats: Floats,
    histograms: Option<Box<HistogramFold>>,
    has_float: bool,
    has_histogram: bool,
    /// Histograms that cannot be added have been seen.
    incompatible: bool,
}

/// What floats have folded into.
#[derive(Debug, Clone, Default)]
enum Floats {
    #[default]
    None,
    Sum(KahanSum),
    Mean(Mean),
    One(f64),
    Spread {
        count: f64,
        mean: f64,
        squares: f64,
    },
    All(Vec<f64>),
}

struct Group {
    labels: Labels,
    drop_name: bool,
    cells: Vec<Cell>,
}

pub(super) fn eval(evaluator: &Evaluator<'_>, node: &Node, e: &Aggregate, sink: Sink<'_>) -> Result<()> {
    let steps = node.steps.count;
    let place = e.expr.span;
    let phi = match &e.param {
        Some(param) => {
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
            phi
        }
        None => Vec::new(),
    };
    let mut finder = Groups::new(e);
    let mut groups: Vec<Group> = Vec::new();
    evaluator.eval(&e.expr, &mut |series| {
        let (at, new) = finder.find(&series.labels);
        if let Some(labels) = new {
            evaluator.charge(steps * size_of::<Cell>() + labels.as_packed().len())?;
            groups.push(Group { labels, drop_name: false, cells: vec![Cell::default(); steps] });
        }
        let group = &mut groups[at];
        group.drop_name |= series.drop_name;
        for (step, point) in series.column.points() {
            let cell = &mut group.cells[step];
            match point {
                Point::Float(value) => cell.float(e.op, value),
                Point::Histogram(histogram) => {
                    let metric = || series.labels.metric_name().unwrap_or_default().to_owned();
                    if let Some(note) = cell.histogram(e.op, histogram, metric) {
                        evaluator.notes.add(note, place);
                    }
                }
            }
        }
        Ok(())
    })?;
    for group in groups {
        let mut column = Column::absent(steps);
        for (step, cell) in group.cells.into_iter().enumerate() {
            if cell.has_float && cell.has_histogram && matches!(e.op, AggregateOp::Sum | AggregateOp::Avg) {
                evaluator.notes.add(Note::MixedFloatsHistogramsAggregation, place);
                continue;
            }
            if cell.histograms.as_ref().is_some_and(|fold| fold.resets_collide()) && !cell.incompatible {
                evaluator.notes.add(Note::ResetsCollide(Operation::Aggregation), place);
            }
            if cell.incompatible {
                continue;
            }
            match cell.histograms {
                Some(fold) => {
                    let mut value = fold.value();
                    value.compact(0);
                    column.set_histogram(step, value.into());
                }
                None => {
                    if let Some(value) = cell.floats.value(e.op, phi.get(step).copied()) {
                        column.set(step, value);
                    }
                }
            }
        }
        if !column.is_blank() {
            sink(&mut Series { labels: group.labels, drop_name: group.drop_name, column })?;
        }
    }
    Ok(())
}

impl Cell {
    fn float(&mut self, op: AggregateOp, value: f64) {
        if self.incompatible {
            return;
        }
        self.has_float = true;
        match &mut self.floats {
            floats @ Floats::None => *floats = Floats::start(op, value),
            floats => floats.add(op, value),
        }
    }

    /// Adds a histogram, or says why it does not count.
    fn histogram(&mut self, op: AggregateOp, histogram: &FloatHistogram, metric: impl Fn() -> String) -> Option<Note> {
        match op {
            AggregateOp::Count | AggregateOp::Group => {
                self.float(op, 0.0);
                None
            }
            AggregateOp::Sum | AggregateOp::Avg => {
                self.has_histogram = true;
                if self.incompatible {
                    return None;
                }
                let Some(fold) = &mut self.histograms else {
                    // Behind a float nothing comes of it.
                    if self.has_float {
                        return None;
                    }
                    self.histograms = Some(Box::new(HistogramFold::new(histogram, op == AggregateOp::Avg)));
                    return None;
                };
                match fold.add(histogram) {
                    None => {
                        self.incompatible = true;
                        Some(Note::MixedSchemas(metric()))
                    }
                    Some(reconciled) => reconciled.then_some(Note::BoundsReconciled(Operation::Aggregation)),
                }
            }
            _ => Some(Note::IgnoredInAggregation(op.as_str())),
        }
    }
}

impl Floats {
    fn start(op: AggregateOp, value: f64) -> Self {
        match op {
            AggregateOp::Sum => Self::Sum(KahanSum::new(value)),
            AggregateOp::Avg => Self::Mean(Mean::new(value)),
            AggregateOp::StdDev | AggregateOp::StdVar => {
                let squares = if value.is_finite() { 0.0 } else { f64::NAN };
                Self::Spread { count: 1.0, mean: value, squares }
            }
            AggregateOp::Quantile => Self::All(vec![value]),
            AggregateOp::Count | AggregateOp::Group => Self::One(1.0),
            _ => Self::One(value),
        }
    }

    fn add(&mut self, op: AggregateOp, value: f64) {
        match self {
            Self::None => {}
            Self::Sum(sum) => sum.inc(value),
            Self::Mean(mean) => mean.add(value),
            Self::One(one) => match op {
                AggregateOp::Count => *one += 1.0,
                AggregateOp::Max if *one < value || one.is_nan() => *one = value,
                AggregateOp::Min if *one > value || one.is_nan() => *one = value,
                _ => {}
            },
            Self::Spread { count, mean, squares } => {
                *count += 1.0;
                let delta = value - *mean;
                *mean += delta / *count;
                *squares += delta * (value - *mean);
            }
            Self::All(all) => all.push(value),
        }
    }

    fn value(self, op: AggregateOp, phi: Option<f64>) -> Option<f64> {
        Some(match self {
            Self::None => return None,
            Self::Sum(sum) => sum.value(),
            Self::Mean(mean) => mean.value(),
            Self::One(one) => one,
            Self::Spread { count, squares, .. } if op == AggregateOp::StdDev => (squares / count).sqrt(),
            Self::Spread { count, squares, .. } => squares / count,
            Self::All(mut all) => quantile(phi?, &mut all),
        })
    }
}
