//! What file discovery counts, under Prometheus' names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use promd_metrics::{
    Collect, Counter, Desc, Metric, MetricType, Options, Sample, Sink, Summary, SummarySettings, Value,
};

/// The metrics of all file discoveries of a program.
#[derive(Debug)]
pub struct FileMetrics {
    pub(super) read_errors: Metric<Counter>,
    pub(super) scan_duration: Metric<Summary>,
    pub(super) watcher_errors: Metric<Counter>,
    mtime: Desc,
    /// By discovery, since several may read the same file.
    mtimes: Arc<Mutex<Mtimes>>,
}

#[derive(Debug, Default)]
struct Mtimes {
    next: usize,
    of: BTreeMap<usize, BTreeMap<String, f64>>,
}

impl Default for FileMetrics {
    fn default() -> Self {
        let options = |name: &str, help: &str| Options::new(format!("prometheus_sd_file_{name}"), help);
        let quantiles = SummarySettings::new([(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)]);
        let scans = options("scan_duration_seconds", "The duration of the File-SD scan in seconds.");
        let mtime =
            options("mtime_seconds", "Timestamp (mtime) of files read by FileSD. Timestamp is set at read time.");
        Self {
            read_errors: Metric::new(options("read_errors_total", "The number of File-SD read errors.")),
            scan_duration: Metric::with(scans, &quantiles, None),
            watcher_errors: Metric::new(options(
                "watcher_errors_total",
                "The number of File-SD errors caused by filesystem watch failures.",
            )),
            mtime: Desc::new(MetricType::Gauge, mtime, &["filename"]),
            mtimes: Arc::default(),
        }
    }
}

impl FileMetrics {
    /// Where a discovery notes the times of its files.
    pub(super) fn mtimes(&self) -> MtimesOf {
        let mut mtimes = self.mtimes.lock();
        let id = mtimes.next;
        mtimes.next += 1;
        MtimesOf { id, mtimes: Arc::clone(&self.mtimes) }
    }
}

/// The times of the files of one discovery; gone with it.
#[derive(Debug)]
pub(super) struct MtimesOf {
    id: usize,
    mtimes: Arc<Mutex<Mtimes>>,
}

impl MtimesOf {
    /// Notes when a file that was read has been changed.
    pub(super) fn set(&self, file: &str) {
        // Times are no part of `promd-fs`: nothing that is stored depends on them.
        let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified());
        let Ok(since) = modified.map(|time| time.duration_since(UNIX_EPOCH).unwrap_or_default()) else { return };
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        let seconds = since.as_secs() as f64;
        self.mtimes.lock().of.entry(self.id).or_default().insert(file.to_owned(), seconds);
    }

    /// Forgets a file.
    pub(super) fn remove(&self, file: &str) {
        if let Some(files) = self.mtimes.lock().of.get_mut(&self.id) {
            files.remove(file);
        }
    }
}

impl Drop for MtimesOf {
    fn drop(&mut self) {
        self.mtimes.lock().of.remove(&self.id);
    }
}

impl Collect for FileMetrics {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.read_errors.describe(each);
        self.scan_duration.describe(each);
        self.watcher_errors.describe(each);
        each(&self.mtime);
    }

    fn collect(&self, now: SystemTime, sink: &mut dyn Sink) {
        self.read_errors.collect(now, sink);
        self.scan_duration.collect(now, sink);
        self.watcher_errors.collect(now, sink);
        sink.family(&self.mtime);
        let mtimes = self.mtimes.lock();
        let files: BTreeMap<&String, &f64> = mtimes.of.values().flatten().collect();
        for (file, seconds) in files {
            sink.sample(&Sample::new(&[("filename", file)], Value::Gauge(*seconds)));
        }
    }
}
