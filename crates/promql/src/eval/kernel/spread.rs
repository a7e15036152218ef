//! Deviations.

use super::Slices;
use crate::functions::Spread;

/// How many windows are gone through at once.
const LANES: usize = 4;

/// The deviation of each window, or its square. In a window each value waits for the division of the one before, and a sum that
/// slides would not have the same bits; so neighbouring windows are gone through side by side, which gives the processor something
/// to do meanwhile.
pub(super) fn run(slices: Slices<'_>, root: bool) {
    let Slices { frames, t, v, out, counts, .. } = slices;
    let mut windows: [&[f64]; LANES] = [&[]; LANES];
    let mut steps = [0; LANES];
    let mut waiting = 0;
    let frames = frames.of(t, counts).enumerate().filter(|(_, frame)| frame.first < frame.end);
    for (step, frame) in frames {
        (windows[waiting], steps[waiting]) = (&v[frame.first..frame.end], step);
        waiting += 1;
        if waiting == LANES {
            waiting = 0;
            give(out, &steps, side_by_side(&windows), root);
        }
    }
    for at in 0..waiting {
        let alone = [windows[at]];
        give(out, &steps[at..=at], side_by_side(&alone), root);
    }
}

fn give<const N: usize>(out: &mut [f64], steps: &[usize], variances: [f64; N], root: bool) {
    for (step, variance) in steps.iter().zip(variances) {
        out[*step] = if root { variance.sqrt() } else { variance };
    }
}

#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
fn side_by_side<const N: usize>(windows: &[&[f64]; N]) -> [f64; N] {
    let mut spreads = [Spread::default(); N];
    let common = windows.iter().map(|window| window.len()).min().unwrap_or(0);
    let starts = windows.map(|window| &window[..common]);
    for at in 0..common {
        let count = (at + 1) as f64;
        for (spread, window) in spreads.iter_mut().zip(&starts) {
            spread.add(window[at], count);
        }
    }
    for (spread, window) in spreads.iter_mut().zip(windows) {
        for (at, v) in window.iter().enumerate().skip(common) {
            spread.add(*v, (at + 1) as f64);
        }
    }
    let mut variances = [0.0; N];
    for ((variance, spread), window) in variances.iter_mut().zip(spreads).zip(windows) {
        *variance = spread.variance(window.len() as f64);
    }
    variances
}
