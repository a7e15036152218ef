//! Rates.

use super::Slices;
use crate::functions::{reach, seconds};

/// `rate`, `increase` and `delta`.
pub(super) fn over_range(slices: Slices<'_>, counter: bool, per_second: bool) {
    let Slices { frames, t, v, out, counts, .. } = slices;
    // Most counters have no reset, which is found out in one quick pass.
    let falls = counter && v.windows(2).fold(false, |falls, pair| falls | (pair[1] < pair[0]));
    let resets: Vec<usize> = if falls { (1..v.len()).filter(|at| v[*at] < v[*at - 1]).collect() } else { Vec::new() };
    // The first reset behind the first sample of the window.
    let mut next = 0;
    for (out, frame) in out.iter_mut().zip(frames.of(t, counts)) {
        if frame.end - frame.first < 2 {
            continue;
        }
        let (first, last) = (frame.first, frame.end - 1);
        let mut sum = v[last] - v[first];
        while resets.get(next).is_some_and(|reset| *reset <= first) {
            next += 1;
        }
        for reset in resets[next..].iter().take_while(|reset| **reset <= last) {
            sum += v[reset - 1];
        }
        let origin = counter.then_some((v[first], sum));
        let mut factor = reach((t[first], t[last]), last - first, (frame.from, frame.to), None, origin);
        if per_second {
            factor /= frames.seconds;
        }
        *out = sum * factor;
    }
}

/// `irate` and `idelta`.
pub(super) fn of_last_two(slices: Slices<'_>, rate: bool) {
    let Slices { frames, t, v, out, counts, .. } = slices;
    for (out, frame) in out.iter_mut().zip(frames.of(t, counts)) {
        if frame.end - frame.first < 2 {
            continue;
        }
        let (before, now) = (frame.end - 2, frame.end - 1);
        let growth = if rate && v[now] < v[before] { v[now] } else { v[now] - v[before] };
        *out = if rate { growth / seconds(t[now] - t[before]) } else { growth };
    }
}
