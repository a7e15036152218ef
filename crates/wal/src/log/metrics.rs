//! What a log counts, under Prometheus' names.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use promd_clock::WallTime;
use promd_metrics::{Counter, Family, IntGauge, Metric, Options, Summary, SummarySettings, impl_collect};

/// The metrics of a log.
pub struct LogMetrics {
    pub(super) fsync_duration: Metric<Summary>,
    pub(super) page_flushes: Metric<Counter>,
    pub(super) completed_pages: Metric<Counter>,
    pub(super) truncations_failed: Metric<Counter>,
    pub(super) truncations: Metric<Counter>,
    pub(super) segment_current: Metric<IntGauge>,
    pub(super) writes_failed: Metric<Counter>,
    pub(super) storage_size: Metric<IntGauge>,
    pub(super) part_writes: Metric<Counter>,
    pub(super) part_bytes: Metric<Counter>,
    pub(super) bytes_saved: Family<Counter, 1>,
    pub(super) syncs_failed: Metric<Counter>,
    pub(super) records_rewritten: Metric<Counter>,
}

impl_collect!(LogMetrics {
    fsync_duration,
    page_flushes,
    completed_pages,
    truncations_failed,
    truncations,
    segment_current,
    writes_failed,
    storage_size,
    part_writes,
    part_bytes,
    bytes_saved,
    syncs_failed,
    records_rewritten,
});

impl fmt::Debug for LogMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogMetrics").finish_non_exhaustive()
    }
}

impl LogMetrics {
    /// What names begin with for the log of the head, and of the agent.
    pub const WAL: &str = "tsdb_wal_";

    /// What they begin with for the log of out-of-order samples.
    pub const WBL: &str = "tsdb_out_of_order_wbl_";

    /// Metrics named `prometheus_<part>...`, and `promd_<part>...` for those that Prometheus does not have.
    ///
    /// ```
    /// let metrics = promd_wal::LogMetrics::new(promd_wal::LogMetrics::WBL);
    /// let mut names = Vec::new();
    /// promd_metrics::Collect::describe(&metrics, &mut |desc| names.push(desc.name().to_owned()));
    /// assert!(names.contains(&"prometheus_tsdb_out_of_order_wbl_page_flushes_total".to_owned()));
    /// ```
    #[must_use]
    pub fn new(part: &str) -> Self {
        let options = |name: &str, help: &str| Options::new(format!("prometheus_{part}{name}"), help);
        let own = |name: &str, help: &str| Options::new(format!("promd_{part}{name}"), help);
        // The objectives of tsdb/wlog/wlog.go.
        let objectives = SummarySettings::new([(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)]);
        Self {
            fsync_duration: Metric::with(
                options("fsync_duration_seconds", "Duration of write log fsync."),
                &objectives,
                None,
            ),
            page_flushes: Metric::new(options("page_flushes_total", "Total number of page flushes.")),
            completed_pages: Metric::new(options("completed_pages_total", "Total number of completed pages.")),
            truncations_failed: Metric::new(options(
                "truncations_failed_total",
                "Total number of write log truncations that failed.",
            )),
            truncations: Metric::new(options("truncations_total", "Total number of write log truncations attempted.")),
            segment_current: Metric::new(options(
                "segment_current",
                "Write log segment index that TSDB is currently writing to.",
            )),
            writes_failed: Metric::new(options("writes_failed_total", "Total number of write log writes that failed.")),
            storage_size: Metric::new(options("storage_size_bytes", "Size of the write log directory.")),
            part_writes: Metric::new(options(
                "record_part_writes_total",
                "Total number of record parts written before flushing.",
            )),
            part_bytes: Metric::new(options(
                "record_parts_bytes_written_total",
                "Total number of record part bytes written before flushing, including CRC and compression headers.",
            )),
            bytes_saved: Family::new(
                options(
                    "record_bytes_saved_total",
                    "Total number of bytes saved by the optional record compression. Use this metric to learn about the \
                     effectiveness compression.",
                ),
                ["compression"],
            ),
            syncs_failed: Metric::new(own("syncs_failed_total", "Total number of write log syncs that failed.")),
            records_rewritten: Metric::new(own(
                "records_rewritten_total",
                "Total number of records written again to another segment after a failed sync.",
            )),
        }
    }

    pub(super) fn synced(&self, took: Duration, at: WallTime) {
        let since_epoch = Duration::from_nanos(u64::try_from(at.nanos()).unwrap_or(0));
        self.fsync_duration.observe_duration(took, UNIX_EPOCH + since_epoch);
    }
}
