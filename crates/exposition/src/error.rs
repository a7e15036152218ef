//! Why a body is not in its format.

use std::fmt;

/// Why a body is not in its format, and where.
///
/// It prints what Prometheus prints where Prometheus has a text (clients see it as the `lastError` of a target). That text
/// has no position; [`line`](Self::line), [`column`](Self::column) and [`offset`](Self::offset) do.
#[derive(Clone, PartialEq, Eq)]
pub struct ParseError {
    // In a box, so that a `Result` of the hot path is one word.
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    message: String,
    offset: usize,
    place: Option<(usize, usize)>,
    expected: Option<&'static str>,
}

impl ParseError {
    /// An error at `offset` of a body of text.
    #[cold]
    pub(crate) fn in_text(body: &[u8], offset: usize, message: String) -> Self {
        let before = body.get(..offset).unwrap_or(body);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
        Self { inner: Box::new(Inner { message, offset, place: Some((line, column)), expected: None }) }
    }

    /// An error at `offset` of a binary body, which has no lines.
    #[cold]
    pub(crate) fn in_binary(offset: usize, message: String) -> Self {
        Self { inner: Box::new(Inner { message, offset, place: None, expected: None }) }
    }

    /// Says what would have been right there.
    pub(crate) fn expecting(mut self, expected: &'static str) -> Self {
        self.inner.expected = Some(expected);
        self
    }

    /// The number of bytes before the place.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.inner.offset
    }

    /// The line, counted from 1; `None` in a binary format.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.inner.place.map(|(line, _)| line)
    }

    /// The column in bytes, counted from 1; `None` in a binary format.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.inner.place.map(|(_, column)| column)
    }

    /// What would have been right at that place, if one thing would: `label value`, say.
    #[must_use]
    pub fn expected(&self) -> Option<&'static str> {
        self.inner.expected
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl fmt::Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, offset, place, expected } = &*self.inner;
        f.debug_struct("ParseError")
            .field("message", message)
            .field("offset", offset)
            .field("line_and_column", place)
            .field("expected", expected)
            .finish()
    }
}

impl std::error::Error for ParseError {}
