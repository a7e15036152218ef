//! Compression, and decompression that cannot be made to take more memory than it may.
//!
//! A few bytes can claim to be, or really be, gigabytes. Three rules hold for every format here:
//!
//! 1. The caller gives a limit of decoded bytes. What declares more is refused before memory is taken, what turns out to
//!    be more is refused when it does: [`DecompressError::TooLarge`].
//! 2. Within the limit, memory is taken for what the input can hold, not for what it says. A declared length that the
//!    compressed bytes cannot give is corruption:
//!    - snappy: three bytes give at most 64 ([`Compression::Snappy`]), a chunk at most 64 KiB
//!      ([`Compression::SnappyFramed`]);
//!    - zstd: the headers of the blocks are walked first; each says, or is bounded by, what it gives;
//!    - gzip and deflate: the output begins with at most four times the input, and grows with what has been decoded, at
//!      most doubling.
//! 3. Apart from the output, a decoder holds memory of a fixed size, which does not depend on the input. zstd decodes
//!    straight into the output and needs no window of its own, whatever window the input asks for.
//!
//! [`Decoder`] and [`Encoder`] keep their contexts from one call to the next, and write into vectors that the caller
//! uses again.
//!
//! ```
//! use promd_codec::compress::{Compression, Decoder, Encoder};
//!
//! let text = b"up 1\n".repeat(1_000);
//! let (mut compressed, mut decoded) = (Vec::new(), Vec::new());
//! Encoder::new().encode(Compression::Snappy, &text, &mut compressed)?;
//!
//! let mut decoder = Decoder::new();
//! decoder.decode(Compression::Snappy, &compressed, 32 << 20, &mut decoded)?;
//! assert_eq!(decoded, text);
//!
//! let error = decoder.decode(Compression::Snappy, &compressed, 1_000, &mut decoded).unwrap_err();
//! assert_eq!(error.to_string(), "snappy: decoded length 5000 exceeds limit 1000");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decoder;
mod encoder;
mod error;
mod inflate;
mod read;
mod snappy;
mod snappy_frame;
mod stream;
#[cfg(feature = "zstd")]
mod zstd;
#[cfg(feature = "zstd")]
mod zstd_frame;

use std::fmt;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{CompressError, DecompressError};
pub use read::InflateReader;
pub use stream::StreamEncoder;

/// A format of compressed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Bytes as they are.
    #[default]
    None,
    /// A snappy block: WAL records and the bodies of remote read and write.
    Snappy,
    /// A snappy stream: chunks with checksums.
    SnappyFramed,
    /// zstd frames: WAL records. Without the feature `zstd` it is [`DecompressError::Unsupported`].
    Zstd,
    /// gzip members, one after the other: HTTP bodies.
    Gzip,
    /// A zlib stream, which is what HTTP calls deflate.
    Deflate,
}

impl Compression {
    /// The name that flags of Prometheus and `Content-Encoding` headers use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snappy => "snappy",
            Self::SnappyFramed => "x-snappy-framed",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Makes room for `more` bytes behind those in `out`, which with them are at most `most`.
///
/// Room is made for as many bytes again as there are, so that growing takes linear time, but not for more than `most`:
/// a vector left to itself would round up beyond it.
fn reserve_within(out: &mut Vec<u8>, more: usize, most: usize) {
    if out.capacity() - out.len() < more {
        out.reserve_exact(more.max(out.len().min(most.saturating_sub(out.len()))));
    }
}
