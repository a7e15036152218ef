//! How something that is asked again and again answered the last time.

use std::fmt;

/// Whether a target answered the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Health {
    /// It was not asked so far.
    #[default]
    Unknown,
    /// It did, and its samples were taken.
    Up,
    /// It did not, or something was wrong with what it said.
    Down,
}

impl Health {
    /// What the HTTP API calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
