//! What the database costs: memory at rest, while its head becomes a block, and when series come and go; and how soon it is back
//! after a crash, beside the real Prometheus on the same directory.
//!
//! The clock is simulated and the allocator's is not: it gives memory back to the kernel a second after it was freed, in which tens of
//! minutes pass here. So each look at memory is preceded by a second of waiting.
//!
//! Not criterion: each figure is that of a process of its own, as the kernel counts it, under a simulated clock and on the real file
//! system. `cargo bench -p promd-benches --bench tsdb_beside_prometheus -- WHAT`:
//!
//! - `steady`: the mean of anonymous memory a series from hour 3 to hour 5, read every simulated minute;
//! - `flush`: the most while a head becomes a block, read every 100 ms, beside the mean of the five minutes before;
//! - `churn`: 20 times a twentieth of the series is replaced; memory after each time the old ones are collected;
//! - `restart`: a log of 37 samples a series, left by a process that was killed, opened here and by Prometheus.
//!
//! `PROMD_SERIES` is the number of series, `PROMD_PER_VALUE` how many share a value of the label of the most values (40),
//! `PROMD_INTERVAL` the seconds between two samples (15). Without an argument all of it runs, small, as a check that it does.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of its own that prints figures")]

mod load;
// The compactor's bench asks the kernel in the same way.
#[path = "../compactor_beside_prometheus/process.rs"]
mod process;
mod restart;
mod series;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use load::{HOUR, Load, MINUTE};
use mimalloc::MiMalloc;

/// That of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["steady"] => steady(&load::Plan::of_environment(200_000)),
        ["flush"] => flush(&load::Plan::of_environment(500_000)),
        ["churn"] => churn(&load::Plan::of_environment(100_000)),
        ["restart"] => restart::compare(&load::Plan::of_environment(500_000)),
        ["write", dir] => restart::write(Path::new(dir), &load::Plan::of_environment(500_000)),
        ["open", dir] => restart::open(Path::new(dir)),
        _ => all_small(),
    }
}

/// Each in a process of its own: memory that one has given back is not the next one's.
fn all_small() {
    for what in ["steady", "flush", "churn", "restart"] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let status = command.arg(what).env("PROMD_SERIES", "2000").env("PROMD_INTERVAL", "60").status().unwrap();
        assert!(status.success(), "{what}");
    }
}

fn steady(plan: &load::Plan) {
    let dir = tempfile::tempdir().unwrap();
    let mut load = Load::open(dir.path(), plan.clone());
    let mut of_minutes = Vec::new();
    load.run(5 * HOUR, |load, passed| {
        if passed > 3 * HOUR {
            load.settle();
            of_minutes.push(load.memory());
        }
    });
    let mean = of_minutes.iter().sum::<f64>() / float(of_minutes.len());
    let (least, most) = extremes(&of_minutes);
    println!(
        "steady: {} series, {} s, {} a value, {:.2} B/sample in blocks: mean {mean:.0} B/series (least {least:.0}, most {most:.0})",
        plan.series,
        plan.interval / 1000,
        plan.per_value,
        load.bytes_per_sample()
    );
    for (what, bytes) in load.db.stats(0).memory {
        println!("steady: of that, by the database's own account, {what}: {:.0}", load.per_own(bytes));
    }
}

fn flush(plan: &load::Plan) {
    let dir = tempfile::tempdir().unwrap();
    let mut load = Load::open(dir.path(), plan.clone());
    let mut before = Vec::new();
    let mut most_of_flush = None;
    load.run_watched(3 * HOUR + HOUR / 4, |load, passed, work| {
        // The flush comes at the end of the third hour.
        if most_of_flush.is_some() || passed < 3 * HOUR - HOUR / 4 {
            return work(load);
        }
        let blocks = load.db.blocks().len();
        load.settle();
        let most = watched(|| work(load));
        if load.db.blocks().len() > blocks {
            most_of_flush = Some(most);
        } else {
            before.push(load.memory());
        }
    });
    let five = &before[before.len().saturating_sub(5)..];
    let mean = five.iter().sum::<f64>() / float(five.len());
    let most = load.per_series(most_of_flush.expect("a head became a block"));
    println!("flush: {} series: mean before {mean:.0} B/series, most while {most:.0}: {:.3}", plan.series, most / mean);
}

/// The most memory while something is done, looked at every 100 ms.
fn watched(work: impl FnOnce()) -> u64 {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                most = most.max(anonymous());
                std::thread::park_timeout(Duration::from_millis(100));
            }
            most.max(anonymous())
        });
        work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        watcher.join().unwrap()
    })
}

fn churn(plan: &load::Plan) {
    let dir = tempfile::tempdir().unwrap();
    let mut load = Load::open(dir.path(), plan.clone());
    load.run(3 * HOUR, |_, _| {});
    let mut rounds = Vec::new();
    for round in 1..=20 {
        load.replace(plan.series / 20);
        load.run(2 * HOUR, |load, passed| {
            if passed > 2 * HOUR - 5 * MINUTE {
                load.settle();
            }
        });
        rounds.push(load.memory());
        println!(
            "churn: round {round}: {:.0} B/series, {} series in the head",
            rounds[rounds.len() - 1],
            load.head_series()
        );
    }
    let third = rounds[2];
    let (least, most) = extremes(&rounds[3..]);
    println!("churn: rounds 4 to 20 beside round 3: {:.3} to {:.3}", least / third, most / third);
}

fn extremes(of: &[f64]) -> (f64, f64) {
    of.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), one| (least.min(*one), most.max(*one)))
}

#[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
fn float(of: usize) -> f64 {
    of as f64
}

/// The memory of this process that no file is behind, in bytes.
fn anonymous() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    anonymous.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}
