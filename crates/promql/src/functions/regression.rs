//! Straight lines through samples.

use promd_model::KahanSum;

use super::{Implementation, Output, Table, Told, range};
use crate::annotations::Note;
use crate::error::Result;
use crate::eval::Window;

pub(super) const TABLE: &Table = &[("deriv", DERIV), ("predict_linear", PREDICT)];

const DERIV: Implementation = range(deriv);
const PREDICT: Implementation = range(predict_linear);

/// Whether there are two floats; says so if histograms were left out.
fn enough(window: &Window<'_>, told: &Told<'_>) -> bool {
    if !window.t.is_empty() && !window.histograms.is_empty() {
        told.say(Note::IgnoredInRange(window.metric.to_owned()));
    }
    window.t.len() > 1
}

fn deriv(window: &Window<'_>, _: &[f64], told: &Told<'_>) -> Result<Option<Output>> {
    // A time near the samples, so that no precision is lost.
    Ok(enough(window, told).then(|| Output::Float(line(window, window.t[0]).0)))
}

fn predict_linear(window: &Window<'_>, args: &[f64], told: &Told<'_>) -> Result<Option<Output>> {
    Ok(enough(window, told).then(|| {
        let (slope, intercept) = line(window, window.now);
        Output::Float(slope * args[0] + intercept)
    }))
}

/// Slope, and value at a time, by least squares.
#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
fn line(window: &Window<'_>, at: i64) -> (f64, f64) {
    let first = window.v[0];
    if window.v.iter().all(|v| *v == first) || window.v.len() == 1 {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let (mut x_sum, mut y_sum, mut xy_sum, mut xx_sum) =
        (KahanSum::default(), KahanSum::default(), KahanSum::default(), KahanSum::default());
    for (t, y) in window.t.iter().zip(window.v) {
        let x = (t - at) as f64 / 1e3;
        x_sum.inc(x);
        y_sum.inc(*y);
        xy_sum.inc(x * y);
        xx_sum.inc(x * x);
    }
    let n = window.t.len() as f64;
    let (x, y) = (x_sum.value(), y_sum.value());
    let covariance = xy_sum.value() - x * y / n;
    let variance = xx_sum.value() - x * x / n;
    let slope = covariance / variance;
    (slope, y / n - slope * x / n)
}
