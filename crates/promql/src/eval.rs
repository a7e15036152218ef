//! Evaluating a plan.
//!
//! Series are pushed: a node evaluates its input and hands each series that comes of it to a sink, one at a time, in one
//! and the same buffer. So `sum by (job) (rate(m[5m]))` holds the samples of one series and the columns of the groups.
//! What needs all series at once (matching vectors, sorting, the result) collects them, and charges what it holds.

mod batch;
mod belt;
mod counts;
mod frames;
mod kernel;
mod range;
mod result;
mod select;
mod smoothed;
mod statistics;
mod window;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use promd_budget::{Account, Charge};
use promd_clock::{Clock, Monotonic};
use promd_model::{Civil, Labels};
use promd_storage::Reader;

use crate::annotations::Notes;
use crate::column::{Column, Series};
use crate::engine::Limits;
use crate::error::Result;
use crate::executor::Executor;
use crate::explain::Cost;
use crate::functions::{self, Function};
use crate::plan::{Call, Kind, Node, Plan, RangeSource};
use crate::statistics::{PerStep, SampleStatistics};
use crate::steps::Steps;
use crate::{EngineOptions, QueryError, aggregate, binary};

use batch::KeptSeries;
pub(crate) use counts::Counts;
pub(crate) use select::{Look, Take};
pub(crate) use window::Window;

/// What takes series. It may keep one by taking it out of the reference.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(&mut Series) -> Result<()>;

/// What a query is evaluated with.
pub(crate) struct Tools<'a> {
    pub(crate) reader: &'a dyn Reader,
    pub(crate) options: &'a EngineOptions,
    pub(crate) executor: &'a dyn Executor,
    pub(crate) limits: Limits,
    pub(crate) account: Account,
    /// Whether samples are counted by step.
    pub(crate) per_step: bool,
    /// Whether the cost of each node is noted, with a clock if there is one.
    pub(crate) explain: bool,
    pub(crate) clock: Option<&'a dyn Clock>,
}

pub(crate) struct Evaluator<'a> {
    reader: &'a dyn Reader,
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a EngineOptions,
    pub(crate) notes: Notes,
    executor: &'a dyn Executor,
    limits: Limits,
    kept: RefCell<Vec<Option<Arc<KeptSeries>>>>,
    charge: RefCell<Charge>,
    /// The samples that Prometheus would hold, and the most so far.
    samples: Cell<usize>,
    peak: Cell<usize>,
    counts: RefCell<Counts>,
    per_step: bool,
    /// How many subqueries are around what is evaluated, and at how many steps its one result counts.
    subqueries: Cell<usize>,
    repeated: Cell<usize>,
    /// What nodes cost, by their numbers; empty if nobody asks. And the node that is evaluated.
    costs: RefCell<Vec<Cost>>,
    current: Cell<usize>,
    clock: Option<&'a dyn Clock>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(plan: &'a Plan, tools: Tools<'a>) -> Self {
        let Tools { reader, options, executor, limits, account, per_step, explain, clock } = tools;
        Self {
            reader,
            plan,
            options,
            notes: Notes::default(),
            executor,
            limits,
            kept: RefCell::new(vec![None; plan.selections.len()]),
            charge: RefCell::new(Charge::empty(&account)),
            samples: Cell::new(0),
            peak: Cell::new(0),
            counts: RefCell::default(),
            per_step,
            subqueries: Cell::new(0),
            repeated: Cell::new(1),
            costs: RefCell::new(vec![Cost::default(); if explain { plan.nodes } else { 0 }]),
            current: Cell::new(0),
            clock,
        }
    }

    /// What each node has cost, by its number.
    pub(crate) fn costs(&self) -> Vec<Cost> {
        self.costs.borrow().clone()
    }

    /// What was counted of samples.
    pub(crate) fn statistics(&self) -> SampleStatistics {
        let counts = self.counts.borrow();
        let steps = self.plan.root.steps;
        let per_step = self.per_step.then(|| {
            let by = |of: fn(&(u64, u64)) -> u64| {
                let mut all: Vec<u64> = counts.steps.iter().map(of).collect();
                all.resize(steps.count, 0);
                all
            };
            PerStep { start: steps.start, step: steps.step, total_queryable: by(|c| c.0), read: by(|c| c.1) }
        });
        SampleStatistics { total_queryable: counts.looked_at, read: counts.read, peak: self.peak.get(), per_step }
    }

    /// What pays for the answer, once there is one.
    pub(crate) fn into_parts(self) -> (Notes, Charge) {
        (self.notes, self.charge.into_inner())
    }

    /// Whether somebody wants the query to end: for work on all series that were collected.
    pub(crate) fn check(&self) -> Result<()> {
        self.limits.check()
    }

    /// What pays for the memory of the query.
    pub(crate) fn account(&self) -> Account {
        self.charge.borrow().account().clone()
    }

    /// Whether what is read for some steps is counted by step.
    fn counts_steps(&self, steps: Steps) -> bool {
        self.per_step && self.subqueries.get() == 0 && steps.count == self.plan.root.steps.count
    }

    /// Counts what was read for some series. Of what is read within a subquery the windows over it are looked at, not
    /// itself; it was read nevertheless, at the first step as far as anyone can tell. What is the same at all steps is
    /// read at the first, and looked at by all.
    fn count(&self, counts: &Counts) {
        if let Some(cost) = self.costs.borrow_mut().get_mut(self.current.get()) {
            cost.samples += counts.decoded;
            cost.chunks += counts.chunks;
            cost.bytes += counts.bytes;
        }
        let mut counts = counts.clone();
        let steps = self.plan.root.steps.count;
        let repeated = self.repeated.get();
        if self.subqueries.get() > 0 {
            counts.looked_at = 0;
        }
        if self.per_step && counts.steps.len() != steps {
            counts.steps = vec![(if repeated > 1 { counts.looked_at } else { 0 }, 0); steps];
            if let Some(first) = counts.steps.first_mut() {
                *first = (counts.looked_at, counts.read);
            }
        }
        counts.looked_at *= repeated as u64;
        self.note_peak(counts.widest);
        self.counts.borrow_mut().add(&counts);
    }

    /// Evaluates what is within a subquery.
    fn eval_within(&self, node: &Node, sink: Sink<'_>) -> Result<()> {
        // What the subquery makes is not within it.
        let (depth, repeated) = (self.subqueries.get(), self.repeated.replace(1));
        self.subqueries.set(depth + 1);
        let outcome = self.eval(node, &mut |series| {
            self.subqueries.set(depth);
            self.repeated.set(repeated);
            let outcome = sink(series);
            self.subqueries.set(depth + 1);
            self.repeated.set(1);
            outcome
        });
        self.subqueries.set(depth);
        self.repeated.set(repeated);
        outcome
    }

    /// Hands every series of an expression to the sink.
    pub(crate) fn eval(&self, node: &Node, sink: Sink<'_>) -> Result<()> {
        let steps = node.steps;
        if steps.count == 0 {
            return Ok(());
        }
        self.limits.check()?;
        if !self.costs.borrow().is_empty() {
            return self.explained(node, sink);
        }
        self.counted(node, sink)
    }

    /// Evaluates a node, and notes what it costs.
    fn explained(&self, node: &Node, sink: Sink<'_>) -> Result<()> {
        let now = || self.clock.map(Clock::monotonic);
        let note = |series: u64, since: Option<Monotonic>| {
            if let Some(cost) = self.costs.borrow_mut().get_mut(node.number) {
                *cost.series.get_or_insert(0) += series;
                cost.time += now().zip(since).map_or(Duration::ZERO, |(now, since)| now.since(since));
            }
        };
        let around = self.current.replace(node.number);
        let mut since = now();
        let outcome = self.counted(node, &mut |series| {
            note(1, since);
            self.current.set(around);
            let outcome = sink(series);
            self.current.set(node.number);
            since = now();
            outcome
        });
        note(0, since);
        self.current.set(around);
        outcome
    }

    fn counted(&self, node: &Node, sink: Sink<'_>) -> Result<()> {
        // As Prometheus counts: what is evaluated holds its own result and those of the expressions within it, until it is
        // done.
        let before = self.samples.get();
        let mut made = 0;
        self.node(node, &mut |series| {
            self.limits.check_cancelled()?;
            let weight = series.column.weight();
            made += weight;
            self.samples.set(self.samples.get() + weight);
            self.note_peak(0);
            if self.samples.get() > self.options.max_samples {
                return Err(QueryError::TooManySamples("query execution"));
            }
            sink(series)
        })?;
        self.samples.set(before + made);
        Ok(())
    }

    /// So many samples beside the others are held for a moment.
    fn note_peak(&self, beside: usize) {
        self.peak.set(self.peak.get().max(self.samples.get() + beside));
    }

    fn node(&self, node: &Node, sink: Sink<'_>) -> Result<()> {
        let steps = node.steps;
        // Columns have a place for each step.
        if steps.count > self.options.max_samples {
            return Err(QueryError::TooManySamples("query execution"));
        }
        match &node.kind {
            Kind::Number(value) => sink(&mut scalar(vec![*value; steps.count])),
            Kind::Text(_) => Ok(()),
            Kind::Select(selector) => self.instant(selector, node, sink),
            Kind::Invariant(inner) => {
                let before = self.repeated.get();
                let within = if self.subqueries.get() == 0 { steps.count } else { 1 };
                self.repeated.set(within);
                let outcome = self.eval(inner, &mut |series| {
                    self.repeated.set(before);
                    series.column.repeat_first(steps.count);
                    let outcome = sink(series);
                    self.repeated.set(within);
                    outcome
                });
                self.repeated.set(before);
                outcome
            }
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
            Kind::OverTime { name, function, range, args, place } => {
                self.over_time(node, (name, function), range, args, *place, sink)
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
        self.charge(bytes_of(series))
    }

    /// Accounts for memory that is kept.
    pub(crate) fn charge(&self, bytes: usize) -> Result<()> {
        Ok(self.charge.borrow_mut().grow(bytes)?)
    }

    /// Gives back what was accounted for.
    pub(crate) fn release(&self, series: &[Series]) {
        self.charge.borrow_mut().shrink(series.iter().map(bytes_of).sum());
    }

    /// Drops the name of a series, now or at the end.
    pub(crate) fn drop_name(&self, series: &mut Series) {
        series.drop_name(self.options);
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

/// What a list takes for a series beside the series itself: lists grow by doubling, and some have a table beside them.
const PLACE: usize = 3 * size_of::<Series>() + 4 * size_of::<(Labels, usize)>();

/// The memory of a series that is kept.
fn bytes_of(series: &Series) -> usize {
    series.column.heap_bytes() + series.labels.as_packed().len() + PLACE
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
