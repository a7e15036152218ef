//! What a target says of its metrics: type, unit and help.

use std::fmt;
use std::str::FromStr;

use crate::quote;

/// The type of a metric.
///
/// ```
/// use promd_model::MetricType;
///
/// assert_eq!("gaugehistogram".parse(), Ok(MetricType::GaugeHistogram));
/// assert_eq!(MetricType::default().as_str(), "unknown");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MetricType {
    /// A sum that only grows, until it starts again from zero.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Observations counted in buckets.
    Histogram,
    /// Buckets of which the counts go up and down.
    GaugeHistogram,
    /// Quantiles computed by the target.
    Summary,
    /// Labels that do not change while the target runs, with the value 1.
    Info,
    /// A set of booleans.
    Stateset,
    /// Not known, or not said.
    #[default]
    Unknown,
}

impl MetricType {
    /// All types.
    pub const ALL: [Self; 8] = [
        Self::Counter,
        Self::Gauge,
        Self::Histogram,
        Self::GaugeHistogram,
        Self::Summary,
        Self::Info,
        Self::Stateset,
        Self::Unknown,
    ];

    /// The name that the HTTP API and OpenMetrics have for it (text 0.0.4 says `untyped` for `unknown`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::Stateset => "stateset",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MetricType {
    type Err = MetricTypeError;

    fn from_str(text: &str) -> Result<Self, MetricTypeError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| MetricTypeError(text.to_owned()))
    }
}

/// There is no such type of metric. It is displayed as Prometheus' parsers have it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid metric type {}", quote::go(.0))]
pub struct MetricTypeError(String);

/// What a target says of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Metadata {
    /// The type, `unknown` if it is not said.
    pub metric_type: MetricType,
    /// The unit, which is also the last word of the metric's name; empty if it is not said.
    pub unit: String,
    /// What the metric means; empty if it is not said.
    pub help: String,
}

impl Metadata {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.metric_type == MetricType::Unknown && self.unit.is_empty() && self.help.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_by_its_name_alone() {
        for kind in MetricType::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        // The text is that of `model/textparse`.
        let error = "untyped".parse::<MetricType>().unwrap_err();
        assert_eq!(error.to_string(), r#"invalid metric type "untyped""#);
    }

    #[test]
    fn metadata_that_says_nothing_is_empty() {
        assert!(Metadata::default().is_empty());
        assert!(!Metadata { metric_type: MetricType::Gauge, ..Metadata::default() }.is_empty());
        assert!(!Metadata { unit: "s".to_owned(), ..Metadata::default() }.is_empty());
        assert!(!Metadata { help: "h".to_owned(), ..Metadata::default() }.is_empty());
    }
}
