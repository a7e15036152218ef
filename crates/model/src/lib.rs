#![doc = include_str!("../README.md")]
//!
//! # What "as Prometheus" means
//!
//! Clients compare texts, and two servers of one configuration must do the same at the same moment. So what can be seen
//! from outside is exact: the digits of a float, the quotes around a label value, the words of an error, the hash that
//! decides when a target is scraped. Expected values in the tests come from Go's standard library, from Prometheus'
//! libraries or from the running server, never from this crate. Where Prometheus overflows or reads garbage, this crate
//! refuses or keeps within bounds, and the documentation of the function says so.
//!
//! # Invariants
//!
//! * A label set is valid from the moment that it exists: sorted, unique, not without names, UTF-8. Bytes from elsewhere are
//!   checked once ([`LabelsRef::from_packed`]); from there on nothing can be wrong with them.
//! * All text is UTF-8. Names and values that are not are refused where they come in, as Prometheus does.
//! * The bits of a NaN are data: no function changes one NaN into another.
//! * Nothing allocates by a length that it was told, and no input makes a function panic or recurse.
//!
//! # How the modules fit
//!
//! `labels` stands alone but for its text, which needs `name` (is the name a legacy one?) and `quote`. `matcher` asks
//! what a label says, with the expressions of `promd-regex`. `sample` and `metadata` say what a series holds, at a time of
//! `time`. `float`, `quote`, `duration` and `size` are text alone.

#![forbid(unsafe_code)]

mod duration;
pub mod float;
mod health;
mod interval;
mod labels;
mod matcher;
mod metadata;
mod name;
pub mod quote;
mod sample;
mod size;
mod time;

pub use duration::{Duration, DurationError};
pub use health::Health;
pub use interval::{Interval, Intervals};
pub use labels::{Label, Labels, LabelsBuilder, LabelsBytesIter, LabelsError, LabelsIter, LabelsRef, METRIC_NAME};
pub use matcher::{MatchOp, Matcher};
pub use metadata::{Metadata, MetricType, MetricTypeError};
pub use name::{EscapingScheme, SchemeError, ValidationScheme, is_legacy_label_name, is_legacy_metric_name};
pub use sample::{Exemplar, Sample};
pub use size::{ByteSize, ByteSizeError};
pub use time::{Civil, Millis, ParseTimeError};

mod columns;
mod histogram;
pub mod math;
mod value;

pub use columns::{
    Columns, FloatRun, FloatsMut, HistogramLayout, HistogramRow, HistogramRun, HistogramsMut, Population, Run,
};
pub use histogram::*;
pub use value::{KahanSum, NORMAL_NAN, STALE_NAN, all_same_bits, is_stale, same_bits};
