//! XOR chunks against a worked chunk and against themselves.

use proptest::prelude::*;

use super::{OpenRefused, OpenXor, XorAppender, XorDecoder};
use crate::ChunkError;

const STALE: u64 = 0x7ff0_0000_0000_0002;

fn encode(samples: &[(i64, f64)]) -> XorAppender {
    let mut chunk = XorAppender::new();
    for (t, v) in samples {
        chunk.append(*t, *v).unwrap();
    }
    chunk
}

fn decode(bytes: &[u8]) -> Result<Vec<(i64, u64)>, ChunkError> {
    let mut decoder = XorDecoder::new(bytes)?;
    let mut samples = Vec::new();
    while let Some((t, v)) = decoder.next()? {
        samples.push((t, v.to_bits()));
    }
    Ok(samples)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes are those that Prometheus' encoder gives for the same appends.
#[test]
fn five_samples_give_the_bytes_of_prometheus() {
    let samples = [(1_000, 1.0), (16_000, 1.0), (31_000, 2.0), (46_001, 2.5), (61_000, f64::from_bits(STALE))];
    let chunk = encode(&samples);
    assert_eq!(hex(chunk.bytes()), "0005d00f3ff000000000000098753097ffe0007683bffec5effe80000000000040");
    let expected: Vec<_> = samples.iter().map(|(t, v)| (*t, v.to_bits())).collect();
    assert_eq!(decode(chunk.bytes()), Ok(expected));
}

fn samples() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![any::<u64>().prop_map(f64::from_bits), (0..100i32).prop_map(f64::from), Just(1.5)];
    let step = prop_oneof![Just(15_000i64), 14_990..15_010i64, -100_000..1_000_000i64, any::<i64>()];
    prop::collection::vec((step, value), 0..200).prop_map(|steps| {
        let mut t = 0i64;
        steps
            .into_iter()
            .map(|(step, value)| {
                t = t.wrapping_add(step);
                (t, value)
            })
            .collect()
    })
}

/// Appends to a buffer that is grown no further than asked for, and is full of rubbish.
fn encode_in_place(samples: &[(i64, f64)]) -> Option<(OpenXor, Vec<u8>)> {
    let (mut open, mut buffer) = (OpenXor::new(), vec![0xa5; 1]);
    for (t, v) in samples {
        loop {
            match open.append(&mut buffer, *t, *v) {
                Ok(()) => break,
                Err(OpenRefused::NeedsRoom(bytes)) => {
                    assert!(bytes > buffer.len());
                    buffer.resize(bytes, 0xa5);
                }
                Err(OpenRefused::Full(_)) => return None,
            }
        }
    }
    Some((open, buffer))
}

proptest! {
    #[test]
    fn a_chunk_in_a_buffer_has_the_same_bytes(samples in samples(), resumed_at in 0..200usize) {
        let expected = encode(&samples);
        let Some((mut open, mut buffer)) = encode_in_place(&samples) else {
            prop_assert!(expected.bytes().len() > 8_000, "only a chunk of 8 KiB is full");
            return Ok(());
        };
        if !samples.is_empty() {
            prop_assert_eq!(&buffer[..open.len()], expected.bytes());
        }
        prop_assert_eq!(open.count(), expected.count());
        prop_assert_eq!(open.last().map(|(t, v)| (t, v.to_bits())), expected.last().map(|(t, v)| (t, v.to_bits())));

        // Read back in the middle, it goes on in the same way as an appender that was.
        let (first, second) = samples.split_at(resumed_at.min(samples.len()));
        let half = encode(first);
        let mut appender = XorAppender::resume(half.bytes()).unwrap();
        open = OpenXor::resume(half.bytes()).unwrap();
        buffer.clear();
        buffer.extend_from_slice(half.bytes());
        buffer.resize(16_384, 0xa5);
        for (t, v) in second {
            appender.append(*t, *v).unwrap();
            open.append(&mut buffer, *t, *v).unwrap();
        }
        if !samples.is_empty() {
            prop_assert_eq!(&buffer[..open.len()], appender.bytes());
        }
    }

    #[test]
    fn samples_come_back_bit_for_bit(samples in samples()) {
        let chunk = encode(&samples);
        let expected: Vec<_> = samples.iter().map(|(t, v)| (*t, v.to_bits())).collect();
        prop_assert_eq!(decode(chunk.bytes()), Ok(expected));
    }

    /// Without a window the two may differ: see `Window::WHOLE`.
    #[test]
    fn a_resumed_chunk_reads_back(samples in samples(), cut in any::<prop::sample::Index>()) {
        let (head, tail) = samples.split_at(cut.index(samples.len() + 1));
        let mut chunk = XorAppender::resume(encode(head).bytes()).unwrap();
        for (t, v) in tail {
            chunk.append(*t, *v).unwrap();
        }
        let expected: Vec<_> = samples.iter().map(|(t, v)| (*t, v.to_bits())).collect();
        prop_assert_eq!(decode(chunk.bytes()), Ok(expected));
    }

    #[test]
    fn noise_is_an_error_or_samples(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(samples) = decode(&bytes) {
            prop_assert!(samples.len() <= bytes.len() * 4);
        }
    }

    #[test]
    fn a_cut_chunk_is_truncated(samples in samples(), cut in any::<prop::sample::Index>()) {
        prop_assume!(samples.len() > 2);
        let chunk = encode(&samples);
        let kept = &chunk.bytes()[..cut.index(chunk.bytes().len())];
        let outcome = decode(kept);
        let truncated = matches!(outcome, Err(ChunkError::Truncated { .. }));
        prop_assert!(truncated, "{:?}", outcome);
    }
}

#[test]
fn an_empty_chunk_is_a_count_of_zero() {
    assert_eq!(XorAppender::new().bytes(), [0, 0]);
    assert_eq!(decode(&[0, 0]), Ok(vec![]));
    assert_eq!(XorAppender::new().heap_bytes(), 0);
    assert_eq!(XorAppender::resume(&[0, 0]).unwrap().count(), 0);
}

#[test]
fn a_full_chunk_says_so() {
    let mut chunk = XorAppender::new();
    for t in 0..65_535 {
        chunk.append(t, 1.0).unwrap();
    }
    assert!(chunk.append(65_535, 1.0).is_err());
    assert_eq!(decode(chunk.bytes()).unwrap().len(), 65_535);
}
