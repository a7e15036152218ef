//! Reading allocates nothing for a record once the buffers have grown.
#![expect(clippy::unwrap_used, reason = "a file that cannot be written fails the test")]

use std::path::Path;

use promd_fs::RealFs;
use promd_testkit::CountingAllocator;
use promd_wal::record::{SamplesEncoder, SeriesEncoder, Stamp};
use promd_wal::{Compression, Event, Framer, ReadOptions, SegmentId, SegmentReader};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A segment of a thousand records of series and samples, some of which cross a page.
fn segment(compression: Compression) -> Vec<u8> {
    let (mut bytes, mut framer) = (Vec::new(), Framer::new());
    for n in 0..500 {
        let mut series = Vec::new();
        let labels: [(&[u8], &[u8]); 2] = [(b"__name__", b"a_total"), (b"job", b"b")];
        SeriesEncoder::new(&mut series).push(n, labels);
        let mut samples = Vec::new();
        let mut encoder = SamplesEncoder::new(&mut samples);
        for time in 0..100 {
            encoder.push(Stamp::new(n, time), 1.0 / (1 + n) as f64);
        }
        for record in [series, samples] {
            framer.payload(compression, &record).unwrap().put(bytes.len() as u64, &mut bytes);
        }
    }
    bytes
}

#[test]
fn a_segment_is_read_without_an_allocation() {
    let dir = tempfile::tempdir().unwrap();
    let fs = RealFs::new();
    for compression in Compression::ALL {
        std::fs::write(dir.path().join("00000000"), segment(compression)).unwrap();
        let mut reader = SegmentReader::new(ReadOptions::default());
        for round in 0..2 {
            reader.open(&fs, Path::new(dir.path()), SegmentId::log(0)).unwrap();
            let (records, allocated) = CountingAllocator::during(|| {
                let mut records = 0;
                while let Some(event) = reader.next().unwrap() {
                    records += usize::from(matches!(event, Event::Record(_)));
                }
                records
            });
            assert_eq!(records, 1000);
            assert!(round == 0 || allocated.calls == 0, "{compression:?}: {allocated:?}");
        }
    }
}
