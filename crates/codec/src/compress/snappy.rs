//! The block format of snappy: the decoded length as a varint, then literals and copies.

use super::{CompressError, Compression, DecompressError};
use crate::Reader;

const CORRUPT: DecompressError = DecompressError::Corrupt { compression: Compression::Snappy, what: "corrupt input" };

/// The length that the block declares, if it is within `limit` and its bytes can give it.
fn decoded_len(input: &[u8], limit: usize) -> Result<usize, DecompressError> {
    let mut reader = Reader::new(input);
    let declared = reader.uvarint_u32().map_err(|_| CORRUPT)?;
    let compression = Compression::Snappy;
    let length = usize::try_from(declared).ok().filter(|length| *length <= limit);
    let length = length.ok_or(DecompressError::TooLarge { compression, limit, declared: Some(declared.into()) })?;
    // The densest element is a copy of 64 bytes in three: a tag and an offset of 16 bits.
    if u64::from(declared) * 3 > reader.remaining() as u64 * 64 {
        return Err(CORRUPT);
    }
    Ok(length)
}

/// Decodes a block into `out`, which is replaced.
pub(super) fn decode(
    decoder: &mut snap::raw::Decoder,
    input: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    let length = decoded_len(input, limit)?;
    out.reserve_exact(length.saturating_sub(out.len()));
    // Not cleared before: only what the vector grows by is zeroed.
    out.resize(length, 0);
    match decoder.decompress(input, out) {
        Ok(written) if written == length => Ok(()),
        _ => Err(CORRUPT),
    }
}

/// Encodes `input` as a block appended to `out`.
pub(super) fn append(encoder: &mut snap::raw::Encoder, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
    let start = out.len();
    let error = CompressError::TooLarge { compression: Compression::Snappy, length: input.len() };
    let most = match snap::raw::max_compress_len(input.len()) {
        0 => return Err(error),
        most => most,
    };
    out.resize(start + most, 0);
    let written = encoder.compress(input, out.get_mut(start..).unwrap_or_default()).map_err(|_| error)?;
    out.truncate(start + written);
    Ok(())
}
