//! The data: a fleet of hosts with pods and an HTTP service, 24 h at 15 s.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use promd_block::{BlockError, BlockId, BlockSource, Meta, SourceChunk, SourceSeries, WriteOptions, write};
use promd_chunk::{Encoding, XorAppender};
use promd_fs::{Fs, RealFs};
use promd_model::Labels;

pub(super) const HOUR: i64 = 3_600_000;
/// The end of the data, which is midnight.
pub(super) const END: i64 = 20_000 * 24 * HOUR;
const STEP: i64 = 15_000;
const SAMPLES_A_CHUNK: i64 = 120;

/// How the values of a series move.
#[derive(Clone, Copy)]
enum Kind {
    Constant(f64),
    /// Whole numbers that grow by so much a step.
    Counter(u64),
    /// Hundredths that grow by so much a step.
    Seconds(u64),
    /// Multiples of 4096 around a level.
    Bytes(u64),
}

struct Planned {
    labels: Labels,
    kind: Kind,
    seed: u64,
}

fn mix(seed: u64) -> u64 {
    let mixed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 13
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn value(kind: Kind, seed: u64, tick: u64) -> f64 {
    match kind {
        Kind::Constant(value) => value,
        Kind::Counter(0) | Kind::Seconds(0) => (seed % 1000) as f64,
        // Noise below what a step adds, so that the counter never falls but at its reset.
        Kind::Counter(rate) => ((tick % 5000) * rate + mix(seed ^ tick) % rate) as f64,
        Kind::Seconds(rate) => (tick * rate + mix(seed ^ tick) % rate) as f64 / 100.0,
        Kind::Bytes(level) => (level + mix(seed ^ (tick / 4)) % 2000) as f64 * 4096.0,
    }
}

/// All series of the fleet, in label order.
fn plan(hosts: u64) -> Vec<Planned> {
    let mut all = Vec::new();
    for host in 0..hosts {
        let instance = format!("127.1.0.{host}:9100");
        let mut add = |name: &str, labels: &[(&str, String)], kind: Kind| {
            let shared = [("__name__", name.to_owned()), ("instance", instance.clone()), ("job", "bench".to_owned())];
            let labels = shared.iter().cloned().chain(labels.iter().cloned());
            let seed = mix(all.len() as u64 + 1);
            all.push(Planned { labels: Labels::from_pairs(labels).unwrap(), kind, seed });
        };
        let activity = |number: u64| [0, 0, 0, 1, 2, 3, 60, 700][(mix(host * 977 + number) % 8) as usize];
        for cpu in 0..10 {
            for (mode, rate) in [
                ("idle", 1300),
                ("iowait", 2),
                ("irq", 0),
                ("nice", 0),
                ("softirq", 3),
                ("steal", 0),
                ("system", 120),
                ("user", 150),
            ] {
                add(
                    "node_cpu_seconds_total",
                    &[("cpu", format!("{cpu}")), ("mode", mode.to_owned())],
                    Kind::Seconds(rate),
                );
            }
        }
        let namespace = |pod: u64| {
            ["default", "kube-system", "monitoring", "payments", "checkout", "search", "frontend", "batch"]
                [((pod + host) % 8) as usize]
                .to_owned()
        };
        let pod = |pod: u64| {
            let name = ["api-server", "worker", "ingress-nginx-controller", "postgres-primary"][(pod % 4) as usize];
            format!("{name}-{:08x}", mix(host << 20 ^ pod) & 0xffff_ffff)
        };
        for container in 0..25 {
            let labels = [
                ("container", format!("app-{}", container / 10)),
                ("id", format!("/kubepods/burstable/pod{:016x}", mix(host << 30 ^ container))),
                ("image", format!("registry.example.com/team-{}/app:v1.{container}.0", container % 7)),
                ("namespace", namespace(container % 10)),
                ("pod", pod(container % 10)),
            ];
            add("container_cpu_usage_seconds_total", &labels, Kind::Seconds(activity(container)));
            add("container_network_receive_bytes_total", &labels, Kind::Counter(activity(container) * 1000));
            add("container_memory_working_set_bytes", &labels, Kind::Bytes(40_000));
            add("container_memory_rss", &labels, Kind::Bytes(30_000));
            add("container_fs_usage_bytes", &labels, Kind::Constant(4_096_000.0));
        }
        for number in 0..10 {
            let labels = [("namespace", namespace(number)), ("pod", pod(number))];
            let node = [("node", format!("node-{:03}", host % 100))];
            add("kube_pod_info", &[&labels[..], &node[..]].concat(), Kind::Constant(1.0));
            for (phase, up) in
                [("Failed", 0.0), ("Pending", 0.0), ("Running", 1.0), ("Succeeded", 0.0), ("Unknown", 0.0)]
            {
                add(
                    "kube_pod_status_phase",
                    &[&labels[..], &[("phase", phase.to_owned())]].concat(),
                    Kind::Constant(up),
                );
            }
        }
        let handlers = [
            "/api/v1/query",
            "/api/v1/orders",
            "/api/v1/cart",
            "/healthz",
            "/login",
            "/metrics",
            "/graphql",
            "/upload",
        ];
        for (number, handler) in (0..).zip(handlers) {
            let labels =
                [("handler", handler.to_owned()), ("method", ["GET", "POST", "PUT"][(number % 3) as usize].to_owned())];
            let rate = activity(number);
            for (at, le) in
                (1..).zip(["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"])
            {
                let labels = [&labels[..], &[("le", le.to_owned())]].concat();
                add("http_request_duration_seconds_bucket", &labels, Kind::Counter(rate * at));
            }
            add("http_request_duration_seconds_sum", &labels, Kind::Seconds(rate));
            add("http_request_duration_seconds_count", &labels, Kind::Counter(rate * 12));
            for code in ["200", "201", "400", "404", "500"] {
                let labels = [&labels[..], &[("code", code.to_owned())]].concat();
                add("http_requests_total", &labels, Kind::Counter(activity(number * 7)));
            }
        }
        for disk in 0..5 {
            let labels =
                [("device", format!("/dev/nvme{disk}")), ("mountpoint", format!("/var/lib/data/volume-{disk}"))];
            add("node_filesystem_size_bytes", &labels, Kind::Constant(1.05e11));
            add("node_filesystem_avail_bytes", &labels, Kind::Bytes(15_000_000));
            add("node_filesystem_free_bytes", &labels, Kind::Bytes(16_000_000));
        }
        for number in 0..30 {
            let name = ["MemFree", "MemAvailable", "Buffers", "Cached", "Active"].get(number as usize);
            let name = name.map_or(format!("Other{number}"), |name| (*name).to_owned());
            add(&format!("node_memory_{name}_bytes"), &[], Kind::Bytes(250_000));
        }
        for queue in 0..30 {
            add("queue_depth", &[("queue", format!("q-{queue:04}"))], Kind::Bytes(30));
        }
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    all
}

/// Writes three blocks of eight hours, and returns the number of series.
pub(super) fn write_all(data: &Path, hosts: u64) -> usize {
    let series = plan(hosts);
    if data.exists() {
        return series.len();
    }
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    fs.create_dir_all(data).unwrap();
    for number in 0..3 {
        let begin = END - 24 * HOUR + number * 8 * HOUR;
        let meta = Meta::new(BlockId::new(begin.unsigned_abs(), 1), begin, begin + 8 * HOUR);
        let mut source = Generated { symbols: symbols(&series), series: &series, next: 0, begin };
        let options = WriteOptions::default();
        write(&fs, data, meta, &mut source, &options, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    }
    series.len()
}

fn symbols(series: &[Planned]) -> Vec<String> {
    let mut all = vec![String::new()];
    for planned in series {
        all.extend(planned.labels.iter().flat_map(|label| [label.name.to_owned(), label.value.to_owned()]));
    }
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.dedup();
    all
}

struct Generated<'a> {
    /// Those that are still to come, the last one first.
    symbols: Vec<String>,
    series: &'a [Planned],
    next: usize,
    begin: i64,
}

impl BlockSource for Generated<'_> {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        let next = self.symbols.pop();
        *symbol = next.clone().unwrap_or_default();
        Ok(next.is_some())
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        series.clear();
        let Some(planned) = self.series.get(self.next) else { return Ok(false) };
        self.next += 1;
        series.labels = planned.labels.clone();
        for chunk in 0..8 * HOUR / STEP / SAMPLES_A_CHUNK {
            // Not all at the same moment.
            let min = self.begin + chunk * SAMPLES_A_CHUNK * STEP + (planned.seed % 15_000).cast_signed();
            let mut open = XorAppender::new();
            for sample in 0..SAMPLES_A_CHUNK {
                let t = min + sample * STEP;
                open.append(t, value(planned.kind, planned.seed, ((t - END + 24 * HOUR) / STEP).unsigned_abs()))
                    .unwrap();
            }
            let bytes = Bytes::copy_from_slice(open.bytes());
            series.chunks.push(SourceChunk {
                min,
                max: min + (SAMPLES_A_CHUNK - 1) * STEP,
                encoding: Encoding::Xor,
                bytes,
            });
        }
        Ok(true)
    }
}
