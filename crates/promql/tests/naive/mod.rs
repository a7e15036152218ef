//! PromQL evaluated in the plainest way: each time by itself, from the top of the tree down, over plain vectors, with names in
//! ordinary maps. For a part of the language, floats only, with names dropped at once.

mod functions;
mod operators;

use std::collections::BTreeMap;

use promd_model::is_stale;
use promd_promql_parser::Expr;
use promd_promql_parser::ast::{At, AtModifier, DurationArg, UnaryOp, VectorSelector};

/// The labels of a series.
pub(crate) type Names = BTreeMap<String, String>;
/// An instant vector.
pub(crate) type Vector = BTreeMap<Names, f64>;
/// A series of a range vector: samples by time.
pub(crate) type Samples = Vec<(i64, f64)>;

pub(crate) const NAME: &str = "__name__";
const LOOKBACK: i64 = 5 * 60_000;
const SUBQUERY_STEP: i64 = 60_000;

/// A query that Prometheus would refuse to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// The samples of each series behind one time and not behind another.
pub(crate) struct Ranges {
    pub(crate) series: Vec<(Names, Samples)>,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

pub(crate) enum Value {
    Scalar(f64),
    Vector(Vector),
}

/// All that there is, and which range is asked for.
pub(crate) struct Naive<'a> {
    pub(crate) series: &'a [(Names, Samples)],
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// Puts a series where none with the same labels may be.
fn put(vector: &mut Vector, names: Names, value: f64) -> Result<(), Refused> {
    vector.insert(names, value).map_or(Ok(()), |_| Err(Refused))
}

fn fixed(duration: Option<&DurationArg>) -> i64 {
    duration.map_or(0, |duration| duration.as_fixed().unwrap().as_millis())
}

impl Naive<'_> {
    /// The value of an expression at a time.
    pub(crate) fn at(&self, expr: &Expr, t: i64) -> Result<Value, Refused> {
        Ok(match expr {
            Expr::Number(number) => Value::Scalar(number.value),
            Expr::Paren(paren) => return self.at(&paren.expr, t),
            Expr::Unary(unary) => match self.at(&unary.expr, t)? {
                value if unary.op == UnaryOp::Plus => value,
                Value::Scalar(v) => Value::Scalar(-v),
                Value::Vector(vector) => Value::Vector(map(vector, |v| -v)?),
            },
            Expr::Vector(selector) => {
                let at = self.moved(t, selector.at.as_ref(), selector.offset.as_ref());
                let last = |samples: &Samples| {
                    let (_, v) = *samples.iter().rev().find(|(time, _)| *time <= at && *time > at - LOOKBACK)?;
                    (!is_stale(v)).then_some(v)
                };
                let selected = self.select(selector);
                Value::Vector(selected.filter_map(|(names, samples)| Some((names.clone(), last(samples)?))).collect())
            }
            Expr::Aggregate(e) => Value::Vector(operators::aggregate(self, e, t)?),
            Expr::Binary(e) => operators::binary(self, e, t)?,
            Expr::Call(e) => functions::call(self, e, t)?,
            other => panic!("{other} is not for this evaluator"),
        })
    }

    pub(crate) fn vector(&self, expr: &Expr, t: i64) -> Result<Vector, Refused> {
        match self.at(expr, t)? {
            Value::Vector(vector) => Ok(vector),
            Value::Scalar(_) => panic!("{expr} is a scalar"),
        }
    }

    pub(crate) fn scalar(&self, expr: &Expr, t: i64) -> Result<f64, Refused> {
        match self.at(expr, t)? {
            Value::Scalar(v) => Ok(v),
            Value::Vector(_) => panic!("{expr} is a vector"),
        }
    }

    /// The samples of a range; a series without any is none.
    pub(crate) fn range(&self, expr: &Expr, t: i64) -> Result<Ranges, Refused> {
        match expr {
            Expr::Matrix(matrix) => {
                let end = self.moved(t, matrix.vector.at.as_ref(), matrix.vector.offset.as_ref());
                let start = end - fixed(Some(&matrix.range));
                let within = |samples: &Samples| -> Samples {
                    samples.iter().copied().filter(|(t, v)| *t > start && *t <= end && !is_stale(*v)).collect()
                };
                let all = self.select(&matrix.vector).map(|(names, samples)| (names.clone(), within(samples)));
                Ok(Ranges { series: all.filter(|(_, samples)| !samples.is_empty()).collect(), start, end })
            }
            Expr::Subquery(subquery) => {
                let end = self.moved(t, subquery.at.as_ref(), subquery.offset.as_ref());
                let start = end - fixed(Some(&subquery.range));
                let step = subquery.step.as_ref().map_or(SUBQUERY_STEP, |step| fixed(Some(step)));
                let mut all: BTreeMap<Names, Samples> = BTreeMap::new();
                let first = start.div_euclid(step) * step + step;
                for time in (first..=end).step_by(usize::try_from(step).unwrap()) {
                    for (names, v) in self.vector(&subquery.expr, time)? {
                        all.entry(names).or_default().push((time, v));
                    }
                }
                Ok(Ranges { series: all.into_iter().collect(), start, end })
            }
            other => panic!("{other} is no range"),
        }
    }

    fn select(&self, selector: &VectorSelector) -> impl Iterator<Item = &(Names, Samples)> {
        let matchers = selector.all_matchers();
        self.series.iter().filter(move |(names, _)| {
            matchers.iter().all(|m| m.matches(names.get(m.name()).map_or("", |value| value.as_str())))
        })
    }

    fn moved(&self, t: i64, at: Option<&AtModifier>, offset: Option<&DurationArg>) -> i64 {
        let t = match at.map(|at| at.at) {
            None => t,
            Some(At::Time(time)) => time.0,
            Some(At::Start) => self.start,
            Some(At::End) => self.end,
        };
        t - fixed(offset)
    }
}

/// A vector with other values and without names.
pub(crate) fn map(vector: Vector, value: impl Fn(f64) -> f64) -> Result<Vector, Refused> {
    let mut mapped = Vector::new();
    for (mut names, v) in vector {
        names.remove(NAME);
        put(&mut mapped, names, value(v))?;
    }
    Ok(mapped)
}
