//! Varints, decoded by the reader and by the loop that everybody writes first. The lengths decide: one byte is what
//! formats mostly have, equal lengths are easy to predict, mixed ones are not.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_codec::{Reader, Writer};

/// More than a branch predictor learns by heart.
const COUNT: u64 = 1 << 16;

/// Seven bits after the other, with the checks of Go's `binary.Uvarint`.
fn reference(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

fn sum_reference(bytes: &[u8]) -> u64 {
    let (mut at, mut sum) = (0, 0u64);
    while at < bytes.len() {
        sum = sum.wrapping_add(reference(bytes, &mut at).expect("the bench wrote it"));
    }
    sum
}

fn sum_reader(bytes: &[u8]) -> u64 {
    let (mut reader, mut sum) = (Reader::new(bytes), 0u64);
    while !reader.is_empty() {
        sum = sum.wrapping_add(reader.uvarint().expect("the bench wrote it"));
    }
    sum
}

/// The next number of a generator (SplitMix64) that gives every run the same numbers.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut value = *state;
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn encoded(value: impl Fn(u64) -> u64) -> Vec<u8> {
    let (mut state, mut bytes) = (1, Vec::new());
    let mut writer = Writer::new(&mut bytes);
    for _ in 0..COUNT {
        writer.put_uvarint(value(random(&mut state)));
    }
    bytes
}

fn varint(c: &mut Criterion) {
    let bodies = [
        ("one_byte", encoded(|random| random % 128)),
        // Series references and timestamps of a log, in bytes: mostly one or two, some three.
        ("one_to_three_bytes", encoded(|random| random >> (43 + random % 21))),
        ("five_bytes", encoded(|random| (1 << 34) | (random % (1 << 34)))),
        ("any_length", encoded(|random| random >> (random % 64))),
    ];
    for (name, bytes) in bodies {
        assert_eq!(sum_reference(&bytes), sum_reader(&bytes));
        let mut group = c.benchmark_group(format!("codec/uvarint/{name}"));
        group.throughput(Throughput::Elements(COUNT));
        group.bench_function("reference", |b| b.iter(|| sum_reference(black_box(&bytes))));
        group.bench_function("reader", |b| b.iter(|| sum_reader(black_box(&bytes))));
        group.finish();
    }
}

criterion_group!(benches, varint);
criterion_main!(benches);
