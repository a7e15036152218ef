//! How much a zstd input can decode to, told from its headers alone (RFC 8878).
//!
//! ```text
//! frame: magic u32 LE | descriptor u8 | window u8? | dictionary 0–4 B | content size 0–8 B | blocks | checksum u32?
//! block: header u24 LE (bit 0 last, bits 1–2 type, bits 3–23 size) | data
//!   type 0  raw: `size` bytes, which decode to themselves
//!   type 1  run: one byte, which decodes to `size` of it
//!   type 2  compressed: `size` bytes, which decode to at most 128 KiB and one window
//! ```

use crate::{DecodeError, Reader};

const MAGIC: u32 = 0xfd2f_b528;
const SKIPPABLE_MAGIC: u32 = 0x184d_2a50;
const MAX_BLOCK: u64 = 128 * 1024;

/// What the headers tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// No input with these headers decodes to more.
    pub(super) bound: u64,
    /// The sum of the declared content sizes, if every frame has one: the input decodes to exactly as much or not at all.
    pub(super) declared: Option<u64>,
}

/// Why the headers cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    UnexpectedEnd,
    Corrupt(&'static str),
}

impl From<DecodeError> for Fault {
    /// Nothing but fixed-width reads happens here, which can only come to the end.
    fn from(_: DecodeError) -> Self {
        Self::UnexpectedEnd
    }
}

/// Walks all frames of `input`.
pub(super) fn extent(input: &[u8]) -> Result<Extent, Fault> {
    let mut total = Extent { bound: 0, declared: Some(0) };
    let mut reader = Reader::new(input);
    while !reader.is_empty() {
        match reader.u32_le()? {
            MAGIC => {
                let frame = frame(&mut reader)?;
                total.bound = total.bound.saturating_add(frame.bound);
                total.declared = total.declared.zip(frame.declared).map(|(sum, size)| sum.saturating_add(size));
            }
            magic if magic & !0xf == SKIPPABLE_MAGIC => {
                let length = reader.u32_le()?;
                reader.skip(length as usize)?;
            }
            _ => return Err(Fault::Corrupt("invalid input: magic number mismatch")),
        }
    }
    Ok(total)
}

fn frame(reader: &mut Reader<'_>) -> Result<Extent, Fault> {
    let descriptor = reader.u8()?;
    let single_segment = descriptor & 0x20 != 0;
    let has_checksum = descriptor & 0x04 != 0;
    if descriptor & 0x08 != 0 {
        return Err(Fault::Corrupt("reserved bit set on frame header"));
    }
    let window = if single_segment { None } else { Some(window_size(reader.u8()?)) };
    reader.skip(match descriptor & 0x03 {
        3 => 4,
        width => usize::from(width),
    })?;
    let declared = match descriptor >> 6 {
        0 if single_segment => Some(u64::from(reader.u8()?)),
        0 => None,
        1 => Some(u64::from(u16::from_le_bytes(*reader.array()?)) + 256),
        2 => Some(u64::from(reader.u32_le()?)),
        _ => Some(reader.u64_le()?),
    };
    let max_block = MAX_BLOCK.min(window.or(declared).unwrap_or(MAX_BLOCK));
    let mut bound = 0u64;
    loop {
        let [low, middle, high] = *reader.array()?;
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let size = header >> 3;
        let (stored, decoded) = match header >> 1 & 3 {
            0 => (size, u64::from(size)),
            1 => (1, u64::from(size)),
            2 => (size, max_block),
            _ => return Err(Fault::Corrupt("reserved block type encountered")),
        };
        reader.skip(stored as usize)?;
        bound = bound.saturating_add(decoded);
        if header & 1 != 0 {
            break;
        }
    }
    if has_checksum {
        reader.skip(4)?;
    }
    match declared {
        Some(size) if size > bound => Err(Fault::Corrupt("frame content size exceeds its blocks")),
        Some(size) => Ok(Extent { bound: size, declared }),
        None => Ok(Extent { bound, declared }),
    }
}

/// The window descriptor: five bits of exponent, three of mantissa.
fn window_size(descriptor: u8) -> u64 {
    let base = 1u64 << (10 + (descriptor >> 3));
    base + base / 8 * u64::from(descriptor & 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expect: Result<(u64, Option<u64>), Fault>) {
        assert_eq!(extent(input), expect.map(|(bound, declared)| Extent { bound, declared }));
    }

    /// Frames put together by hand from RFC 8878, section 3.1.1.
    #[test]
    fn bounds_follow_the_headers() {
        // No frame at all.
        check(b"", Ok((0, Some(0))));
        // Single segment, content size 3, one raw block.
        check(b"\x28\xb5\x2f\xfd\x20\x03\x19\x00\x00abc", Ok((3, Some(3))));
        // Window of 1 KiB, no content size: a raw block of 2, then a run of 1 000 bytes.
        check(b"\x28\xb5\x2f\xfd\x00\x00\x10\x00\x00ab\x43\x1f\x00x", Ok((1_002, None)));
        // A compressed block gives at most a window of 1 KiB + 1/8.
        check(b"\x28\xb5\x2f\xfd\x00\x01\x15\x00\x00ab", Ok((1_152, None)));
        // A window of 2 TiB is bounded by the largest block.
        check(b"\x28\xb5\x2f\xfd\x00\xf8\x15\x00\x00ab", Ok((131_072, None)));
        // A skippable frame of 2 bytes, then content size 256 + 1 in two bytes from a run.
        check(b"\x5f\x2a\x4d\x18\x02\x00\x00\x00zz\x28\xb5\x2f\xfd\x60\x01\x00\x0b\x08\x00x", Ok((257, Some(257))));
    }

    #[test]
    fn forged_headers_are_refused() {
        // Content size 2^63 from one run of 3.
        let forged = b"\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x00\x00\x80\x1b\x00\x00x";
        check(forged, Err(Fault::Corrupt("frame content size exceeds its blocks")));
        check(b"\x28\xb5\x2f\xfd\x08", Err(Fault::Corrupt("reserved bit set on frame header")));
        check(b"\x28\xb5\x2f\xfd\x20\x03\x07\x00\x00", Err(Fault::Corrupt("reserved block type encountered")));
        check(b"\x28\xb5\x2f\xfe", Err(Fault::Corrupt("invalid input: magic number mismatch")));
        for cut in 1..12 {
            check(&b"\x28\xb5\x2f\xfd\x20\x03\x19\x00\x00abc"[..cut], Err(Fault::UnexpectedEnd));
        }
        // The checksum is announced and absent.
        check(b"\x28\xb5\x2f\xfd\x24\x03\x19\x00\x00abc", Err(Fault::UnexpectedEnd));
        // A skippable frame longer than the input.
        check(b"\x50\x2a\x4d\x18\xff\xff\xff\xff", Err(Fault::UnexpectedEnd));
    }
}
