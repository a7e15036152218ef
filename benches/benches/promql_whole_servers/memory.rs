//! What one query takes of memory.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use promd_clock::{Clock, RealClock, Signal};

use crate::fleet::HOUR;
use crate::servers::{self, Running};
use crate::{path, wide};

/// Aggregations over all series: the name, the expression, how far back, the step.
const QUERIES: [(&str, &str, i64, i64); 5] = [
    ("sum_rate", "sum by (mode) (rate(cpu_seconds_total[5m]))", 6 * HOUR, 60_000),
    ("sum_all", "sum(cpu_seconds_total)", 6 * HOUR, 60_000),
    ("max_over_time", "max by (mode) (max_over_time(cpu_seconds_total[1h]))", 6 * HOUR, 60_000),
    ("count_by_host", "count by (host) (cpu_seconds_total)", 6 * HOUR, 60_000),
    ("instant_sum_rate", "sum by (mode) (rate(cpu_seconds_total[5m]))", 0, 0),
];

pub(super) fn compare(series: u64, only: &str) {
    let work = tempfile::tempdir().unwrap();
    let data = work.path().join("data");
    wide::write(&data, series);
    println!("{series} series, 6 h at 60 s");
    for (name, text, back, step) in QUERIES.into_iter().filter(|(name, ..)| name.contains(only)) {
        print!("{name:<20}");
        // A server keeps memory that it has had; so each query has a server of its own.
        let folder = work.path().join(name);
        let mut first = None;
        for mut server in servers::start_all(&folder, &data) {
            // Files are opened and caches warmed by a query of the same kind over little.
            server.get(&path("count(cpu_seconds_total{mode=\"idle\",cpu=\"0\"})", 0, 0));
            let rest = anonymous(server.process_id());
            let most = most_during(&mut server, &path(text, back, step));
            let taken = most.saturating_sub(rest) as f64 / 1048576.0;
            let of_first = taken / *first.get_or_insert(taken);
            print!("  {} {taken:>8.1} MiB ({of_first:.3})", server.name());
        }
        println!();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

/// The anonymous memory of a process that is resident.
fn anonymous(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
}

/// The most while a query is answered, looked at every two milliseconds.
fn most_during(server: &mut Running, path: &str) -> usize {
    let process = server.process_id();
    let (most, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let (clock, signal) = (RealClock::new(), Signal::new());
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(anonymous(process), Ordering::Relaxed);
                signal.wait_until(&clock, clock.monotonic() + Duration::from_millis(2));
            }
        });
        server.get(path);
        done.store(true, Ordering::Relaxed);
    });
    most.into_inner()
}
