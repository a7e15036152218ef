//! Variable-length integers: seven bits a byte, the lowest first, the top bit set on all bytes but the last.
//!
//! Two dialects of the same encoding are read. They differ only on bytes that no encoder writes:
//!
//! | input | Go's `encoding/binary` | protobuf as gogo generates it |
//! |---|---|---|
//! | tenth byte above 1 | overflow | bits beyond the 64th are dropped |
//! | ten bytes with the top bit, then the end | end of input | overflow |
//! | ten bytes with the top bit, then more | overflow | overflow |
//!
//! Both accept encodings that are longer than they need to be.
//!
//! One byte is by far the most frequent length in every format here and is handled in line by the callers. Up to eight
//! bytes are decoded from one 64-bit load without a branch on the length, which mixed lengths would make unpredictable;
//! the rest, and the last seven bytes of an input, by the plain loop.

/// The longest encoding of 64 bits.
pub const MAX_VARINT_LEN: usize = 10;

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VarintError {
    UnexpectedEnd,
    Overflow,
}

/// How the tenth byte is read (see the table of the module).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Go,
    Proto,
}

/// Decodes as Go's `binary.Uvarint`: the value and the number of bytes that it took.
#[inline]
pub(crate) fn decode_go(bytes: &[u8]) -> Result<(u64, usize), VarintError> {
    match bytes.first_chunk().map(|word| decode_word(u64::from_le_bytes(*word))) {
        Some(Some(decoded)) => Ok(decoded),
        _ => decode_slow(bytes, Dialect::Go),
    }
}

/// Decodes as the code that gogo/protobuf generates.
#[inline]
pub(crate) fn decode_proto(bytes: &[u8]) -> Result<(u64, usize), VarintError> {
    match bytes.first_chunk().map(|word| decode_word(u64::from_le_bytes(*word))) {
        Some(Some(decoded)) => Ok(decoded),
        _ => decode_slow(bytes, Dialect::Proto),
    }
}

/// Decodes a varint that ends within the eight bytes of `word`.
#[inline]
fn decode_word(word: u64) -> Option<(u64, usize)> {
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let stops = !word & TOPS;
    if stops == 0 {
        return None;
    }
    let len = stops.trailing_zeros() as usize / 8 + 1;
    // All bits up to the stop bit, then without the top bits: groups of seven in lanes of eight.
    let groups = word & (stops ^ (stops - 1)) & !TOPS;
    // Close the gaps: pairs of lanes, pairs of pairs, halves.
    let pairs = (groups & 0x007f_007f_007f_007f) | ((groups & 0x7f00_7f00_7f00_7f00) >> 1);
    let quads = (pairs & 0x0000_3fff_0000_3fff) | ((pairs & 0x3fff_0000_3fff_0000) >> 2);
    let value = (quads & 0x0000_0000_0fff_ffff) | ((quads & 0x0fff_ffff_0000_0000) >> 4);
    Some((value, len))
}

#[cold]
fn decode_slow(bytes: &[u8], dialect: Dialect) -> Result<(u64, usize), VarintError> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(MAX_VARINT_LEN).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            let too_large = dialect == Dialect::Go && index == MAX_VARINT_LEN - 1 && *byte > 1;
            return if too_large { Err(VarintError::Overflow) } else { Ok((value, index + 1)) };
        }
    }
    let overflow = match dialect {
        Dialect::Go => bytes.len() > MAX_VARINT_LEN,
        Dialect::Proto => bytes.len() >= MAX_VARINT_LEN,
    };
    Err(if overflow { VarintError::Overflow } else { VarintError::UnexpectedEnd })
}

/// The zigzag decoding of signed integers: 0, 1, 2, 3, … are 0, -1, 1, -2, …
#[must_use]
#[inline]
pub const fn zigzag_decode(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// The zigzag encoding of signed integers, so that small negative ones are short varints too.
#[must_use]
#[inline]
pub const fn zigzag_encode(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// How many bytes the varint of `value` takes: 1 to [`MAX_VARINT_LEN`].
#[must_use]
#[inline]
pub const fn uvarint_len(value: u64) -> usize {
    // Bits rounded up to groups of seven; zero has one bit here, as it takes one byte.
    ((value | 1).ilog2() as usize + 7) / 7
}

/// Appends the varint of `value`, as short as it can be.
#[inline]
pub(crate) fn encode(value: u64, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        out.push(low_byte(rest) | 0x80);
        rest >>= 7;
    }
    out.push(low_byte(rest));
}

/// The varint of `value`, and how many bytes of the array it takes.
#[inline]
pub(crate) fn encode_array(value: u64) -> ([u8; MAX_VARINT_LEN], usize) {
    let len = uvarint_len(value);
    let mut bytes = [0; MAX_VARINT_LEN];
    let mut rest = value;
    for (index, byte) in bytes.iter_mut().take(len).enumerate() {
        let more = if index + 1 < len { 0x80 } else { 0 };
        *byte = low_byte(rest) & 0x7f | more;
        rest >>= 7;
    }
    (bytes, len)
}

#[inline]
const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}
