//! The functions of PromQL: a table in each module, by family, which [`find`] looks through.
//!
//! A function is registered by a line in the `TABLE` of its module: its name and an [`Implementation`]. The parser knows
//! its signature; what stands here is how it is calculated:
//!
//! * [`Function::Map`] and its relatives change a column, value by value;
//! * [`RangeFunction`] is called for each window of each series;
//! * [`Function::Whole`] evaluates its arguments itself and hands series to a sink.

mod classic;
pub(crate) mod extended;
mod histogram;
mod info;
mod labels;
mod math;
mod order;
mod over_time;
mod presence;
mod rate;
mod regression;
mod smooth;
mod time;

use promd_model::{Civil, FloatHistogram};
use promd_promql_parser::Span;

use crate::annotations::{Note, Notes};
use crate::error::Result;
use crate::eval::{Evaluator, Sink, Window};
use crate::plan::{Call, Node};

pub(crate) use math::{max, min};
pub(crate) use order::compare_values;
pub(crate) use over_time::{HistogramFold, Mean, Spread, quantile, quantile_of_sorted};
pub(crate) use rate::{is_start_reset, reach};
pub(crate) use time::seconds;

/// How a function is calculated.
#[derive(Debug)]
pub(crate) enum Implementation {
    Instant(Function),
    Range(RangeFunction),
}

/// A function of instant vectors and scalars.
#[derive(Debug)]
pub(crate) enum Function {
    /// Of each float.
    Map(fn(f64) -> f64),
    /// Of each float and scalars.
    MapWith(fn(f64, &[f64]) -> Option<f64>),
    /// Of each float as seconds since 1970, or of the step.
    Date(fn(Civil) -> f64),
    /// Of each histogram.
    Histogram(fn(&FloatHistogram) -> f64),
    /// Of the step and of scalars.
    Scalar(fn(i64, &[f64]) -> f64),
    /// Of whatever it evaluates.
    Whole(fn(&Evaluator<'_>, &Call, &Node, Sink<'_>) -> Result<()>),
}

/// A function of the windows of a range vector.
#[derive(Debug)]
pub(crate) struct RangeFunction {
    pub(crate) call: fn(&Window<'_>, &[f64], &Told<'_>) -> Result<Option<Output>>,
    pub(crate) keeps_name: bool,
    /// Whether counter resets are to be found beforehand, and names looked at.
    pub(crate) is_counter: bool,
    pub(crate) uses_starts: bool,
}

/// What a range function gives for a window.
#[derive(Debug)]
pub(crate) enum Output {
    Float(f64),
    Histogram(Box<FloatHistogram>),
}

/// Where a range function says what it has to say.
pub(crate) struct Told<'a> {
    notes: &'a Notes,
    /// The first argument.
    place: Span,
    /// The call.
    owner: Span,
}

impl<'a> Told<'a> {
    pub(crate) fn new(notes: &'a Notes, place: Span, owner: Span) -> Self {
        Self { notes, place, owner }
    }

    pub(crate) fn say(&self, note: Note) {
        self.notes.add_of(note, self.place, self.owner);
    }
}

const fn range(call: fn(&Window<'_>, &[f64], &Told<'_>) -> Result<Option<Output>>) -> Implementation {
    Implementation::Range(RangeFunction { call, keeps_name: false, is_counter: false, uses_starts: false })
}

type Table = [(&'static str, Implementation)];

/// How a function is calculated.
pub(crate) fn find(name: &str) -> Option<&'static Implementation> {
    let tables: [&'static Table; 11] = [
        histogram::TABLE,
        info::TABLE,
        labels::TABLE,
        math::TABLE,
        order::TABLE,
        over_time::TABLE,
        presence::TABLE,
        rate::TABLE,
        regression::TABLE,
        smooth::TABLE,
        time::TABLE,
    ];
    tables.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, implementation)| implementation)
}

/// A whole number of a float as an x86 processor makes it, and so Go: the least one of what fits nowhere.
#[expect(clippy::cast_possible_truncation, reason = "checked")]
pub(crate) fn to_i64(value: f64) -> i64 {
    // 2^63.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&value) { value as i64 } else { i64::MIN }
}

/// The order of values in which a NaN comes first.
fn order_of(a: f64, b: f64) -> std::cmp::Ordering {
    b.is_nan().cmp(&a.is_nan()).then(a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal))
}
