//! The greatest and the least.

use std::collections::VecDeque;

use super::Slices;

/// The best of each window; of equals the first. A series with a NaN is left to the function, where it is worse than anything.
pub(super) fn run(slices: Slices<'_>, better: impl Fn(f64, f64) -> bool + Copy) -> bool {
    let Slices { frames, t, v, out, counts, .. } = slices;
    if v.iter().any(|v| v.is_nan()) {
        return false;
    }
    if frames.of_one_step() {
        for (out, frame) in out.iter_mut().zip(frames.of(t, counts)) {
            let values = v[frame.first..frame.end].iter().copied();
            if let Some(best) = values.reduce(|best, v| if better(v, best) { v } else { best }) {
                *out = best;
            }
        }
        return true;
    }
    // Places whose values get worse: that in front is the best one of the window, the others may become so when it is gone.
    let mut best: VecDeque<usize> = VecDeque::new();
    let mut seen = 0;
    for (out, frame) in out.iter_mut().zip(frames.of(t, counts)) {
        if frame.first >= frame.end {
            continue;
        }
        if seen <= frame.first {
            // Nothing of the window was seen: it is gone through by itself, and what is behind it is not looked at again.
            best.clear();
            seen = frame.first;
        }
        while best.front().is_some_and(|front| *front < frame.first) {
            best.pop_front();
        }
        if best.is_empty() && frame.end - seen > 8 && seen == frame.first {
            let at = first_best(&v[seen..frame.end], better) + seen;
            best.push_back(at);
            // What follows the best one is worse, and matters only to later windows.
            for place in at + 1..frame.end {
                push(&mut best, place, v, better);
            }
            seen = frame.end;
        }
        for place in seen..frame.end {
            push(&mut best, place, v, better);
        }
        seen = frame.end;
        if let Some(front) = best.front() {
            *out = v[*front];
        }
    }
    true
}

#[inline]
fn push(best: &mut VecDeque<usize>, place: usize, v: &[f64], better: impl Fn(f64, f64) -> bool) {
    while best.back().is_some_and(|back| better(v[place], v[*back])) {
        best.pop_back();
    }
    best.push_back(place);
}

fn first_best(v: &[f64], better: impl Fn(f64, f64) -> bool) -> usize {
    let mut best = 0;
    for (at, value) in v.iter().enumerate() {
        if better(*value, v[best]) {
            best = at;
        }
    }
    best
}
