//! Scrapes into the log: batches of 2 000 samples, on a file system in memory, so that no disk is measured.
//!
//! The reference is a straightforward log of the same format: for each record it makes its buffers anew and does one write.
#![expect(clippy::unwrap_used, reason = "a bench that cannot write its log has nothing to say")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use promd_clock::RealClock;
use promd_codec::compress::Encoder;
use promd_fs::{Fs, OpenMode, RealFs};
use promd_wal::record::{SamplesEncoder, Stamp};
use promd_wal::{Compression, HEADER, Header, Kind, Log, Options, PAGE, Part, SyncPolicy};

const SAMPLES: usize = 2_000;
/// The batch of a scrape is several records: those of floats, of histograms, of exemplars.
const RECORDS: usize = 4;
const SCRAPES: usize = 64;

fn records() -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    for part in 0..RECORDS {
        let mut bytes = Vec::new();
        let mut encoder = SamplesEncoder::new(&mut bytes);
        for sample in 0..SAMPLES / RECORDS {
            let series = (part * SAMPLES / RECORDS + sample) as u64;
            // A third of them counters, the others that small gauges.
            let value = if series.is_multiple_of(3) { 1e6 + series as f64 * 17.0 } else { (series % 10) as f64 };
            encoder.push(Stamp::new(series * 3 + 1, 1_700_000_000_000), value);
        }
        records.push(bytes);
    }
    records
}

/// One record, one write.
fn reference(file: &dyn promd_fs::File, offset: &mut u64, record: &[u8], compression: Compression) {
    let mut compressed = Vec::new();
    Encoder::new().encode(compression.codec(), record, &mut compressed).unwrap();
    let mut rest = compressed.as_slice();
    let mut first = true;
    let mut bytes = Vec::new();
    while first || !rest.is_empty() {
        let at = usize::try_from((*offset + bytes.len() as u64) % PAGE as u64).unwrap();
        if PAGE - at < HEADER {
            bytes.extend(vec![0; PAGE - at]);
            continue;
        }
        let (data, left) = rest.split_at(rest.len().min(PAGE - at - HEADER));
        let part = Part::of(first, left.is_empty());
        bytes.extend_from_slice(&Header::of(Kind { part, compression }, data).to_bytes());
        bytes.extend_from_slice(data);
        (rest, first) = (left, false);
    }
    file.write_all_at(&bytes, *offset).unwrap();
    *offset += bytes.len() as u64;
}

fn benches(criterion: &mut Criterion) {
    let records = records();
    let batch: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    // Most machines have it; what is measured is the way there, not the disk.
    let memory = Path::new("/dev/shm");
    let scratch = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    for compression in Compression::ALL {
        let mut group = criterion.benchmark_group(format!("wal/append/{}", compression.name()));
        group.throughput(Throughput::Elements((SAMPLES * SCRAPES) as u64));
        group.bench_function("reference", |bench| {
            let path = scratch.path().join("reference");
            bench.iter_batched(
                || RealFs::new().open(&path, OpenMode::Truncate).unwrap(),
                |file| {
                    let mut offset = 0;
                    for _ in 0..SCRAPES {
                        batch.iter().for_each(|record| reference(&*file, &mut offset, record, compression));
                    }
                    black_box(offset)
                },
                BatchSize::PerIteration,
            );
        });
        group.bench_function("log", |bench| {
            let dir = scratch.path().join("wal");
            bench.iter_batched(
                || {
                    RealFs::new().remove_dir_all(&dir).ok();
                    let options = Options::default().compression(compression).sync(SyncPolicy::Segment);
                    Log::open(Arc::new(RealFs::new()), Arc::new(RealClock::new()), &dir, options).unwrap()
                },
                |log| {
                    for _ in 0..SCRAPES {
                        black_box(log.append(&batch).unwrap());
                    }
                    log
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

criterion_group!(all, benches);
criterion_main!(all);
