//! Queries over one data directory, here and by the real Prometheus: the CPU time of each.
//!
//! Not criterion: each side is a process of its own, asked for what the kernel counted. Prometheus answers over HTTP; here
//! the answer is written as the same JSON into memory. `PROMD_QUERY_HOSTS` is the size of the fleet (490 series a host, 40 hosts
//! if it is not set), `PROMD_QUERY_DATA` a directory to keep the data in, `PROMD_QUERY_ONLY` a part of the names of queries,
//! `PROMD_QUERY_HELPERS` the number of threads beside the first one. Without the real program there are figures of this
//! side alone.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of its own that prints figures")]

mod fleet;
mod json;
mod links;
mod queries;
// The compactor's bench asks the kernel in the same way.
#[path = "../compactor_beside_prometheus/process.rs"]
mod process;
#[path = "../../../crates/compactor/tests/server/mod.rs"]
#[expect(dead_code, reason = "only its start is needed here")]
mod server;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use fleet::{END, HOUR};
use links::copy_links;
use process::usage;
use promd_block::Block;
use promd_clock::{Clock, RealClock};
use promd_fs::{Fs, RealFs};
use promd_model::Interval;
use promd_promql::{Engine, Query, ScopedThreads};
use promd_storage::{Appender, MemStorage, Merge, Reader, Storage, StorageError};
use promd_testkit::peer;
use server::Server;

/// Each side is asked until it has worked for so long, in nanoseconds: the kernel counts hundredths of a second.
const ENOUGH: f64 = 3e8;

struct Blocks(Vec<Block>, MemStorage);

impl Storage for Blocks {
    fn reader(&self, times: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        let all = self.0.iter().filter(|block| block.meta().interval().overlaps(&times));
        Ok(Box::new(all.fold(Merge::new(), |merge, block| merge.with(Box::new(block)))))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        self.1.appender()
    }
}

/// What a query took, in nanoseconds, and a checksum of the answer.
struct Figures {
    cpu: f64,
    wall: f64,
    bytes: usize,
}

fn measure(process: u32, mut ask: impl FnMut() -> usize) -> Figures {
    ask();
    let clock = RealClock::new();
    let (mut bytes, mut runs) = (0, 0.0);
    let (before, began) = (usage(process), clock.monotonic());
    loop {
        bytes = bytes.max(ask());
        runs += 1.0;
        let cpu = usage(process).since(before).cpu();
        if cpu >= ENOUGH || clock.monotonic().since(began).as_nanos() as f64 >= 5.0 * ENOUGH {
            return Figures { cpu: cpu / runs, wall: clock.monotonic().since(began).as_nanos() as f64 / runs, bytes };
        }
    }
}

fn main() {
    let variable = |name: &str| std::env::var(name).ok();
    let number = |name: &str, default: u64| variable(name).map_or(default, |text| text.parse().unwrap());
    let work = tempfile::tempdir().unwrap();
    let data = variable("PROMD_QUERY_DATA").map_or(work.path().join("data"), PathBuf::from);
    let series = fleet::write_all(&data, number("PROMD_QUERY_HOSTS", 40));
    println!("{series} series");
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let found = promd_block::scan(&*fs, &data).unwrap().blocks;
    let blocks = Blocks(found.iter().map(|block| Block::open(&fs, &block.dir).unwrap()).collect(), MemStorage::new());
    let helpers = usize::try_from(number("PROMD_QUERY_HELPERS", 0)).unwrap();
    let engine = Engine::default().with_executor(Arc::new(ScopedThreads::new(helpers)));
    let server = peer("prometheus").filter(|_| variable("PROMD_QUERY_ALONE").is_none()).map(|program| {
        let copy = work.path().join("theirs");
        copy_links(&data, &copy);
        Server::start(&program, &copy, 2 * HOUR, 24 * HOUR)
    });
    let only = variable("PROMD_QUERY_ONLY").unwrap_or_default();
    let mut ratios: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (name, text, back, step) in queries::all() {
        if !name.contains(&only) {
            continue;
        }
        let end = END - 60_000;
        let query = if back == 0 {
            Query::instant(text.as_str(), end)
        } else {
            Query::range(text.as_str(), end - back, end, step)
        };
        let mut body = Vec::new();
        let ours = measure(std::process::id(), || {
            let answer = engine.run(&query, &blocks).unwrap();
            body.clear();
            json::write(&mut body, &answer);
            body.len()
        });
        print!("{name:<22} {:>10.3} ms CPU {:>10.3} ms wall {:>9} bytes", ours.cpu / 1e6, ours.wall / 1e6, ours.bytes);
        if let Some(server) = &server {
            let path = path(&query, &text);
            let mut answer = Vec::new();
            let theirs = measure(server.id(), || {
                answer = get(server.port(), &path);
                answer.len()
            });
            let ratio = ours.cpu / theirs.cpu;
            println!(
                "   Prometheus {:>10.3} ms CPU {:>10.3} ms wall {:>9} bytes   CPU {ratio:.3} wall {:.3}{}",
                theirs.cpu / 1e6,
                theirs.wall / 1e6,
                theirs.bytes,
                ours.wall / theirs.wall,
                if json::same(&body, &answer) { "" } else { "   DIFFERENT" }
            );
            let kind = name.split('_').next().unwrap_or_default();
            ratios
                .entry(match kind {
                    "i" => "instant",
                    "r1h" => "1 h",
                    "r6h" => "6 h",
                    _ => "24 h",
                })
                .or_default()
                .push(ratio);
            ratios.entry("all").or_default().push(ratio);
        } else {
            println!();
        }
    }
    for (kind, ratios) in ratios {
        let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        println!("{kind}: geometric mean of CPU {mean:.3}, worst {worst:.3}, of {} queries", ratios.len());
    }
}

fn path(query: &Query, text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        encoded += &format!("%{byte:02X}");
    }
    let seconds = |t: i64| format!("{}.{:03}", t / 1000, t % 1000);
    match query.step {
        None => format!("/api/v1/query?query={encoded}&time={}", seconds(query.start)),
        Some(step) => format!(
            "/api/v1/query_range?query={encoded}&start={}&end={}&step={}",
            seconds(query.start),
            seconds(query.end),
            seconds(step)
        ),
    }
}

fn get(port: u16, path: &str) -> Vec<u8> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.write_all(format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{path}: {}", String::from_utf8_lossy(&answer));
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(body)
}
