//! The name of a block.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use ulid::Ulid;

/// The ULID of a block: when it was made, and 80 random bits. It is also the name of the block's folder.
///
/// ```
/// use promd_block::BlockId;
///
/// // Time and entropy are handed in.
/// let id = BlockId::new(1_736_035_200_000, 42);
/// assert_eq!(id.to_string(), "01JGSW5V00000000000000001A");
/// assert_eq!("01JGSW5V00000000000000001A".parse(), Ok(id));
/// assert_eq!(id.time(), 1_736_035_200_000);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(Ulid);

/// A name that is not a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a ULID: 26 characters of Crockford's base 32 that begin with 0 to 7")]
pub struct BlockIdError;

impl BlockId {
    /// A name for a block that is made at `time` (milliseconds since 1970, of which 48 bits count), with 80 of the bits of
    /// `entropy`.
    #[must_use]
    pub const fn new(time: u64, entropy: u128) -> Self {
        Self(Ulid::from_parts(time, entropy))
    }

    /// When the block was made: milliseconds since 1970.
    #[must_use]
    pub const fn time(self) -> u64 {
        self.0.timestamp_ms()
    }
}

impl FromStr for BlockId {
    type Err = BlockIdError;

    /// As `ulid.ParseStrict` of the Go library, which decides what Prometheus takes for the folder of a block.
    fn from_str(text: &str) -> Result<Self, BlockIdError> {
        // The first of 26 characters holds three bits only.
        if !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
            return Err(BlockIdError);
        }
        Ulid::from_string(text).map(Self).map_err(|_| BlockIdError)
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.array_to_str(&mut [0; ulid::ULID_LEN]))
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for BlockId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlockId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the ULID specification: Crockford's alphabet has no I, L, O, U, and 2^128 - 1 is `7ZZZZZZZZZZZZZZZZZZZZZZZZZ`.
    #[test]
    fn only_ulids_are_names_of_blocks() {
        let check = |text: &str, good: bool| assert_eq!(text.parse::<BlockId>().is_ok(), good, "{text}");
        check("01M7XK239NFNPV4R1TCWCB8NTA", true);
        check("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", true);
        check("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", false);
        check("01M7XK239NFNPV4R1TCWCB8NT", false);
        check("01M7XK239NFNPV4R1TCWCB8NTAA", false);
        check("01M7XK239NFNPV4R1TCWCB8NTU", false);
        check("wal", false);
        check("", false);
        check("chunks_head", false);
        check("0äääääääääääää", false);
    }
}
