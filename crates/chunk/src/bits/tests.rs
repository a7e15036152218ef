//! Round trips against the plainest possible stream of bits: a vector of booleans.

use proptest::prelude::*;

use super::{BitReader, BitWriter};
use crate::ChunkError;

#[derive(Debug, Clone)]
enum Piece {
    Bits(u64, u32),
    Varint(i64),
    Uvarint(u64),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        (any::<u64>(), 1..=64u32).prop_map(|(value, count)| {
            let mask = if count == 64 { u64::MAX } else { (1 << count) - 1 };
            Piece::Bits(value & mask, count)
        }),
        any::<i64>().prop_map(Piece::Varint),
        (any::<u64>(), 0..64u32).prop_map(|(value, shift)| Piece::Uvarint(value >> shift)),
    ]
}

fn write(pieces: &[Piece]) -> BitWriter {
    let mut writer = BitWriter::new();
    for piece in pieces {
        match *piece {
            Piece::Bits(value, count) => writer.put(value, count),
            Piece::Varint(value) => writer.varint(value),
            Piece::Uvarint(value) => writer.uvarint(value),
        }
    }
    writer.flush();
    writer
}

fn read(pieces: &[Piece], reader: &mut BitReader<'_>) -> Result<(), ChunkError> {
    for piece in pieces {
        match *piece {
            Piece::Bits(value, count) => assert_eq!(reader.bits_u64(count)?, value),
            Piece::Varint(value) => assert_eq!(reader.varint()?, value),
            Piece::Uvarint(value) => assert_eq!(reader.uvarint()?, value),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_is_read(pieces in prop::collection::vec(piece(), 0..200)) {
        let writer = write(&pieces);
        let mut reader = BitReader::new(writer.bytes());
        read(&pieces, &mut reader).unwrap();
        prop_assert!(reader.remaining() < 8);
    }

    #[test]
    fn bits_lie_most_significant_first(pieces in prop::collection::vec((any::<u64>(), 1..=64u32), 0..40)) {
        let mut naive = Vec::new();
        let mut writer = BitWriter::new();
        for (value, count) in pieces {
            let value = value >> (64 - count);
            writer.put(value, count);
            naive.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        }
        writer.flush();
        naive.resize(naive.len().next_multiple_of(8), false);
        let bytes: Vec<u8> =
            naive.chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
        prop_assert_eq!(writer.bytes(), &bytes[..]);
    }

    #[test]
    fn a_cut_stream_is_an_error(pieces in prop::collection::vec(piece(), 1..30), cut in any::<prop::sample::Index>()) {
        let writer = write(&pieces);
        prop_assume!(!writer.bytes().is_empty());
        let kept = &writer.bytes()[..cut.index(writer.bytes().len())];
        let outcome = read(&pieces, &mut BitReader::new(kept));
        let truncated = matches!(outcome, Err(ChunkError::Truncated { .. }));
        prop_assert!(truncated, "{:?}", outcome);
    }

    #[test]
    fn a_writer_resumes_where_it_stopped(head in prop::collection::vec(piece(), 0..30), tail in prop::collection::vec(piece(), 0..30)) {
        let first = write(&head);
        let mut reader = BitReader::new(first.bytes());
        read(&head, &mut reader).unwrap();
        // Noise behind the end must not leak into what follows.
        let mut bytes = first.bytes().to_vec();
        if let (Some(last), bits @ 1..) = (bytes.last_mut(), reader.position() % 8) {
            *last |= 0xff >> bits;
        }
        let mut resumed = BitWriter::resume(&bytes, reader.position()).unwrap();
        let mut straight = first.clone();
        for piece in &tail {
            for writer in [&mut resumed, &mut straight] {
                match *piece {
                    Piece::Bits(value, count) => writer.put(value, count),
                    Piece::Varint(value) => writer.varint(value),
                    Piece::Uvarint(value) => writer.uvarint(value),
                }
            }
        }
        resumed.flush();
        straight.flush();
        prop_assert_eq!(resumed.bytes(), straight.bytes());
    }
}

#[test]
fn a_varint_of_more_than_64_bits_is_refused() {
    let eleven = [0xff; 11];
    assert_eq!(BitReader::new(&eleven).uvarint(), Err(ChunkError::Overflow { bit: 0 }));
    let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert_eq!(BitReader::new(&largest).uvarint(), Ok(u64::MAX));
}

#[test]
fn capacity_follows_the_classes() {
    let mut writer = BitWriter::new();
    let mut seen = Vec::new();
    for _ in 0..1100 {
        writer.put(7, 8);
        writer.flush();
        if seen.last() != Some(&writer.capacity()) {
            seen.push(writer.capacity());
        }
        assert!(writer.capacity() <= (writer.bytes().len() + 16) * 3 / 2 + 16, "{}", writer.capacity());
    }
    assert_eq!(seen.first(), Some(&32));
}
