//! Range functions of plain floats, a whole series at a time.
//!
//! Most series have floats alone, without stale markers. For these the functions that dashboards and rules are made of are
//! loops over two slices and a slice of results: windows slide, so that the work is that of samples and steps, not of
//! samples in windows. The results are those of the function for each window (`functions`), to the bit; a kernel that
//! cannot promise that for a series leaves it to the function.

mod count;
mod extreme;
mod mean;
mod quantile;
mod rate;
mod spread;

use super::counts::Counts;
use super::frames::{Frame, Frames};

/// What is calculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    Rate { counter: bool, per_second: bool },
    LastTwo { rate: bool },
    Sum { mean: bool },
    Extreme { greatest: bool },
    Count,
    Present,
    First,
    Last,
    Changes,
    Resets,
    Quantile,
    Spread { root: bool },
}

/// The samples of a series, which windows to look at, and where what comes of them goes.
pub(super) struct Slices<'s> {
    pub(super) frames: &'s Frames<'s>,
    pub(super) t: &'s [i64],
    pub(super) v: &'s [f64],
    /// The value of the argument at each step.
    pub(super) argument: Option<&'s [f64]>,
    /// Absent at each step; left so where there is nothing.
    pub(super) out: &'s mut [f64],
    /// Memory to be used again.
    pub(super) scratch: &'s mut Vec<f64>,
    pub(super) counts: &'s mut Counts,
}

impl Kernel {
    /// That of a function, if it has one.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "rate" => Self::Rate { counter: true, per_second: true },
            "increase" => Self::Rate { counter: true, per_second: false },
            "delta" => Self::Rate { counter: false, per_second: false },
            "irate" => Self::LastTwo { rate: true },
            "idelta" => Self::LastTwo { rate: false },
            "sum_over_time" => Self::Sum { mean: false },
            "avg_over_time" => Self::Sum { mean: true },
            "max_over_time" => Self::Extreme { greatest: true },
            "min_over_time" => Self::Extreme { greatest: false },
            "count_over_time" => Self::Count,
            "present_over_time" => Self::Present,
            "first_over_time" => Self::First,
            "last_over_time" => Self::Last,
            "changes" => Self::Changes,
            "resets" => Self::Resets,
            "quantile_over_time" => Self::Quantile,
            "stddev_over_time" => Self::Spread { root: true },
            "stdvar_over_time" => Self::Spread { root: false },
            _ => return None,
        })
    }

    /// Calculates a series. `false`: it is one for the function itself, and nothing was done.
    pub(super) fn run(self, mut slices: Slices<'_>) -> bool {
        match self {
            Self::Rate { counter, per_second } => rate::over_range(slices, counter, per_second),
            Self::LastTwo { rate } => rate::of_last_two(slices, rate),
            Self::Sum { mean } => mean::run(slices, mean),
            Self::Extreme { greatest: true } => return extreme::run(slices, |v, best| v > best),
            Self::Extreme { greatest: false } => return extreme::run(slices, |v, best| v < best),
            #[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
            Self::Count => slices.each(|_, frame| (frame.end - frame.first) as f64),
            Self::Present => slices.each(|_, _| 1.0),
            Self::First => slices.each(|v, frame| v[frame.first]),
            Self::Last => slices.each(|v, frame| v[frame.end - 1]),
            Self::Changes => count::run(slices, |before, now| before != now && !(before.is_nan() && now.is_nan())),
            Self::Resets => count::run(slices, |before, now| now < before),
            Self::Quantile => return quantile::run(slices),
            Self::Spread { root } => spread::run(slices, root),
        }
        true
    }
}

impl Slices<'_> {
    /// Calculates each window that has a sample by itself.
    #[inline]
    fn each(&mut self, of: impl Fn(&[f64], Frame) -> f64) {
        for (out, frame) in self.out.iter_mut().zip(self.frames.of(self.t, self.counts)) {
            if frame.first < frame.end {
                *out = of(self.v, frame);
            }
        }
    }
}
