//! The pull reader: one field after the other.

use super::{Field, ProtoError, ProtoErrorKind, Value, WireType};
use crate::varint;

/// Reads the fields of one message.
///
/// The work is linear in the bytes of the message, whatever is in it; nothing is allocated and nothing recurses.
/// After an error the reader stands before the field that caused it.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// The offset of the end of `rest` in the outermost message.
    end: usize,
}

impl<'a> Reader<'a> {
    /// A reader of the message in `bytes`.
    #[must_use]
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, end: bytes.len() }
    }

    /// A reader of the message in `bytes`, which begin at `offset` of something larger.
    #[must_use]
    #[inline]
    pub const fn with_offset(bytes: &'a [u8], offset: usize) -> Self {
        Self { rest: bytes, end: offset.saturating_add(bytes.len()) }
    }

    /// The offset of the next field.
    #[must_use]
    #[inline]
    pub const fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// The fields that are left, as bytes.
    #[must_use]
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next field, or `None` at the end of the message.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on after an error")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Field<'a>>, ProtoError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut cursor = Cursor { rest: self.rest, end: self.end };
        let field = cursor.field()?;
        self.rest = cursor.rest;
        Ok(Some(field))
    }
}

/// The reader within a field. Apart from [`Reader`], so that a field that fails leaves the reader before it.
struct Cursor<'a> {
    rest: &'a [u8],
    end: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn field(&mut self) -> Result<Field<'a>, ProtoError> {
        let start = self.position();
        let tag = self.varint()?;
        let wire_type = tag_wire_type(tag);
        if wire_type == Some(WireType::EndGroup) {
            return Err(ProtoError::new(ProtoErrorKind::UnexpectedEndGroup, start));
        }
        let number = tag_number(tag);
        if number <= 0 {
            return Err(ProtoError::new(ProtoErrorKind::IllegalTag { number, tag }, start));
        }
        let number = number.cast_unsigned();
        let (value, offset) = match wire_type {
            Some(WireType::Varint) => {
                let offset = self.position();
                (Value::Varint(self.varint()?), offset)
            }
            Some(WireType::Fixed64) => {
                let offset = self.position();
                (Value::Fixed64(u64::from_le_bytes(*self.array()?)), offset)
            }
            Some(WireType::Bytes) => {
                let bytes = self.length_delimited()?;
                (Value::Bytes(bytes), self.position() - bytes.len())
            }
            Some(WireType::Fixed32) => {
                let offset = self.position();
                (Value::Fixed32(u32::from_le_bytes(*self.array()?)), offset)
            }
            Some(WireType::StartGroup) => {
                let offset = self.position();
                (Value::Group(self.group()?), offset)
            }
            Some(WireType::EndGroup) | None => return Err(illegal_wire_type(tag, start)),
        };
        Ok(Field { number, value, offset })
    }

    /// What lies between the start of a group, which has been read, and its end.
    ///
    /// The depth is counted and not recursed into: groups may nest as deeply as there are bytes.
    #[cold]
    fn group(&mut self) -> Result<&'a [u8], ProtoError> {
        let content = self.rest;
        let mut depth = 1u64;
        loop {
            let start = self.position();
            let inner = content.len() - self.rest.len();
            let tag = self.varint()?;
            match tag_wire_type(tag) {
                Some(WireType::Varint) => {
                    self.varint()?;
                }
                Some(WireType::Fixed64) => {
                    self.array::<8>()?;
                }
                Some(WireType::Bytes) => {
                    self.length_delimited()?;
                }
                Some(WireType::Fixed32) => {
                    self.array::<4>()?;
                }
                Some(WireType::StartGroup) => depth += 1,
                Some(WireType::EndGroup) => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(content.get(..inner).unwrap_or_default());
                    }
                }
                None => return Err(illegal_wire_type(tag, start)),
            }
        }
    }

    #[inline]
    fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, ProtoError> {
        if let [byte @ 0..=0x7f, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        match varint::decode_proto(self.rest) {
            Ok((value, len)) => {
                self.rest = self.rest.get(len..).unwrap_or_default();
                Ok(value)
            }
            Err(error) => Err(self.error(error.into())),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], ProtoError> {
        let Some((head, rest)) = self.rest.split_first_chunk() else {
            return Err(self.error(ProtoErrorKind::UnexpectedEnd));
        };
        self.rest = rest;
        Ok(head)
    }

    #[inline]
    fn length_delimited(&mut self) -> Result<&'a [u8], ProtoError> {
        let length = self.varint()?;
        let Some((head, rest)) = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length))
        else {
            let negative = length > i64::MAX as u64;
            let kind = if negative { ProtoErrorKind::NegativeLength } else { ProtoErrorKind::UnexpectedEnd };
            return Err(self.error(kind));
        };
        self.rest = rest;
        Ok(head)
    }

    #[cold]
    fn error(&self, kind: ProtoErrorKind) -> ProtoError {
        ProtoError::new(kind, self.position())
    }
}

#[inline]
fn tag_wire_type(tag: u64) -> Option<WireType> {
    match tag & 7 {
        0 => Some(WireType::Varint),
        1 => Some(WireType::Fixed64),
        2 => Some(WireType::Bytes),
        3 => Some(WireType::StartGroup),
        4 => Some(WireType::EndGroup),
        5 => Some(WireType::Fixed32),
        _ => None,
    }
}

/// The number of a field: the lowest 32 bits after the wire type, signed, as the generated code of Go takes them.
#[expect(clippy::cast_possible_truncation, reason = "what is beyond 32 bits does not count")]
#[inline]
fn tag_number(tag: u64) -> i32 {
    (tag >> 3) as i32
}

#[cold]
fn illegal_wire_type(tag: u64, offset: usize) -> ProtoError {
    let wire_type = tag.to_le_bytes()[0] & 7;
    ProtoError::new(ProtoErrorKind::IllegalWireType { wire_type }, offset)
}

/// Cuts the next length-delimited message off `input`, or `None` at its end.
///
/// This is how a scrape in protobuf goes: message after message, each with its length before it. As in Prometheus, the
/// length may take five bytes.
///
/// ```
/// use promd_codec::{Reader, proto};
///
/// let mut input = Reader::new(&[2, 0x08, 7, 0]);
/// let mut first = proto::read_delimited(&mut input)?.unwrap();
/// assert_eq!(first.next()?.unwrap().as_u64()?, 7);
/// assert!(proto::read_delimited(&mut input)?.unwrap().rest().is_empty());
/// assert!(proto::read_delimited(&mut input)?.is_none());
/// # Ok::<(), proto::ProtoError>(())
/// ```
pub fn read_delimited<'a>(input: &mut crate::Reader<'a>) -> Result<Option<Reader<'a>>, ProtoError> {
    const MAX_LENGTH_BYTES: usize = 5;
    if input.is_empty() {
        return Ok(None);
    }
    let (start, got) = (input.position(), input.remaining());
    let Ok((length, width @ ..=MAX_LENGTH_BYTES)) = varint::decode_proto(input.rest()) else {
        return Err(ProtoError::new(ProtoErrorKind::InvalidDelimiter, start));
    };
    let expected = length + width as u64;
    let mut ahead = *input;
    let message = usize::try_from(length).ok().and_then(|length| {
        ahead.skip(width).ok()?;
        ahead.bytes(length).ok()
    });
    let Some(message) = message else {
        return Err(ProtoError::new(ProtoErrorKind::ShortDelimited { expected, got }, start));
    };
    *input = ahead;
    Ok(Some(Reader::with_offset(message, start + width)))
}
