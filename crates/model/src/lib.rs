#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod duration;
pub mod float;
mod labels;
mod metadata;
mod name;
pub mod quote;
mod sample;
mod size;
mod time;

pub use duration::{Duration, DurationError};
pub use labels::{Label, Labels, LabelsBuilder, LabelsBytesIter, LabelsError, LabelsIter, LabelsRef, METRIC_NAME};
pub use metadata::{Metadata, MetricType, MetricTypeError};
pub use name::{EscapingScheme, SchemeError, ValidationScheme, is_legacy_label_name, is_legacy_metric_name};
pub use sample::{Exemplar, Sample};
pub use size::{ByteSize, ByteSizeError};
pub use time::{Civil, Millis, ParseTimeError};

mod columns;
mod histogram;
mod math;
mod value;

pub use columns::{
    Columns, FloatRun, FloatsMut, HistogramLayout, HistogramRow, HistogramRun, HistogramsMut, Population, Run,
};
pub use histogram::*;
pub use value::{KahanSum, NORMAL_NAN, STALE_NAN, all_same_bits, is_stale, same_bits};
