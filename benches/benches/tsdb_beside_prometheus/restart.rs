//! A database that was killed, opened again.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use promd_clock::{Clock, RealClock, SimClock, WallTime};
use promd_fs::RealFs;
use promd_testkit::{Server, peer};
use promd_tsdb::{Db, Options};

use crate::load::{Load, Plan};
use crate::process::{Cost, usage};

/// How many samples a series has in the log.
const SCRAPES: i64 = 37;

/// Leaves a log and ends as if killed.
pub(crate) fn write(dir: &Path, plan: &Plan) {
    let mut load = Load::open(dir, plan.clone());
    load.run(SCRAPES * plan.interval, |_, _| {});
    // No destructor runs.
    std::process::exit(0);
}

/// Opens the database and says what that took: seconds, CPU seconds, bytes.
pub(crate) fn open(dir: &Path) {
    let clock = SimClock::new(WallTime::from_millis(1_736_035_200_000));
    let (watch, before) = (RealClock::new(), usage(std::process::id()));
    let began = watch.monotonic();
    let db = Db::open(Arc::new(RealFs::new()), Arc::new(clock), dir, Options::default()).unwrap();
    let seconds = watch.monotonic().since(began).as_secs_f64();
    let cost = usage(std::process::id()).since(before);
    println!("{seconds} {} {} {}", cost.user, cost.system, cost.peak);
    assert!(db.stats(0).series > 0);
}

/// Opens one log here and by Prometheus, and prints both.
pub(crate) fn compare(plan: &Plan) {
    let work = tempfile::tempdir().unwrap();
    let (ours, theirs) = (work.path().join("ours"), work.path().join("theirs/data"));
    let this = || Command::new(std::env::current_exe().unwrap());
    let series = plan.series.to_string();
    let status = this().arg("write").arg(&ours).env("PROMD_SERIES", series).status().unwrap();
    assert!(status.success());
    std::fs::remove_file(ours.join("lock")).unwrap();
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-r").arg(&ours).arg(&theirs).status().unwrap();
    assert!(copied.success());

    let output = this().arg("open").arg(&ours).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let here = (numbers[0], Cost { user: numbers[1], system: numbers[2], peak: numbers[3] });
    print("promd", plan, here);
    let Some(program) = peer("prometheus") else { return };
    let watch = RealClock::new();
    let began = watch.monotonic();
    let server =
        Server::launch(&program, theirs.parent().unwrap()).flags(["--storage.tsdb.retention.time=100y"]).start();
    let there = (watch.monotonic().since(began).as_secs_f64(), usage(server.process_id()));
    print("Prometheus", plan, there);
    println!(
        "restart: time {:.2}, CPU {:.2}, peak of memory {:.2} of Prometheus'",
        here.0 / there.0,
        here.1.cpu() / there.1.cpu(),
        here.1.peak / there.1.peak
    );
}

fn print(name: &str, plan: &Plan, (seconds, cost): (f64, Cost)) {
    println!(
        "restart: {name}: {} series of {SCRAPES} samples: ready after {seconds:.2} s, {:.2} s of CPU, peak {:.0} MiB",
        plan.series,
        cost.cpu() / 1e9,
        cost.peak / 1048576.0
    );
}
