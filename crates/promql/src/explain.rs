//! What each part of a query costs.

use std::fmt;
use std::time::Duration;

/// An expression and what it costs: estimated before it is evaluated ([`Engine::estimate`](crate::Engine::estimate)) or
/// counted while it was ([`Query::explained`](crate::Query::explained)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explain {
    /// The text of the expression.
    pub text: String,
    /// What the engine does for it: `select`, `rate`, `sum`, `once` for what is the same at every step, and so on.
    pub operation: String,
    /// The steps that it is evaluated at.
    pub steps: usize,
    /// The series that come of it. `None` before an evaluation, where it cannot be told.
    pub series: Option<u64>,
    /// The samples that are decoded for it, without those of the expressions within it.
    pub samples: u64,
    /// The chunks that they are in.
    pub chunks: u64,
    /// The bytes of those chunks.
    pub bytes: u64,
    /// How long it took, expressions within it included, summed over all threads. Zero without a clock, and in an estimate.
    pub time: Duration,
    /// What it reads again that another selector has read.
    pub shared: bool,
    /// The expressions within it.
    pub children: Vec<Explain>,
}

impl Explain {
    /// The samples of the expression and of all within it.
    #[must_use]
    pub fn total_samples(&self) -> u64 {
        self.samples + self.children.iter().map(Self::total_samples).sum::<u64>()
    }
}

/// A line for each expression, those within another one further to the right.
impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines(0, f)
    }
}

impl Explain {
    fn lines(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:1$}{2}: {3}", "", depth * 2, self.operation, self.text)?;
        if let Some(series) = self.series {
            write!(f, " | {series} series")?;
        }
        if self.chunks > 0 {
            write!(f, " | {} samples in {} chunks of {} bytes", self.samples, self.chunks, self.bytes)?;
        }
        if self.shared {
            f.write_str(" | read before")?;
        }
        if !self.time.is_zero() {
            write!(f, " | {:?}", self.time)?;
        }
        writeln!(f)?;
        self.children.iter().try_for_each(|child| child.lines(depth + 1, f))
    }
}
