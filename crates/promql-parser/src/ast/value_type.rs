//! The types of values.

use std::fmt;

/// The type of what an expression evaluates to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueType {
    /// One sample a series.
    Vector,
    /// Many samples a series.
    Matrix,
    /// A number.
    Scalar,
    /// A text.
    String,
}

impl ValueType {
    /// As the HTTP API has it: `vector`, `matrix`, `scalar`, `string`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vector => "vector",
            Self::Matrix => "matrix",
            Self::Scalar => "scalar",
            Self::String => "string",
        }
    }

    /// As Prometheus' documentation and error texts have it: `instant vector`, `range vector`, `scalar`, `string`.
    #[must_use]
    pub const fn documented(self) -> &'static str {
        match self {
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::Scalar => "scalar",
            Self::String => "string",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
