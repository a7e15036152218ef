//! Records of the log: scrapes of 800 samples written and read, a segment with scrapes of 2 000 replayed, and the series of a target made
//! label sets, against what one writes first: varints byte by byte, and a vector of structs.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a bench, and a reference that is meant to be plain"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promd_codec::{zigzag_decode, zigzag_encode};
use promd_fs::RealFs;
use promd_model::{Labels, LabelsBuilder};
use promd_wal::record::{Record, SampleColumns, SamplesEncoder, SeriesEncoder, Stamp};
use promd_wal::{Compression, Event, Framer, ReadOptions, SegmentId, SegmentReader, segment_name};

/// Samples of a record: a scrape of a larger target.
const SAMPLES: u64 = 800;
/// Records of a run: more than a branch predictor learns by heart.
const RECORDS: u64 = 200;

/// What is replayed: scrapes of the largest targets.
const REPLAYED_SAMPLES: u64 = 2_000;
const REPLAYED_RECORDS: u64 = 500;

#[derive(Clone, Copy)]
struct Sample {
    series: u64,
    time: i64,
    value: f64,
}

/// The next number of a generator (SplitMix64) that gives every run the same numbers.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut value = *state;
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Records by the gap from one reference to the next, and by how far times are apart at most.
fn records(count: u64, samples: u64, gap: u64, jitter: u64) -> Vec<Vec<Sample>> {
    let mut state = 1;
    let record = |_| {
        let mut series = random(&mut state) % 1_000_000;
        let time = 1_736_035_200_000 + (random(&mut state) % 15_000).cast_signed();
        let sample = |_| {
            series += 1 + random(&mut state) % gap;
            let time = time + (random(&mut state) % jitter).cast_signed();
            Sample { series, time, value: (random(&mut state) % 100_000) as f64 / 8.0 }
        };
        (0..samples).map(sample).collect()
    };
    (0..count).map(record).collect()
}

mod reference {
    use promd_codec::compress::Decoder;
    use promd_wal::{HEADER, Header, PAGE, Part};

    use super::{Sample, zigzag_decode, zigzag_encode};

    fn put_varint(value: i64, out: &mut Vec<u8>) {
        let mut rest = zigzag_encode(value);
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    pub(super) fn encode(samples: &[Sample], out: &mut Vec<u8>) {
        let Some(first) = samples.first() else { return };
        out.push(2);
        out.extend_from_slice(&first.series.to_be_bytes());
        out.extend_from_slice(&first.time.to_be_bytes());
        for sample in samples {
            put_varint(sample.series.wrapping_sub(first.series).cast_signed(), out);
            put_varint(sample.time.wrapping_sub(first.time), out);
            out.extend_from_slice(&sample.value.to_bits().to_be_bytes());
        }
    }

    fn varint(bytes: &[u8], at: &mut usize) -> Option<i64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = *bytes.get(*at)?;
            *at += 1;
            if shift == 63 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(zigzag_decode(value));
            }
            shift += 7;
        }
    }

    fn eight(bytes: &[u8], at: &mut usize) -> Option<u64> {
        let eight = bytes.get(*at..*at + 8)?;
        *at += 8;
        Some(u64::from_be_bytes(eight.try_into().ok()?))
    }

    pub(super) fn decode(bytes: &[u8], samples: &mut Vec<Sample>) -> Option<()> {
        let mut at = 1;
        let series = eight(bytes, &mut at)?;
        let time = eight(bytes, &mut at)?.cast_signed();
        while at < bytes.len() {
            let series = series.wrapping_add_signed(varint(bytes, &mut at)?);
            let time = time.wrapping_add(varint(bytes, &mut at)?);
            samples.push(Sample { series, time, value: f64::from_bits(eight(bytes, &mut at)?) });
        }
        Some(())
    }

    /// Calls `each` with every record of a sound segment.
    pub(super) fn walk(segment: &[u8], mut each: impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
        let (mut decoder, mut stored, mut record) = (Decoder::new(), Vec::new(), Vec::new());
        for page in segment.chunks(PAGE) {
            let mut rest = page;
            while let Some((header, behind)) = rest.split_first_chunk::<HEADER>() {
                let header = Header::from_bytes(header);
                let Some(kind) = header.kind() else { break };
                let (data, behind) = behind.split_at_checked(header.len.into())?;
                header.covers(data).then_some(())?;
                rest = behind;
                stored.extend_from_slice(data);
                if matches!(kind.part, Part::Full | Part::Last) {
                    decoder.decode(kind.compression.codec(), &stored, 1 << 27, &mut record).ok()?;
                    each(&record)?;
                    stored.clear();
                }
            }
        }
        Some(())
    }
}

fn columns_of(samples: &[Sample]) -> SampleColumns {
    let mut columns = SampleColumns::default();
    for sample in samples {
        columns.push(Stamp::new(sample.series, sample.time), sample.value);
    }
    columns
}

fn samples(criterion: &mut Criterion) {
    // A target whose series were seen first in one scrape, and one whose series came by and by, with times of its own.
    for (name, gap, jitter) in [("scrape", 1, 1), ("gaps_and_times", 8, 3_000)] {
        let records = records(RECORDS, SAMPLES, gap, jitter);
        let columns: Vec<_> = records.iter().map(|record| columns_of(record)).collect();
        let mut out = Vec::new();

        let mut group = criterion.benchmark_group(format!("wal/samples_encode/{name}"));
        group.throughput(Throughput::Elements(SAMPLES * RECORDS));
        group.bench_function("reference", |bench| {
            bench.iter(|| {
                for record in black_box(&records) {
                    out.clear();
                    reference::encode(record, &mut out);
                    black_box(&out);
                }
            });
        });
        group.bench_function("promd", |bench| {
            bench.iter(|| {
                for record in black_box(&columns) {
                    out.clear();
                    SamplesEncoder::new(&mut out).extend(record);
                    black_box(&out);
                }
            });
        });
        group.finish();

        let encode = |record: &Vec<Sample>| {
            let (mut bytes, mut ours) = (Vec::new(), Vec::new());
            reference::encode(record, &mut bytes);
            SamplesEncoder::new(&mut ours).extend(&columns_of(record));
            assert_eq!(ours, bytes, "both write the same record");
            bytes
        };
        let encoded: Vec<_> = records.iter().map(encode).collect();
        let (mut decoded, mut columns) = (Vec::new(), SampleColumns::default());
        let mut group = criterion.benchmark_group(format!("wal/samples_decode/{name}"));
        group.throughput(Throughput::Elements(SAMPLES * RECORDS));
        group.bench_function("reference", |bench| {
            bench.iter(|| {
                for record in black_box(&encoded) {
                    decoded.clear();
                    reference::decode(record, &mut decoded).unwrap();
                    black_box(&decoded);
                }
            });
        });
        group.bench_function("promd", |bench| {
            bench.iter(|| {
                for record in black_box(&encoded) {
                    columns.clear();
                    let Ok(Record::Samples(samples)) = Record::parse(record) else { panic!("samples") };
                    samples.decode_into(&mut columns).unwrap();
                    black_box(&columns);
                }
            });
        });
        group.finish();
    }
}

/// From the file to columns: pages, checksums, decompression and records, without what a head does with the samples.
fn replay(criterion: &mut Criterion) {
    for compression in [Compression::None, Compression::Snappy] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(segment_name(0));
        let (mut segment, mut record, mut framer) = (Vec::new(), Vec::new(), Framer::new());
        for samples in records(REPLAYED_RECORDS, REPLAYED_SAMPLES, 1, 1) {
            record.clear();
            SamplesEncoder::new(&mut record).extend(&columns_of(&samples));
            framer.payload(compression, &record).unwrap().put(segment.len() as u64, &mut segment);
        }
        std::fs::write(&file, &segment).unwrap();

        let mut group = criterion.benchmark_group(format!("wal/replay/{}", compression.name()));
        group.throughput(Throughput::Elements(REPLAYED_SAMPLES * REPLAYED_RECORDS));
        let mut decoded = Vec::new();
        group.bench_function("reference", |bench| {
            bench.iter(|| {
                let segment = std::fs::read(&file).unwrap();
                let mut count = 0;
                reference::walk(&segment, |record| {
                    decoded.clear();
                    reference::decode(record, &mut decoded)?;
                    count += black_box(&decoded).len() as u64;
                    Some(())
                })
                .unwrap();
                assert_eq!(count, REPLAYED_SAMPLES * REPLAYED_RECORDS);
            });
        });
        let fs = RealFs::new();
        let (mut reader, mut columns) = (SegmentReader::new(ReadOptions::default()), SampleColumns::default());
        group.bench_function("promd", |bench| {
            bench.iter(|| {
                reader.open(&fs, folder.path(), SegmentId::log(0)).unwrap();
                let mut count = 0;
                while let Some(Event::Record(record)) = reader.next().unwrap() {
                    columns.clear();
                    let Ok(Record::Samples(samples)) = Record::parse(record.bytes) else { panic!("samples") };
                    count += samples.decode_into(&mut columns).unwrap() as u64;
                    black_box(&columns);
                }
                assert_eq!(count, REPLAYED_SAMPLES * REPLAYED_RECORDS);
            });
        });
        group.finish();
    }
}

fn series(criterion: &mut Criterion) {
    let mut record = Vec::new();
    let mut encoder = SeriesEncoder::new(&mut record);
    for number in 0..SAMPLES {
        let path = format!("/api/v1/{number}");
        let labels = [
            ("__name__", "http_request_duration_seconds_bucket"),
            ("instance", "10.1.2.3:9090"),
            ("job", "api"),
            ("le", "0.25"),
            ("path", &path),
        ];
        encoder.push(number, Labels::from_pairs(labels).unwrap().iter_bytes());
    }

    let mut group = criterion.benchmark_group("wal/series_decode");
    group.throughput(Throughput::Elements(SAMPLES));
    let entries = || {
        let Ok(Record::Series(entries)) = Record::parse(black_box(&record)) else { panic!("series") };
        entries.map(Result::unwrap)
    };
    // Names and values gathered before they are a label set, as a decoder that knows nothing of the packed form does.
    group.bench_function("reference", |bench| {
        bench.iter(|| {
            for entry in entries() {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let pairs: Vec<_> = entry.labels.iter().map(|(name, value)| (text(name), text(value))).collect();
                black_box(Labels::from_pairs(pairs).unwrap());
            }
        });
    });
    let mut scratch = LabelsBuilder::new();
    group.bench_function("promd", |bench| {
        bench.iter(|| {
            for entry in entries() {
                black_box(entry.labels.view(&mut scratch).unwrap().to_labels());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, samples, replay, series);
criterion_main!(benches);
