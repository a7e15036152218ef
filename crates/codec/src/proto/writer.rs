//! The writer: fields appended to a vector.

use super::WireType;
use crate::varint::{self, zigzag_encode};

/// Appends the fields of a message to a vector.
///
/// Every field that is asked for is written, also with the default value of its type: whether a message leaves out its
/// zeros is for its schema to say (proto3 does, proto2 and `oneof` do not).
///
/// ```
/// use promd_codec::proto::Writer;
///
/// // message Label { string name = 1; string value = 2; }  message Labels { repeated Label labels = 1; }
/// let mut bytes = Vec::new();
/// let mut writer = Writer::new(&mut bytes);
/// writer.message(1, |label| {
///     label.string(1, "job");
///     label.string(2, "node");
/// });
/// assert_eq!(bytes, b"\x0a\x0b\x0a\x03job\x12\x04node");
/// ```
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    /// A writer that appends to `out`.
    #[must_use]
    #[inline]
    pub const fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out }
    }

    #[inline]
    fn tag(&mut self, number: u32, wire_type: WireType) {
        debug_assert!(number > 0 && number < 1 << 29, "field number {number}");
        varint::encode(u64::from(number) << 3 | wire_type as u64, self.out);
    }

    /// `uint64`, `uint32`, and a `bool` or enum as a number.
    #[inline]
    pub fn uint64(&mut self, number: u32, value: u64) {
        self.tag(number, WireType::Varint);
        varint::encode(value, self.out);
    }

    /// `int64`, `int32` and enums: negative numbers take ten bytes.
    #[inline]
    pub fn int64(&mut self, number: u32, value: i64) {
        self.uint64(number, value.cast_unsigned());
    }

    /// `sint64` and `sint32`.
    #[inline]
    pub fn sint64(&mut self, number: u32, value: i64) {
        self.uint64(number, zigzag_encode(value));
    }

    /// `bool`.
    #[inline]
    pub fn bool(&mut self, number: u32, value: bool) {
        self.uint64(number, u64::from(value));
    }

    /// `fixed64`.
    #[inline]
    pub fn fixed64(&mut self, number: u32, value: u64) {
        self.tag(number, WireType::Fixed64);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// `double`, every bit of it.
    #[inline]
    pub fn double(&mut self, number: u32, value: f64) {
        self.fixed64(number, value.to_bits());
    }

    /// `fixed32`.
    #[inline]
    pub fn fixed32(&mut self, number: u32, value: u32) {
        self.tag(number, WireType::Fixed32);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// `float`.
    #[inline]
    pub fn float(&mut self, number: u32, value: f32) {
        self.fixed32(number, value.to_bits());
    }

    /// `bytes`.
    #[inline]
    pub fn bytes(&mut self, number: u32, value: &[u8]) {
        self.tag(number, WireType::Bytes);
        varint::encode(value.len() as u64, self.out);
        self.out.extend_from_slice(value);
    }

    /// `string`.
    #[inline]
    pub fn string(&mut self, number: u32, value: &str) {
        self.bytes(number, value.as_bytes());
    }

    /// A message within this one, whose fields `write` appends.
    #[inline]
    pub fn message(&mut self, number: u32, write: impl FnOnce(&mut Writer<'_>)) {
        self.tag(number, WireType::Bytes);
        self.delimited(write);
    }

    /// A message with its length before it and no tag: an element of a delimited stream.
    ///
    /// The length is not known before the message is written. Room is left for one byte, which is enough for most
    /// messages; a message of 128 bytes and more is moved by the bytes that its length needs beyond that.
    #[inline]
    pub fn delimited(&mut self, write: impl FnOnce(&mut Writer<'_>)) {
        let hole = self.out.len();
        self.out.push(0);
        let start = self.out.len();
        write(&mut Writer { out: self.out });
        let length = self.out.len() - start;
        let (prefix, width) = varint::encode_array(length as u64);
        if width > 1 {
            self.out.resize(start + length + width - 1, 0);
            self.out.copy_within(start..start + length, hole + width);
        }
        for (byte, value) in self.out.iter_mut().skip(hole).zip(prefix.iter().take(width)) {
            *byte = *value;
        }
    }

    /// `repeated uint64` and its kind, packed. Nothing is written if there are no values.
    #[inline]
    pub fn packed_uint64s(&mut self, number: u32, values: impl IntoIterator<Item = u64>) {
        self.packed(number, values, varint::encode);
    }

    /// `repeated int64` and its kind, packed. Nothing is written if there are no values.
    #[inline]
    pub fn packed_int64s(&mut self, number: u32, values: impl IntoIterator<Item = i64>) {
        self.packed(number, values, |value, out| varint::encode(value.cast_unsigned(), out));
    }

    /// `repeated sint64` and its kind, packed. Nothing is written if there are no values.
    #[inline]
    pub fn packed_sint64s(&mut self, number: u32, values: impl IntoIterator<Item = i64>) {
        self.packed(number, values, |value, out| varint::encode(zigzag_encode(value), out));
    }

    /// `repeated double`, packed. Nothing is written if there are no values.
    #[inline]
    pub fn packed_doubles(&mut self, number: u32, values: impl IntoIterator<Item = f64>) {
        self.packed(number, values, |value, out| out.extend_from_slice(&value.to_bits().to_le_bytes()));
    }

    #[inline]
    fn packed<T>(&mut self, number: u32, values: impl IntoIterator<Item = T>, put: impl Fn(T, &mut Vec<u8>)) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_some() {
            self.message(number, |field| values.for_each(|value| put(value, field.out)));
        }
    }
}
