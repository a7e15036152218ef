//! One value that decodes every format, again and again.

use super::inflate::{self, Inflate};
use super::{Compression, DecompressError, snappy, snappy_frame};

/// Decompresses, and keeps what that needs from one call to the next.
///
/// A context is made when its format is met first. Make one decoder a thread or task, not one an input.
#[derive(Default)]
pub struct Decoder {
    snappy: snap::raw::Decoder,
    block: Vec<u8>,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::zstd_safe::DCtx<'static>>,
    gzip: Option<Box<Inflate>>,
    zlib: Option<Box<Inflate>>,
}

impl Decoder {
    /// A decoder without any context yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes the whole of `input` into `out`, whose contents are replaced and whose memory is used again.
    ///
    /// At most `limit` bytes are decoded, and no more memory is taken than for these (see the
    /// [rules](crate::compress)). After an error `out` is empty.
    pub fn decode(
        &mut self,
        compression: Compression,
        input: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), DecompressError> {
        let result = self.decode_any(compression, input, limit, out);
        if result.is_err() {
            out.clear();
        }
        result
    }

    fn decode_any(
        &mut self,
        compression: Compression,
        input: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), DecompressError> {
        match compression {
            Compression::None if input.len() > limit => {
                Err(DecompressError::TooLarge { compression, limit, declared: Some(input.len() as u64) })
            }
            Compression::None => {
                out.clear();
                out.reserve_exact(input.len());
                out.extend_from_slice(input);
                Ok(())
            }
            Compression::Snappy => snappy::decode(&mut self.snappy, input, limit, out),
            Compression::SnappyFramed => snappy_frame::decode(&mut self.snappy, &mut self.block, input, limit, out),
            Compression::Zstd => self.decode_zstd(input, limit, out),
            Compression::Gzip => {
                let context = self.gzip.get_or_insert_with(|| Box::new(Inflate::gzip()));
                inflate::decode(context, input, limit, out)
            }
            Compression::Deflate => {
                let context = self.zlib.get_or_insert_with(|| Box::new(Inflate::zlib()));
                inflate::decode(context, input, limit, out)
            }
        }
    }

    #[cfg(feature = "zstd")]
    fn decode_zstd(&mut self, input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), DecompressError> {
        let context = self.zstd.get_or_insert_with(zstd::zstd_safe::DCtx::create);
        super::zstd::decode(context, input, limit, out)
    }

    #[cfg(not(feature = "zstd"))]
    #[expect(clippy::unused_self, reason = "the signature is that of a build with the feature")]
    fn decode_zstd(&mut self, _: &[u8], _: usize, _: &mut Vec<u8>) -> Result<(), DecompressError> {
        Err(DecompressError::Unsupported { compression: Compression::Zstd })
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}
