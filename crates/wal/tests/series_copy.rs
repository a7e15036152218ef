//! The second copy of the series records: what is in it, what it costs, what damage does to it.
#![expect(clippy::unwrap_used, reason = "a file system in memory that fails is a failed test")]

#[path = "reading/mod.rs"]
mod reading;

use std::path::Path;
use std::sync::Arc;

use promd_clock::{SimClock, WallTime};
use promd_fs::{Fs, SimFs};
use promd_wal::record::Record;
use promd_wal::{Compression, LogKind, Options, SeriesCopy, list_segments};
use reading::made::{samples, series};
use reading::{put, read_real};

const FOLDER: &str = "/promd/series";

fn open(sim: &SimFs, compression: Compression) -> SeriesCopy {
    let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
    let options = Options::default().compression(compression);
    SeriesCopy::open(Arc::new(sim.clone()), clock, Path::new(FOLDER), options).unwrap()
}

fn found(sim: &SimFs) -> Vec<u64> {
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    let mut found = Vec::new();
    SeriesCopy::lookup(&fs, Path::new(FOLDER), |entry| found.push(entry.series)).unwrap();
    found
}

#[test]
fn only_series_records_are_copied() {
    let sim = SimFs::new(1);
    let copy = open(&sim, Compression::Snappy);
    copy.append(&[&series(1), &samples(1, 0, 5), &series(2)]).unwrap();
    copy.append(&[&samples(2, 0, 5)]).unwrap();
    copy.log().sync().unwrap();
    assert_eq!(found(&sim), [1, 2]);
    assert_eq!(found(&sim.power_loss()), [1, 2]);
}

#[test]
fn it_keeps_what_is_alive_and_forgets_the_rest() {
    let sim = SimFs::new(1);
    let copy = open(&sim, Compression::Snappy);
    for n in 0..1000 {
        copy.append(&[&series(n)]).unwrap();
    }
    copy.truncate(|series| series % 10 == 0).unwrap();
    copy.append(&[&series(1000)]).unwrap();
    assert_eq!(found(&sim), (0..=1000).step_by(10).collect::<Vec<_>>());
    let stats = copy.truncate(|series| series < 20).unwrap();
    assert_eq!((stats.series.total, stats.series.dropped), (101, 99));
    assert_eq!(found(&sim), [0, 10]);
    assert!(list_segments(&sim, Path::new(FOLDER)).unwrap().len() <= 2);
    copy.log().sync().unwrap();
    // And over a restart.
    drop(copy);
    open(&sim, Compression::Snappy).append(&[&series(30)]).unwrap();
    assert_eq!(found(&sim), [0, 10, 30]);
}

#[test]
fn it_may_be_missing_or_damaged() {
    let sim = SimFs::new(1);
    assert!(found(&sim).is_empty());
    let copy = open(&sim, Compression::None);
    for n in 0..100 {
        copy.append(&[&series(n)]).unwrap();
    }
    let path = Path::new(FOLDER).join("00000000");
    let mut bytes = sim.read_to_vec(&path, 1 << 20).unwrap();
    bytes[200] ^= 0x40;
    put(&sim, &path, &bytes);
    assert_eq!(found(&sim).len(), 99);
}

#[test]
fn what_it_costs() {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    let records = read_real(&root.join("inj_wal/data/wal"), LogKind::Wal).0;
    let records: Vec<&[u8]> = records.iter().map(|record| record.bytes.as_slice()).collect();
    let series: usize = records
        .iter()
        .map(|record| match Record::parse(record).unwrap() {
            Record::Series(entries) => entries.count(),
            _ => 0,
        })
        .sum();
    assert_eq!(series, 80, "as the fixture says");
    for (compression, range) in COSTS {
        let sim = SimFs::new(1);
        let copy = open(&sim, compression);
        copy.append(&records).unwrap();
        let bytes = sim.metadata(&Path::new(FOLDER).join("00000000")).unwrap().size / series as u64;
        assert!(range.contains(&bytes), "{compression:?}: {bytes} bytes a series");
    }
}

/// Bytes for each new series, of targets whose scrapes add up to some tens of series in a record. What the introduction of the
/// module says.
const COSTS: [(Compression, std::ops::RangeInclusive<u64>); 2] =
    [(Compression::None, 85..=95), (Compression::Snappy, 15..=20)];
