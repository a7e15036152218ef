//! Selectors, and subqueries, which have the same modifiers.

use promd_model::{METRIC_NAME, Matcher, Millis};

use super::{DurationArg, Expr};
use crate::Span;

/// A name of a metric or a label, without its quotes if it had some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: Box<str>,
    /// Where it stands, with its quotes.
    pub span: Span,
}

impl Name {
    /// A name that stands nowhere in a text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into(), span: Span::default() }
    }
}

/// `name{label="value"} @ end() offset 5m`, with or without each of its parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VectorSelector {
    /// The name before the braces. One within is one of the [`matchers`](Self::matchers).
    pub name: Option<Name>,
    /// What stands in the braces.
    pub matchers: Vec<LabelMatcher>,
    /// `offset`
    pub offset: Option<DurationArg>,
    /// `@`
    pub at: Option<AtModifier>,
    /// `anchored` or `smoothed`
    pub mode: Option<RangeModifier>,
    /// Where all of it stands. Within a [`MatrixSelector`]: what stands before the bracket, while the modifiers stand
    /// behind it.
    pub span: Span,
}

impl VectorSelector {
    /// All that a series must match: what stands in the braces and then the name before them, in the order that
    /// Prometheus has them in.
    #[must_use]
    pub fn all_matchers(&self) -> Vec<Matcher> {
        let name = self.name.iter().map(|name| Matcher::equal(METRIC_NAME, &name.text));
        self.matchers.iter().map(|matcher| matcher.matcher.clone()).chain(name).collect()
    }
}

/// `label="value"`, or a name in quotes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMatcher {
    /// What is asked.
    pub matcher: Matcher,
    /// Where it stands.
    pub span: Span,
}

impl From<Matcher> for LabelMatcher {
    fn from(matcher: Matcher) -> Self {
        Self { matcher, span: Span::default() }
    }
}

/// `@ 1609746000`, `@ start()` or `@ end()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtModifier {
    /// When.
    pub at: At,
    /// Where it stands, from the `@` on.
    pub span: Span,
}

/// The time of an `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// That time.
    Time(Millis),
    /// The start of the range that is queried.
    Start,
    /// The end of the range that is queried.
    End,
}

/// `anchored` or `smoothed`, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeModifier {
    /// Which.
    pub mode: RangeMode,
    /// Where it stands.
    pub span: Span,
}

/// What is done at the edges of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RangeMode {
    /// `anchored`: the last sample before an edge is taken for it.
    Anchored,
    /// `smoothed`: values at the edges are interpolated.
    Smoothed,
}

impl RangeMode {
    /// As it is written in PromQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        }
    }
}

/// `name{label="value"}[5m] offset 1h`. The modifiers are those of the vector selector within.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSelector {
    /// Of which series.
    pub vector: VectorSelector,
    /// How long.
    pub range: DurationArg,
    /// Where all of it stands.
    pub span: Span,
}

/// `expr[1h:5m] offset 1d`
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// What is evaluated.
    pub expr: Expr,
    /// How long.
    pub range: DurationArg,
    /// How often; the interval of evaluation if it is left out.
    pub step: Option<DurationArg>,
    /// `offset`
    pub offset: Option<DurationArg>,
    /// `@`
    pub at: Option<AtModifier>,
    /// Where all of it stands.
    pub span: Span,
}
