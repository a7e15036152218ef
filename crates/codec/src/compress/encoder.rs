//! One value that encodes every format, again and again.

use flate2::{Compress, Crc, FlushCompress, Status};

use super::{CompressError, Compression, snappy, snappy_frame};

/// The header of a gzip member as Go writes it: no flags, no time, unknown system.
pub(super) const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff];

/// Compresses, and keeps what that needs from one call to the next.
#[derive(Default)]
pub struct Encoder {
    snappy: Option<Box<snap::raw::Encoder>>,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::zstd_safe::CCtx<'static>>,
    deflate: Option<Compress>,
    zlib: Option<Compress>,
}

impl Encoder {
    /// An encoder without any context yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Encodes the whole of `input` into `out`, whose contents are replaced and whose memory is used again.
    ///
    /// Levels are the defaults of each format, as in Prometheus.
    pub fn encode(&mut self, compression: Compression, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        out.clear();
        match compression {
            Compression::None => {
                out.extend_from_slice(input);
                Ok(())
            }
            Compression::Snappy => snappy::append(self.snappy(), input, out),
            Compression::SnappyFramed => snappy_frame::encode(self.snappy(), input, out),
            Compression::Zstd => self.encode_zstd(input, out),
            Compression::Gzip => {
                let context = self.deflate.get_or_insert_with(|| Compress::new(flate2::Compression::default(), false));
                out.extend_from_slice(&GZIP_HEADER);
                deflate(context, compression, input, out)?;
                let mut crc = Crc::new();
                crc.update(input);
                out.extend_from_slice(&crc.sum().to_le_bytes());
                out.extend_from_slice(&crc.amount().to_le_bytes());
                Ok(())
            }
            Compression::Deflate => {
                let context = self.zlib.get_or_insert_with(|| Compress::new(flate2::Compression::default(), true));
                deflate(context, compression, input, out)
            }
        }
    }

    fn snappy(&mut self) -> &mut snap::raw::Encoder {
        self.snappy.get_or_insert_with(|| Box::new(snap::raw::Encoder::new()))
    }

    #[cfg(feature = "zstd")]
    fn encode_zstd(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        super::zstd::encode(self.zstd.get_or_insert_with(super::zstd::encoder), input, out)
    }

    #[cfg(not(feature = "zstd"))]
    #[expect(clippy::unused_self, reason = "the signature is that of a build with the feature")]
    fn encode_zstd(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), CompressError> {
        Err(CompressError::Unsupported { compression: Compression::Zstd })
    }
}

fn deflate(
    context: &mut Compress,
    compression: Compression,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CompressError> {
    /// Room for the end of the stream when the input is already in.
    const MIN_ROOM: usize = 64;
    context.reset();
    let mut rest = input;
    loop {
        out.reserve(rest.len() / 2 + MIN_ROOM);
        let before = context.total_in();
        let status = context.compress_vec(rest, out, FlushCompress::Finish);
        let used = usize::try_from(context.total_in() - before).unwrap_or(usize::MAX);
        rest = rest.get(used..).unwrap_or_default();
        match status {
            Ok(Status::StreamEnd) => return Ok(()),
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return Err(CompressError::Failed { compression, what: "stream error" }),
        }
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}
