//! Sums and means.

use promd_model::KahanSum;

use super::Slices;
use crate::functions::Mean;

/// Whole numbers up to this add up without rounding.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn run(mut slices: Slices<'_>, mean: bool) {
    if sum_up(slices.v, slices.scratch) {
        return exact(slices, mean);
    }
    if mean {
        slices.each(|v, frame| {
            let v = &v[frame.first..frame.end];
            let mut mean = Mean::new(v[0]);
            v[1..].iter().for_each(|v| mean.add(*v));
            mean.value()
        });
    } else {
        slices.each(|v, frame| {
            let sum: KahanSum = v[frame.first..frame.end].iter().copied().collect();
            if sum.sum.is_infinite() { sum.sum } else { sum.value() }
        });
    }
}

/// Whether all sums of neighbours are exact, and the sums from the start of the series on, the first one 0. Then the
/// compensation of a sum is 0, and a difference of two sums is what adding up a window would give.
fn sum_up(v: &[f64], sums: &mut Vec<f64>) -> bool {
    sums.clear();
    sums.push(0.0);
    let (mut sum, mut reach) = (0.0, 0.0);
    for v in v {
        // A negative zero is no whole number here: sums of it alone are negative.
        if v.trunc().to_bits() != v.to_bits() || v.to_bits() == (-0.0f64).to_bits() {
            return false;
        }
        sum += v;
        reach += v.abs();
        sums.push(sum);
    }
    reach < EXACT
}

#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
fn exact(slices: Slices<'_>, mean: bool) {
    let Slices { frames, t, out, scratch: sums, counts, .. } = slices;
    for (out, frame) in out.iter_mut().zip(frames.of(t, counts)) {
        if frame.first < frame.end {
            let sum = sums[frame.end] - sums[frame.first];
            *out = if mean { sum / (frame.end - frame.first) as f64 } else { sum };
        }
    }
}
