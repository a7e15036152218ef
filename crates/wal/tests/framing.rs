//! The bytes of a log, against those that Prometheus writes.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

mod support;

use std::path::Path;
use std::sync::Arc;

use promd_clock::{SimClock, WallTime};
use promd_fs::{Fs, SimFs};
use promd_wal::{Compression, Log, Options, Payload, Position, segment_name};

const DIR: &str = "/wal";

fn open(fs: &SimFs, options: Options) -> Log {
    let clock = SimClock::new(WallTime::from_millis(0));
    Log::open(Arc::new(fs.clone()), Arc::new(clock), Path::new(DIR), options).unwrap()
}

fn segment(fs: &SimFs, number: u64) -> Vec<u8> {
    fs.read_to_vec(&Path::new(DIR).join(segment_name(number)), 1 << 30).unwrap()
}

/// The records of a segment that Prometheus wrote, framed again, give the segment.
#[test]
fn segments_of_prometheus_come_out_the_same() {
    let Some(data) = promd_testkit::conformance("tsdb") else { return };
    let mut fragments_in_a_row = 0;
    for log in ["wal_none", "wal_snappy", "wal_zstd", "wal_snappy_v253", "blocks_float", "inj_wal"] {
        let dir = data.join(log).join("data/wal");
        for entry in std::fs::read_dir(&dir).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            let theirs = std::fs::read(entry.path()).unwrap();
            let found = support::read(&theirs);
            assert_eq!(found.corruption, None, "{}", entry.path().display());
            let mut ours = Vec::new();
            for raw in &found.records {
                let compression = match raw.compression {
                    0 => Compression::None,
                    8 => Compression::Snappy,
                    _ => Compression::Zstd,
                };
                let framed = Payload { compression, bytes: &raw.bytes }.put(ours.len() as u64, &mut ours);
                fragments_in_a_row = fragments_in_a_row.max(framed.fragments);
            }
            // A segment that was closed ends with its page.
            ours.resize(theirs.len().max(ours.len()), 0);
            assert!(ours == theirs, "{}", entry.path().display());
        }
    }
    assert!(fragments_in_a_row > 1, "no record crosses a page");
}

/// Logs `records` in segments of `pages` pages, and says how many records each segment holds and how long it is.
fn layout(pages: u64, records: &[&[u8]]) -> Vec<(usize, usize)> {
    let fs = SimFs::new(1);
    let log = open(&fs, Options::default().segment_size(pages * 32_768).compression(Compression::None));
    log.append(records).unwrap();
    log.close().unwrap();
    let mut at = 0;
    let segments = promd_wal::list_segments(&fs, Path::new(DIR)).unwrap();
    let found = segments.into_iter().map(|file| {
        let bytes = segment(&fs, file.number);
        let found = support::read(&bytes);
        assert_eq!(found.corruption, None);
        for raw in &found.records {
            assert_eq!(raw.bytes, records[at]);
            at += 1;
        }
        (found.records.len(), bytes.len())
    });
    let found = found.collect();
    assert_eq!(at, records.len());
    found
}

/// Where segments end, by the rule of `log` in tsdb/wlog/wlog.go: a record that does not fit what is left begins another.
#[test]
fn records_do_not_cross_segments() {
    let page = vec![1; 32_761];
    let byte = vec![2; 1];
    assert_eq!(layout(1, &[&page]), [(1, 32_768)]);
    assert_eq!(layout(1, &[&page, &byte]), [(1, 32_768), (1, 32_768)]);
    assert_eq!(layout(2, &[&page, &byte]), [(2, 65_536)]);
    assert_eq!(layout(2, &[&byte, &page]), [(2, 65_536)]);
    assert_eq!(layout(1, &[&byte, &page]), [(1, 32_768), (1, 32_768)]);
    // 32 768 - 8 leaves room for a header and 32 753 bytes; the second record needs one more.
    assert_eq!(layout(1, &[&byte, &page[..32_753]]), [(2, 32_768)]);
    assert_eq!(layout(1, &[&byte, &page[..32_754]]), [(1, 32_768), (1, 32_768)]);
    // One that fits no segment has one of its own.
    assert_eq!(layout(1, &[&byte, &vec![3; 70_000], &byte]), [(1, 32_768), (1, 98_304), (1, 32_768)]);
    assert_eq!(layout(1, &[&vec![3; 70_000]]), [(1, 98_304)]);
}

#[test]
fn a_reader_of_the_live_file_sees_whole_fragments() {
    let fs = SimFs::new(1);
    let log = open(&fs, Options::default().compression(Compression::None));
    assert_eq!(log.position(), Position::new(0, 0));
    for n in 1..100_usize {
        let record = vec![7; n * 97];
        let position = log.append(&[&record, b"x"]).unwrap();
        let live = segment(&fs, 0);
        assert_eq!(position, Position::new(0, live.len() as u64));
        assert_eq!(log.position(), position);
        let found = support::read(&live);
        assert_eq!((found.corruption, found.records.len()), (None, 2 * n));
    }
}

#[test]
fn every_compression_is_read_back_and_an_empty_record_left_out() {
    for compression in Compression::ALL {
        let fs = SimFs::new(1);
        let log = open(&fs, Options::default().compression(compression));
        let records: Vec<Vec<u8>> = (0..200).map(|n: u8| vec![n; usize::from(n) * 50]).collect();
        let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        log.append(&records).unwrap();
        log.close().unwrap();
        let found = support::read(&segment(&fs, 0));
        assert_eq!(found.corruption, None);
        let read: Vec<Vec<u8>> = found.records.iter().map(|raw| support::decoded(raw).unwrap()).collect();
        assert_eq!(read, records[1..]);
        let bits: Vec<u8> = found.records.iter().map(|raw| raw.compression).collect();
        assert_eq!(bits.iter().filter(|&&bit| bit == compression.bit()).count(), bits.len());
    }
}

#[test]
fn a_log_begins_after_what_is_there() {
    let fs = SimFs::new(1);
    for number in 0..3 {
        let log = open(&fs, Options::default());
        assert_eq!(log.append(&[b"x"]).unwrap().segment, number);
    }
    // Also after a checkpoint alone, and what an unfinished attempt left is gone.
    for number in 0..3 {
        fs.remove_file(&Path::new(DIR).join(segment_name(number))).unwrap();
    }
    fs.create_dir(&Path::new(DIR).join("checkpoint.00000041")).unwrap();
    fs.write_atomically(&Path::new(DIR).join("00000050.tmp"), b"x").unwrap();
    let log = open(&fs, Options::default());
    assert_eq!(log.segments().unwrap(), Some((42, 42)));
    assert!(!fs.exists(&Path::new(DIR).join("00000050.tmp")).unwrap());
    // One that is empty is not ended for nothing.
    assert_eq!(log.next_segment().unwrap(), 42);
    log.append(&[b"x"]).unwrap();
    assert_eq!(log.next_segment().unwrap(), 43);
    assert_eq!(log.segments().unwrap(), Some((42, 43)));
    assert_eq!(log.size().unwrap(), 32_768);
}

#[test]
fn a_segment_has_whole_pages() {
    let fs = SimFs::new(1);
    for size in [0, 1, 32_767, 100_000] {
        let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
        let options = Options::default().segment_size(size);
        let error = Log::open(Arc::new(fs.clone()), clock, Path::new(DIR), options).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid segment size {size}: a multiple of 32768 is needed"));
    }
}
