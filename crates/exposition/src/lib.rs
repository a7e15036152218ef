#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! A parser goes over the body from byte to byte and makes no tokens: a line is checked and measured in one pass, and only
//! positions are kept. What it skips over (names, label values) it looks at eight bytes at a time, and most lines it does not
//! look at so closely at all: a series is read along the one before, and only where the two part is it checked again.
//!
//! The texts of errors name the token that Prometheus' lexer would have met. So there is a lexer too, but it is only asked
//! once a parse has failed.
//!
//! # Invariants
//!
//! - A line costs no allocation, whatever is asked of its entry, unless a label has to be unescaped or rewritten. An error
//!   costs a few.
//! - Nothing recurses, and time is linear in the length of the body. That includes start timestamps, which OpenMetrics has
//!   in later lines: the search for them keeps what it found.
//! - Every slice that an entry hands out lies in the body, and what is handed out as a string was checked to be UTF-8.
//! - Where Prometheus accepts what OpenMetrics forbids, it is accepted here too: the formats are those that Prometheus reads.
//!   The one exception: a name that is not UTF-8 is refused by the parser, and not one step later by the scraper.
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
