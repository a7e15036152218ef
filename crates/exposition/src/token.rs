//! The tokens of Prometheus' lexers, to say in its words what stood in the place of something else.
//!
//! The parsers do not use tokens: they go from byte to byte. Only when they have failed do they ask here what Prometheus'
//! lexer, in the state that it would have been in, would have made of the input (`model/textparse/promlex.l`,
//! `openmetricslex.l`), since its error texts tell the kind of the token and how far the lexer got.

use crate::scan::{self, Quoting};

/// The two text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus text. Its lexer works on a copy with a newline appended.
    Text,
    /// OpenMetrics text.
    OpenMetrics,
}

/// What a lexer expects: the start conditions of its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The start of a line.
    Line,
    /// The name in a metadata line.
    MetadataName,
    /// Between the braces, but for label values.
    Labels,
    /// A label value.
    LabelValue,
    /// Behind the series.
    Value,
    /// Behind the value.
    Timestamp,
    /// Between the braces of an exemplar, but for label values.
    ExemplarLabels,
    /// A label value of an exemplar, or the exemplar's value.
    ExemplarValue,
    /// Behind the value of an exemplar.
    ExemplarTimestamp,
}

/// A token, as far as error texts need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// The name that error texts have for its kind.
    pub(crate) kind: &'static str,
    /// Where it ends, or where the lexer gave up.
    pub(crate) end: usize,
}

const fn token(kind: &'static str, end: usize) -> Token {
    Token { kind, end }
}

const fn invalid(end: usize) -> Token {
    token("INVALID", end)
}

/// The token of `body` that starts at `at`.
pub(crate) fn lex(body: &[u8], at: usize, format: Format, state: State) -> Token {
    let byte = match (body.get(at), format) {
        (Some(byte), _) => *byte,
        (None, Format::Text) if at == body.len() => b'\n',
        (None, _) => return token("EOF", at),
    };
    match (state, byte) {
        (State::Line, b'\n') if format == Format::Text => token("LINEBREAK", at + 1),
        (State::Line, 0) if format == Format::Text => token("EOF", at + 1),
        (State::Line, b'#') if format == Format::OpenMetrics => comment(body, at),
        (State::Line | State::Value, b'{') => token("BOPEN", at + 1),
        (State::Line | State::MetadataName, byte) if scan::starts_name(byte) => {
            token("MNAME", scan::name_end(body, at))
        }
        (State::MetadataName, b'"') => quoted(body, at, "MNAME", scan::NAME),
        (State::Labels, b'"') => quoted(body, at, "QSTRING", scan::NAME),
        (State::ExemplarLabels, b'"') => quoted(body, at, "QSTRING", scan::EXEMPLAR),
        (State::Labels | State::ExemplarLabels, b',') => token("COMMA", at + 1),
        (State::Labels | State::ExemplarLabels, b'=') => token("EQUAL", at + 1),
        (State::Labels | State::ExemplarLabels, b'}') => token("BCLOSE", at + 1),
        (State::Labels | State::ExemplarLabels, byte) if scan::starts_label(byte) => {
            token("LNAME", scan::label_end(body, at))
        }
        (State::LabelValue, b'"') => match format {
            Format::Text => quoted(body, at, "LVALUE", scan::TEXT_VALUE),
            Format::OpenMetrics => quoted(body, at, "LVALUE", scan::OPENMETRICS_VALUE),
        },
        (State::ExemplarValue, b'"') => quoted(body, at, "LVALUE", scan::EXEMPLAR),
        (State::Value, _) if format == Format::Text => word(body, at, at, "VALUE", format),
        (State::Timestamp, b'\n') => token("LINEBREAK", at + 1),
        (State::Timestamp, b'0'..=b'9') if format == Format::Text => token("TIMESTAMP", digits_end(body, at)),
        (State::Timestamp, _) if format == Format::Text => invalid(at),
        (State::Timestamp, b' ') => match body.get(at + 1..) {
            Some([b'#', b' ', b'{', ..]) => token("COMMENT", at + 4),
            Some([b'#', b' ', ..]) => invalid(at + 3),
            _ => word(body, at, at + 1, "TIMESTAMP", format),
        },
        (State::ExemplarTimestamp, b'\n') => token("LINEBREAK", at + 1),
        (State::ExemplarTimestamp, b' ') => word(body, at, at + 1, "TIMESTAMP", format),
        (State::Value | State::ExemplarValue, b' ') => word(body, at, at + 1, "VALUE", format),
        _ => invalid(at),
    }
}

/// A quoted string of kind `kind`.
fn quoted(body: &[u8], at: usize, kind: &'static str, quoting: Quoting) -> Token {
    scan::quoted_end(body, at + 1, quoting).map_or_else(invalid, |end| token(kind, end))
}

/// A token of kind `kind` at `at` whose word starts at `from` and must not be empty.
fn word(body: &[u8], at: usize, from: usize, kind: &'static str, format: Format) -> Token {
    match word_end(body, from, format) {
        end if end == from => invalid(from.max(at)),
        end => token(kind, end),
    }
}

/// The end of a value: the first byte at or after `from` that cannot be part of one.
pub(crate) fn word_end(body: &[u8], from: usize, format: Format) -> usize {
    let ends = |byte: &u8| match format {
        Format::Text => matches!(byte, b'{' | b' ' | b'\t' | b'\n' | 0),
        Format::OpenMetrics => matches!(byte, b' ' | b'\n' | 0),
    };
    let rest = body.get(from..).unwrap_or_default();
    from + rest.iter().position(ends).unwrap_or(rest.len())
}

/// The first byte at or after `from` that is no digit.
pub(crate) fn digits_end(body: &[u8], from: usize) -> usize {
    let rest = body.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}

/// The position behind `keyword` at `from`, or that of the byte where they part.
///
/// Prometheus' lexers pass over NULs behind any byte of a keyword.
pub(crate) fn keyword(body: &[u8], from: usize, keyword: &str) -> Result<usize, usize> {
    keyword.bytes().try_fold(from, |at, expected| match body.get(at) {
        Some(byte) if *byte == expected => Ok(scan::skip_nuls(body, at + 1)),
        _ => Err(at),
    })
}

/// What follows the `#` of OpenMetrics at `at`.
pub(crate) fn comment(body: &[u8], at: usize) -> Token {
    if body.get(at + 1) != Some(&b' ') {
        return invalid(at + 1);
    }
    let keywords = [("EOF", "EOFWORD"), ("HELP ", "HELP"), ("TYPE ", "TYPE"), ("UNIT ", "UNIT")];
    let mut furthest = at;
    for (text, kind) in keywords {
        match keyword(body, at + 2, text) {
            // The newline behind the last line is part of its token, and optional.
            Ok(end) if kind == "EOFWORD" => return token(kind, keyword(body, end, "\n").unwrap_or(end)),
            Ok(end) => return token(kind, end),
            Err(parted) => furthest = furthest.max(parted),
        }
    }
    invalid(furthest)
}
