//! What a repair does to a log, step by step, and what is left if the power goes at any of its steps.
//!
//! Expected values: the records that the log was made of.
#![expect(clippy::unwrap_used, reason = "a file system in memory that fails is a failed test")]

#[path = "reading/mod.rs"]
mod reading;

use std::path::Path;
use std::sync::Arc;

use promd_clock::{SimClock, WallTime};
use promd_fs::{Fs, Op, SimFs};
use promd_wal::{
    Cause, Cursor, Cursors, Log, LogKind, MAX_GAP, Options, Position, RepairOptions, Report, SegmentId,
    remove_leftovers, repair, segment_name,
};
use reading::made::{crash_everywhere, samples, segment, series, write_log};
use reading::{put, read, sync_all};

const WAL: &str = "/data/wal";
const ASIDE: &str = "/data/promd/aside";

fn options() -> RepairOptions {
    RepairOptions::new(LogKind::Wal, ASIDE).cursors("/data/promd/cursors").series("/data/promd/series")
}

fn share(sim: &SimFs) -> Arc<dyn Fs> {
    Arc::new(sim.clone())
}

/// The records of the log, without their places.
fn records(sim: &SimFs) -> Vec<Vec<u8>> {
    read(share(sim), Path::new(WAL), LogKind::Wal).0.into_iter().map(|found| found.bytes).collect()
}

fn sound_segments() -> Vec<Vec<Vec<u8>>> {
    vec![
        vec![series(1), samples(1, 0, 50), series(2), samples(2, 0, 50)],
        vec![samples(1, 50, 50), samples(2, 50, 50)],
        vec![series(3), samples(3, 0, 5000), samples(1, 100, 50)],
        vec![samples(2, 100, 50), samples(3, 5000, 50)],
    ]
}

fn sound() -> SimFs {
    let sim = SimFs::new(7);
    write_log(&sim, Path::new(WAL), &sound_segments());
    sim
}

/// Where the n-th record of a segment begins and ends.
fn place(sim: &SimFs, number: u64, nth: usize) -> (u64, u64) {
    let (found, _) = read(share(sim), Path::new(WAL), LogKind::Wal);
    let record = found.iter().filter(|found| found.segment == SegmentId::log(number)).nth(nth).unwrap();
    (record.start, record.end)
}

/// The segments that were made to fill gaps.
fn numbers(report: &Report) -> Vec<u64> {
    report.filled.iter().cloned().flatten().collect()
}

fn flip(sim: &SimFs, number: u64, offset: u64) {
    sim.flip_bit(&Path::new(WAL).join(segment_name(number)), offset, 3).unwrap();
}

fn remove(sim: &SimFs, number: u64) {
    sim.remove_file(&Path::new(WAL).join(segment_name(number))).unwrap();
    sim.sync_dir(Path::new(WAL)).unwrap();
}

#[test]
fn a_sound_log_is_not_touched() {
    let sim = sound();
    let before = sim.read_dir(Path::new(WAL)).unwrap();
    assert!(repair(&share(&sim), Path::new(WAL), &options()).unwrap().is_clean());
    assert_eq!(sim.read_dir(Path::new(WAL)).unwrap(), before);
    assert!(!sim.exists(Path::new("/data/promd")).unwrap());
    assert!(repair(&share(&sim), Path::new("/data/wbl"), &options()).unwrap().is_clean(), "there is none");
}

#[test]
fn the_original_moves_aside_and_the_rest_of_the_segment_stays() {
    let sim = sound();
    let (start, end) = place(&sim, 0, 1);
    flip(&sim, 0, start + 20);
    let damaged = sim.read_to_vec(&Path::new(WAL).join("00000000"), 1 << 20).unwrap();
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!(report.damage.len(), 1);
    assert_eq!((report.damage[0].segment, report.damage[0].range.clone()), (SegmentId::log(0), start..end));
    assert!(report.has_loss());
    let [rewritten] = report.rewritten.as_slice() else { panic!("{report:?}") };
    assert_eq!((rewritten.segment, rewritten.records), (SegmentId::log(0), 3));
    assert_eq!(rewritten.original, Path::new(ASIDE).join("wal-00000000"));
    assert_eq!(sim.read_to_vec(&rewritten.original, 1 << 20).unwrap(), damaged);
    let mut expected: Vec<_> = sound_segments().concat();
    expected.remove(1);
    assert_eq!(records(&sim), expected);
}

#[test]
fn a_second_original_of_that_name_gets_another() {
    let sim = sound();
    for name in ["wal-00000001", "wal-00000001.1"] {
        sim.create_dir_all(Path::new(ASIDE)).unwrap();
        put(&sim, &Path::new(ASIDE).join(name), b"somebody's");
    }
    flip(&sim, 1, 20);
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!(report.rewritten[0].original, Path::new(ASIDE).join("wal-00000001.2"));
}

#[test]
fn without_hard_links_the_original_is_copied() {
    let sim = sound();
    flip(&sim, 1, 20);
    let damaged = sim.read_to_vec(&Path::new(WAL).join("00000001"), 1 << 20).unwrap();
    sim.inject(promd_fs::Failure::of(Op::Link).kind(promd_fs::ErrorKind::CrossDevice));
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!(sim.read_to_vec(&report.rewritten[0].original, 1 << 20).unwrap(), damaged);
}

#[test]
fn a_torn_end_is_cut_in_place_and_is_no_loss() {
    let sim = sound();
    let (start, end) = place(&sim, 3, 1);
    let path = Path::new(WAL).join("00000003");
    let mut bytes = sim.read_to_vec(&path, 1 << 20).unwrap();
    bytes.truncate(usize::try_from(end).unwrap() - 1);
    put(&sim, &path, &bytes);
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!(report.damage[0].cause, Cause::Torn);
    assert!(!report.has_loss() && report.rewritten.is_empty());
    assert_eq!(report.cut, Some(Position::new(3, start)));
    assert_eq!(sim.metadata(&path).unwrap().size, start);
    // In a segment that others follow it is a loss.
    put(&sim, &Path::new(WAL).join("00000003"), &bytes);
    put(&sim, &Path::new(WAL).join("00000004"), &segment(&[samples(1, 500, 3)]));
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!((report.damage[0].cause, report.has_loss()), (Cause::Truncated, true));
}

#[test]
fn a_missing_segment_becomes_an_empty_one() {
    let sim = sound();
    remove(&sim, 1);
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!(report.damage[0].cause, Cause::Missing { segments: 1 });
    assert_eq!(numbers(&report), [1]);
    assert_eq!(sim.metadata(&Path::new(WAL).join("00000001")).unwrap().size, 0);
    let segments = sound_segments();
    assert_eq!(records(&sim), [segments[0].clone(), segments[2].clone(), segments[3].clone()].concat());
}

#[test]
fn a_log_that_begins_above_0_gets_a_checkpoint_and_is_told_once() {
    for restored in [0, 2] {
        let sim = sound();
        if restored > 0 {
            write_log(&sim, Path::new("/data/promd/series"), &[vec![series(1), series(2)], vec![series(3)]]);
        }
        remove(&sim, 0);
        let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
        assert_eq!(report.damage.len(), 1);
        assert_eq!(report.damage[0].cause, Cause::Missing { segments: 1 });
        assert_eq!((report.checkpoint_made, report.series_restored), (Some(0), restored));
        assert!(report.filled.is_empty());
        let found = records(&sim);
        let kept = sound_segments()[1..].concat();
        assert!(found.ends_with(&kept));
        assert_eq!(found.len() - kept.len(), usize::from(restored > 0), "in front of it at most the series");
        assert!(repair(&share(&sim), Path::new(WAL), &options()).unwrap().is_clean());
    }
}

#[test]
fn behind_a_gap_that_no_log_can_have_segments_get_other_numbers() {
    let sim = sound();
    let far = 4 + MAX_GAP + 1;
    put(&sim, &Path::new(WAL).join(segment_name(far)), &segment(&[samples(1, 900, 3)]));
    sync_all(&sim, Path::new(WAL));
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!(report.renumbered, [(far, 4)]);
    assert_eq!(records(&sim).last(), Some(&samples(1, 900, 3)));
}

#[test]
fn a_gap_below_the_checkpoint_and_a_checkpoint_without_segments_behind_it() {
    let sim = sound();
    let checkpoint = Path::new(WAL).join("checkpoint.00000002");
    sim.create_dir(&checkpoint).unwrap();
    put(&sim, &checkpoint.join("00000000"), &segment(&[series(1)]));
    sync_all(&sim, &checkpoint);
    remove(&sim, 1);
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert!(report.damage.is_empty(), "nobody reads what a checkpoint stands for");
    assert_eq!(numbers(&report), [1]);
    for number in 0..4 {
        remove(&sim, number);
    }
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!((report.damage.len(), numbers(&report)), (0, vec![2]), "so that the next number is 3");
}

#[test]
fn a_damaged_checkpoint_keeps_what_can_be_read() {
    let sim = sound();
    let checkpoint = Path::new(WAL).join("checkpoint.00000001");
    sim.create_dir(&checkpoint).unwrap();
    let inside = [series(1), series(2), samples(1, 0, 30)];
    put(&sim, &checkpoint.join("00000000"), &segment(&inside));
    sync_all(&sim, &checkpoint);
    sim.flip_bit(&checkpoint.join("00000000"), 10, 1).unwrap();
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!(report.rewritten[0].segment, SegmentId::of_checkpoint(1, 0));
    assert_eq!(report.rewritten[0].original, Path::new(ASIDE).join("wal-checkpoint.00000001-00000000"));
    assert_eq!(report.series_lost, 1, "series 1 was defined there alone");
    let segments = sound_segments();
    assert_eq!(records(&sim), [inside[1..].to_vec(), segments[2].clone(), segments[3].clone()].concat());
}

#[test]
fn a_lost_series_comes_back_from_the_second_copy_before_its_samples() {
    for lost in ["record", "segment"] {
        let sim = sound();
        write_log(&sim, Path::new("/data/promd/series"), &[vec![series(1), series(2)], vec![series(3)]]);
        if lost == "record" {
            let (start, _) = place(&sim, 2, 0);
            flip(&sim, 2, start + 9);
        } else {
            remove(&sim, 2);
        }
        let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
        assert_eq!((report.series_restored, report.series_lost), (1, 0), "{lost}");
        let found = records(&sim);
        let at = |record: &Vec<u8>| found.iter().position(|found| found == record).unwrap();
        assert!(at(&series(3)) < at(&samples(3, 5000, 50)), "{lost}");
        assert!(repair(&share(&sim), Path::new(WAL), &options()).unwrap().is_clean());
    }
    // Without the copy it is told.
    let sim = sound();
    flip(&sim, 2, place(&sim, 2, 0).0 + 9);
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert_eq!((report.series_restored, report.series_lost), (0, 1));
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was() {
    let sim = sound();
    flip(&sim, 2, 30);
    let before = sim.read_dir(Path::new(WAL)).unwrap();
    sim.inject(promd_fs::Failure::of(Op::Write).kind(promd_fs::ErrorKind::DiskFull));
    let error = repair(&share(&sim), Path::new(WAL), &options()).unwrap_err();
    assert_eq!(error.kind(), promd_fs::ErrorKind::DiskFull);
    assert_eq!(sim.read_dir(Path::new(WAL)).unwrap(), before);
}

#[test]
fn an_unreadable_sector_takes_the_records_in_it() {
    let sim = sound();
    let (start, end) = place(&sim, 2, 1);
    assert!(end - start > 2048, "{start} to {end}: a whole sector lies in it");
    sim.break_range(&Path::new(WAL).join("00000002"), start + 1024..start + 1034).unwrap();
    let report = repair(&share(&sim), Path::new(WAL), &options()).unwrap();
    assert!(report.damage.iter().any(|damage| matches!(damage.cause, Cause::Unreadable { .. })), "{:?}", report.damage);
    let mut expected = sound_segments().concat();
    expected.retain(|record| *record != samples(3, 0, 5000));
    assert_eq!(records(&sim), expected);
}

#[test]
fn what_an_unfinished_repair_of_prometheus_left_is_not_read_and_not_removed() {
    let sim = sound();
    let left = Path::new(WAL).join("00000002.repair");
    put(&sim, &left, &segment(&[samples(9, 0, 5)]));
    sync_all(&sim, Path::new(WAL));
    flip(&sim, 2, 30);
    for _ in 0..2 {
        remove_leftovers(&sim, Path::new(WAL)).unwrap();
        repair(&share(&sim), Path::new(WAL), &options()).unwrap();
        let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
        let log = Log::open(share(&sim), clock, Path::new(WAL), Options::default()).unwrap();
        let listed: u64 = sim.read_dir(Path::new(WAL)).unwrap().iter().map(|entry| entry.size).sum();
        assert_eq!(log.size().unwrap(), listed, "it counts");
        assert_eq!(sim.read_to_vec(&left, 1 << 20).unwrap(), segment(&[samples(9, 0, 5)]));
        assert!(!records(&sim).contains(&samples(9, 0, 5)));
    }
}

/// A log with everything wrong that a repair mends.
fn injured() -> SimFs {
    let sim = sound();
    write_log(&sim, Path::new("/data/promd/series"), &[vec![series(1), series(2), series(3)]]);
    flip(&sim, 0, place(&sim, 0, 2).0 + 9);
    flip(&sim, 2, place(&sim, 2, 0).0 + 9);
    remove(&sim, 1);
    let path = Path::new(WAL).join("00000003");
    let mut bytes = sim.read_to_vec(&path, 1 << 20).unwrap();
    bytes.truncate(bytes.len() - 3);
    put(&sim, &path, &bytes);
    let cursors = Cursors::open(share(&sim), Path::new("/data/promd/cursors"));
    cursors.store("a", Position::new(2, 60)).unwrap();
    cursors.store("b", Position::new(3, 0)).unwrap();
    sim
}

#[test]
fn a_power_loss_at_any_step_loses_nothing() {
    let segments = sound_segments();
    // Series 2 is restored in front of the samples of the first segment, with series 3.
    let lost = [segments[0][2].clone(), segments[2][0].clone()];
    let kept: Vec<_> = [&segments[0][..], &segments[2][..], &segments[3][..1]].concat();
    let kept: Vec<_> = kept.into_iter().filter(|record| !lost.contains(record)).collect();
    let originals: Vec<Vec<u8>> = {
        let sim = injured();
        [0, 2].map(|number| sim.read_to_vec(&Path::new(WAL).join(segment_name(number)), 1 << 20).unwrap()).into()
    };
    let without_series = |sim: &SimFs| -> Vec<_> {
        let found = records(sim).into_iter();
        found.filter(|record| record[0] != 1 || kept.contains(record)).collect()
    };
    let outcomes = crash_everywhere(
        injured,
        |fs| repair(fs, Path::new(WAL), &options()).is_ok(),
        |sim, when| {
            assert_eq!(without_series(sim), kept, "{when}");
            for original in &originals {
                let dirs = [Path::new(WAL), Path::new(ASIDE)];
                let files = dirs.iter().filter_map(|dir| Some((dir, sim.read_dir(dir).ok()?)));
                let held = files.flat_map(|(dir, entries)| {
                    entries.into_iter().map(|entry| dir.join(entry.name)).collect::<Vec<_>>()
                });
                assert!(held.into_iter().any(|path| sim.read_to_vec(&path, 1 << 20).unwrap() == *original), "{when}");
            }
            remove_leftovers(sim, Path::new(WAL)).unwrap();
            repair(&share(sim), Path::new(WAL), &options()).unwrap();
            assert_eq!(without_series(sim), kept, "{when}");
            let all = records(sim);
            let defined = |series: u64| {
                all.iter().any(|record| record[0] == 1 && record.windows(8).any(|bytes| bytes == series.to_be_bytes()))
            };
            assert!([1, 2, 3].into_iter().all(defined), "{when}: {:?}", all.iter().map(|r| r[0]).collect::<Vec<_>>());
            let cursors = Cursors::open(share(sim), Path::new("/data/promd/cursors"));
            assert_eq!(cursors.load("a").unwrap(), Cursor::At(Position::new(2, 0)), "{when}");
            assert_eq!(cursors.load("b").unwrap(), Cursor::At(Position::new(3, 0)), "{when}");
            assert!(repair(&share(sim), Path::new(WAL), &options()).unwrap().is_clean(), "{when}");
        },
    );
    assert!(outcomes > 100, "{outcomes}");
}
