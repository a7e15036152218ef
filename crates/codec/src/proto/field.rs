//! A field and what its value can be taken for.

use super::{Fixed32s, Fixed64s, ProtoError, ProtoErrorKind, Reader, Varints};
use crate::varint::zigzag_decode;

/// How a value is laid out. The discriminants are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WireType {
    /// A variable-length integer.
    Varint = 0,
    /// Eight bytes.
    Fixed64 = 1,
    /// A length, and as many bytes.
    Bytes = 2,
    /// The beginning of a group.
    StartGroup = 3,
    /// The end of a group.
    EndGroup = 4,
    /// Four bytes.
    Fixed32 = 5,
}

/// The value of a field, as far as the wire tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// An integer, a bool or an enum.
    Varint(u64),
    /// A double or a fixed 64-bit integer.
    Fixed64(u64),
    /// A float or a fixed 32-bit integer.
    Fixed32(u32),
    /// Text, bytes, a message or packed scalars.
    Bytes(&'a [u8]),
    /// The fields of a group, which no schema of Prometheus has: there to be passed over.
    Group(&'a [u8]),
}

/// A field of a message.
///
/// The `as_` methods take the value for a type of the schema. They return an error if the wire type does not suit it;
/// 32-bit integers are cut to their lowest 32 bits, as protobuf demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The number, at least 1.
    pub number: u32,
    /// The value.
    pub value: Value<'a>,
    /// Where the value begins, after its tag and length, counted from the beginning of the outermost message.
    pub offset: usize,
}

impl<'a> Field<'a> {
    /// The wire type of the value.
    #[must_use]
    pub const fn wire_type(&self) -> WireType {
        match self.value {
            Value::Varint(_) => WireType::Varint,
            Value::Fixed64(_) => WireType::Fixed64,
            Value::Fixed32(_) => WireType::Fixed32,
            Value::Bytes(_) => WireType::Bytes,
            Value::Group(_) => WireType::StartGroup,
        }
    }

    /// `uint64`.
    #[inline]
    pub fn as_u64(&self) -> Result<u64, ProtoError> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(self.wrong_wire_type()),
        }
    }

    /// `int64`.
    #[inline]
    pub fn as_i64(&self) -> Result<i64, ProtoError> {
        self.as_u64().map(u64::cast_signed)
    }

    /// `uint32`.
    #[expect(clippy::cast_possible_truncation, reason = "32-bit integers are the lowest 32 bits of what is sent")]
    #[inline]
    pub fn as_u32(&self) -> Result<u32, ProtoError> {
        self.as_u64().map(|value| value as u32)
    }

    /// `int32`, and the number of an enum.
    #[inline]
    pub fn as_i32(&self) -> Result<i32, ProtoError> {
        self.as_u32().map(u32::cast_signed)
    }

    /// `sint64`.
    #[inline]
    pub fn as_sint64(&self) -> Result<i64, ProtoError> {
        self.as_u64().map(zigzag_decode)
    }

    /// `sint32`.
    #[inline]
    pub fn as_sint32(&self) -> Result<i32, ProtoError> {
        let value = self.as_u32()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// `bool`: every number but 0 is true.
    #[inline]
    pub fn as_bool(&self) -> Result<bool, ProtoError> {
        self.as_u64().map(|value| value != 0)
    }

    /// `fixed64`.
    #[inline]
    pub fn as_fixed64(&self) -> Result<u64, ProtoError> {
        match self.value {
            Value::Fixed64(value) => Ok(value),
            _ => Err(self.wrong_wire_type()),
        }
    }

    /// `sfixed64`.
    #[inline]
    pub fn as_sfixed64(&self) -> Result<i64, ProtoError> {
        self.as_fixed64().map(u64::cast_signed)
    }

    /// `double`, every bit of it.
    #[inline]
    pub fn as_f64(&self) -> Result<f64, ProtoError> {
        self.as_fixed64().map(f64::from_bits)
    }

    /// `fixed32`.
    #[inline]
    pub fn as_fixed32(&self) -> Result<u32, ProtoError> {
        match self.value {
            Value::Fixed32(value) => Ok(value),
            _ => Err(self.wrong_wire_type()),
        }
    }

    /// `float`.
    #[inline]
    pub fn as_f32(&self) -> Result<f32, ProtoError> {
        self.as_fixed32().map(f32::from_bits)
    }

    /// `bytes`, or a `string` whose bytes the caller checks.
    #[inline]
    pub fn as_bytes(&self) -> Result<&'a [u8], ProtoError> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.wrong_wire_type()),
        }
    }

    /// `string`, which must be UTF-8.
    #[inline]
    pub fn as_str(&self) -> Result<&'a str, ProtoError> {
        let bytes = self.as_bytes()?;
        std::str::from_utf8(bytes)
            .map_err(|error| ProtoError::new(self.invalid_utf8(), self.offset + error.valid_up_to()))
    }

    /// A message within this one. Its offsets are those of the outermost message.
    #[inline]
    pub fn as_message(&self) -> Result<Reader<'a>, ProtoError> {
        self.as_bytes().map(|bytes| Reader::with_offset(bytes, self.offset))
    }

    /// `repeated uint64` and its kind, packed or not: one field may hold several values, and several fields follow one
    /// another.
    #[inline]
    pub fn as_varints(&self) -> Result<Varints<'a>, ProtoError> {
        match self.value {
            Value::Varint(value) => Ok(Varints::one(value)),
            Value::Bytes(bytes) => Ok(Varints::packed(bytes, self.offset)),
            _ => Err(self.wrong_wire_type()),
        }
    }

    /// `repeated sint64`, packed or not.
    #[inline]
    pub fn as_sint64s(&self) -> Result<impl Iterator<Item = Result<i64, ProtoError>> + use<'a>, ProtoError> {
        Ok(self.as_varints()?.map(|value| value.map(zigzag_decode)))
    }

    /// `repeated fixed64`, packed or not.
    #[inline]
    pub fn as_fixed64s(&self) -> Result<Fixed64s<'a>, ProtoError> {
        match self.value {
            Value::Fixed64(value) => Ok(Fixed64s::one(value)),
            Value::Bytes(bytes) => Fixed64s::packed(bytes).ok_or_else(|| self.packed_length()),
            _ => Err(self.wrong_wire_type()),
        }
    }

    /// `repeated double`, packed or not.
    #[inline]
    pub fn as_f64s(&self) -> Result<impl ExactSizeIterator<Item = f64> + use<'a>, ProtoError> {
        Ok(self.as_fixed64s()?.map(f64::from_bits))
    }

    /// `repeated fixed32`, packed or not.
    #[inline]
    pub fn as_fixed32s(&self) -> Result<Fixed32s<'a>, ProtoError> {
        match self.value {
            Value::Fixed32(value) => Ok(Fixed32s::one(value)),
            Value::Bytes(bytes) => Fixed32s::packed(bytes).ok_or_else(|| self.packed_length()),
            _ => Err(self.wrong_wire_type()),
        }
    }

    #[cold]
    fn wrong_wire_type(&self) -> ProtoError {
        let kind = ProtoErrorKind::WrongWireType { number: self.number, wire_type: self.wire_type() };
        ProtoError::new(kind, self.offset)
    }

    #[cold]
    fn packed_length(&self) -> ProtoError {
        ProtoError::new(ProtoErrorKind::PackedLength { number: self.number }, self.offset)
    }

    fn invalid_utf8(&self) -> ProtoErrorKind {
        ProtoErrorKind::InvalidUtf8 { number: self.number }
    }
}
