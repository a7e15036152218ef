//! promd-codec: decompression under a limit, the reader against a naive one, protobuf.

use std::io::Read;

use arbitrary::{Arbitrary, Unstructured};
use promd_codec::compress::{Compression, Decoder, Encoder, InflateReader};
use promd_codec::proto::{self, Value};
use promd_codec::{DecodeError, Reader, Writer, crc32c};

/// Small enough to be met often by what a fuzzer finds.
const LIMIT: usize = 1 << 16;

/// A snappy block and a snappy stream.
pub fn snappy(data: &[u8]) {
    for compression in [Compression::Snappy, Compression::SnappyFramed] {
        bounded(compression, data);
        round_trip(compression, data);
    }
}

/// zstd frames.
pub fn zstd(data: &[u8]) {
    bounded(Compression::Zstd, data);
    round_trip(Compression::Zstd, data);
}

/// gzip members and zlib streams, at once and as a stream.
pub fn gzip(data: &[u8]) {
    for compression in [Compression::Gzip, Compression::Deflate] {
        let whole = bounded(compression, data);
        // Seven bytes of input at a time end within every field of the header in turn.
        let pieces = std::io::BufReader::with_capacity(7, data);
        let mut reader = match compression {
            Compression::Gzip => InflateReader::gzip(pieces, LIMIT),
            _ => InflateReader::zlib(pieces, LIMIT),
        };
        let mut streamed = Vec::new();
        let result = reader.read_to_end(&mut streamed);
        assert_eq!(result.ok().map(|_| streamed), whole, "{compression}: at once and as a stream");
        round_trip(compression, data);
    }
}

/// Decodes under [`LIMIT`], which neither the output nor the memory for it may exceed.
fn bounded(compression: Compression, data: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let result = Decoder::new().decode(compression, data, LIMIT, &mut out);
    assert!(out.len() <= LIMIT && out.capacity() <= LIMIT + 1, "{compression}: a vector of {} bytes", out.capacity());
    // A vector that has been in use gives the same.
    let mut again = b"earlier".repeat(100);
    assert_eq!(Decoder::new().decode(compression, data, LIMIT, &mut again), result);
    assert_eq!(again, out);
    result.ok().map(|()| out)
}

fn round_trip(compression: Compression, data: &[u8]) {
    let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
    Encoder::new().encode(compression, data, &mut encoded).expect("what fits into memory can be compressed");
    let result = Decoder::new().decode(compression, &encoded, data.len(), &mut decoded);
    assert_eq!(result, Ok(()), "{compression}");
    assert_eq!(decoded, data, "{compression}");
}

/// A message of protobuf, with everything that may be one within it.
pub fn proto(data: &[u8]) {
    let mut steps = 0;
    message(proto::Reader::new(data), 0, &mut steps);
    // Every byte is in at most one field of each depth.
    assert!(steps <= data.len() * (MAX_DEPTH + 1));

    let mut input = Reader::new(data);
    while let Ok(Some(message)) = proto::read_delimited(&mut input) {
        assert!(message.position() + message.rest().len() == input.position());
    }
}

const MAX_DEPTH: usize = 4;

fn message(mut reader: proto::Reader<'_>, depth: usize, steps: &mut usize) {
    let (mut bytes, mut fields) = (Vec::new(), Vec::new());
    loop {
        let before = reader.position();
        let field = match reader.next() {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) => {
                assert!(error.offset() >= before && reader.position() == before);
                break;
            }
        };
        assert!(reader.position() > before && field.offset > before && field.number > 0);
        *steps += 1;
        if rewrite(&field, &mut bytes) {
            fields.push((field.number, field.value));
        }
        if let Ok(values) = field.as_varints() {
            let (count, ok) = values.fold((0, true), |(count, ok), value| {
                assert!(ok, "a value after an error");
                (count + 1, value.is_ok())
            });
            assert!(count <= field.as_bytes().map_or(1, <[u8]>::len) || !ok);
        }
        if let Ok(values) = field.as_fixed64s() {
            assert_eq!(values.len(), values.count());
        }
        if let Ok(inner) = field.as_message()
            && depth < MAX_DEPTH
        {
            message(inner, depth + 1, steps);
        }
    }
    let mut again = proto::Reader::new(&bytes);
    for (number, value) in fields {
        let field = again.next().expect("a field that was written").expect("as many as were written");
        assert_eq!((field.number, field.value), (number, value));
    }
    assert_eq!(again.next(), Ok(None));
}

/// Writes a field that was read, if the writer takes it: groups it has none, and numbers of 29 bits.
fn rewrite(field: &proto::Field<'_>, bytes: &mut Vec<u8>) -> bool {
    let mut writer = proto::Writer::new(bytes);
    match field.value {
        _ if field.number >= 1 << 29 => return false,
        Value::Group(_) => return false,
        Value::Varint(value) => writer.uint64(field.number, value),
        Value::Fixed64(value) => writer.fixed64(field.number, value),
        Value::Fixed32(value) => writer.fixed32(field.number, value),
        Value::Bytes(value) => writer.bytes(field.number, value),
    }
    true
}

/// What is read of the bytes, and the bytes.
#[derive(Debug, Arbitrary)]
struct Reads<'a> {
    kinds: Vec<Kind>,
    bytes: &'a [u8],
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Kind {
    U8,
    U16,
    U32,
    U64,
    U32Le,
    U64Le,
    Uvarint,
    Varint,
    Bytes(u8),
    Count(u8),
    UvarintBytes,
    Crc,
}

/// The checked reader against one that takes byte after byte; and every number that is read is written and read again.
pub fn reader(data: &[u8]) {
    let Ok(Reads { kinds, bytes }) = Reads::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let mut reader = Reader::new(bytes);
    let mut naive = Naive { bytes, at: 0 };
    for kind in kinds {
        let got = read(&mut reader, kind);
        if let Err(error) = &got {
            assert_eq!(error.offset(), reader.position());
        }
        assert_eq!(got.ok(), naive.read(kind), "{kind:?}");
        assert_eq!((reader.position(), reader.rest()), (naive.at, &bytes[naive.at..]), "{kind:?}");
    }
}

fn read(reader: &mut Reader<'_>, kind: Kind) -> Result<u64, DecodeError> {
    let before = reader.rest();
    let (mut fixed, mut again) = (Vec::new(), Vec::new());
    let mut writer = Writer::new(&mut fixed);
    let value = match kind {
        Kind::U8 => reader.u8().inspect(|value| writer.put_u8(*value)).map(u64::from),
        Kind::U16 => reader.u16_be().inspect(|value| writer.put_u16_be(*value)).map(u64::from),
        Kind::U32 => reader.u32_be().inspect(|value| writer.put_u32_be(*value)).map(u64::from),
        Kind::U64 => reader.u64_be().inspect(|value| writer.put_u64_be(*value)),
        Kind::U32Le => reader.u32_le().inspect(|value| writer.put_u32_le(*value)).map(u64::from),
        Kind::U64Le => reader.u64_le().inspect(|value| writer.put_u64_le(*value)),
        Kind::Uvarint => reader.uvarint().inspect(|value| {
            Writer::new(&mut again).put_uvarint(*value);
            assert_eq!(Reader::new(&again).uvarint(), Ok(*value));
        }),
        Kind::Varint => reader.varint().map(|value| {
            Writer::new(&mut again).put_varint(value);
            assert_eq!(Reader::new(&again).varint(), Ok(value));
            value.cast_unsigned()
        }),
        Kind::Bytes(count) => reader.bytes(count.into()).map(|bytes| crc32c(bytes).into()),
        Kind::Count(size) => reader.uvarint_count(size.into()).map(|count| count as u64),
        Kind::UvarintBytes => reader.uvarint_bytes().map(|bytes| {
            Writer::new(&mut again).put_uvarint_bytes(bytes);
            assert_eq!(Reader::new(&again).uvarint_bytes(), Ok(bytes));
            crc32c(bytes).into()
        }),
        Kind::Crc => reader.crc32c_of(b"123456789").map(|()| 0),
    };
    assert!(before.starts_with(&fixed));
    value
}

/// Reads as the formats are defined, one byte after the other; a read that fails is undone.
struct Naive<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Naive<'_> {
    fn read(&mut self, kind: Kind) -> Option<u64> {
        let start = self.at;
        let value = match kind {
            Kind::U8 => self.be(1),
            Kind::U16 => self.be(2),
            Kind::U32 => self.be(4),
            Kind::U64 => self.be(8),
            Kind::U32Le => self.be(4).map(|value| u64::from((value as u32).swap_bytes())),
            Kind::U64Le => self.be(8).map(u64::swap_bytes),
            Kind::Uvarint => self.uvarint(),
            // Even numbers are n / 2, odd ones -(n + 1) / 2.
            Kind::Varint => self.uvarint().map(|value| match value % 2 {
                0 => value / 2,
                _ => (value / 2 + 1).wrapping_neg(),
            }),
            Kind::Bytes(count) => self.take(count.into()),
            Kind::Count(size) => self.uvarint().filter(|count| {
                let left = (self.bytes.len() - self.at) as u128;
                u128::from(*count) * u128::from(size.max(1)) <= left
            }),
            Kind::UvarintBytes => self.uvarint().and_then(|length| self.take(length)),
            // The check value of CRC-32C.
            Kind::Crc => self.be(4).filter(|value| *value == 0xe306_9283).map(|_| 0),
        };
        if value.is_none() {
            self.at = start;
        }
        value
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at)?;
        self.at += 1;
        Some(*byte)
    }

    fn be(&mut self, width: usize) -> Option<u64> {
        (0..width).try_fold(0, |value, _| Some(value << 8 | u64::from(self.byte()?)))
    }

    fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0u128;
        for group in 0..10 {
            let byte = self.byte()?;
            value |= u128::from(byte & 0x7f) << (7 * group);
            if byte < 0x80 {
                return value.try_into().ok();
            }
        }
        None
    }

    fn take(&mut self, count: u64) -> Option<u64> {
        let start = self.at;
        for _ in 0..count {
            self.byte()?;
        }
        Some(crc32c(&self.bytes[start..self.at]).into())
    }
}
