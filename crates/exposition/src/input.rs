//! A body of text with what the parsers of both text formats ask of it: bytes, UTF-8, and errors in Prometheus' words.

use promd_model::float::{self, ParseFloatErrorKind};
use promd_model::quote;

use crate::ParseError;
use crate::token::{self, Format, State};

/// A body of text and the place of the line that is being parsed.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    pub(crate) body: &'a [u8],
    format: Format,
    /// Whether all of the body is UTF-8. Looked at once, since that is an order of magnitude faster than value by value;
    /// if it is not, only the values that are matter.
    utf8: bool,
    /// Where the line starts that error texts show.
    pub(crate) line: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(body: &'a [u8], format: Format) -> Self {
        Self { body, format, utf8: body.is_ascii() || str::from_utf8(body).is_ok(), line: 0 }
    }

    /// Whether all of the body is UTF-8.
    #[inline]
    pub(crate) fn is_utf8(&self) -> bool {
        self.utf8
    }

    /// The byte at `at`; `None` at the end.
    #[inline]
    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.body.get(at).copied()
    }

    #[inline]
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a [u8] {
        self.body.get(from..to).unwrap_or_default()
    }

    /// The text from `from` to `to`, if it is UTF-8.
    pub(crate) fn text(&self, from: usize, to: usize) -> Option<&'a str> {
        str::from_utf8(self.slice(from, to)).ok()
    }

    /// Checks that the text from `from` to `to` is UTF-8; `what` it is, is for the error.
    #[inline]
    pub(crate) fn check_utf8(&self, from: usize, to: usize, what: &'static str) -> Result<(), ParseError> {
        if self.utf8 || str::from_utf8(self.slice(from, to)).is_ok() {
            return Ok(());
        }
        Err(self.error(from, format!("invalid UTF-8 {what}: {}", quote::go(self.slice(from, to)))))
    }

    /// The float from `from` to `to`.
    pub(crate) fn float(&self, from: usize, to: usize) -> Result<f64, ParseError> {
        let text = self.slice(from, to);
        float::parse(text).map_err(|error| {
            let problem = match error.kind() {
                ParseFloatErrorKind::Unsupported => "unsupported character in float".to_owned(),
                ParseFloatErrorKind::Range => {
                    format!("strconv.ParseFloat: parsing {}: value out of range", quote::go(text))
                }
                _ => format!("strconv.ParseFloat: parsing {}: invalid syntax", quote::go(text)),
            };
            self.error_while_parsing(from, to, &problem).expecting("number")
        })
    }

    /// The error that something else than `expected` stands at `at`, where a lexer is in `state`.
    ///
    /// `previous` is where the token before starts, which is what Prometheus shows at the end of the body.
    #[cold]
    pub(crate) fn unexpected(&self, expected: &'static str, at: usize, previous: usize, state: State) -> ParseError {
        let token = token::lex(self.body, at, self.format, state);
        let from = if token.kind == "EOF" && token.end == at { previous } else { at };
        // Prometheus shows one byte more than the token: the one that ended it.
        let to = token.end + 1;
        let message = format!(
            "{expected}, got {} (\"{}\") while parsing: {}",
            self.quote(from, to),
            token.kind,
            self.quote(self.line, to)
        );
        self.error(at, message).expecting(expected.strip_prefix("expected ").unwrap_or(expected))
    }

    /// The error `problem` at `at`, with the line up to `to`.
    #[cold]
    pub(crate) fn error_while_parsing(&self, at: usize, to: usize, problem: &str) -> ParseError {
        self.error(at, format!("{problem} while parsing: {}", self.quote(self.line, to)))
    }

    /// An error at `at`.
    #[cold]
    pub(crate) fn error(&self, at: usize, message: String) -> ParseError {
        ParseError::in_text(self.body, at, message)
    }

    /// A part of the body as Prometheus shows it: of Prometheus text it sees a copy that has one newline more.
    fn quote(&self, from: usize, to: usize) -> String {
        let end = to.min(self.body.len());
        let mut shown = self.slice(from.min(end), end).to_vec();
        if to > self.body.len() && self.format == Format::Text {
            shown.push(b'\n');
        }
        quote::go(&shown).to_string()
    }
}
