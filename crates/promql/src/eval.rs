//! Evaluating a plan.
//!
//! Series are pushed: a node evaluates its input and hands each series that comes of it to a sink, one at a time, in one
//! and the same buffer. So `sum by (job) (rate(m[5m]))` holds the samples of one series and the columns of the groups.
//! What needs all series at once (matching vectors, sorting, the result) collects them, and charges what it holds.

mod range;
mod result;
mod select;
mod smoothed;
mod statistics;
mod window;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hashbrown::HashMap;
use promd_budget::{Account, Charge};
use promd_model::{Civil, Columns, Labels};
use promd_storage::Reader;

use crate::annotations::Notes;
use crate::column::{Column, Series, without_metadata};
use crate::engine::Limits;
use crate::error::Result;
use crate::functions::{self, Function};
use crate::plan::{Call, Kind, Node, Plan, RangeSource};
use crate::{EngineOptions, QueryError, aggregate, binary};

pub(crate) use select::{Look, Take};
pub(crate) use window::Window;

/// What takes series. It may keep one by taking it out of the reference.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(&mut Series) -> Result<()>;

/// Series that several selectors read.
type Kept = Rc<Vec<(Labels, Columns)>>;

pub(crate) struct Evaluator<'a> {
    reader: &'a dyn Reader,
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a EngineOptions,
    pub(crate) notes: Notes,
    limits: Limits,
    kept: RefCell<Vec<Option<Kept>>>,
    charge: RefCell<Charge>,
    samples: Cell<usize>,
    peak: Cell<usize>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        reader: &'a dyn Reader,
        plan: &'a Plan,
        options: &'a EngineOptions,
        limits: Limits,
        account: &Account,
    ) -> Self {
        Self {
            reader,
            plan,
            options,
            notes: Notes::default(),
            limits,
            kept: RefCell::new(vec![None; plan.selections.len()]),
            charge: RefCell::new(Charge::empty(account)),
            samples: Cell::new(0),
            peak: Cell::new(0),
        }
    }

    pub(crate) fn into_notes(self) -> Notes {
        self.notes
    }

    pub(crate) fn peak_samples(&self) -> usize {
        self.peak.get()
    }

    /// Hands every series of an expression to the sink.
    pub(crate) fn eval(&self, node: &Node, sink: Sink<'_>) -> Result<()> {
        let steps = node.steps;
        if steps.count == 0 {
            return Ok(());
        }
        self.limits.check()?;
        // Columns have a place for each step.
        if steps.count > self.options.max_samples {
            return Err(QueryError::TooManySamples("query execution"));
        }
        match &node.kind {
            Kind::Number(value) => sink(&mut scalar(vec![*value; steps.count])),
            Kind::Text(_) => Ok(()),
            Kind::Select(selector) => self.instant(selector, node, sink),
            Kind::Invariant(inner) => self.eval(inner, &mut |series| {
                series.column.repeat_first(steps.count);
                sink(series)
            }),
            Kind::Negate(inner) => self.renamed(inner, sink, &mut |sink| {
                self.eval(inner, &mut |series| {
                    series.column.map(|value| -value);
                    negate_histograms(&mut series.column);
                    self.drop_name(series);
                    sink(series)
                })
            }),
            Kind::ScalarBinary(e) => {
                let (lhs, rhs) = (self.scalar(&e.lhs)?, self.scalar(&e.rhs)?);
                let values = lhs.iter().zip(&rhs).map(|(l, r)| binary::of_scalars(e.op, *l, *r));
                sink(&mut scalar(values.collect()))
            }
            Kind::VectorScalar(e) => {
                let vector = if e.swapped { &e.rhs } else { &e.lhs };
                self.renamed(vector, sink, &mut |sink| binary::vector_scalar(self, node, e, sink))
            }
            Kind::VectorBinary(e) => binary::vectors(self, node, e, sink),
            Kind::Aggregate(e) => aggregate::eval(self, node, e, sink),
            Kind::Call(call) => self.call(call, node, sink),
            Kind::Range(_) => Ok(()),
            Kind::OverTime { function, range, args, place } => {
                self.over_time(node, function, range, args, *place, sink)
            }
            Kind::AbsentOverTime { range, labels } => self.absent_over_time(node, range, labels, sink),
        }
    }

    /// The values of a scalar, one a step.
    pub(crate) fn scalar(&self, node: &Node) -> Result<Vec<f64>> {
        let mut values = Vec::new();
        self.eval(node, &mut |series| {
            values = std::mem::take(&mut series.column).into_floats();
            Ok(())
        })?;
        Ok(values)
    }

    /// All series of an expression.
    pub(crate) fn collect(&self, node: &Node) -> Result<Vec<Series>> {
        let mut all = Vec::new();
        self.eval(node, &mut |series| {
            self.hold(series)?;
            all.push(series.take());
            Ok(())
        })?;
        Ok(all)
    }

    /// Accounts for a series that is kept.
    pub(crate) fn hold(&self, series: &Series) -> Result<()> {
        let samples = self.samples.get() + series.column.weight();
        self.samples.set(samples);
        self.peak.set(self.peak.get().max(samples));
        if samples > self.options.max_samples {
            return Err(QueryError::TooManySamples("query execution"));
        }
        let bytes = series.column.heap_bytes() + series.labels.as_packed().len() + size_of::<Series>();
        Ok(self.charge.borrow_mut().grow(bytes)?)
    }

    /// Accounts for memory that is kept.
    pub(crate) fn charge(&self, bytes: usize) -> Result<()> {
        Ok(self.charge.borrow_mut().grow(bytes)?)
    }

    /// Gives back what was accounted for.
    pub(crate) fn release(&self, series: &[Series]) {
        let weight: usize = series.iter().map(|series| series.column.weight()).sum();
        self.samples.set(self.samples.get().saturating_sub(weight));
        let bytes =
            |series: &Series| series.column.heap_bytes() + series.labels.as_packed().len() + size_of::<Series>();
        self.charge.borrow_mut().shrink(series.iter().map(bytes).sum());
    }

    /// Drops the name of a series, now or at the end.
    pub(crate) fn drop_name(&self, series: &mut Series) {
        series.drop_name = true;
        if !self.options.delayed_name_removal {
            series.labels = without_metadata(&series.labels);
        }
    }

    /// Runs what drops names. Where that may make two series out of one, they are put together, or found to be in
    /// each other's way.
    pub(crate) fn renamed(
        &self,
        input: &Node,
        sink: Sink<'_>,
        run: &mut dyn FnMut(Sink<'_>) -> Result<()>,
    ) -> Result<()> {
        if self.options.delayed_name_removal || self.has_one_name(input) {
            return run(sink);
        }
        let mut all = Merged::default();
        run(&mut |series| {
            self.hold(series)?;
            all.add(series.take())
        })?;
        self.release(&all.series);
        all.series.iter_mut().try_for_each(sink)
    }

    /// Whether all series of an expression have the same name.
    fn has_one_name(&self, node: &Node) -> bool {
        match &node.kind {
            Kind::Select(selector) => self.plan.selections[selector.selection].has_one_name(),
            Kind::Invariant(inner) | Kind::Negate(inner) => self.has_one_name(inner),
            Kind::OverTime { range, .. } | Kind::Range(range) => match &range.source {
                RangeSource::Selection(selection) => self.plan.selections[*selection].has_one_name(),
                RangeSource::Subquery(inner) => self.has_one_name(inner),
            },
            _ => false,
        }
    }

    fn call(&self, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
        let count = node.steps.count;
        let map = |sink: Sink<'_>, change: &mut dyn FnMut(&mut Column)| match call.args.first() {
            Some(vector) => self.renamed(vector, sink, &mut |sink| {
                self.eval(vector, &mut |series| {
                    change(&mut series.column);
                    if series.column.is_blank() {
                        return Ok(());
                    }
                    self.drop_name(series);
                    sink(series)
                })
            }),
            None => Ok(()),
        };
        match call.function {
            Function::Map(of) => map(sink, &mut |column| {
                column.drop_histograms();
                column.map(of);
            }),
            Function::MapWith(of) => {
                let args = self.scalars(call.args.get(1..).unwrap_or_default())?;
                let mut at = vec![0.0; args.len()];
                map(sink, &mut |column| {
                    column.drop_histograms();
                    column.map_steps(|step, value| {
                        at.iter_mut().zip(&args).for_each(|(at, arg)| *at = arg[step]);
                        of(value, &at)
                    });
                })
            }
            Function::Histogram(of) => map(sink, &mut |column| {
                let mut result = Column::absent(count);
                for (step, point) in column.points() {
                    if let Some(histogram) = point.histogram() {
                        result.set(step, of(histogram));
                    }
                }
                *column = result;
            }),
            Function::Date(of) if call.args.is_empty() => {
                let values = node.steps.iter().map(|(_, t)| of(Civil::of_seconds(t / 1000)));
                sink(&mut scalar(values.collect()))
            }
            Function::Date(of) => map(sink, &mut |column| {
                column.drop_histograms();
                column.map(|value| of(Civil::of_seconds(functions::to_i64(value))));
            }),
            Function::Scalar(of) => {
                let args = self.scalars(&call.args)?;
                let mut at = vec![0.0; args.len()];
                let values = node.steps.iter().map(|(step, t)| {
                    at.iter_mut().zip(&args).for_each(|(at, arg)| *at = arg[step]);
                    of(t, &at)
                });
                sink(&mut scalar(values.collect()))
            }
            Function::Whole(of) => of(self, call, node, sink),
        }
    }

    /// The values of scalars, those of one after those of the other.
    pub(crate) fn scalars(&self, nodes: &[Node]) -> Result<Vec<Vec<f64>>> {
        nodes.iter().map(|node| self.scalar(node)).collect()
    }
}

/// A series without labels.
pub(crate) fn scalar(values: Vec<f64>) -> Series {
    Series { column: Column::floats(values), ..Series::default() }
}

fn negate_histograms(column: &mut Column) {
    if !column.has_histograms() {
        return;
    }
    for step in 0..column.len() {
        let negated = column.get(step).and_then(|point| point.histogram().cloned());
        if let Some(mut histogram) = negated {
            histogram.mul(-1.0);
            column.set_histogram(step, histogram.into());
        }
    }
}

/// Series by their labels; what several say at different steps becomes one.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) series: Vec<Series>,
    known: HashMap<Labels, usize>,
}

impl Merged {
    pub(crate) fn add(&mut self, series: Series) -> Result<()> {
        match self.known.get(&series.labels) {
            Some(&known) if self.series[known].column.absorb(&series.column) => Ok(()),
            Some(_) => Err(QueryError::same_labels()),
            None => {
                self.known.insert(series.labels.clone(), self.series.len());
                self.series.push(series);
                Ok(())
            }
        }
    }
}
