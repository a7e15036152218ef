//! What scraping costs beside the real Prometheus and VictoriaMetrics: CPU time for a million samples, from the socket to the log
//! on the disk.
//!
//! Not criterion: each figure is that of a process of its own, as the kernel counts it. One generator serves all targets, gzipped,
//! and one server after the other scrapes them. `cargo bench -p promd-benches --bench scrape_beside_prometheus -- ingest`:
//!
//! - `PROMD_TARGETS` (100), `PROMD_SERIES` each (2000), `PROMD_INTERVAL` in seconds (5): what is scraped;
//! - `PROMD_SECONDS` (25): how long is measured, after three intervals in which series become known.
//!
//! Without an argument it runs small, as a check that it does. Ours is the scraper over the database, as `examples/collect` of
//! the scraper has it; `PROMD_SERVER` names a server to measure beside that.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of its own that prints figures")]

mod collect;
mod generator;
// The compactor's bench asks the kernel in the same way.
#[path = "../compactor_beside_prometheus/process.rs"]
mod process;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use generator::Generator;
use mimalloc::MiMalloc;

/// That of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What is scraped, and for how long.
#[derive(Debug, Clone, Copy)]
struct Plan {
    targets: usize,
    series: usize,
    interval: u64,
    seconds: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let set = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let size = |name: &str, default: u64| usize::try_from(set(name, default)).unwrap();
    match words[..] {
        ["collect", file, dir] => collect::run(Path::new(file), Path::new(dir)),
        ["ingest"] => compare(Plan {
            targets: size("PROMD_TARGETS", 100),
            series: size("PROMD_SERIES", 2_000),
            interval: set("PROMD_INTERVAL", 5),
            seconds: set("PROMD_SECONDS", 25),
        }),
        _ => compare(Plan { targets: 4, series: 100, interval: 1, seconds: 2 }),
    }
}

/// A server that is ended when the value goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn compare(plan: Plan) {
    let generator = Generator::start(plan.targets, plan.series, Duration::from_secs(plan.interval));
    let mut all = Vec::new();
    for (name, program) in [
        ("prometheus", promd_testkit::peer("prometheus")),
        ("victoria-metrics", promd_testkit::peer("victoria-metrics")),
        ("collect", Some(std::env::current_exe().unwrap())),
        ("promd", std::env::var_os("PROMD_SERVER").map(Into::into)),
    ] {
        let Some(program) = program else { continue };
        let cost = measure(name, &program, plan, &generator);
        println!("{name:<18} {:>7.3} CPU s for a million samples, {:>6.1} MiB at the most", cost.0, cost.1);
        all.push((name, cost.0));
    }
    let base = all.iter().find(|(name, _)| *name == "prometheus").map(|(_, cost)| *cost);
    for (name, cost) in all.iter().filter(|_| base.is_some()) {
        println!("{name:<18} {:>7.3} of Prometheus", cost / base.unwrap_or(1.0));
    }
}

#[expect(clippy::disallowed_methods, reason = "the servers that are measured live in real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// CPU seconds for a million samples, and the most memory in MiB.
fn measure(name: &str, program: &Path, plan: Plan, generator: &Generator) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let targets: Vec<String> = generator.targets().iter().map(ToString::to_string).collect();
    let (interval, targets) = (plan.interval, targets.join("', '"));
    let job = format!("{{job_name: bench, static_configs: [{{targets: ['{targets}']}}]}}");
    let text =
        format!("global: {{scrape_interval: {interval}s, scrape_timeout: {interval}s}}\nscrape_configs: [{job}]\n");
    std::fs::write(&file, text).unwrap();
    let shown = |path: &Path| path.to_str().unwrap().to_owned();
    let (file, data) = (shown(&file), shown(&folder.path().join("data")));
    let flags = match name {
        "collect" => vec!["collect".to_owned(), file, data],
        "victoria-metrics" => vec![
            format!("-promscrape.config={file}"),
            format!("-storageDataPath={data}"),
            "-httpListenAddr=127.0.0.1:0".to_owned(),
        ],
        _ => vec![
            format!("--config.file={file}"),
            format!("--storage.tsdb.path={data}"),
            "--web.listen-address=127.0.0.1:0".to_owned(),
        ],
    };
    let mut command = Command::new(program);
    let running = Running(command.args(flags).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let id = running.0.id();
    wait(Duration::from_secs(3 * plan.interval));
    let (before, served) = (process::usage(id), generator.samples());
    wait(Duration::from_secs(plan.seconds));
    let cost = process::usage(id).since(before);
    let samples = generator.samples() - served;
    assert!(samples > 0, "{name} scrapes nothing");
    (cost.cpu() / 1e9 / (samples as f64 / 1e6), cost.peak / f64::from(1 << 20))
}
