//! XOR chunks: appending and decoding 120 samples of each of six patterns, against a plain reading of the format.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a bench, and a reference that is meant to be plain"
)]

mod reference;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_benches::patterns::patterns;
use promd_chunk::{Chunk, Encoding, OpenXor, XorAppender};
use promd_model::Columns;

fn encode(criterion: &mut Criterion) {
    for (name, samples) in patterns() {
        let mut group = criterion.benchmark_group(format!("chunk/xor_encode/{name}"));
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function("reference", |bench| bench.iter(|| reference::encode(black_box(&samples))));
        group.bench_function("promd", |bench| {
            bench.iter(|| {
                let mut chunk = XorAppender::new();
                for (t, v) in black_box(&samples) {
                    chunk.append(*t, *v).unwrap();
                }
                chunk
            });
        });
        // As a head appends: a few bytes of state, and a buffer that is there.
        let mut buffer = [0; 2048];
        group.bench_function("in a buffer", |bench| {
            bench.iter(|| {
                let mut open = OpenXor::new();
                for (t, v) in black_box(&samples) {
                    open.append(&mut buffer, *t, *v).unwrap();
                }
                open
            });
        });
    }
}

fn decode(criterion: &mut Criterion) {
    for (name, samples) in patterns() {
        let bytes = reference::encode(&samples);
        let mut chunk = XorAppender::new();
        for (t, v) in &samples {
            chunk.append(*t, *v).unwrap();
        }
        assert_eq!(chunk.bytes(), bytes, "both write the same chunk");
        let (mut times, mut values) = (Vec::new(), Vec::new());
        let mut columns = Columns::new();
        let mut group = criterion.benchmark_group(format!("chunk/xor_decode/{name}"));
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function("reference", |bench| {
            bench.iter(|| {
                times.clear();
                values.clear();
                reference::decode(black_box(&bytes), &mut times, &mut values).unwrap();
            });
        });
        group.bench_function("promd", |bench| {
            bench.iter(|| {
                columns.clear();
                Chunk::new(Encoding::Xor, black_box(&bytes)).decode_into(&mut columns).unwrap();
            });
        });
    }
}

criterion_group!(benches, encode, decode);
criterion_main!(benches);
