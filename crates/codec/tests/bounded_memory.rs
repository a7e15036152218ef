//! Inputs that claim to be, or are, much larger than they look must not take the memory that they claim.
//!
//! Every bound is arithmetic on the input and the limit. What a context takes once is measured apart, by decoding
//! something small before.
#![expect(clippy::unwrap_used, reason = "an encoder that fails must fail the test")]

use std::io::Read;

use promd_codec::compress::{Compression, Decoder, DecompressError, Encoder, InflateReader};
use promd_codec::{Reader, proto};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const FORMATS: &[Compression] = &[
    Compression::Snappy,
    Compression::SnappyFramed,
    Compression::Gzip,
    Compression::Deflate,
    #[cfg(feature = "zstd")]
    Compression::Zstd,
];

fn encode(compression: Compression, input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new().encode(compression, input, &mut out).unwrap();
    out
}

/// A decoder that has its contexts already.
fn warm(compression: Compression) -> Decoder {
    let mut decoder = Decoder::new();
    decoder.decode(compression, &encode(compression, b"warm"), 100, &mut Vec::new()).unwrap();
    decoder
}

/// Decodes into an empty vector; returns the outcome and how many bytes were asked for, those that were freed included.
fn decode(compression: Compression, input: &[u8], limit: usize) -> (Result<usize, DecompressError>, u64) {
    let (mut decoder, mut out) = (warm(compression), Vec::new());
    let (result, allocated) =
        CountingAllocator::during(|| decoder.decode(compression, input, limit, &mut out).map(|()| out.len()));
    assert!(out.capacity() <= limit.saturating_add(1), "{compression}: a vector of {} bytes", out.capacity());
    (result, allocated.bytes)
}

/// Headers that claim far more than the bytes behind them can give, under a limit that allows it.
#[test]
fn a_forged_length_takes_no_memory() {
    let check = |compression, input: &[u8]| {
        let (result, bytes) = decode(compression, input, usize::MAX);
        assert!(matches!(result, Err(DecompressError::Corrupt { .. })), "{compression}: {result:?}");
        assert_eq!(bytes, 0, "{compression}");
    };
    // 2^32 - 1 bytes from one literal; 300 bytes from two copies of at most 64.
    check(Compression::Snappy, b"\xff\xff\xff\xff\x0f\x00a");
    check(Compression::Snappy, b"\xac\x02\xfe\x01\x00\xfe\x01\x00");
    // A chunk whose block claims more than a chunk may hold.
    check(Compression::SnappyFramed, b"\xff\x06\x00\x00sNaPpY\x00\x0a\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\x0f\x00");
    // A content size of 2^62 bytes before a block of three.
    #[cfg(feature = "zstd")]
    check(Compression::Zstd, b"\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x00\x00\x40\x19\x00\x00abc");
}

/// 64 MiB of zeros, which every format but snappy packs into a thousandth or less.
#[test]
fn a_bomb_stops_at_the_limit() {
    const DECODED: usize = 64 << 20;
    const LIMIT: usize = 1 << 20;
    let zeros = vec![0; DECODED];
    for compression in FORMATS.iter().copied() {
        let bomb = encode(compression, &zeros);
        let (result, bytes) = decode(compression, &bomb, LIMIT);
        assert!(matches!(result, Err(DecompressError::TooLarge { limit: LIMIT, .. })), "{compression}: {result:?}");
        // Growing by doubling asks for sizes that together are twice the last one below the limit, and then for the limit
        // and a byte; a chunk of a snappy stream has 64 KiB of its own.
        let most = |limit: usize| 3 * limit as u64 + 65_536 + 1;
        assert!(bytes <= most(LIMIT), "{compression}: {bytes} bytes");

        let (result, bytes) = decode(compression, &bomb, DECODED);
        assert_eq!(result, Ok(DECODED), "{compression}");
        assert!(bytes <= most(DECODED), "{compression}: {bytes} bytes");
    }
}

#[test]
fn a_declared_length_above_the_limit_takes_no_memory() {
    let zeros = vec![0; 1 << 20];
    for compression in FORMATS.iter().copied() {
        let (result, bytes) = decode(compression, &encode(compression, &zeros), 1_000);
        let Err(DecompressError::TooLarge { declared, .. }) = result else { panic!("{compression}: {result:?}") };
        if let Compression::Snappy | Compression::Zstd = compression {
            assert_eq!((declared, bytes), (Some(1 << 20), 0), "{compression}");
        }
    }
}

/// Frames of zstd may ask for a window of up to 3.75 TiB.
#[cfg(feature = "zstd")]
#[test]
fn a_large_window_takes_no_memory() {
    // No content size, the largest window, one raw block of three bytes.
    let input = b"\x28\xb5\x2f\xfd\x00\xff\x19\x00\x00abc";
    let (result, bytes) = decode(Compression::Zstd, input, usize::MAX);
    assert!(bytes <= 3, "{bytes} bytes");
    assert!(matches!(result, Ok(3) | Err(DecompressError::Corrupt { .. })), "{result:?}");
}

#[test]
fn contexts_and_vectors_are_used_again() {
    let text = b"up{job=\"node\"} 1\n".repeat(1_000);
    for compression in FORMATS.iter().copied() {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
        encoder.encode(compression, &text, &mut encoded).unwrap();
        decoder.decode(compression, &encoded, text.len(), &mut decoded).unwrap();
        let ((), allocated) = CountingAllocator::during(|| {
            encoder.encode(compression, &text, &mut encoded).unwrap();
            decoder.decode(compression, &encoded, text.len(), &mut decoded).unwrap();
        });
        assert_eq!(allocated.calls, 0, "{compression}");
        assert_eq!(decoded, text, "{compression}");
    }
}

#[test]
fn a_stream_holds_a_fixed_amount() {
    let bomb = encode(Compression::Gzip, &vec![0; 64 << 20]);
    let mut reader = InflateReader::gzip(bomb.as_slice(), 64 << 20);
    let mut buffer = vec![0; 4_096];
    let (total, allocated) = CountingAllocator::during(|| {
        let mut total = 0;
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => return total,
                count => total += count,
            }
        }
    });
    assert_eq!((total, allocated.calls), (64 << 20, 0));

    let mut reader = InflateReader::gzip(bomb.as_slice(), 1_000_000);
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "gzip: decoded length exceeds limit 1000000");
}

/// Reading borrows: neither values nor errors take memory.
#[test]
fn readers_take_no_memory() {
    let forged = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc";
    let (results, allocated) = CountingAllocator::during(|| {
        let mut reader = Reader::new(forged);
        let (bytes, count) = (reader.uvarint_bytes(), reader.uvarint_count(1));
        (bytes, count, proto::Reader::new(b"\x0a\xff\xff\xff\xff\x07").next())
    });
    assert!(results.0.is_err() && results.1.is_err() && results.2.is_err());
    assert_eq!(allocated.calls, 0);
}

/// A hundred thousand groups within one another are read without recursion.
#[test]
fn groups_nest_as_deeply_as_there_are_bytes() {
    let depth = 100_000;
    let mut message = [0x0b].repeat(depth);
    message.extend([0x0c].repeat(depth));
    let (field, allocated) = CountingAllocator::during(|| proto::Reader::new(&message).next());
    let Ok(Some(proto::Field { number: 1, value: proto::Value::Group(inner), .. })) = field else {
        panic!("{field:?}")
    };
    assert_eq!((inner.len(), allocated.calls), (2 * (depth - 1), 0));
}
