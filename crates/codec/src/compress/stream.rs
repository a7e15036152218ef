//! Compression of bytes that come in pieces.

use flate2::{Compress, Crc, FlushCompress, Status};

use super::encoder::GZIP_HEADER;
use super::{CompressError, Compression};

/// Compresses a stream: what it gives is written behind what `out` holds, as it becomes ready.
///
/// For a body that is never whole in memory. It holds what its format looks back on (32 KiB for gzip and deflate),
/// however much goes through it.
///
/// ```
/// use promd_codec::compress::{Compression, Decoder, StreamEncoder};
///
/// let (mut out, mut text) = (Vec::new(), Vec::new());
/// let mut encoder = StreamEncoder::new(Compression::Gzip)?;
/// encoder.write(b"up 1\n", &mut out)?;
/// encoder.write(b"up 0\n", &mut out)?;
/// encoder.finish(&mut out)?;
/// Decoder::new().decode(Compression::Gzip, &out, 1_000, &mut text)?;
/// assert_eq!(text, b"up 1\nup 0\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StreamEncoder {
    kind: Kind,
}

enum Kind {
    Gzip {
        raw: Compress,
        crc: Crc,
        begun: bool,
    },
    Deflate(Compress),
    #[cfg(feature = "zstd")]
    Zstd(zstd::zstd_safe::CCtx<'static>),
}

impl StreamEncoder {
    /// An encoder for one stream.
    ///
    /// # Errors
    ///
    /// [`CompressError::Unsupported`] for a format other than gzip, deflate and (with the feature) zstd.
    pub fn new(compression: Compression) -> Result<Self, CompressError> {
        let level = flate2::Compression::default();
        let kind = match compression {
            Compression::Gzip => Kind::Gzip { raw: Compress::new(level, false), crc: Crc::new(), begun: false },
            Compression::Deflate => Kind::Deflate(Compress::new(level, true)),
            #[cfg(feature = "zstd")]
            Compression::Zstd => Kind::Zstd(super::zstd::encoder()),
            _ => return Err(CompressError::Unsupported { compression }),
        };
        Ok(Self { kind })
    }

    /// Takes in a piece. What it gives may be nothing yet.
    ///
    /// # Errors
    ///
    /// If the compressor refuses.
    pub fn write(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        self.step(piece, Step::More, out)
    }

    /// Gives all that has been taken in, so that a reader can decode it without what follows. It costs compression.
    ///
    /// # Errors
    ///
    /// If the compressor refuses.
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), CompressError> {
        self.step(&[], Step::Flush, out)
    }

    /// Ends the stream.
    ///
    /// # Errors
    ///
    /// If the compressor refuses.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), CompressError> {
        self.step(&[], Step::End, out)?;
        if let Kind::Gzip { crc, .. } = &self.kind {
            out.extend_from_slice(&crc.sum().to_le_bytes());
            out.extend_from_slice(&crc.amount().to_le_bytes());
        }
        Ok(())
    }

    fn step(&mut self, piece: &[u8], step: Step, out: &mut Vec<u8>) -> Result<(), CompressError> {
        match &mut self.kind {
            Kind::Gzip { raw, crc, begun } => {
                if !std::mem::replace(begun, true) {
                    out.extend_from_slice(&GZIP_HEADER);
                }
                crc.update(piece);
                deflate(raw, Compression::Gzip, piece, step, out)
            }
            Kind::Deflate(raw) => deflate(raw, Compression::Deflate, piece, step, out),
            #[cfg(feature = "zstd")]
            Kind::Zstd(context) => super::zstd::stream(context, piece, step, out),
        }
    }
}

/// What a piece is followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    More,
    Flush,
    End,
}

/// Room that is made for output at a time.
pub(super) const ROOM: usize = 4 << 10;

fn deflate(
    raw: &mut Compress,
    compression: Compression,
    piece: &[u8],
    step: Step,
    out: &mut Vec<u8>,
) -> Result<(), CompressError> {
    let flush = match step {
        Step::More => FlushCompress::None,
        Step::Flush => FlushCompress::Sync,
        Step::End => FlushCompress::Finish,
    };
    let mut rest = piece;
    loop {
        if out.len() == out.capacity() {
            out.reserve(ROOM);
        }
        let (before, length) = (raw.total_in(), out.len());
        let status = raw.compress_vec(rest, out, flush);
        let used = usize::try_from(raw.total_in() - before).unwrap_or(usize::MAX);
        rest = rest.get(used..).unwrap_or_default();
        match status {
            Ok(Status::StreamEnd) => return Ok(()),
            // All is in, and there was room for more than came out: the compressor has nothing more to give.
            Ok(_) if step != Step::End && rest.is_empty() && out.len() < out.capacity() => return Ok(()),
            Ok(_) if used == 0 && out.len() == length && out.len() < out.capacity() => {
                return Err(CompressError::Failed { compression, what: "stream error" });
            }
            Ok(_) => {}
            Err(_) => return Err(CompressError::Failed { compression, what: "stream error" }),
        }
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gzip { .. } => "gzip",
            Self::Deflate(_) => "deflate",
            #[cfg(feature = "zstd")]
            Self::Zstd(_) => "zstd",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Decoder;
    use super::*;

    /// Expected text is the input itself, through the decoder that is held against Go's in `tests/go_compression.rs`.
    #[test]
    fn pieces_come_back_whole() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|n| format!("series_{} {n}\n", n % 97).into_bytes()).collect();
        let (mut out, mut decoded) = (Vec::new(), Vec::new());
        for compression in [Compression::Gzip, Compression::Deflate, Compression::Zstd] {
            for size in [1 << 20, 4_096, 17] {
                let Ok(mut encoder) = StreamEncoder::new(compression) else { continue };
                out.clear();
                for (index, piece) in text[..text.len() / (1 + 1000 / size)].chunks(size).enumerate() {
                    encoder.write(piece, &mut out).unwrap();
                    if index % 5 == 0 {
                        encoder.flush(&mut out).unwrap();
                    }
                }
                encoder.finish(&mut out).unwrap();
                Decoder::new().decode(compression, &out, text.len(), &mut decoded).unwrap();
                assert_eq!(decoded, text[..text.len() / (1 + 1000 / size)], "{compression} in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_is_flushed_can_be_read() {
        for compression in [Compression::Gzip, Compression::Deflate] {
            let mut encoder = StreamEncoder::new(compression).unwrap();
            let mut out = Vec::new();
            encoder.write(b"data: {}\n\n", &mut out).unwrap();
            encoder.flush(&mut out).unwrap();
            // RFC 1951: a flush to a byte ends in an empty stored block.
            assert!(out.ends_with(&[0, 0, 0xff, 0xff]), "{compression}: {out:?}");
        }
    }

    #[test]
    fn nothing_is_a_stream_too() {
        for compression in [Compression::Gzip, Compression::Deflate, Compression::Zstd] {
            let Ok(encoder) = StreamEncoder::new(compression) else { continue };
            let (mut out, mut decoded) = (Vec::new(), vec![1]);
            encoder.finish(&mut out).unwrap();
            Decoder::new().decode(compression, &out, 10, &mut decoded).unwrap();
            assert!(decoded.is_empty(), "{compression}");
        }
    }
}
