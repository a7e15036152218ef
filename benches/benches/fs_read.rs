//! Reading a finished file that is in the page cache: chunks at random places, and all of it from front to back. The
//! reference is what a straightforward program does: `pread` of the standard library.
//!
//! `map` reads through a map, `checked` also asks whether the bytes were there, and `read_at` is our `pread`.
#![expect(clippy::unwrap_used, reason = "a bench that cannot read its file has nothing to say")]

use std::fs;
use std::hint::black_box;
use std::os::unix::fs::FileExt;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_fs::{Access, Fs, OpenMode, RealFs};

const LEN: usize = 64 << 20;
const CHUNK: usize = 1024;

/// Looks at every byte, as a checksum does.
fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    words.fold(0, u64::wrapping_add)
}

/// The same places in every run: a full cycle through the file in steps that are coprime to its length.
fn places() -> impl Iterator<Item = usize> {
    (0..).scan(0usize, |at, _: usize| {
        *at = (*at + 40_503 * CHUNK + 1) % (LEN - CHUNK);
        Some(*at)
    })
}

fn benches(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("segment");
    fs::write(&path, (0..LEN as u64 / 8).flat_map(u64::to_le_bytes).collect::<Vec<_>>()).unwrap();
    let plain = fs::File::open(&path).unwrap();
    let file = RealFs::new().open(&path, OpenMode::Read).unwrap();
    let map = RealFs::new().map(&path, Access::Random).unwrap();

    let mut group = criterion.benchmark_group("fs/random/1KiB");
    group.throughput(Throughput::Bytes(CHUNK as u64));
    let mut at = places();
    let mut next = || at.next().unwrap();
    group.bench_function("reference", |bench| {
        bench.iter(|| {
            let mut bytes = vec![0; CHUNK];
            plain.read_exact_at(&mut bytes, next() as u64).unwrap();
            black_box(sum(&bytes))
        });
    });
    group.bench_function("read_at", |bench| {
        bench.iter(|| {
            let mut bytes = vec![0; CHUNK];
            file.read_exact_at(&mut bytes, next() as u64).unwrap();
            black_box(sum(&bytes))
        });
    });
    group.bench_function("map", |bench| {
        bench.iter(|| {
            let at = next();
            black_box(sum(&map.bytes()[at..at + CHUNK]))
        });
    });
    group.bench_function("checked", |bench| {
        bench.iter(|| {
            let at = next();
            black_box(map.read(at..at + CHUNK, sum).unwrap())
        });
    });
    group.bench_function("slice", |bench| {
        bench.iter(|| {
            let at = next();
            black_box(sum(&map.slice(at..at + CHUNK).unwrap()))
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("fs/sequential/64MiB");
    group.throughput(Throughput::Bytes(LEN as u64));
    group.sample_size(10);
    group.bench_function("reference", |bench| {
        let mut buffer = vec![0; 64 << 10];
        bench.iter(|| {
            let read = |at: usize| {
                plain.read_exact_at(&mut buffer, at as u64).unwrap();
                sum(&buffer)
            };
            black_box((0..LEN).step_by(64 << 10).map(read).fold(0, u64::wrapping_add))
        });
    });
    group.bench_function("map", |bench| bench.iter(|| black_box(sum(map.bytes()))));
    group.finish();
}

criterion_group!(group, benches);
criterion_main!(group);
