//! Following a log while it is written, cut, rotated and truncated.
#![expect(clippy::unwrap_used, reason = "a file system in memory that fails is a failed test")]

#[path = "reading/mod.rs"]
mod reading;

use std::path::Path;
use std::sync::Arc;

use promd_clock::{Clock, SimClock, WallTime, Woken};
use promd_fs::{Failure, Fs, Op, OpenMode, SimFs};
use promd_wal::{Bell, Cause, Log, Options, PAGE, Position, ReadOptions, Tail, Tailed, segment_name};
use reading::made::{samples, segment, write_log};
use reading::put;

const WAL: &str = "/wal";

fn tail(sim: &SimFs, position: Position) -> Tail {
    Tail::new(Arc::new(sim.clone()), Path::new(WAL), position, ReadOptions::default())
}

/// All records up to the next "nothing yet"; whatever else comes is given as text.
fn drain(tail: &mut Tail) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    loop {
        match tail.next().unwrap() {
            Tailed::Record(record) => found.push(record.bytes.to_vec()),
            Tailed::Nothing => return found,
            Tailed::Damage(damage) => found.push(damage.cause.to_string().into_bytes()),
            Tailed::Gap { segments, next } => found.push(format!("gap of {segments} to {next}").into_bytes()),
        }
    }
}

fn record(n: i64) -> Vec<u8> {
    samples(1, n * 1000, 3 + n % 40 * 300)
}

#[test]
fn records_come_as_they_are_written_across_segments() {
    let sim = SimFs::new(1);
    let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
    let options = Options::default().segment_size(4 * PAGE as u64);
    let log = Log::open(Arc::new(sim.clone()), clock, Path::new(WAL), options).unwrap();
    let mut tail = tail(&sim, Position::default());
    assert!(drain(&mut tail).is_empty());
    for n in 0..200 {
        let end = log.append(&[&record(n)]).unwrap();
        assert_eq!(drain(&mut tail), [record(n)], "record {n}");
        assert_eq!(tail.position(), end);
        assert!(drain(&mut tail).is_empty());
    }
    assert!(log.position().segment > 2, "{}", log.position());
    // One that comes late reads the same.
    assert_eq!(drain(&mut self::tail(&sim, Position::default())).len(), 200);
}

#[test]
fn a_record_that_is_written_in_part_is_not_there_yet() {
    let records: Vec<_> = (0..12).map(|n| samples(n, 0, 4000)).collect();
    let bytes = segment(&records);
    assert!(bytes.len() > 2 * PAGE, "{}", bytes.len());
    let sim = SimFs::new(1);
    sim.create_dir(Path::new(WAL)).unwrap();
    let file = sim.open(&Path::new(WAL).join("00000000"), OpenMode::CreateNew).unwrap();
    let mut tail = tail(&sim, Position::default());
    let mut found = Vec::new();
    let mut written = 0;
    // Whatever the sizes of the writes: steps of all lengths from 1 to 150, one after the other.
    for step in (1..=150).cycle() {
        let end = (written + step).min(bytes.len());
        file.write_all_at(&bytes[written..end], written as u64).unwrap();
        written = end;
        let came = drain(&mut tail);
        assert!(came.iter().all(|record| records.contains(record)), "half a record at {written}");
        found.extend(came);
        if written == bytes.len() {
            break;
        }
    }
    assert_eq!(found, records);
}

#[test]
fn what_is_incomplete_when_the_next_segment_begins_is_damage() {
    let sim = SimFs::new(1);
    sim.create_dir(Path::new(WAL)).unwrap();
    let bytes = segment(&[record(1), record(2)]);
    put(&sim, &Path::new(WAL).join("00000000"), &bytes[..bytes.len() - 2]);
    let mut tail = tail(&sim, Position::default());
    assert_eq!(drain(&mut tail), [record(1)]);
    put(&sim, &Path::new(WAL).join("00000001"), &segment(&[record(3)]));
    assert_eq!(drain(&mut tail), [Cause::Truncated.to_string().into_bytes(), record(3)]);
}

#[test]
fn damage_in_the_middle_is_told_and_passed() {
    let sim = SimFs::new(1);
    sim.create_dir(Path::new(WAL)).unwrap();
    let mut bytes = segment(&[record(1), record(2), record(3)]);
    let second = segment(&[record(1)]).len();
    bytes[second + 10] ^= 1;
    put(&sim, &Path::new(WAL).join("00000000"), &bytes);
    let found = drain(&mut tail(&sim, Position::default()));
    assert_eq!((found.len(), &found[0], &found[2]), (3, &record(1), &record(3)));
    assert!(String::from_utf8_lossy(&found[1]).starts_with("unexpected checksum"));
}

#[test]
fn segments_that_are_gone_are_a_gap_that_is_counted() {
    let sim = SimFs::new(1);
    write_log(&sim, Path::new(WAL), &(0..6).map(|n| vec![record(n)]).collect::<Vec<_>>());
    let mut late = tail(&sim, Position::new(1, 0));
    let mut reading = tail(&sim, Position::new(1, 0));
    let Tailed::Record(first) = reading.next().unwrap() else { panic!("record 1") };
    assert_eq!(first.bytes, record(1));
    for number in 0..4 {
        sim.remove_file(&Path::new(WAL).join(segment_name(number))).unwrap();
    }
    assert_eq!(drain(&mut late), [b"gap of 3 to 00000004:0".to_vec(), record(4), record(5)]);
    // The segment that was open is read to its end.
    assert_eq!(drain(&mut reading), [b"gap of 2 to 00000004:0".to_vec(), record(4), record(5)]);
}

#[test]
fn a_position_whose_segment_was_cut_goes_on_with_the_next() {
    let sim = SimFs::new(1);
    write_log(&sim, Path::new(WAL), &[vec![record(0)], vec![record(1)]]);
    assert_eq!(drain(&mut tail(&sim, Position::new(0, 1 << 20))), [record(1)]);
    assert!(drain(&mut tail(&sim, Position::new(7, 0))).is_empty(), "still to come");
}

#[test]
fn a_log_rings_when_there_is_something_to_read() {
    let sim = SimFs::new(1);
    let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
    let log = Log::open(Arc::new(sim.clone()), clock.clone(), Path::new(WAL), Options::default()).unwrap();
    let signal = log.bell().subscribe();
    let mut tail = tail(&sim, log.position());
    let rang = || signal.wait_until(&*clock, clock.monotonic()) == Woken::Notified;
    assert!(!rang());
    log.append(&[&record(1), &record(2)]).unwrap();
    assert!(rang() && !rang(), "once for a batch");
    assert_eq!(drain(&mut tail), [record(1), record(2)]);
    log.append(&[]).unwrap();
    log.sync().unwrap();
    assert!(!rang(), "nothing to read");
    sim.inject(Failure::of(Op::Write));
    log.append(&[&record(3)]).unwrap_err();
    assert!(!rang(), "refused");
    log.append(&[&record(3)]).unwrap();
    assert!(rang());
    assert_eq!(drain(&mut tail), [record(3)]);
    // The last segment is whole only when the next one has begun.
    log.next_segment().unwrap();
    assert!(rang());
    // A failed sync writes all again to another segment that it was to cover.
    log.append(&[&record(4)]).unwrap();
    assert!(rang());
    assert_eq!(drain(&mut tail), [record(4)]);
    sim.inject(Failure::of(Op::Sync));
    log.sync().unwrap();
    assert!(rang());
    assert!(drain(&mut tail) == [record(3), record(4)], "twice, rather than not at all");
}

#[test]
fn a_bell_wakes_all_who_listen() {
    let (bell, clock) = (Bell::new(), SimClock::new(WallTime::from_millis(0)));
    let (a, b) = (bell.subscribe(), bell.subscribe());
    drop(bell.subscribe());
    for _ in 0..2 {
        bell.ring();
        for signal in [&a, &b] {
            assert_eq!(signal.wait_until(&clock, clock.monotonic()), Woken::Notified);
            assert_eq!(signal.wait_until(&clock, clock.monotonic()), Woken::DeadlinePassed);
        }
    }
}
