//! The process under `/metrics`: what Go's client library shows of one, as far as dashboards ask for it.
//!
//! There is no heap of Go's, no garbage and no goroutine here. The families of that name that dashboards draw have what
//! comes closest, and their help says what that is; those of the collector of garbage are left out.

use std::fmt;
use std::time::{Duration, SystemTime};

use promd_metrics::{Collect, Desc, MetricType, Options, Sample, Sink, Value};

/// Finds a value among the facts, if the system tells it.
type Reading = fn(&Facts) -> Option<f64>;

/// A family, and where its value is.
type Row = (&'static str, MetricType, &'static str, Reading);

/// All families. Numbers that the system does not tell are left out.
const ROWS: &[Row] = &[
    ("process_cpu_seconds_total", MetricType::Counter, "Total user and system CPU time spent in seconds.", |facts| {
        // Fields 14 and 15 of proc(5), in ticks of a hundredth of a second on all machines that promd is built for.
        Some((facts.stat(14)? + facts.stat(15)?) / 100.0)
    }),
    ("process_resident_memory_bytes", MetricType::Gauge, "Resident memory size in bytes.", |facts| {
        facts.status("VmRSS:")
    }),
    ("process_virtual_memory_bytes", MetricType::Gauge, "Virtual memory size in bytes.", |facts| facts.stat(23)),
    (
        "process_virtual_memory_max_bytes",
        MetricType::Gauge,
        "Maximum amount of virtual memory available in bytes.",
        |facts| facts.limit("Max address space"),
    ),
    ("process_open_fds", MetricType::Gauge, "Number of open file descriptors.", |facts| facts.open_files),
    ("process_max_fds", MetricType::Gauge, "Maximum number of open file descriptors.", |facts| {
        facts.limit("Max open files")
    }),
    (
        "process_start_time_seconds",
        MetricType::Gauge,
        "Start time of the process since unix epoch in seconds.",
        |facts| Some(facts.started),
    ),
    (
        "process_network_receive_bytes_total",
        MetricType::Counter,
        "Number of bytes received by the process over the network.",
        |facts| facts.network("InOctets"),
    ),
    (
        "process_network_transmit_bytes_total",
        MetricType::Counter,
        "Number of bytes sent by the process over the network.",
        |facts| facts.network("OutOctets"),
    ),
    ("go_threads", MetricType::Gauge, "Number of threads of the process.", |facts| facts.stat(20)),
    ("go_goroutines", MetricType::Gauge, "Number of asynchronous tasks; promd has no goroutines.", |facts| facts.tasks),
    (
        "go_sched_gomaxprocs_threads",
        MetricType::Gauge,
        "Number of threads that may run at once; there is no GOMAXPROCS.",
        |_| std::thread::available_parallelism().ok().map(|threads| threads.get() as f64),
    ),
    ("go_memstats_alloc_bytes", MetricType::Gauge, ANONYMOUS, |facts| facts.status("RssAnon:")),
    ("go_memstats_heap_alloc_bytes", MetricType::Gauge, ANONYMOUS, |facts| facts.status("RssAnon:")),
    ("go_memstats_heap_inuse_bytes", MetricType::Gauge, ANONYMOUS, |facts| facts.status("RssAnon:")),
    (
        "go_memstats_sys_bytes",
        MetricType::Gauge,
        "Bytes of data that are mapped; promd has no heap of Go's.",
        |facts| facts.status("VmData:"),
    ),
];

const ANONYMOUS: &str = "Resident bytes that are of no file; promd has no heap of Go's.";

/// The process of this program.
pub(crate) struct Process {
    rows: Vec<(Desc, Reading)>,
    started: f64,
}

impl Process {
    pub(crate) fn new(started: SystemTime) -> Self {
        let row = |(name, kind, help, value): &Row| (Desc::new(*kind, Options::new(*name, *help), &[]), *value);
        Self {
            rows: ROWS.iter().map(row).collect(),
            started: started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64(),
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

impl Collect for Process {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.rows.iter().for_each(|(desc, _)| each(desc));
    }

    fn collect(&self, _: SystemTime, sink: &mut dyn Sink) {
        let facts = Facts::of_this_process(self.started);
        for (desc, value) in &self.rows {
            let Some(value) = value(&facts) else { continue };
            sink.family(desc);
            let value = match desc.metric_type() {
                MetricType::Counter => Value::counter(value),
                _ => Value::Gauge(value),
            };
            sink.sample(&Sample::new(&[], value));
        }
    }
}

/// What proc(5) says of a process.
#[derive(Debug, Default)]
struct Facts {
    stat: String,
    status: String,
    limits: String,
    network: String,
    open_files: Option<f64>,
    tasks: Option<f64>,
    started: f64,
}

impl Facts {
    fn of_this_process(started: f64) -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let tasks = tokio::runtime::Handle::try_current().map(|handle| handle.metrics().num_alive_tasks() as f64);
        Self {
            stat: read("stat"),
            status: read("status"),
            limits: read("limits"),
            network: read("net/netstat"),
            open_files: std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64),
            tasks: tasks.ok(),
            started,
        }
    }

    /// A field of `stat`, by its number in the manual.
    fn stat(&self, field: usize) -> Option<f64> {
        // The name of the program, which is field 2, is in parentheses and may have anything in it.
        let (_, fields) = self.stat.rsplit_once(')')?;
        fields.split_whitespace().nth(field.checked_sub(3)?)?.parse().ok()
    }

    /// A line of `status` that counts kilobytes, in bytes.
    fn status(&self, name: &str) -> Option<f64> {
        let line = self.status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
    }

    /// A soft limit. Go's client library shows one that is not set as the largest number of 64 bits.
    fn limit(&self, name: &str) -> Option<f64> {
        let line = self.limits.lines().find_map(|line| line.strip_prefix(name))?;
        match line.split_whitespace().next()? {
            "unlimited" => Some(u64::MAX as f64),
            number => number.parse().ok(),
        }
    }

    /// A counter of IP packets: names stand in one line, values in the next.
    fn network(&self, name: &str) -> Option<f64> {
        let mut lines = self.network.lines().filter_map(|line| line.strip_prefix("IpExt:"));
        let (names, values) = (lines.next()?, lines.next()?);
        let mut pairs = names.split_whitespace().zip(values.split_whitespace());
        pairs.find(|(known, _)| *known == name)?.1.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layouts are those of proc(5).
    #[test]
    fn the_process_is_read_from_proc() {
        let facts = Facts {
            stat: "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 17 18 19 4096000 10 20".to_owned(),
            status: "Name:\tx\nVmRSS:\t    8 kB\nRssAnon:\t       4 kB\n".to_owned(),
            limits:
                "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096   files\n\
                     Max address space  unlimited  unlimited  bytes\n"
                    .to_owned(),
            network: "TcpExt: a b\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 5 6 7\n".to_owned(),
            ..Facts::default()
        };
        assert_eq!((facts.stat(14), facts.stat(15), facts.stat(23)), (Some(150.0), Some(50.0), Some(4_096_000.0)));
        assert_eq!((facts.status("VmRSS:"), facts.status("RssAnon:")), (Some(8192.0), Some(4096.0)));
        assert_eq!(facts.limit("Max open files"), Some(1024.0));
        assert_eq!(facts.limit("Max address space"), Some(18_446_744_073_709_552_000.0));
        assert_eq!((facts.network("InOctets"), facts.network("OutOctets")), (Some(6.0), Some(7.0)));
        let nothing = Facts::default();
        assert_eq!((nothing.stat(14), nothing.status("VmRSS:"), nothing.limit("Max open files")), (None, None, None));
        assert_eq!(nothing.network("InOctets"), None);
    }
}
