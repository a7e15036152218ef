//! What a chunk knows about a counter reset before its first sample.

use promd_model::CounterResetHint;

/// What a chunk says of the boundary to the chunk before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResetHeader {
    /// Nothing.
    #[default]
    Unknown,
    /// The counter did not reset.
    NotReset,
    /// The counter was reset.
    Reset,
    /// There is no counter: the chunk holds gauges.
    Gauge,
}

impl ResetHeader {
    /// The header of a chunk that begins a series.
    #[must_use]
    pub fn of_first(hint: CounterResetHint) -> Self {
        match hint {
            CounterResetHint::Reset => Self::Reset,
            CounterResetHint::Gauge => Self::Gauge,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn from_bits(byte: u8) -> Self {
        match byte >> 6 {
            0b00 => Self::Unknown,
            0b01 => Self::NotReset,
            0b10 => Self::Reset,
            _ => Self::Gauge,
        }
    }

    /// As the two highest bits of a byte.
    pub(crate) fn to_bits(self) -> u8 {
        match self {
            Self::Unknown => 0b00 << 6,
            Self::NotReset => 0b01 << 6,
            Self::Reset => 0b10 << 6,
            Self::Gauge => 0b11 << 6,
        }
    }

    /// What a reader may say of the sample `index`. Of the first one nothing, whatever the header says: the chunk before
    /// may be gone, or another one may have come between since.
    pub(crate) fn hint(self, index: u32) -> CounterResetHint {
        match self {
            Self::Gauge => CounterResetHint::Gauge,
            _ if index > 0 => CounterResetHint::NotReset,
            _ => CounterResetHint::Unknown,
        }
    }
}
