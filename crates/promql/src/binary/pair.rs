//! Two samples.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use promd_model::{CounterResetHint, FloatHistogram, Trim, math};
use promd_promql_parser::Span;
use promd_promql_parser::ast::BinaryOp;

use crate::annotations::{Note, Notes, Operation};
use crate::column::{Column, Point};

/// What an operator makes of two scalars.
pub(crate) fn of_scalars(op: BinaryOp, lhs: f64, rhs: f64) -> f64 {
    if op.is_comparison() { f64::from(u8::from(compare(op, lhs, rhs))) } else { calculate(op, lhs, rhs) }
}

fn compare(op: BinaryOp, lhs: f64, rhs: f64) -> bool {
    match op {
        BinaryOp::Equal => lhs == rhs,
        BinaryOp::NotEqual => lhs != rhs,
        BinaryOp::Less => lhs < rhs,
        BinaryOp::LessOrEqual => lhs <= rhs,
        BinaryOp::Greater => lhs > rhs,
        _ => lhs >= rhs,
    }
}

fn calculate(op: BinaryOp, lhs: f64, rhs: f64) -> f64 {
    match op {
        BinaryOp::Add => lhs + rhs,
        BinaryOp::Sub => lhs - rhs,
        BinaryOp::Mul => lhs * rhs,
        BinaryOp::Div => lhs / rhs,
        BinaryOp::Mod => lhs % rhs,
        BinaryOp::Pow => math::pow(lhs, rhs),
        _ => math::atan2(lhs, rhs),
    }
}

/// What an operator has to say. At each step what is said last counts, as in Prometheus.
pub(super) struct Told {
    pub(super) op: BinaryOp,
    last: RefCell<BTreeMap<usize, Note>>,
}

impl Told {
    pub(super) const fn new(op: BinaryOp) -> Self {
        Self { op, last: RefCell::new(BTreeMap::new()) }
    }

    fn say(&self, step: usize, note: Note) {
        self.last.borrow_mut().insert(step, note);
    }

    /// Passes it on.
    pub(super) fn tell(self, notes: &Notes, place: Span) {
        self.last.into_inner().into_values().for_each(|note| notes.add(note, place));
    }
}

/// What came of two samples.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Whether the comparison holds; of other operators always.
    pub(super) keep: bool,
    value: f64,
    histogram: Option<Arc<FloatHistogram>>,
}

impl Outcome {
    const fn float(value: f64, keep: bool) -> Self {
        Self { keep, value, histogram: None }
    }

    const fn histogram(histogram: Arc<FloatHistogram>, keep: bool) -> Self {
        Self { keep, value: 0.0, histogram: Some(histogram) }
    }

    pub(super) fn put(self, column: &mut Column, step: usize) {
        match self.histogram {
            Some(histogram) => column.set_histogram(step, histogram),
            None => column.set(step, self.value),
        }
    }
}

/// What an operator makes of two samples; nothing if it cannot do anything with them, which it says.
pub(super) fn of_points(step: usize, lhs: Point<'_>, rhs: Point<'_>, told: &Told) -> Option<Outcome> {
    use BinaryOp::{Add, Div, Equal, Mul, NotEqual, Sub, TrimLower, TrimUpper};
    let op = told.op;
    let scaled = |histogram: &FloatHistogram, change: &dyn Fn(&mut FloatHistogram)| {
        let mut histogram = histogram.clone();
        change(&mut histogram);
        Some(Outcome::histogram(Arc::new(histogram), true))
    };
    match (lhs, rhs, op) {
        (Point::Float(l), Point::Float(r), op) if op.is_comparison() => Some(Outcome::float(l, compare(op, l, r))),
        (Point::Float(l), Point::Float(r), op) if !matches!(op, TrimLower | TrimUpper) => {
            Some(Outcome::float(calculate(op, l, r), true))
        }
        (Point::Float(factor), Point::Histogram(h), Mul) | (Point::Histogram(h), Point::Float(factor), Mul) => {
            scaled(h, &|h| {
                h.mul(factor);
                h.compact(0);
            })
        }
        (Point::Histogram(h), Point::Float(divisor), Div) => scaled(h, &|h| {
            h.div(divisor);
            h.compact(0);
        }),
        (Point::Histogram(h), Point::Float(value), TrimUpper) => scaled(h, &|h| h.trim(value, Trim::KeepBelow)),
        (Point::Histogram(h), Point::Float(value), TrimLower) => scaled(h, &|h| h.trim(value, Trim::KeepAbove)),
        (Point::Histogram(l), Point::Histogram(r), Add | Sub) => combine(step, l, r, told),
        (Point::Histogram(l), Point::Histogram(r), Equal) => Some(Outcome::histogram(Arc::clone(l), l.same_data(r))),
        (Point::Histogram(l), Point::Histogram(r), NotEqual) => {
            Some(Outcome::histogram(Arc::clone(l), !l.same_data(r)))
        }
        _ => {
            let kind = |point: Point<'_>| match point {
                Point::Float(_) => "float",
                Point::Histogram(_) => "histogram",
            };
            told.say(step, Note::IncompatibleTypes { lhs: kind(lhs), op: op.as_str(), rhs: kind(rhs) });
            None
        }
    }
}

fn combine(step: usize, lhs: &FloatHistogram, rhs: &FloatHistogram, told: &Told) -> Option<Outcome> {
    let mut result = lhs.clone();
    let subtract = told.op == BinaryOp::Sub;
    let operation = if subtract { Operation::Subtraction } else { Operation::Addition };
    let combined = if subtract { result.sub(rhs) } else { result.add(rhs) };
    let Ok(combined) = combined else {
        told.say(step, Note::IncompatibleBuckets(told.op.as_str()));
        return None;
    };
    if combined.bounds_reconciled {
        told.say(step, Note::BoundsReconciled(operation));
    }
    if combined.counter_resets_collide {
        told.say(step, Note::ResetsCollide(operation));
    }
    if subtract {
        result.counter_reset_hint = CounterResetHint::Gauge;
    }
    result.compact(0);
    // A collision of counter resets is an error for Prometheus, and the sample is dropped.
    (!combined.counter_resets_collide).then(|| Outcome::histogram(Arc::new(result), true))
}
