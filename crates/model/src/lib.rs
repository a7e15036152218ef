#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod float;
mod labels;
mod name;
pub mod quote;

pub use labels::{Label, Labels, LabelsBuilder, LabelsError, LabelsIter, LabelsRef, METRIC_NAME};
pub use name::{EscapingScheme, SchemeError, ValidationScheme, is_legacy_label_name, is_legacy_metric_name};
