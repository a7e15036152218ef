//! Double exponential smoothing.

use super::{Implementation, Output, Table, Told, range};
use crate::QueryError;
use crate::annotations::Note;
use crate::error::Result;
use crate::eval::Window;

pub(super) const TABLE: &Table = &[("double_exponential_smoothing", SMOOTHING)];

const SMOOTHING: Implementation = range(smoothing);

fn smoothing(window: &Window<'_>, args: &[f64], told: &Told<'_>) -> Result<Option<Output>> {
    let (smoothing, trend_factor) = (args[0], args[1]);
    for (name, short, factor) in [("smoothing", "sf", smoothing), ("trend", "tf", trend_factor)] {
        if factor <= 0.0 || factor >= 1.0 {
            let text = format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}");
            return Err(QueryError::execution(text));
        }
    }
    if !window.t.is_empty() && !window.histograms.is_empty() {
        told.say(Note::IgnoredInRange(window.metric.to_owned()));
    }
    let [first, second, ..] = *window.v else { return Ok(None) };
    let (mut before, mut level, mut trend) = (0.0, first, second - first);
    for (index, value) in window.v.iter().enumerate().skip(1) {
        if index > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let next = smoothing * value + (1.0 - smoothing) * (level + trend);
        (before, level) = (level, next);
    }
    Ok(Some(Output::Float(level)))
}
