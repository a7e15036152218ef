//! What the program itself tells under `/metrics`: its version, its configuration, its process.

use std::time::{Duration, SystemTime};

use promd_api::BuildInfo;
use promd_metrics::{Collect, Desc, Gauge, Metric, MetricType, Options, Sample, Sink, Value, impl_collect};

/// How the last reading of the configuration went.
pub(crate) struct ReloadMetrics {
    pub(crate) successful: Metric<Gauge>,
    pub(crate) last_success: Metric<Gauge>,
}

impl_collect!(ReloadMetrics { successful, last_success });

impl ReloadMetrics {
    pub(crate) fn new() -> Self {
        Self {
            successful: Metric::new(Options::new(
                "prometheus_config_last_reload_successful",
                "Whether the last configuration reload attempt was successful.",
            )),
            last_success: Metric::new(Options::new(
                "prometheus_config_last_reload_success_timestamp_seconds",
                "Timestamp of the last successful configuration reload.",
            )),
        }
    }
}

/// A gauge of 1 whose labels say what this is.
pub(crate) fn build_info(build: &BuildInfo) -> Metric<Gauge> {
    let options = Options::new(
        "prometheus_build_info",
        "A metric with a constant '1' value labeled by version, revision, branch, goversion from which prometheus was \
         built, and the goos and goarch for the build.",
    );
    let options = options
        .const_label("version", build.version.as_str())
        .const_label("revision", build.revision.as_str())
        .const_label("branch", build.branch.as_str())
        .const_label("goversion", build.go_version.as_str())
        .const_label("goos", std::env::consts::OS)
        .const_label("goarch", go_arch())
        .const_label("tags", "");
    let metric = Metric::<Gauge>::new(options);
    metric.set(1.0);
    metric
}

fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The process, as Go's client library shows it. Numbers that the system does not tell are left out.
pub(crate) struct Process {
    cpu: Desc,
    resident: Desc,
    virtual_size: Desc,
    open_files: Desc,
    max_files: Desc,
    start: Desc,
    started: f64,
}

impl Process {
    pub(crate) fn new(started: SystemTime) -> Self {
        let gauge = |name: &str, help: &str| Desc::new(MetricType::Gauge, Options::new(name, help), &[]);
        let cpu = Options::new("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
        Self {
            cpu: Desc::new(MetricType::Counter, cpu, &[]),
            resident: gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
            virtual_size: gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
            open_files: gauge("process_open_fds", "Number of open file descriptors."),
            max_files: gauge("process_max_fds", "Maximum number of open file descriptors."),
            start: gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds."),
            started: started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64(),
        }
    }

    fn all(&self) -> [&Desc; 6] {
        [&self.cpu, &self.resident, &self.virtual_size, &self.open_files, &self.max_files, &self.start]
    }
}

impl Collect for Process {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.all().into_iter().for_each(each);
    }

    fn collect(&self, _: SystemTime, sink: &mut dyn Sink) {
        let mut show = |desc: &Desc, value: Option<Value<'_>>| {
            if let Some(value) = value {
                sink.family(desc);
                sink.sample(&Sample::new(&[], value));
            }
        };
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let stat = Stat::of(&stat);
        show(&self.cpu, stat.map(|stat| Value::counter(stat.cpu_seconds)));
        show(&self.resident, stat.map(|stat| Value::Gauge(stat.resident_bytes)));
        show(&self.virtual_size, stat.map(|stat| Value::Gauge(stat.virtual_bytes)));
        let open = std::fs::read_dir("/proc/self/fd").map(Iterator::count);
        show(&self.open_files, open.ok().map(|count| Value::Gauge(count as f64)));
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        show(&self.max_files, max_files(&limits).map(Value::Gauge));
        show(&self.start, Some(Value::Gauge(self.started)));
    }
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    virtual_bytes: f64,
    resident_bytes: f64,
}

impl Stat {
    fn of(text: &str) -> Option<Self> {
        /// Ticks a second, and bytes a page: both are the same on all machines that promd is built for.
        const TICKS: f64 = 100.0;
        const PAGE: f64 = 4096.0;
        // The name of the program is in parentheses, and may have anything in it.
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<f64> = fields.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
        Some(Self {
            cpu_seconds: (fields.get(11)? + fields.get(12)?) / TICKS,
            virtual_bytes: *fields.get(20)?,
            resident_bytes: fields.get(21)? * PAGE,
        })
    }
}

fn max_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From proc(5): fields 14 and 15 are ticks, 23 is bytes, 24 is pages.
    #[test]
    fn the_process_is_read_from_proc() {
        let text = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 17 18 19 4096000 10 20";
        let expected = Stat { cpu_seconds: 2.0, virtual_bytes: 4_096_000.0, resident_bytes: 40_960.0 };
        assert_eq!(Stat::of(text), Some(expected));
        assert_eq!(Stat::of(""), None);
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096   files\n";
        assert_eq!(max_files(limits), Some(1024.0));
    }
}
