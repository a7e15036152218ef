//! From items to values.

use std::sync::Arc;

use promd_model::{FloatHistogram, HistogramError};

use super::{SeriesDescription, SeriesItem, SeriesValue};
use crate::ast::UnaryOp;

impl SeriesDescription {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.items.iter().fold(0, |sum: u64, item| sum.saturating_add(item.len()))
    }

    /// Whether there is no value, not even a missing one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, one a step.
    pub fn values(&self) -> impl Iterator<Item = SeriesValue> {
        self.items.iter().flat_map(SeriesItem::values)
    }
}

impl SeriesItem {
    /// How many values it stands for.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Missing { count } | Self::Float { count, .. } | Self::Histogram { count, .. } => *count,
        }
    }

    /// Whether it stands for none: `_x0`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = SeriesValue> {
        let mut float = match self {
            Self::Float { first, .. } => *first,
            _ => 0.0,
        };
        let mut histogram = match self {
            Self::Histogram { first, .. } => Some(Arc::clone(first)),
            _ => None,
        };
        let mut left = self.len();
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            Some(match self {
                Self::Missing { .. } => SeriesValue::Missing,
                Self::Float { step, .. } => {
                    let value = float;
                    float += step;
                    SeriesValue::Float(value)
                }
                Self::Histogram { step, names_hint, .. } => {
                    let current = histogram.clone()?;
                    if let Some((sign, step)) = step
                        && left > 0
                    {
                        // The parser has made sure that this can be done.
                        histogram = stepped(&current, *sign, step).ok().map(Arc::new);
                    }
                    SeriesValue::Histogram { histogram: current, names_hint: *names_hint }
                }
            })
        })
    }
}

/// The histogram that follows.
pub(super) fn stepped(
    current: &FloatHistogram,
    sign: UnaryOp,
    step: &FloatHistogram,
) -> Result<FloatHistogram, HistogramError> {
    let mut next = current.clone();
    match sign {
        UnaryOp::Plus => next.add(step),
        UnaryOp::Minus => next.sub(step),
    }?;
    Ok(next)
}
