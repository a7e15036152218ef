//! Whatever is written is read back, and whatever is read agrees with the obvious way of reading it.

use std::io::Read;

use promd_codec::compress::{Compression, Decoder, Encoder, InflateReader};
use promd_codec::{DecodeErrorKind, Reader, Writer, proto};
use proptest::collection::vec;
use proptest::prelude::*;

/// A value as a file format has it.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    I64(i64),
    F64(u64),
    U32Le(u32),
    U64Le(u64),
    Uvarint(u64),
    Varint(i64),
    Bytes(Vec<u8>),
}

/// Numbers of every length as varints.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(value, shift)| value >> shift)
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        any::<u8>().prop_map(Item::U8),
        any::<u16>().prop_map(Item::U16),
        any::<u32>().prop_map(Item::U32),
        any::<u64>().prop_map(Item::U64),
        any::<i64>().prop_map(Item::I64),
        any::<u64>().prop_map(Item::F64),
        any::<u32>().prop_map(Item::U32Le),
        any::<u64>().prop_map(Item::U64Le),
        number().prop_map(Item::Uvarint),
        number().prop_map(|value| Item::Varint(value.cast_signed())),
        vec(any::<u8>(), 0..200).prop_map(Item::Bytes),
    ]
}

fn put(writer: &mut Writer<'_>, item: &Item) {
    match item {
        Item::U8(value) => writer.put_u8(*value),
        Item::U16(value) => writer.put_u16_be(*value),
        Item::U32(value) => writer.put_u32_be(*value),
        Item::U64(value) => writer.put_u64_be(*value),
        Item::I64(value) => writer.put_i64_be(*value),
        Item::F64(bits) => writer.put_f64_be(f64::from_bits(*bits)),
        Item::U32Le(value) => writer.put_u32_le(*value),
        Item::U64Le(value) => writer.put_u64_le(*value),
        Item::Uvarint(value) => writer.put_uvarint(*value),
        Item::Varint(value) => writer.put_varint(*value),
        Item::Bytes(bytes) => writer.put_uvarint_bytes(bytes),
    }
}

/// Reads an item of the kind of `like`.
fn get(reader: &mut Reader<'_>, like: &Item) -> Result<Item, promd_codec::DecodeError> {
    Ok(match like {
        Item::U8(_) => Item::U8(reader.u8()?),
        Item::U16(_) => Item::U16(reader.u16_be()?),
        Item::U32(_) => Item::U32(reader.u32_be()?),
        Item::U64(_) => Item::U64(reader.u64_be()?),
        Item::I64(_) => Item::I64(reader.i64_be()?),
        Item::F64(_) => Item::F64(reader.f64_be()?.to_bits()),
        Item::U32Le(_) => Item::U32Le(reader.u32_le()?),
        Item::U64Le(_) => Item::U64Le(reader.u64_le()?),
        Item::Uvarint(_) => Item::Uvarint(reader.uvarint()?),
        Item::Varint(_) => Item::Varint(reader.varint()?),
        Item::Bytes(_) => Item::Bytes(reader.uvarint_bytes()?.to_vec()),
    })
}

fn compression() -> impl Strategy<Value = Compression> {
    let formats = [
        Compression::None,
        Compression::Snappy,
        Compression::SnappyFramed,
        Compression::Gzip,
        Compression::Deflate,
        #[cfg(feature = "zstd")]
        Compression::Zstd,
    ];
    prop::sample::select(formats.to_vec())
}

/// Bytes of which some parts repeat, as text does, and some do not.
fn body() -> impl Strategy<Value = Vec<u8>> {
    vec((vec(any::<u8>(), 0..64), 0..200usize), 0..40)
        .prop_map(|parts| parts.into_iter().flat_map(|(part, times)| part.repeat(times)).collect())
}

proptest! {
    #[test]
    fn what_is_put_is_read(items in vec(item(), 0..50)) {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        items.iter().for_each(|item| put(&mut writer, item));

        let mut reader = Reader::new(&bytes);
        for item in &items {
            prop_assert_eq!(&get(&mut reader, item).unwrap(), item);
        }
        prop_assert_eq!(reader.expect_end(), Ok(()));
    }

    /// Cut anywhere, the items before the cut are read, and the next one fails where it begins without moving.
    #[test]
    fn a_cut_is_the_end_of_the_input(items in vec(item(), 1..20), at in any::<prop::sample::Index>()) {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        items.iter().for_each(|item| put(&mut writer, item));
        let cut = at.index(bytes.len());

        let mut reader = Reader::new(&bytes[..cut]);
        let failed = items.iter().find_map(|item| {
            let start = reader.position();
            get(&mut reader, item).err().map(|error| (start, error))
        });
        let (start, error) = failed.unwrap();
        prop_assert!(error.is_unexpected_end());
        prop_assert_eq!((error.offset(), reader.position()), (start, start));
    }

    /// Random bytes, read as Go's `binary.Uvarint` would: seven bits after the other, in 128 bits that cannot overflow.
    #[test]
    fn varints_are_groups_of_seven_bits(tops in vec(0x80..=0xffu8, 0..12), rest in vec(any::<u8>(), 0..10)) {
        let bytes = [tops, rest].concat();
        let length = bytes.iter().position(|byte| *byte < 0x80).map(|last| last + 1);
        let result = Reader::new(&bytes).uvarint();
        match length.filter(|length| *length <= 10) {
            Some(length) => {
                let groups = bytes[..length].iter().rev();
                let value = groups.fold(0u128, |value, byte| value << 7 | u128::from(byte & 0x7f));
                match u64::try_from(value) {
                    Ok(value) => prop_assert_eq!(result, Ok(value)),
                    Err(_) => prop_assert_eq!(result.unwrap_err().kind(), DecodeErrorKind::VarintOverflow),
                }
            }
            None if bytes.len() > 10 => prop_assert_eq!(result.unwrap_err().kind(), DecodeErrorKind::VarintOverflow),
            None => prop_assert_eq!(result.unwrap_err().kind(), DecodeErrorKind::UnexpectedEnd),
        }
    }

    /// A count is accepted only if as many things can follow.
    #[test]
    fn counts_are_of_what_follows(count in number(), size in 0..9usize, follow in 0..300usize) {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).put_uvarint(count);
        bytes.resize(bytes.len() + follow, 0);
        let fits = u128::from(count) * size.max(1) as u128 <= follow as u128;
        prop_assert_eq!(Reader::new(&bytes).uvarint_count(size).is_ok(), fits);
    }

    #[test]
    fn delimited_messages_come_one_after_the_other(lengths in vec(prop_oneof![0..200usize, 16_000..17_000usize], 0..6)) {
        let mut bytes = Vec::new();
        let mut writer = proto::Writer::new(&mut bytes);
        for length in &lengths {
            writer.delimited(|message| message.bytes(1, &vec![b'x'; *length]));
        }
        let mut input = Reader::new(&bytes);
        for length in &lengths {
            let mut message = proto::read_delimited(&mut input).unwrap().unwrap();
            prop_assert_eq!(message.next().unwrap().unwrap().as_bytes().unwrap().len(), *length);
            prop_assert_eq!(message.next(), Ok(None));
        }
        prop_assert!(proto::read_delimited(&mut input).unwrap().is_none());
    }

    #[test]
    fn packed_scalars_are_read_back(numbers in vec(number(), 1..100)) {
        let signed: Vec<i64> = numbers.iter().map(|value| value.cast_signed()).collect();
        let doubles: Vec<f64> = numbers.iter().copied().map(f64::from_bits).collect();
        let mut bytes = Vec::new();
        let mut writer = proto::Writer::new(&mut bytes);
        writer.packed_uint64s(1, numbers.iter().copied());
        writer.packed_sint64s(2, signed.iter().copied());
        writer.packed_doubles(3, doubles.iter().copied());
        writer.packed_int64s(4, []);

        let mut reader = proto::Reader::new(&bytes);
        let mut field = || reader.next().unwrap();
        prop_assert_eq!(&field().unwrap().as_varints().unwrap().collect::<Result<Vec<_>, _>>().unwrap(), &numbers);
        prop_assert_eq!(&field().unwrap().as_sint64s().unwrap().collect::<Result<Vec<_>, _>>().unwrap(), &signed);
        let bits: Vec<u64> = field().unwrap().as_f64s().unwrap().map(f64::to_bits).collect();
        prop_assert_eq!(&bits, &numbers);
        prop_assert_eq!(field(), None);
    }

    #[test]
    fn what_is_compressed_is_decompressed(compression in compression(), body in body(), earlier in vec(any::<u8>(), 0..100)) {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        // Contexts and vectors that have been in use.
        let (mut encoded, mut decoded) = (earlier.clone(), earlier.clone());
        encoder.encode(compression, &earlier, &mut encoded).unwrap();
        decoder.decode(compression, &encoded, earlier.len(), &mut decoded).unwrap();

        encoder.encode(compression, &body, &mut encoded).unwrap();
        decoder.decode(compression, &encoded, body.len(), &mut decoded).unwrap();
        prop_assert!(decoded == body);
        if let Some(limit) = body.len().checked_sub(1) {
            prop_assert!(decoder.decode(compression, &encoded, limit, &mut decoded).is_err());
        }
    }

    /// However the input is cut and the output asked for, a stream gives what one call gives.
    #[test]
    fn streams_give_what_one_call_gives(bodies in vec(body(), 1..4), buffer in 1..5_000usize, capacity in 1..500usize) {
        let (mut input, mut member) = (Vec::new(), Vec::new());
        for body in &bodies {
            Encoder::new().encode(Compression::Gzip, body, &mut member).unwrap();
            input.extend_from_slice(&member);
        }
        let whole = bodies.concat();
        let mut decoded = Vec::new();
        Decoder::new().decode(Compression::Gzip, &input, whole.len(), &mut decoded).unwrap();
        prop_assert!(decoded == whole);

        let pieces = std::io::BufReader::with_capacity(capacity, input.as_slice());
        let mut reader = InflateReader::gzip(pieces, whole.len());
        let (mut out, mut buffer) = (Vec::new(), vec![0; buffer]);
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => break,
                count => out.extend_from_slice(&buffer[..count]),
            }
        }
        prop_assert!(out == whole);
    }

    /// Random bytes are refused or decoded, within the limit.
    #[test]
    fn noise_is_bounded(compression in compression(), noise in vec(any::<u8>(), 0..300), limit in 0..2_000usize) {
        let mut out = Vec::new();
        match Decoder::new().decode(compression, &noise, limit, &mut out) {
            Ok(()) => prop_assert!(out.len() <= limit),
            Err(error) => {
                prop_assert!(out.is_empty());
                prop_assert_eq!(error.compression(), compression);
            }
        }
    }
}

/// Each number goes where its hole is, and a length counts from there.
#[test]
fn holes_are_filled_where_they_were_left() {
    let mut bytes = vec![7];
    let mut writer = Writer::new(&mut bytes);
    let (outer, inner) = (writer.hole_u32(), writer.hole_u32());
    writer.put_zeros(3);
    writer.fill_u32(inner, 0xdead_beef);
    writer.fill_length(outer).unwrap();
    assert_eq!(bytes, [7, 0, 0, 0, 7, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0]);
}

#[test]
fn errors_say_what_and_where() {
    let check = |error: promd_codec::DecodeError, text: &str| assert_eq!(error.to_string(), text);
    check(Reader::new(b"a").u32_be().unwrap_err(), "unexpected end of input at offset 0");
    check(Reader::new(&[0xff; 11]).uvarint().unwrap_err(), "varint overflows 64 bits at offset 0");
    check(
        Reader::with_offset(b"\x05ab", 40).uvarint_bytes().unwrap_err(),
        "length 5 exceeds the 2 bytes that are left at offset 40",
    );
    check(
        Reader::new(b"\x80\x80\x80\x80\x10").uvarint_u32().unwrap_err(),
        "number 4294967296 is out of range at offset 0",
    );
    check(Reader::new(b"\x01\xff").uvarint_str().unwrap_err(), "text is not valid UTF-8 at offset 0");
    check(Reader::new(b"ab").expect_end().unwrap_err(), "2 unexpected bytes after the end at offset 0");
    let mut outer = Reader::with_offset(b"abcdef", 10);
    outer.skip(2).unwrap();
    let mut inner = outer.sub(3).unwrap();
    assert_eq!((inner.position(), outer.position(), inner.rest()), (12, 15, b"cde".as_slice()));
    check(inner.bytes(4).unwrap_err(), "unexpected end of input at offset 12");
}

/// Decoders and encoders go along with the thread that uses them.
#[test]
fn contexts_move_between_threads() {
    let body = std::thread::spawn(|| {
        let mut out = Vec::new();
        Encoder::new().encode(Compression::Gzip, b"up 1", &mut out).map(|()| (Encoder::new(), Decoder::new(), out))
    });
    let (_, mut decoder, body) = body.join().unwrap().unwrap();
    let mut out = Vec::new();
    decoder.decode(Compression::Gzip, &body, 4, &mut out).unwrap();
    assert_eq!(out, b"up 1");
}
