//! What is wrong with a file, in Prometheus' words, and where.

use std::fmt;

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

impl Location {
    pub(crate) const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where: the value that does not fit, the key that is not known, or the section that does not make sense. Absent where
    /// it is the file as a whole.
    pub location: Option<Location>,
    /// What, without the place.
    pub text: String,
}

/// Why a text is not accepted.
///
/// `Display` is what Prometheus prints, which names lines for what is wrong with the YAML and its types, but not for what
/// is wrong with the meaning of a section; [`problems`](Self::problems) has places for those too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    problems: Vec<Problem>,
}

/// Which kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is not YAML, or takes more than the limits allow.
    Syntax,
    /// Fields are unknown or there twice, or values are of the wrong type.
    Types,
    /// A value, or several together, do not make sense.
    Invalid,
}

impl Error {
    pub(crate) fn syntax(location: Option<Location>, text: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Syntax, problems: vec![Problem { location, text: text.into() }] }
    }

    pub(crate) fn invalid(location: Option<Location>, text: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Invalid, problems: vec![Problem { location, text: text.into() }] }
    }

    pub(crate) fn types(problems: Vec<Problem>) -> Self {
        Self { kind: ErrorKind::Types, problems }
    }

    /// With other words for what is wrong.
    pub(crate) fn map_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        for problem in &mut self.problems {
            problem.text = change(&problem.text);
        }
        self
    }

    /// Which kind of thing is wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// All that is wrong, as far as it was looked for: at least one problem.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::Syntax => f.write_str("yaml: ")?,
            ErrorKind::Types => f.write_str("yaml: unmarshal errors:")?,
            ErrorKind::Invalid => {}
        }
        for Problem { location, text } in &self.problems {
            if self.kind == ErrorKind::Types {
                f.write_str("\n  ")?;
            }
            match location {
                Some(Location { line, .. }) if self.kind != ErrorKind::Invalid => write!(f, "line {line}: {text}")?,
                _ => f.write_str(text)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
