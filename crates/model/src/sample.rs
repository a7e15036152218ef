//! What a series is made of, but for histograms.

use std::cmp::Ordering;

use crate::{Labels, Millis};

/// A float at a time.
///
/// Equality is that of floats: a stale marker does not equal itself.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// When the value was.
    pub timestamp: Millis,
    /// The value.
    pub value: f64,
}

/// An example of what a series has counted, such as the trace of one request.
///
/// ```
/// use promd_model::{Exemplar, Labels, Millis};
///
/// let labels = Labels::from_pairs([("trace_id", "4bf92f")])?;
/// let first = Exemplar { labels, value: 0.7, timestamp: Millis(1000), has_timestamp: false };
/// // The target shows the same exemplar at the next scrape.
/// let again = Exemplar { timestamp: Millis(16_000), ..first.clone() };
/// assert!(first.is_duplicate_of(&again));
/// # Ok::<_, promd_model::LabelsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exemplar {
    /// What the example is.
    pub labels: Labels,
    /// The value that was observed.
    pub value: f64,
    /// When it was observed, or, if the target does not say so, when it was scraped.
    pub timestamp: Millis,
    /// Whether the target has said when.
    pub has_timestamp: bool,
}

impl Exemplar {
    /// How many characters the labels may have, as [`label_chars`](Self::label_chars) counts them: OpenMetrics has the
    /// limit.
    pub const MAX_LABEL_CHARS: usize = 128;

    /// The characters of all names and values together.
    #[must_use]
    pub fn label_chars(&self) -> usize {
        self.labels.iter().map(|label| label.name.chars().count() + label.value.chars().count()).sum()
    }

    /// Whether the two are one exemplar, shown twice. Timestamps count if the target has given either.
    #[must_use]
    pub fn is_duplicate_of(&self, other: &Self) -> bool {
        let same_time = self.timestamp == other.timestamp || !(self.has_timestamp || other.has_timestamp);
        same_time && self.labels == other.labels && self.value == other.value
    }

    /// Which comes first: by timestamp, then by value, then by labels (`exemplar.Compare` of Prometheus). A NaN is
    /// neither below nor above a value.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let by_value = self.value.partial_cmp(&other.value).unwrap_or(Ordering::Equal);
        self.timestamp.cmp(&other.timestamp).then(by_value).then_with(|| self.labels.cmp(&other.labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(label: &str, value: f64, timestamp: i64, has_timestamp: bool) -> Exemplar {
        let labels = Labels::from_pairs([("a", label)]).unwrap();
        Exemplar { labels, value, timestamp: Millis(timestamp), has_timestamp }
    }

    /// By `Exemplar.Equals` of `model/exemplar/exemplar.go`.
    #[test]
    fn a_timestamp_that_was_not_given_makes_no_difference() {
        let base = exemplar("x", 1.0, 1, false);
        assert!(base.is_duplicate_of(&exemplar("x", 1.0, 2, false)));
        assert!(!base.is_duplicate_of(&exemplar("x", 1.0, 2, true)));
        assert!(base.is_duplicate_of(&exemplar("x", 1.0, 1, true)));
        assert!(!base.is_duplicate_of(&exemplar("y", 1.0, 1, false)));
        assert!(!base.is_duplicate_of(&exemplar("x", 2.0, 1, false)));
        assert!(!exemplar("x", f64::NAN, 1, true).is_duplicate_of(&exemplar("x", f64::NAN, 1, true)));
    }

    #[test]
    fn time_goes_before_value_and_value_before_labels() {
        let ascending = [
            exemplar("z", 9.0, 1, true),
            exemplar("z", 1.0, 2, true),
            exemplar("a", 2.0, 2, true),
            exemplar("b", 2.0, 2, true),
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(a.compare(b), i.cmp(&j));
            }
        }
        assert_eq!(exemplar("a", f64::NAN, 1, true).compare(&exemplar("b", 1.0, 1, true)), Ordering::Less);
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(exemplar("größe", 1.0, 1, true).label_chars(), 6);
    }
}
