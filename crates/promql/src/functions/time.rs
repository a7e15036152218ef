//! Functions of time.

use super::Function::{Date, Scalar, Whole};
use super::Implementation::{self, Instant};
use crate::column::Series;
use crate::error::Result;
use crate::eval::{Evaluator, Sink, Take};
use crate::plan::{Call, Kind, Node};

pub(super) const TABLE: &[(&str, Implementation)] = &[
    ("day_of_month", Instant(Date(|t| f64::from(t.day)))),
    ("day_of_week", Instant(Date(|t| f64::from(t.weekday)))),
    ("day_of_year", Instant(Date(|t| f64::from(t.yearday)))),
    ("days_in_month", Instant(Date(|t| f64::from(days_in_month(t.year, t.month))))),
    ("hour", Instant(Date(|t| f64::from(t.hour)))),
    ("minute", Instant(Date(|t| f64::from(t.minute)))),
    ("month", Instant(Date(|t| f64::from(t.month)))),
    ("start_timestamp", Instant(Whole(start_timestamp))),
    ("time", Instant(Scalar(|t, _| seconds(t)))),
    ("timestamp", Instant(Whole(timestamp))),
    ("year", Instant(Date(|t| t.year as f64))),
];

#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
pub(crate) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// When the samples of a selector were; of anything else, the step.
fn timestamp(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let arg = &call.args[0];
    evaluator.renamed(arg, sink, &mut |sink| {
        let mut named = |series: &mut Series| {
            evaluator.drop_name(series);
            sink(series)
        };
        match &arg.kind {
            Kind::Select(selector) if !selector.smoothed => {
                evaluator.instant_of(selector, node.steps, Take::Time, &mut named)
            }
            _ => evaluator.eval(arg, &mut |series| {
                for (step, t) in node.steps.iter() {
                    if series.column.is_present(step) {
                        series.column.remove(step);
                        series.column.set(step, seconds(t));
                    }
                }
                named(series)
            }),
        }
    })
}

/// When the counters of a selector started; of anything else nothing is known.
fn start_timestamp(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let arg = &call.args[0];
    let Kind::Select(selector) = &arg.kind else { return Ok(()) };
    if !evaluator.options.start_timestamps {
        return Ok(());
    }
    evaluator.renamed(arg, sink, &mut |sink| {
        evaluator.instant_of(selector, node.steps, Take::Start, &mut |series| {
            evaluator.drop_name(series);
            sink(series)
        })
    })
}
