//! XOR2 chunks against worked chunks (bytes that the encoder of Prometheus 3.14 gives) and against themselves.

use proptest::prelude::*;

use super::{STALE, Xor2Appender, Xor2Decoder};
use crate::ChunkError;

type Sample = (i64, f64, i64);

fn encode(samples: &[Sample]) -> Xor2Appender {
    let mut chunk = Xor2Appender::new();
    for (t, v, start) in samples {
        chunk.append(*t, *v, *start).unwrap();
    }
    chunk
}

fn decode(bytes: &[u8]) -> Result<Vec<(i64, u64, i64)>, ChunkError> {
    let mut decoder = Xor2Decoder::new(bytes)?;
    let mut samples = Vec::new();
    while let Some((t, v, start)) = decoder.next()? {
        samples.push((t, v.to_bits(), start));
    }
    Ok(samples)
}

#[track_caller]
fn check(samples: &[Sample], expected: &str) {
    let chunk = encode(samples);
    let hex: String = chunk.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected);
    assert_eq!(decode(chunk.bytes()), Ok(bits(samples)));
}

fn bits(samples: &[Sample]) -> Vec<(i64, u64, i64)> {
    samples.iter().map(|(t, v, start)| (*t, v.to_bits(), *start)).collect()
}

fn stale() -> f64 {
    f64::from_bits(STALE)
}

#[test]
fn a_stale_sample_leaves_baseline_and_window_alone() {
    let t = [1_000, 16_000, 31_000, 46_000, 61_001, 76_002, 91_003, 691_003];
    let v = [1.0, 1.0, 2.0, 2.0, 2.5, stale(), 2.5, 3.0];
    let samples: Vec<Sample> = t.into_iter().zip(v).map(|(t, v)| (t, v, 0)).collect();
    check(&samples, "000800d00f3ff000000000000098755097ffd80039a0fef0000000000047693e6058");
}

#[test]
fn starts_are_written_from_their_first_change() {
    let t = [1_000, 16_000, 31_000, 46_000, 61_000, 76_000];
    let v = [1.0, 2.0, 3.0, 1.0, 2.0, 2.0];
    let starts = [500, 500, 500, 31_500, 31_500, 0];
    let samples: Vec<Sample> = t.into_iter().zip(v).zip(starts).map(|((t, v), start)| (t, v, start)).collect();
    check(&samples, "000683d00f3ff0000000000000e8079875c12fffd603a133fffdc193ffbe0ea61f16b480");
}

#[test]
fn a_chunk_may_begin_with_a_stale_sample() {
    let samples = [(1_000, stale(), 0), (16_000, 2.0, 900), (31_000, 3.0, 900)];
    check(&samples, "000301d00f7ff00000000000029875c107c64ac07f075300");
}

#[test]
fn the_sample_127_carries_a_start_in_any_case() {
    let samples: Vec<Sample> = (0..128).map(|i| (1_736_035_200_000 + i * 15_000, 7.0, 0)).collect();
    check(&samples[..127], "007f0080b097bc8665401c000000000000987500000000000000000000000000000000");
    check(&samples, "00807f80b097bc8665401c000000000000987500000000000000000000000000000001fc00032867bf85a0");
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let value =
        prop_oneof![any::<u64>().prop_map(f64::from_bits), (0..50i32).prop_map(f64::from), Just(1.5), Just(stale())];
    let step = prop_oneof![Just(15_000i64), 14_990..15_010i64, -100_000..1_000_000i64, any::<i64>()];
    let start = prop_oneof![6 => Just(None), 1 => (0..5_000i64).prop_map(Some), 1 => any::<i64>().prop_map(Some)];
    prop::collection::vec((step, value, start), 0..300).prop_map(|steps| {
        let (mut t, mut since) = (0i64, 0i64);
        let sample = |(step, value, start): (i64, f64, Option<i64>)| {
            t = t.wrapping_add(step);
            since = start.unwrap_or(since);
            (t, value, since)
        };
        steps.into_iter().map(sample).collect()
    })
}

proptest! {
    #[test]
    fn samples_come_back_bit_for_bit(samples in samples()) {
        let chunk = encode(&samples);
        prop_assert_eq!(decode(chunk.bytes()), Ok(bits(&samples)));
    }

    #[test]
    fn a_resumed_chunk_reads_back(samples in samples(), cut in any::<prop::sample::Index>()) {
        let (head, tail) = samples.split_at(cut.index(samples.len() + 1));
        let mut chunk = Xor2Appender::resume(encode(head).bytes()).unwrap();
        for (t, v, start) in tail {
            chunk.append(*t, *v, *start).unwrap();
        }
        prop_assert_eq!(decode(chunk.bytes()), Ok(bits(&samples)));
    }

    #[test]
    fn noise_is_an_error_or_samples(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(samples) = decode(&bytes) {
            prop_assert!(samples.len() <= bytes.len() * 8);
        }
    }
}
