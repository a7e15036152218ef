//! Queries of whole servers over HTTP, on the same samples: CPU, memory, and whether the answers are the same.
//!
//! Not criterion: each server is a process of its own, asked for what the kernel counted.
//! `cargo bench -p promd-benches --bench promql_whole_servers -- WHAT`:
//!
//! - `cpu`: the queries of `promql_beside_prometheus`, each asked until it has taken 0.3 s of CPU;
//! - `memory`: what one query over 50 000 series takes above what the server takes at rest.
//!
//! The servers are `target/release/promd` (or `PROMD_SERVER`), and the programs `prometheus` and `victoria-metrics` that
//! `cargo xtask peers` knows of; one that is not there is left out. The first reads the blocks that this bench writes, as does the
//! second; `vmctl` puts them into the third. `PROMD_QUERY_HOSTS` is the size of the fleet (490 series a host, 40 hosts),
//! `PROMD_QUERY_ONLY` a part of the names of queries. Without an argument both run, small, as a check that they do.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of its own that prints figures")]

#[path = "../promql_beside_prometheus/fleet.rs"]
mod fleet;
#[path = "../promql_beside_prometheus/json.rs"]
#[expect(dead_code, reason = "answers are compared, and none is written")]
mod json;
#[path = "../promql_beside_prometheus/links.rs"]
mod links;
mod memory;
#[path = "../compactor_beside_prometheus/process.rs"]
mod process;
#[path = "../promql_beside_prometheus/queries.rs"]
mod queries;
mod servers;
mod wide;

use std::collections::BTreeMap;

use fleet::{END, HOUR};
use process::usage;
use promd_clock::{Clock, RealClock};
use promd_testkit::encode;
use servers::Running;

/// Each server is asked until it has worked for so long, in nanoseconds: the kernel counts hundredths of a second.
const ENOUGH: f64 = 3e8;

fn main() {
    let variable = |name: &str| std::env::var(name).ok();
    let number = |name: &str, default: u64| variable(name).map_or(default, |text| text.parse().unwrap());
    let only = variable("PROMD_QUERY_ONLY").unwrap_or_default();
    match std::env::args().skip(1).find(|argument| argument != "--bench").as_deref() {
        Some("cpu") => cpu(number("PROMD_QUERY_HOSTS", 40), &only, ENOUGH),
        Some("memory") => memory::compare(number("PROMD_SERIES", 50_000), &only),
        _ => {
            cpu(2, &only, 0.0);
            memory::compare(500, &only);
        }
    }
}

/// A query as a path of the API, which no server answers from what it remembers.
fn path(text: &str, back: i64, step: i64) -> String {
    let (query, end) = (encode(text), (END - 60_000) / 1000);
    if back == 0 {
        return format!("/api/v1/query?query={query}&time={end}&nocache=1");
    }
    format!("/api/v1/query_range?query={query}&start={}&end={end}&step={}&nocache=1", end - back / 1000, step / 1000)
}

/// What a query took a time, in nanoseconds.
struct Figures {
    cpu: f64,
    wall: f64,
    body: Vec<u8>,
}

fn measure(server: &mut Running, path: &str, enough: f64) -> Figures {
    server.get(path);
    let clock = RealClock::new();
    let (before, began) = (usage(server.process_id()), clock.monotonic());
    let mut runs = 0.0;
    loop {
        let body = server.get(path);
        runs += 1.0;
        let cpu = usage(server.process_id()).since(before).cpu();
        let wall = clock.monotonic().since(began).as_nanos() as f64;
        if cpu >= enough || wall >= 10.0 * enough {
            return Figures { cpu: cpu / runs, wall: wall / runs, body };
        }
    }
}

fn cpu(hosts: u64, only: &str, enough: f64) {
    let work = tempfile::tempdir().unwrap();
    let data = work.path().join("data");
    println!("{} series, 24 h at 15 s", fleet::write_all(&data, hosts));
    let mut servers = servers::start_all(work.path(), &data);
    let names: Vec<&'static str> = servers.iter().map(Running::name).collect();
    let Some(base) = names.iter().position(|name| *name == "prometheus") else {
        return println!("there is no Prometheus to compare with");
    };
    // Ratios of CPU and of time to that of Prometheus, by server and kind of query.
    let mut ratios: BTreeMap<(&str, &str), Vec<(f64, f64)>> = BTreeMap::new();
    for (name, text, back, step) in queries::all().into_iter().filter(|(name, ..)| name.contains(only)) {
        let path = path(&text, back, step);
        let all: Vec<Figures> = servers.iter_mut().map(|server| measure(server, &path, enough)).collect();
        print!("{name:<20}");
        for (figures, server) in all.iter().zip(&names) {
            let (cpu, wall) = (figures.cpu / all[base].cpu, figures.wall / all[base].wall);
            // What is not Prometheus' engine has its own idea of windows, so only promd's answers must be the same.
            let different = *server == "promd" && !json::same(&figures.body, &all[base].body);
            print!(
                "  {server} {:>8.3} ms CPU ({cpu:.3}) {:>8.3} ms{}",
                figures.cpu / 1e6,
                figures.wall / 1e6,
                if different { " DIFFERENT" } else { "" }
            );
            let kind = match back {
                0 => "instant",
                HOUR => "1 h",
                back if back <= 6 * HOUR => "6 h",
                _ => "24 h",
            };
            ratios.entry((server, kind)).or_default().push((cpu, wall));
            ratios.entry((server, "all")).or_default().push((cpu, wall));
        }
        println!();
    }
    for ((server, kind), ratios) in &ratios {
        let mean = |of: fn(&(f64, f64)) -> f64| {
            (ratios.iter().map(|ratio| of(ratio).ln()).sum::<f64>() / ratios.len() as f64).exp()
        };
        let worst = ratios.iter().map(|ratio| ratio.0).fold(0.0, f64::max);
        println!(
            "{server}, {} queries of {kind}: of Prometheus' CPU {:.3} (worst {worst:.3}), of its time {:.3} (geometric means)",
            ratios.len(),
            mean(|ratio| ratio.0),
            mean(|ratio| ratio.1)
        );
    }
}
