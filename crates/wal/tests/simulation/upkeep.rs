//! What is done to a log besides writing to it, stopped by a power loss at each operation in turn: repair, and the order of
//! checkpoint and removal.

use std::path::Path;
use std::sync::Arc;

use promd_clock::{SimClock, WallTime};
use promd_fs::{FaultPlan, Fs, SimFs};
use promd_wal::{
    CheckpointOptions, Cursor, Cursors, Log, LogKind, Options, Position, RepairOptions, checkpoint, list_segments,
    remove_checkpoints, remove_leftovers, repair, segment_name,
};

use crate::reading::made::{samples, series, write_log};
use crate::reading::read;
use crate::sabotage::{Sabotage, Sabotaged};
use crate::schedule::DIR;

const ASIDE: &str = "/data/promd/aside";
const CURSORS: &str = "/data/promd/cursors";

type Check = Result<(), String>;

/// Does `act` again and again, stopped one operation later each time, until it comes to its end, and looks at some outcomes
/// of a power loss then.
fn stop_everywhere(
    sabotage: Sabotage,
    build: fn(u64) -> SimFs,
    act: impl Fn(Arc<dyn Fs>) -> bool,
    check: impl Fn(&SimFs) -> Check,
) -> Check {
    for op in 1.. {
        let sim = build(op);
        sim.set_plan(FaultPlan::new().stop_at(sim.ops() + op));
        let done = act(Arc::new(Sabotaged::new(sim.clone(), sabotage)));
        for _ in 0..4 {
            let rebooted = sim.power_loss();
            rebooted.set_plan(FaultPlan::new());
            check(&rebooted).map_err(|broken| format!("{broken}, after operation {op}"))?;
        }
        if done {
            break;
        }
    }
    Ok(())
}

fn segments() -> Vec<Vec<Vec<u8>>> {
    let segment = |n: i64| vec![samples(1, 100 * n, 9), samples(2, 100 * n, 9), samples(1, 100 * n + 50, 9)];
    vec![vec![series(1), series(2), samples(1, 0, 9)], segment(1), segment(2), segment(3)]
}

/// The log is just these records.
fn check_records(sim: &SimFs, expected: &[Vec<u8>]) -> Check {
    let (found, _) = read(Arc::new(sim.clone()), Path::new(DIR), LogKind::Wal);
    let found: Vec<_> = found.into_iter().map(|found| found.bytes).collect();
    if found == expected { Ok(()) } else { Err(format!("{} records of {}", found.len(), expected.len())) }
}

fn damaged_path() -> std::path::PathBuf {
    Path::new(DIR).join(segment_name(1))
}

/// A log with a damaged record in segment 1, and a cursor behind it.
fn injured(seed: u64) -> SimFs {
    let sim = SimFs::new(seed);
    write_log(&sim, Path::new(DIR), &segments());
    let end = sim.metadata(&damaged_path()).unwrap().size;
    let cursors = Cursors::open(Arc::new(sim.clone()), Path::new(CURSORS));
    cursors.store("a", Position::new(1, end)).unwrap();
    sim.flip_bit(&damaged_path(), 20, 3).unwrap();
    sim
}

/// At no moment anything is lost but the damaged record: not the others, not the original, and no reader passes over what
/// has moved.
pub(crate) fn check_repair(sabotage: Sabotage) -> Check {
    let mut kept = segments();
    kept[1].remove(0);
    let kept = kept.concat();
    let original = injured(0).read_to_vec(&damaged_path(), 1 << 20).unwrap();
    let options = RepairOptions::new(LogKind::Wal, ASIDE).cursors(CURSORS);
    let act = |fs| repair(&fs, Path::new(DIR), &options).is_ok();
    stop_everywhere(sabotage, injured, act, |sim| {
        check_records(sim, &kept)?;
        let folders = [Path::new(DIR), Path::new(ASIDE)];
        let mut files = folders.iter().flat_map(|folder| {
            let entries = sim.read_dir(folder).unwrap_or_default();
            entries.into_iter().map(|entry| folder.join(entry.name)).collect::<Vec<_>>()
        });
        if !files.any(|file| sim.read_to_vec(&file, 1 << 20).is_ok_and(|bytes| bytes == original)) {
            return Err("the original is gone".to_owned());
        }
        // The next start.
        let fs: Arc<dyn Fs> = Arc::new(sim.clone());
        remove_leftovers(sim, Path::new(DIR)).unwrap();
        repair(&fs, Path::new(DIR), &options).unwrap();
        check_records(sim, &kept)?;
        match Cursors::open(fs, Path::new(CURSORS)).load("a").unwrap() {
            Cursor::At(position) if position <= Position::new(1, 0) => Ok(()),
            cursor => Err(format!("a reader goes on at {cursor:?}")),
        }
    })
}

/// Whatever is stopped, checkpoint and segments are the whole log, and Prometheus starts on it.
pub(crate) fn check_checkpoint(sabotage: Sabotage) -> Check {
    let build = |seed| {
        let sim = SimFs::new(seed);
        write_log(&sim, Path::new(DIR), &segments());
        sim
    };
    let act = |fs: Arc<dyn Fs>| {
        let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
        let Ok(log) = Log::open(Arc::clone(&fs), clock, Path::new(DIR), Options::default()) else { return false };
        [1, 3].into_iter().all(|last| {
            let made = checkpoint(&fs, Path::new(DIR), last, |_| true, 0, &CheckpointOptions::default());
            made.is_ok() && log.truncate(last + 1).is_ok() && remove_checkpoints(&*fs, Path::new(DIR), last).is_ok()
        })
    };
    let all = segments().concat();
    stop_everywhere(sabotage, build, act, |sim| {
        remove_leftovers(sim, Path::new(DIR)).unwrap();
        check_records(sim, &all)?;
        let numbers = list_segments(sim, Path::new(DIR)).unwrap();
        match numbers.windows(2).find(|pair| pair[0].number + 1 != pair[1].number) {
            Some(pair) => Err(format!("segments are not sequential: {} and {}", pair[0].number, pair[1].number)),
            None => Ok(()),
        }
    })
}
