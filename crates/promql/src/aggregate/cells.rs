//! What the floats of a group have folded into, in columns: a place for each step.

use promd_model::{KahanSum, STALE_NAN, is_stale};
use promd_promql_parser::ast::AggregateOp;

use crate::functions::{Mean, quantile};

/// Nothing yet, as in a column.
const ABSENT: f64 = STALE_NAN;

/// What floats have folded into.
#[derive(Debug)]
pub(super) enum Cells {
    Sum {
        sums: Vec<f64>,
        compensations: Vec<f64>,
    },
    /// A mean without values has not been begun.
    Mean(Vec<Option<Mean>>),
    Count(Vec<f64>),
    Group(Vec<f64>),
    Extreme {
        best: Vec<f64>,
        greatest: bool,
    },
    Spread {
        counts: Vec<f64>,
        means: Vec<f64>,
        squares: Vec<f64>,
        root: bool,
    },
    /// All values, for quantiles.
    All(Vec<Vec<f64>>),
}

impl Cells {
    pub(super) fn new(op: AggregateOp, steps: usize) -> Self {
        let nothing = || vec![ABSENT; steps];
        match op {
            AggregateOp::Sum => Self::Sum { sums: nothing(), compensations: vec![0.0; steps] },
            AggregateOp::Avg => Self::Mean(vec![None; steps]),
            AggregateOp::Count => Self::Count(vec![0.0; steps]),
            AggregateOp::Max => Self::Extreme { best: nothing(), greatest: true },
            AggregateOp::Min => Self::Extreme { best: nothing(), greatest: false },
            AggregateOp::StdDev | AggregateOp::StdVar => Self::Spread {
                counts: vec![0.0; steps],
                means: nothing(),
                squares: vec![0.0; steps],
                root: op == AggregateOp::StdDev,
            },
            AggregateOp::Quantile => Self::All(vec![Vec::new(); steps]),
            _ => Self::Group(nothing()),
        }
    }

    /// The memory of so many steps, without the values that quantiles keep.
    pub(super) fn bytes(op: AggregateOp, steps: usize) -> usize {
        let width = match op {
            AggregateOp::Sum => 2 * size_of::<f64>(),
            AggregateOp::Avg => size_of::<Option<Mean>>(),
            AggregateOp::StdDev | AggregateOp::StdVar => 3 * size_of::<f64>(),
            AggregateOp::Quantile => size_of::<Vec<f64>>(),
            _ => size_of::<f64>(),
        };
        steps * width
    }

    /// Adds a column, which is absent where there is nothing.
    pub(super) fn add(&mut self, values: &[f64]) {
        match self {
            Self::Sum { sums, compensations } => {
                for ((sum, compensation), value) in sums.iter_mut().zip(compensations).zip(values) {
                    add_up(sum, compensation, *value);
                }
            }
            Self::Count(counts) => {
                for (count, value) in counts.iter_mut().zip(values) {
                    *count += if is_stale(*value) { 0.0 } else { 1.0 };
                }
            }
            Self::Group(group) => {
                for (group, value) in group.iter_mut().zip(values) {
                    *group = if is_stale(*value) { *group } else { 1.0 };
                }
            }
            _ => {
                for (step, value) in values.iter().enumerate().filter(|(_, value)| !is_stale(**value)) {
                    self.one(step, *value);
                }
            }
        }
    }

    /// Adds the value of a step.
    pub(super) fn one(&mut self, step: usize, value: f64) {
        match self {
            Self::Sum { sums, compensations } => add_up(&mut sums[step], &mut compensations[step], value),
            Self::Mean(means) => match &mut means[step] {
                Some(mean) => mean.add(value),
                none => *none = Some(Mean::new(value)),
            },
            Self::Count(counts) => counts[step] += 1.0,
            Self::Group(group) => group[step] = 1.0,
            Self::Extreme { best, greatest } => {
                let best = &mut best[step];
                // Nothing yet is a NaN too.
                if best.is_nan() || (if *greatest { *best < value } else { *best > value }) {
                    *best = value;
                }
            }
            Self::Spread { counts, means, squares, .. } => {
                counts[step] += 1.0;
                if counts[step] == 1.0 {
                    means[step] = value;
                    squares[step] = if value.is_finite() { 0.0 } else { f64::NAN };
                    return;
                }
                let delta = value - means[step];
                means[step] += delta / counts[step];
                squares[step] += delta * (value - means[step]);
            }
            Self::All(all) => all[step].push(value),
        }
    }

    /// Whether there was a float at a step.
    pub(super) fn is_present(&self, step: usize) -> bool {
        match self {
            Self::Sum { sums: of, .. } | Self::Group(of) | Self::Extreme { best: of, .. } => !is_stale(of[step]),
            Self::Mean(means) => means[step].is_some(),
            Self::Count(counts) | Self::Spread { counts, .. } => counts[step] > 0.0,
            Self::All(all) => !all[step].is_empty(),
        }
    }

    /// What came of each step. Quantiles need to know which.
    pub(super) fn into_values(self, phi: &[f64]) -> Vec<f64> {
        match self {
            Self::Sum { mut sums, compensations } => {
                for (sum, compensation) in sums.iter_mut().zip(compensations).filter(|(sum, _)| !is_stale(**sum)) {
                    *sum = KahanSum { sum: *sum, compensation }.value();
                }
                sums
            }
            Self::Mean(means) => means.iter().map(|mean| mean.map_or(ABSENT, |mean| mean.value())).collect(),
            Self::Count(mut counts) => {
                counts.iter_mut().filter(|count| **count == 0.0).for_each(|count| *count = ABSENT);
                counts
            }
            Self::Group(values) | Self::Extreme { best: values, .. } => values,
            Self::Spread { counts, squares, root, .. } => {
                let of = |(count, squares): (&f64, &f64)| match *count {
                    0.0 => ABSENT,
                    count if root => (squares / count).sqrt(),
                    count => squares / count,
                };
                counts.iter().zip(&squares).map(of).collect()
            }
            Self::All(all) => {
                let of = |(mut values, phi): (Vec<f64>, &f64)| {
                    if values.is_empty() { ABSENT } else { quantile(*phi, &mut values) }
                };
                all.into_iter().zip(phi).map(of).collect()
            }
        }
    }
}

/// One addition of a compensated sum, without a branch that depends on the values. What is absent changes nothing, and to an
/// absent sum a value is added by taking its place: 0 with -0 is another zero.
#[inline]
fn add_up(sum: &mut f64, compensation: &mut f64, value: f64) {
    let first = is_stale(*sum);
    let mut kahan = KahanSum { sum: *sum, compensation: *compensation };
    kahan.inc(value);
    let absent = is_stale(value);
    *sum = if absent {
        *sum
    } else if first {
        value
    } else {
        kahan.sum
    };
    *compensation = if absent || first { *compensation } else { kahan.compensation };
}
