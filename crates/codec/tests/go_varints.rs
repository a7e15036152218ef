//! Varints as Go's `encoding/binary` reads and writes them.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read must fail the test")]

mod support;

use promd_codec::{DecodeErrorKind, Reader, Writer, proto, uvarint_len, zigzag_decode, zigzag_encode};
use support::{table, unhex};

/// `uvarint.tsv`: what `binary.Uvarint` makes of bytes.
#[test]
fn decodes_what_go_decodes() {
    for [hex, value, length] in table("uvarint.tsv") {
        let bytes = unhex(&hex);
        let mut reader = Reader::new(&bytes);
        let result = reader.uvarint();
        match value.as_str() {
            "short" => assert_eq!(result.unwrap_err().kind(), DecodeErrorKind::UnexpectedEnd, "{hex}"),
            "overflow" => assert_eq!(result.unwrap_err().kind(), DecodeErrorKind::VarintOverflow, "{hex}"),
            number => {
                assert_eq!(result.unwrap(), number.parse::<u64>().unwrap(), "{hex}");
                assert_eq!(reader.position(), length.parse::<usize>().unwrap(), "{hex}");
                continue;
            }
        }
        assert_eq!(reader.position(), 0, "the reader moved: {hex}");
    }
}

/// `varint.tsv`: what `binary.PutVarint` and `binary.PutUvarint` write.
#[test]
fn encodes_what_go_encodes() {
    for [number, signed, unsigned] in table("varint.tsv") {
        let value: i64 = number.parse().unwrap();
        let (mut varint, mut uvarint) = (Vec::new(), Vec::new());
        Writer::new(&mut varint).put_varint(value);
        Writer::new(&mut uvarint).put_uvarint(value.cast_unsigned());
        assert_eq!((&varint, &uvarint), (&unhex(&signed), &unhex(&unsigned)), "{number}");
        assert_eq!(uvarint_len(value.cast_unsigned()), uvarint.len(), "{number}");
        assert_eq!(uvarint_len(zigzag_encode(value)), varint.len(), "{number}");
        assert_eq!(zigzag_decode(zigzag_encode(value)), value);
        assert_eq!(Reader::new(&varint).varint(), Ok(value));

        // The length of a delimited message is a varint too.
        let mut field = Vec::new();
        proto::Writer::new(&mut field).uint64(1, value.cast_unsigned());
        assert_eq!(field.get(1..), Some(uvarint.as_slice()), "{number}");
    }
}
