//! The notation of series in tests: `requests_total{code="200"} 1 2+3x4 _ stale {{schema:1 count:2 buckets:[1 1]}}`.
//!
//! Scripts of PromQL tests and unit tests of rules give their data in it. A description is a metric and, behind a blank each,
//! items that stand for one value or many, one a step:
//!
//! | item | stands for |
//! |---|---|
//! | `5`, `-1.5e3`, `NaN`, `Inf` | one float |
//! | `stale` | a stale marker |
//! | `_`, `_x3` | one step without a value, or three |
//! | `5x3` | four times 5 |
//! | `5+2x3`, `5-2x3` | 5 and three more, each larger or smaller by 2 |
//! | `{{schema:1 count:2}}` | one native histogram |
//! | `{{…}}x3`, `{{…}}+{{…}}x3`, `{{…}}-{{…}}x3` | four of them, in the same way |
//!
//! A histogram has the keys `schema`, `sum`, `count`, `z_bucket` (the count of the zero bucket), `z_bucket_w` (its width),
//! `buckets:[…]` and `n_buckets:[…]` (counts of consecutive buckets), `offset` and `n_offset` (which the first of them are),
//! `custom_values:[…]` and `counter_reset_hint`.
//!
//! What is written in few characters may be many values, so items are kept as they are written, and
//! [`SeriesDescription::values`] makes their values one after the other. Look at [`SeriesDescription::len`] before you collect
//! them.
//!
//! ```
//! use promd_promql_parser::series::{self, SeriesValue};
//!
//! let series = series::parse(r#"requests_total{code="200"} 1+2x3 _ stale"#)?;
//! assert_eq!(series.labels.to_string(), r#"{__name__="requests_total", code="200"}"#);
//! let values: Vec<SeriesValue> = series.values().collect();
//! assert_eq!(values.len(), 6);
//! assert_eq!(values[3], SeriesValue::Float(7.0));
//! assert_eq!(values[4], SeriesValue::Missing);
//!
//! let error = series::parse("up 1+1").unwrap_err();
//! assert_eq!(error.to_string(), "1:7: parse error: unexpected end of input in series values");
//! # Ok::<_, promd_promql_parser::ParseErrors>(())
//! ```

mod parse;
mod starts;
mod values;

use std::sync::Arc;

use promd_model::{FloatHistogram, Labels};

use crate::ParseErrors;
use crate::ast::UnaryOp;
pub use starts::{StartItem, StartTimes, is_start_times, parse_start_times};

/// A series and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesDescription {
    /// The series.
    pub labels: Labels,
    /// Its values, as they are written.
    pub items: Vec<SeriesItem>,
}

/// A value, or a row of values that differ by a step.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesItem {
    /// Steps without a value.
    Missing {
        /// How many.
        count: u64,
    },
    /// Floats.
    Float {
        /// The first.
        first: f64,
        /// By how much each is larger than the one before.
        step: f64,
        /// How many there are.
        count: u64,
    },
    /// Native histograms.
    Histogram {
        /// The first.
        first: Arc<FloatHistogram>,
        /// What is added to, or taken from, each to get the next.
        step: Option<(UnaryOp, Arc<FloatHistogram>)>,
        /// How many there are.
        count: u64,
        /// Whether the notation says what the counter reset hint is.
        names_hint: bool,
    },
}

/// The value of one step.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// None.
    Missing,
    /// A float; [`STALE_NAN`](promd_model::STALE_NAN) where the series ends.
    Float(f64),
    /// A native histogram.
    Histogram {
        /// The histogram.
        histogram: Arc<FloatHistogram>,
        /// Whether the notation says what the counter reset hint is: a test that expects this value looks at the hint then.
        names_hint: bool,
    },
}

/// Parses a series and its values.
///
/// # Errors
///
/// What is wrong with it. The first error is in the words of Prometheus.
pub fn parse(text: &str) -> Result<SeriesDescription, ParseErrors> {
    parse::parse(text)
}

/// Parses a metric without values: `up{job="api"}`. Unit tests of rules name the samples that they expect so.
///
/// ```
/// use promd_promql_parser::series;
///
/// assert_eq!(series::parse_metric("up{job='api'}")?.get("job"), Some("api"));
/// assert!(series::parse_metric("up{job=~'api'}").is_err());
/// # Ok::<_, promd_promql_parser::ParseErrors>(())
/// ```
///
/// # Errors
///
/// What is wrong with it. The first error is in the words of Prometheus.
pub fn parse_metric(text: &str) -> Result<Labels, ParseErrors> {
    parse::parse_metric(text)
}
