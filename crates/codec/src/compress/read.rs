//! gzip and zlib as a stream of bytes.

use std::io::{self, BufRead, Read};

use flate2::FlushDecompress;

use super::DecompressError;
use super::inflate::Inflate;

/// Decodes what it reads, and fails with [`DecompressError`] within [`io::Error`] once that is more than the limit.
///
/// ```
/// use std::io::Read;
/// use promd_codec::compress::{Compression, Encoder, InflateReader};
///
/// let mut body = Vec::new();
/// Encoder::new().encode(Compression::Gzip, b"up 1\n", &mut body)?;
///
/// let mut text = String::new();
/// InflateReader::gzip(body.as_slice(), 1_000).read_to_string(&mut text)?;
/// assert_eq!(text, "up 1\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct InflateReader<R> {
    inner: R,
    inflate: Inflate,
    limit: usize,
    left: usize,
    /// The first fault of the input. A reader that was refused once gives nothing more.
    fault: Option<DecompressError>,
}

impl<R: BufRead> InflateReader<R> {
    /// A reader of the gzip members that `inner` gives, for at most `limit` decoded bytes.
    pub fn gzip(inner: R, limit: usize) -> Self {
        Self { inner, inflate: Inflate::gzip(), limit, left: limit, fault: None }
    }

    /// A reader of the zlib stream that `inner` gives, for at most `limit` decoded bytes.
    pub fn zlib(inner: R, limit: usize) -> Self {
        Self { inner, inflate: Inflate::zlib(), limit, left: limit, fault: None }
    }

    /// Starts again with another input, and keeps the memory of the decoder.
    pub fn reset(&mut self, inner: R) {
        self.inner = inner;
        self.inflate.reset();
        self.left = self.limit;
        self.fault = None;
    }

    /// The input, as far as it has not been read.
    pub fn into_inner(self) -> R {
        self.inner
    }

    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.inflate.is_done() {
            let input = self.inner.fill_buf()?;
            let mut decoded = 0;
            let used = if self.inflate.in_body() {
                self.inflate.inflate(|raw| {
                    let before = raw.total_out();
                    let status = raw.decompress(input, buffer, FlushDecompress::None);
                    decoded = usize::try_from(raw.total_out() - before).unwrap_or(usize::MAX);
                    (status, buffer.get(..decoded).unwrap_or_default())
                })?
            } else {
                self.inflate.framing(input)?
            };
            self.inner.consume(used);
            if decoded > 0 {
                let compression = self.inflate.compression();
                let too_large = DecompressError::TooLarge { compression, limit: self.limit, declared: None };
                self.left = self.left.checked_sub(decoded).ok_or(too_large)?;
                return Ok(decoded);
            }
            if used == 0 {
                self.inflate.at_end()?;
                break;
            }
        }
        Ok(0)
    }
}

impl<R: BufRead> Read for InflateReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        let result = self.decode(buffer);
        if let Err(error) = &result {
            self.fault = error.get_ref().and_then(|inner| inner.downcast_ref()).cloned();
        }
        result
    }
}
