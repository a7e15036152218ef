//! Exemplars: single observations kept as examples, with labels that lead to a trace.

use std::sync::Arc;
use std::time::SystemTime;

/// An observation kept as an example. Clones share the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq)]
struct Inner {
    labels: Box<[(Box<str>, Box<str>)]>,
    value: f64,
    timestamp: Option<SystemTime>,
}

impl Exemplar {
    /// How many characters names and values of the labels may have together, which OpenMetrics sets. Prometheus stores
    /// no exemplar that exceeds it.
    pub const MAX_RUNES: usize = 128;

    /// An exemplar. It returns `None` if the labels are longer than [`Exemplar::MAX_RUNES`]: an example is not worth
    /// an error.
    ///
    /// ```
    /// use promd_metrics::Exemplar;
    ///
    /// let exemplar = Exemplar::new(&[("trace_id", "7bba9f33312b3dbb8b2c2c62bb7abe2d")], 0.3, None);
    /// assert!(exemplar.is_some_and(|e| e.value() == 0.3 && e.labels().count() == 1));
    /// assert_eq!(Exemplar::new(&[("text", &"x".repeat(125))], 0.3, None), None);
    /// ```
    pub fn new(labels: &[(&str, &str)], value: f64, timestamp: Option<SystemTime>) -> Option<Exemplar> {
        let runes: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
        if runes > Exemplar::MAX_RUNES {
            return None;
        }
        let labels = labels.iter().map(|(name, value)| (Box::from(*name), Box::from(*value))).collect();
        Some(Exemplar { inner: Arc::new(Inner { labels, value, timestamp }) })
    }

    /// The labels, in the order in which they were given.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.inner.labels.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The observation.
    pub fn value(&self) -> f64 {
        self.inner.value
    }

    /// When it was made. A native histogram's exemplars are of use to Prometheus only with it.
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.inner.timestamp
    }
}
