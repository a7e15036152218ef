//! Places in the text of a query.

use std::fmt;

/// A stretch of the query's text, in bytes: `start..end`.
///
/// ```
/// use promd_promql_parser::Span;
///
/// assert_eq!(Span::new(4, 7).slice("sum(foo)"), Some("foo"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// From the first byte to the one after the last.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The shortest stretch that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether all of `other` lies within.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What stands there, if `text` is long enough and is not cut within a character.
    #[must_use]
    pub fn slice(self, text: &str) -> Option<&str> {
        text.get(self.start as usize..self.end as usize)
    }

    /// The line and column of the start.
    #[must_use]
    pub fn line_column(self, text: &str) -> LineColumn {
        LineColumn::of(text, self.start)
    }
}

/// A line and a column, both from 1 on. Columns are counted in bytes, as Prometheus does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// The line.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

impl LineColumn {
    /// Where the byte `offset` of `text` is.
    #[must_use]
    pub fn of(text: &str, offset: u32) -> Self {
        let before = text.as_bytes().get(..offset as usize).unwrap_or(text.as_bytes());
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|&&b| b != b'\n').count();
        Self { line, column }
    }
}

impl fmt::Display for LineColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
