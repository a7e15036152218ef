//! The checked reader over a slice.

use crate::crc32c::crc32c;
use crate::error::{DecodeError, DecodeErrorKind};
use crate::varint::{self, VarintError, zigzag_decode};

/// Reads values from a slice, one after the other, and never past its end.
///
/// Nothing is copied: bytes and text are borrowed from the slice. A read that fails leaves the reader where it was, and
/// its error says where that is.
///
/// ```
/// use promd_codec::{DecodeErrorKind, Reader};
///
/// let mut reader = Reader::new(&[0x00, 0x2a, 0xac, 0x02, 3, b'c', b'p', b'u']);
/// assert_eq!(reader.u16_be()?, 42);
/// assert_eq!(reader.uvarint()?, 300);
/// assert_eq!(reader.uvarint_bytes()?, b"cpu");
/// reader.expect_end()?;
///
/// let error = reader.u32_be().unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (DecodeErrorKind::UnexpectedEnd, 8));
/// # Ok::<(), promd_codec::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// The offset of the end of `rest`. Kept instead of the position, so that a read updates the slice alone.
    end: usize,
}

impl<'a> Reader<'a> {
    /// A reader over `bytes` whose first byte has offset 0.
    #[must_use]
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, end: bytes.len() }
    }

    /// A reader over `bytes` that were cut out of something larger at `offset`, as errors should tell it.
    #[must_use]
    #[inline]
    pub const fn with_offset(bytes: &'a [u8], offset: usize) -> Self {
        Self { rest: bytes, end: offset.saturating_add(bytes.len()) }
    }

    /// How many bytes are left.
    #[must_use]
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The offset of the next byte.
    #[must_use]
    #[inline]
    pub const fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// The bytes that are left, without reading them.
    #[must_use]
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    #[inline]
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.error(DecodeErrorKind::UnexpectedEnd));
        };
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            return Err(self.error(DecodeErrorKind::UnexpectedEnd));
        };
        self.rest = rest;
        Ok(head)
    }

    /// Passes over the next `count` bytes.
    #[inline]
    pub fn skip(&mut self, count: usize) -> Result<(), DecodeError> {
        self.bytes(count).map(|_| ())
    }

    /// Cuts off the next `count` bytes as a reader of their own, whose offsets go on from here.
    #[inline]
    pub fn sub(&mut self, count: usize) -> Result<Reader<'a>, DecodeError> {
        let start = self.position();
        Ok(Reader::with_offset(self.bytes(count)?, start))
    }

    /// The next byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        let Some((byte, rest)) = self.rest.split_first() else {
            return Err(self.error(DecodeErrorKind::UnexpectedEnd));
        };
        self.rest = rest;
        Ok(*byte)
    }

    /// A 16-bit number, big endian.
    #[inline]
    pub fn u16_be(&mut self) -> Result<u16, DecodeError> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// A 32-bit number, big endian.
    #[inline]
    pub fn u32_be(&mut self) -> Result<u32, DecodeError> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// A 64-bit number, big endian.
    #[inline]
    pub fn u64_be(&mut self) -> Result<u64, DecodeError> {
        self.array().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// A signed 64-bit number, big endian.
    #[inline]
    pub fn i64_be(&mut self) -> Result<i64, DecodeError> {
        self.array().map(|bytes| i64::from_be_bytes(*bytes))
    }

    /// The bits of a double, big endian. All of them are kept: a stale marker stays one.
    #[inline]
    pub fn f64_be(&mut self) -> Result<f64, DecodeError> {
        self.u64_be().map(f64::from_bits)
    }

    /// A 32-bit number, little endian.
    #[inline]
    pub fn u32_le(&mut self) -> Result<u32, DecodeError> {
        self.array().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// A 64-bit number, little endian.
    #[inline]
    pub fn u64_le(&mut self) -> Result<u64, DecodeError> {
        self.array().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// An unsigned varint, as Go's `binary.Uvarint` reads it: at most ten bytes, longer encodings than necessary are
    /// accepted, and an overflow is another error than the end of the input.
    #[inline]
    pub fn uvarint(&mut self) -> Result<u64, DecodeError> {
        if let [byte @ 0..=0x7f, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        self.uvarint_long()
    }

    #[inline]
    fn uvarint_long(&mut self) -> Result<u64, DecodeError> {
        match varint::decode_go(self.rest) {
            Ok((value, len)) => {
                self.rest = self.rest.get(len..).unwrap_or_default();
                Ok(value)
            }
            Err(error) => Err(self.error(error.into())),
        }
    }

    /// A signed varint in zigzag encoding, as Go's `binary.Varint` reads it.
    #[inline]
    pub fn varint(&mut self) -> Result<i64, DecodeError> {
        self.uvarint().map(zigzag_decode)
    }

    /// An unsigned varint that must fit into 32 bits.
    #[inline]
    pub fn uvarint_u32(&mut self) -> Result<u32, DecodeError> {
        let before = *self;
        let value = self.uvarint()?;
        u32::try_from(value).map_err(|_| self.restore(before, DecodeErrorKind::OutOfRange { value }))
    }

    /// An unsigned varint that counts things of at least `min_size` bytes each, all of which follow.
    ///
    /// The count that is returned is therefore one that memory can be reserved for: a forged count fails here instead
    /// of in the allocator. A `min_size` of 0 is taken as 1.
    #[inline]
    pub fn uvarint_count(&mut self, min_size: usize) -> Result<usize, DecodeError> {
        let before = *self;
        let length = self.uvarint()?;
        let remaining = self.remaining();
        match usize::try_from(length) {
            Ok(count) if count <= remaining / min_size.max(1) => Ok(count),
            _ => Err(self.restore(before, DecodeErrorKind::LengthBeyondEnd { length, remaining })),
        }
    }

    /// Bytes whose length goes before them as an unsigned varint.
    #[inline]
    pub fn uvarint_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.uvarint_count(1)?;
        self.bytes(length)
    }

    /// UTF-8 text whose length in bytes goes before it as an unsigned varint.
    #[inline]
    pub fn uvarint_str(&mut self) -> Result<&'a str, DecodeError> {
        let before = *self;
        let bytes = self.uvarint_bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.restore(before, DecodeErrorKind::InvalidUtf8))
    }

    /// A stored CRC-32C, big endian, which must be that of `covered`.
    #[inline]
    pub fn crc32c_of(&mut self, covered: &[u8]) -> Result<(), DecodeError> {
        let before = *self;
        let stored = self.u32_be()?;
        let computed = crc32c(covered);
        if stored == computed {
            return Ok(());
        }
        Err(self.restore(before, DecodeErrorKind::ChecksumMismatch { stored, computed }))
    }

    /// Nothing may be left.
    #[inline]
    pub fn expect_end(&self) -> Result<(), DecodeError> {
        if self.is_empty() {
            return Ok(());
        }
        Err(self.error(DecodeErrorKind::TrailingBytes { count: self.remaining() }))
    }

    #[cold]
    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.position())
    }

    #[cold]
    fn restore(&mut self, before: Reader<'a>, kind: DecodeErrorKind) -> DecodeError {
        *self = before;
        self.error(kind)
    }
}

impl From<VarintError> for DecodeErrorKind {
    fn from(error: VarintError) -> Self {
        match error {
            VarintError::UnexpectedEnd => Self::UnexpectedEnd,
            VarintError::Overflow => Self::VarintOverflow,
        }
    }
}
