//! Quantiles.

use super::Slices;
use crate::functions::quantile_of_sorted;

/// The quantile of each window. The values of the window are kept in order from step to step, if most of them stay.
pub(super) fn run(slices: Slices<'_>) -> bool {
    let Slices { frames, t, v, argument, out, scratch: sorted, counts } = slices;
    let Some(phi) = argument else { return false };
    // What is no quantile is warned of; NaN and negative zero have places of their own in the order.
    let plain = |v: &f64| !v.is_nan() && v.to_bits() != (-0.0f64).to_bits();
    if phi.iter().any(|phi| !(0.0..=1.0).contains(phi)) || !v.iter().all(plain) {
        return false;
    }
    sorted.clear();
    let (mut first, mut end) = (0, 0);
    for ((out, frame), phi) in out.iter_mut().zip(frames.of(t, counts)).zip(phi) {
        if frame.first >= frame.end {
            continue;
        }
        let (gone, new) = (frame.first.saturating_sub(first), frame.end - end);
        let width = frame.end - frame.first;
        if frame.first >= end || (gone + new) * 16 > width {
            (first, end) = (frame.first, frame.end);
            sorted.clear();
            sorted.extend_from_slice(&v[first..end]);
            if frames.of_one_step() {
                *out = select(*phi, sorted);
                continue;
            }
            sorted.sort_unstable_by(f64::total_cmp);
        } else {
            for value in &v[first..frame.first] {
                sorted.remove(sorted.partition_point(|known| known < value));
            }
            for value in &v[end..frame.end] {
                sorted.insert(sorted.partition_point(|known| known < value), *value);
            }
            (first, end) = (frame.first, frame.end);
        }
        *out = quantile_of_sorted(*phi, sorted.len(), |at| sorted[at]);
    }
    true
}

/// The quantile of values in any order, of which only the one or two that matter are brought to their places.
fn select(phi: f64, values: &mut [f64]) -> f64 {
    let count = values.len();
    let mut known: Option<(usize, f64)> = None;
    quantile_of_sorted(phi, count, |at| match known {
        Some((before, value)) if before == at => value,
        Some((before, _)) => values[before + 1..].iter().copied().fold(f64::INFINITY, f64::min),
        None => {
            let (_, value, _) = values.select_nth_unstable_by(at, f64::total_cmp);
            known = Some((at, *value));
            *value
        }
    })
}
