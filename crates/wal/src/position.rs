//! Places in a log.

use std::fmt;

/// A place in a log: an offset in one of its segments. Places are ordered as the log is.
///
/// ```
/// use promd_wal::Position;
///
/// let early = Position { segment: 3, offset: 32_768 };
/// assert!(early < Position { segment: 4, offset: 0 });
/// assert_eq!(early.to_string(), "00000003:32768");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the segment.
    pub segment: u64,
    /// The offset in it, in bytes.
    pub offset: u64,
}

impl Position {
    /// A place.
    #[must_use]
    pub fn new(segment: u64, offset: u64) -> Self {
        Self { segment, offset }
    }
}

impl fmt::Display for Position {
    /// The name of the segment and the offset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}:{}", self.segment, self.offset)
    }
}
