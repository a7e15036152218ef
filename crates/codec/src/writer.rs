//! The writer of what [`Reader`](crate::Reader) reads.

use thiserror::Error;

use crate::crc32c::crc32c;
use crate::varint::{self, zigzag_encode};

/// Appends values to a vector.
///
/// The vector stays the caller's, who clears and uses it again: in a steady state nothing is allocated.
///
/// ```
/// use promd_codec::Writer;
///
/// // A section as in Prometheus' index: length, contents, checksum of the contents.
/// let mut bytes = Vec::new();
/// let mut writer = Writer::new(&mut bytes);
/// let length = writer.hole_u32();
/// let contents = writer.position();
/// writer.put_uvarint(300);
/// writer.put_uvarint_bytes(b"cpu");
/// writer.fill_length(length)?;
/// writer.put_crc32c_from(contents);
///
/// assert_eq!(bytes[..10], [0, 0, 0, 6, 0xac, 0x02, 3, b'c', b'p', b'u']);
/// assert_eq!(bytes[10..], promd_codec::crc32c(&bytes[4..10]).to_be_bytes());
/// # Ok::<(), promd_codec::LengthError>(())
/// ```
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
}

/// The place of a number that is known only later, as [`Writer::hole_u32`] left it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a hole that is not filled stays zero"]
pub struct Hole {
    /// The offset of the four bytes.
    start: usize,
}

/// A length that its field cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("length {length} does not fit into 32 bits")]
pub struct LengthError {
    /// The length.
    pub length: usize,
}

impl<'b> Writer<'b> {
    /// A writer that appends to `out`.
    #[must_use]
    #[inline]
    pub const fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out }
    }

    /// The length of the vector so far, which is where the next value goes.
    #[must_use]
    #[inline]
    pub const fn position(&self) -> usize {
        self.out.len()
    }

    /// What was written from `start` on, which is a [`position`](Self::position) of before.
    #[must_use]
    #[inline]
    pub fn since(&self, start: usize) -> &[u8] {
        self.out.get(start..).unwrap_or_default()
    }

    /// Appends `bytes` as they are.
    #[inline]
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Appends `count` zero bytes, as formats align with.
    #[inline]
    pub fn put_zeros(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, 0);
    }

    /// Appends a byte.
    #[inline]
    pub fn put_u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Appends a 16-bit number, big endian.
    #[inline]
    pub fn put_u16_be(&mut self, value: u16) {
        self.put_bytes(&value.to_be_bytes());
    }

    /// Appends a 32-bit number, big endian.
    #[inline]
    pub fn put_u32_be(&mut self, value: u32) {
        self.put_bytes(&value.to_be_bytes());
    }

    /// Appends a 64-bit number, big endian.
    #[inline]
    pub fn put_u64_be(&mut self, value: u64) {
        self.put_bytes(&value.to_be_bytes());
    }

    /// Appends a signed 64-bit number, big endian.
    #[inline]
    pub fn put_i64_be(&mut self, value: i64) {
        self.put_bytes(&value.to_be_bytes());
    }

    /// Appends all bits of a double, big endian.
    #[inline]
    pub fn put_f64_be(&mut self, value: f64) {
        self.put_u64_be(value.to_bits());
    }

    /// Appends a 32-bit number, little endian.
    #[inline]
    pub fn put_u32_le(&mut self, value: u32) {
        self.put_bytes(&value.to_le_bytes());
    }

    /// Appends a 64-bit number, little endian.
    #[inline]
    pub fn put_u64_le(&mut self, value: u64) {
        self.put_bytes(&value.to_le_bytes());
    }

    /// Appends an unsigned varint, in as few bytes as it needs.
    #[inline]
    pub fn put_uvarint(&mut self, value: u64) {
        varint::encode(value, self.out);
    }

    /// Appends a signed varint in zigzag encoding.
    #[inline]
    pub fn put_varint(&mut self, value: i64) {
        self.put_uvarint(zigzag_encode(value));
    }

    /// Appends the length of `bytes` as an unsigned varint, and `bytes`.
    #[inline]
    pub fn put_uvarint_bytes(&mut self, bytes: &[u8]) {
        self.put_uvarint(bytes.len() as u64);
        self.put_bytes(bytes);
    }

    /// Leaves room for a 32-bit number that is known later: a length, a count, an offset.
    #[inline]
    pub fn hole_u32(&mut self) -> Hole {
        let start = self.position();
        self.put_u32_be(0);
        Hole { start }
    }

    /// Puts `value` into the hole, big endian.
    #[inline]
    pub fn fill_u32(&mut self, hole: Hole, value: u32) {
        if let Some(field) = self.out.get_mut(hole.start..).and_then(<[u8]>::first_chunk_mut) {
            *field = value.to_be_bytes();
        }
    }

    /// Puts the number of bytes that were written after the hole into it.
    #[inline]
    pub fn fill_length(&mut self, hole: Hole) -> Result<(), LengthError> {
        let length = self.since(hole.start + 4).len();
        let value = u32::try_from(length).map_err(|_| LengthError { length })?;
        self.fill_u32(hole, value);
        Ok(())
    }

    /// Appends the CRC-32C, big endian, of what was written from `start` on.
    #[inline]
    pub fn put_crc32c_from(&mut self, start: usize) {
        let crc = crc32c(self.since(start));
        self.put_u32_be(crc);
    }
}
