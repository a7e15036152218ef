//! How often something happens between neighbours.

use super::Slices;

/// The number of neighbours in each window for which `event` holds, by sums from the start of the series.
#[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
pub(super) fn run(slices: Slices<'_>, event: impl Fn(f64, f64) -> bool) {
    let Slices { frames, t, v, out, scratch, counts, .. } = slices;
    scratch.clear();
    let mut events = 0usize;
    scratch.extend(v.iter().take(1).map(|_| 0.0));
    scratch.extend(v.windows(2).map(|pair| {
        events += usize::from(event(pair[0], pair[1]));
        events as f64
    }));
    for (out, frame) in out.iter_mut().zip(frames.of(t, counts)) {
        if frame.first < frame.end {
            *out = scratch[frame.end - 1] - scratch[frame.first];
        }
    }
}
