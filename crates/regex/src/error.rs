//! Why a pattern is refused, in Go's words: they are part of Prometheus' API errors and logs.

use thiserror::Error;

/// A pattern that is not a regular expression, or too large a one.
///
/// `Display` is exactly what Go's `regexp` package says:
///
/// ```
/// let error = promd_regex::Regex::new("[a").unwrap_err();
/// assert_eq!(error.to_string(), "error parsing regexp: missing closing ]: `[a`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("error parsing regexp: {kind}: `{expression}`")]
pub struct Error {
    kind: ErrorKind,
    expression: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, expression: &[u8]) -> Self {
        Self { kind, expression: String::from_utf8_lossy(expression).into_owned() }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The part of the pattern that is wrong; all of it where no part can be told. Bytes that are not UTF-8 are
    /// replaced.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.expression
    }
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A range whose end lies before its start, or a class name that does not exist.
    #[error("invalid character class range")]
    InvalidCharRange,
    /// A backslash before a letter or digit that has no meaning, or a malformed number.
    #[error("invalid escape sequence")]
    InvalidEscape,
    /// A group name that is empty, unclosed or holds anything but letters, digits and `_`.
    #[error("invalid named capture")]
    InvalidNamedCapture,
    /// `(?` followed by something that is no flag and no group.
    #[error("invalid or unsupported Perl syntax")]
    InvalidPerlOp,
    /// A repetition of a repetition, as in `a**`.
    #[error("invalid nested repetition operator")]
    InvalidRepeatOp,
    /// A count above 1000, alone or as the product of nested counts, or a minimum above its maximum.
    #[error("invalid repeat count")]
    InvalidRepeatSize,
    /// Bytes that are not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// A class without an end.
    #[error("missing closing ]")]
    MissingBracket,
    /// A group without an end.
    #[error("missing closing )")]
    MissingParen,
    /// A repetition of nothing, as in `|*`.
    #[error("missing argument to repetition operator")]
    MissingRepeatArgument,
    /// A backslash that is the last character.
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    /// A closing parenthesis that nothing opens.
    #[error("unexpected )")]
    UnexpectedParen,
    /// An expression tree more than 1000 levels high.
    #[error("expression nests too deeply")]
    NestingDepth,
    /// An expression or an automaton above the limits on memory.
    #[error("expression too large")]
    TooLarge,
}
