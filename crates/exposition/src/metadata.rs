//! The lines of metadata, as far as both text formats have them alike.

use promd_model::quote;

use crate::entry::{Escaped, MetricType, Unescape};
use crate::input::Input;
use crate::scan;
use crate::token::State;
use crate::{Entry, ParseError};

/// A keyword of a line of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Help,
    Type,
    Unit,
}

impl Keyword {
    const fn expected_name(self) -> &'static str {
        match self {
            Self::Help => "expected metric name after HELP",
            Self::Type => "expected metric name after TYPE",
            Self::Unit => "expected metric name after UNIT",
        }
    }
}

/// An entry that is not a series, as a parser keeps it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Metadata<'a> {
    Type { name: &'a str, metric_type: MetricType },
    Help { name: &'a str, help: &'a str, rule: Unescape },
    Unit { name: &'a str, unit: &'a str },
    Comment(&'a [u8]),
}

impl<'a> Metadata<'a> {
    pub(crate) const fn entry(self) -> Entry<'a> {
        match self {
            Self::Type { name, metric_type } => Entry::Type { name, metric_type },
            Self::Help { name, help, rule } => Entry::Help { name, help: Escaped::new(help, rule) },
            Self::Unit { name, unit } => Entry::Unit { name, unit },
            Self::Comment(text) => Entry::Comment(text),
        }
    }
}

/// The name of a family in a line of metadata.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    /// The name without quotes; its escapes stay, as in Prometheus.
    pub(crate) bytes: &'a [u8],
    /// The position behind it.
    pub(crate) end: usize,
}

impl<'a> Name<'a> {
    /// The name as a string. Prometheus takes any bytes here; what is not UTF-8 can be no name of a series, and its line is
    /// then no more than a comment.
    pub(crate) fn text(&self) -> Option<&'a str> {
        str::from_utf8(self.bytes).ok()
    }
}

/// Reads the name at `at`; `previous` is where the token before starts.
pub(crate) fn name<'a>(
    input: &Input<'a>,
    keyword: Keyword,
    at: usize,
    previous: usize,
) -> Result<Name<'a>, ParseError> {
    match input.byte(at) {
        Some(b'"') => {
            if let Ok(end) = scan::quoted_end(input.body, at + 1, scan::NAME) {
                return Ok(Name { bytes: input.slice(at + 1, end - 1), end });
            }
        }
        Some(byte) if scan::starts_name(byte) => {
            let end = scan::name_end(input.body, at + 1);
            return Ok(Name { bytes: input.slice(at, end), end });
        }
        _ => {}
    }
    Err(input.unexpected(keyword.expected_name(), at, previous, State::MetadataName))
}

/// The text from `from` to `to` as a help text.
pub(crate) fn help<'a>(input: &Input<'a>, from: usize, to: usize) -> Result<&'a str, ParseError> {
    input.text(from, to).ok_or_else(|| {
        let shown = quote::go(input.slice(from, to));
        input.error(from, format!("help text {shown} is not a valid utf8 string"))
    })
}

/// The error that the text from `from` to `to` names no type.
#[cold]
pub(crate) fn invalid_type(input: &Input<'_>, from: usize, to: usize) -> ParseError {
    let shown = quote::go(input.slice(from, to));
    input.error(from, format!("invalid metric type {shown}")).expecting("metric type")
}
