#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod decimal;
mod entry;
mod error;
mod head;
mod input;
mod labels;
mod metadata;
mod negotiation;
mod nhcb;
mod openmetrics;
mod parser;
mod protobuf;
mod scan;
mod series;
mod text;
mod token;
mod write;

pub use entry::{Entry, Escaped, Exemplar, Exemplars, HistogramRef, MetricType, Pieces, Sample};
pub use error::ParseError;
pub use negotiation::{
    BodyFormat, ContentTypeError, Format, ScrapeProtocol, UnknownProtocol, accept_header, content_type, negotiate,
};
pub use nhcb::NhcbParser;
pub use openmetrics::OpenMetricsParser;
pub use parser::{Options, Parser};
pub use protobuf::ProtobufParser;
pub use text::TextParser;
pub use write::{FamilyHead, WriteError, Writer};
