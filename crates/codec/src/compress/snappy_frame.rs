//! The stream format of snappy: chunks of at most 64 KiB, each with a checksum.
//!
//! ```text
//! chunk: type u8 | length u24 LE | data
//!   0xff       stream identifier "sNaPpY", the first chunk
//!   0x00       CRC u32 LE, snappy block
//!   0x01       CRC u32 LE, bytes as they are
//!   0x02–0x7f  reserved: refused
//!   0x80–0xfe  padding and extensions: passed over
//! ```
//!
//! The CRC is the CRC-32C of the decoded bytes, rotated and offset ("masked") so that a stream within a stream does not
//! cover its own checksum.

use super::{CompressError, Compression, DecompressError, reserve_within, snappy};
use crate::{Reader, crc32c};

const COMPRESSION: Compression = Compression::SnappyFramed;
const IDENTIFIER: &[u8] = b"sNaPpY";
/// The most that one chunk may hold once decoded.
const MAX_BLOCK: usize = 65_536;
/// The longest chunk that Go's reader accepts: a checksum and the longest encoding of [`MAX_BLOCK`] bytes.
const MAX_CHUNK: usize = 76_490 + 4;

/// Decodes a stream into `out`, which is replaced.
pub(super) fn decode(
    decoder: &mut snap::raw::Decoder,
    block: &mut Vec<u8>,
    input: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    out.clear();
    let mut reader = Reader::new(input);
    let mut identified = false;
    while !reader.is_empty() {
        let [kind, low, middle, high] = *reader.array().map_err(|_| corrupt())?;
        if !identified && kind != 0xff {
            return Err(corrupt());
        }
        let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
        if length > MAX_CHUNK {
            return Err(unsupported());
        }
        let data = reader.bytes(length).map_err(|_| corrupt())?;
        match kind {
            0xff if data == IDENTIFIER => identified = true,
            0xff => return Err(corrupt()),
            0x00 | 0x01 => {
                let mut data = Reader::new(data);
                let checksum = data.u32_le().map_err(|_| corrupt())?;
                let decoded = if kind == 0x01 {
                    data.rest()
                } else {
                    snappy::decode(decoder, data.rest(), MAX_BLOCK, block).map_err(|_| corrupt())?;
                    block.as_slice()
                };
                if decoded.len() > MAX_BLOCK || mask(crc32c(decoded)) != checksum {
                    return Err(corrupt());
                }
                if decoded.len() > limit - out.len() {
                    return Err(DecompressError::TooLarge { compression: COMPRESSION, limit, declared: None });
                }
                reserve_within(out, decoded.len(), limit);
                out.extend_from_slice(decoded);
            }
            0x02..=0x7f => return Err(unsupported()),
            0x80..=0xfe => {}
        }
    }
    Ok(())
}

/// Encodes `input` as a stream into `out`, which is replaced.
pub(super) fn encode(encoder: &mut snap::raw::Encoder, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
    out.clear();
    out.extend_from_slice(&[0xff, 6, 0, 0]);
    out.extend_from_slice(IDENTIFIER);
    for block in input.chunks(MAX_BLOCK) {
        let head = out.len();
        out.extend_from_slice(&[0; 8]);
        snappy::append(encoder, block, out)?;
        // As Go's writer: what does not shrink by an eighth is stored as it is.
        let mut kind = 0x00;
        if out.len() - head - 8 >= block.len() - block.len() / 8 {
            out.truncate(head + 8);
            out.extend_from_slice(block);
            kind = 0x01;
        }
        let length = u32::try_from(out.len() - head - 4).unwrap_or(u32::MAX).to_le_bytes();
        let crc = mask(crc32c(block)).to_le_bytes();
        if let Some(field) = out.get_mut(head..).and_then(<[u8]>::first_chunk_mut) {
            *field = [kind, length[0], length[1], length[2], crc[0], crc[1], crc[2], crc[3]];
        }
    }
    Ok(())
}

const fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn corrupt() -> DecompressError {
    DecompressError::Corrupt { compression: COMPRESSION, what: "corrupt input" }
}

fn unsupported() -> DecompressError {
    DecompressError::Corrupt { compression: COMPRESSION, what: "unsupported input" }
}
