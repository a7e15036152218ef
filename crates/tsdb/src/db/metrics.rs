//! What a database counts, under Prometheus' names.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use promd_compactor::Retention;
use promd_metrics::{
    Counter, Family, Gauge, Histogram, HistogramSettings, IntGauge, Metric, NativeSettings, Options,
    exponential_buckets, impl_collect,
};
use promd_wal::LogMetrics;

use super::head_metrics::HeadMetrics;

/// The metrics of a database.
pub struct DbMetrics {
    pub(super) blocks_loaded: Metric<IntGauge>,
    pub(super) blocks_quarantined: Metric<IntGauge>,
    pub(super) blocks_bytes: Metric<Gauge>,
    pub(super) reloads: Metric<Counter>,
    pub(super) reloads_failed: Metric<Counter>,
    pub(super) compactions_triggered: Metric<Counter>,
    pub(super) compactions_failed: Metric<Counter>,
    pub(super) compactions: Metric<Counter>,
    pub(super) vertical_compactions: Metric<Counter>,
    pub(super) compaction_duration: Metric<Histogram>,
    pub(super) time_retentions: Metric<Counter>,
    pub(super) size_retentions: Metric<Counter>,
    pub(super) limit_bytes: Metric<Gauge>,
    pub(super) limit_percentage: Metric<Gauge>,
    pub(super) limit_seconds: Metric<Gauge>,
    pub(super) lowest_timestamp: Metric<Gauge>,
    pub(super) lowest_timestamp_seconds: Metric<Gauge>,
    pub(super) tombstone_cleanup: Metric<Histogram>,
    pub(super) clean_start: Metric<IntGauge>,
    pub(super) head_truncations: Metric<Counter>,
    pub(super) checkpoints: Metric<Counter>,
    pub(super) checkpoints_failed: Metric<Counter>,
    pub(super) copies_failed: Metric<IntGauge>,
    pub(super) appenders_created: Metric<Counter>,
    pub(super) active_appenders: Metric<IntGauge>,
    pub(super) series_not_found: Metric<Counter>,
    pub(super) out_of_bound_samples: Family<Counter, 1>,
    pub(super) out_of_order_samples: Family<Counter, 1>,
    pub(super) too_old_samples: Family<Counter, 1>,
    pub(super) series_removed: Metric<Counter>,
    pub(super) series_refused: Metric<Counter>,
    pub(super) log_truncation: Metric<Histogram>,
    pub(super) log_corruptions: Metric<Counter>,
    pub(super) replay_duration: Metric<Gauge>,
    pub(super) head: HeadMetrics,
    log: Arc<LogMetrics>,
    late_log: Arc<LogMetrics>,
}

impl_collect!(DbMetrics {
    blocks_loaded,
    blocks_quarantined,
    blocks_bytes,
    reloads,
    reloads_failed,
    compactions_triggered,
    compactions_failed,
    compactions,
    vertical_compactions,
    compaction_duration,
    time_retentions,
    size_retentions,
    limit_bytes,
    limit_percentage,
    limit_seconds,
    lowest_timestamp,
    lowest_timestamp_seconds,
    tombstone_cleanup,
    clean_start,
    head_truncations,
    checkpoints,
    checkpoints_failed,
    copies_failed,
    appenders_created,
    active_appenders,
    series_not_found,
    out_of_bound_samples,
    out_of_order_samples,
    too_old_samples,
    series_removed,
    series_refused,
    log_truncation,
    log_corruptions,
    replay_duration,
    head,
    log,
    late_log,
});

impl fmt::Debug for DbMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbMetrics").finish_non_exhaustive()
    }
}

impl DbMetrics {
    pub(super) fn new(options: &super::Options) -> Self {
        let metrics = Self::unset(Arc::clone(&options.log.metrics), Arc::clone(&options.late_log));
        metrics.show_retention(&options.retention);
        metrics
    }

    /// How much is kept.
    pub(super) fn show_retention(&self, retention: &Retention) {
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        self.limit_bytes.set(retention.size.unwrap_or(0) as f64);
        self.limit_percentage.set(retention.percentage.unwrap_or(0.0));
        self.limit_seconds.set(seconds(retention.time.unwrap_or(0)));
    }

    fn unset(log: Arc<LogMetrics>, late_log: Arc<LogMetrics>) -> Self {
        let options = |name: &str, help: &str| Options::new(format!("prometheus_tsdb_{name}"), help);
        let counter = |name: &str, help: &str| Metric::new(options(name, help));
        let by_type = |name: &str, help: &str| Family::new(options(name, help), ["type"]);
        let gauge = |name: &str, help: &str| Metric::new(options(name, help));
        // As everywhere in tsdb/db.go.
        let native = || NativeSettings::new(1.1).max_buckets(100).min_reset(Duration::from_hours(1));
        Self {
            blocks_loaded: Metric::new(options("blocks_loaded", "Number of currently loaded data blocks")),
            blocks_quarantined: Metric::new(Options::new(
                "promd_tsdb_blocks_quarantined",
                "Number of damaged blocks that were moved aside.",
            )),
            blocks_bytes: gauge(
                "storage_blocks_bytes",
                "The number of bytes that are currently used for local storage by all blocks.",
            ),
            reloads: counter("reloads_total", "Number of times the database reloaded block data from disk."),
            reloads_failed: counter(
                "reloads_failures_total",
                "Number of times the database failed to reloadBlocks block data from disk.",
            ),
            compactions_triggered: counter(
                "compactions_triggered_total",
                "Total number of triggered compactions for the partition.",
            ),
            compactions_failed: counter(
                "compactions_failed_total",
                "Total number of compactions that failed for the partition.",
            ),
            compactions: counter(
                "compactions_total",
                "Total number of compactions that were executed for the partition.",
            ),
            vertical_compactions: counter(
                "vertical_compactions_total",
                "Total number of compactions done on overlapping blocks.",
            ),
            compaction_duration: Metric::with(
                options("compaction_duration_seconds", "Duration of compaction runs"),
                &HistogramSettings::classic(exponential_buckets(1.0, 2.0, 14)).with_native(native()),
                None,
            ),
            time_retentions: counter(
                "time_retentions_total",
                "The number of times that blocks were deleted because the maximum time limit was exceeded.",
            ),
            size_retentions: counter(
                "size_retentions_total",
                "The number of times that blocks were deleted because the maximum number of bytes was exceeded.",
            ),
            limit_bytes: gauge(
                "retention_limit_bytes",
                "Max number of bytes to be retained in the tsdb blocks, configured 0 means disabled",
            ),
            limit_percentage: gauge(
                "retention_limit_percentage",
                "Max percentage of total storage space to be retained in the tsdb blocks, configured 0 means disabled",
            ),
            limit_seconds: gauge("retention_limit_seconds", "How long to retain samples in storage."),
            lowest_timestamp: gauge(
                "lowest_timestamp",
                "Lowest timestamp value stored in the database. The unit is decided by the library consumer.",
            ),
            lowest_timestamp_seconds: gauge(
                "lowest_timestamp_seconds",
                "Lowest timestamp value stored in the database.",
            ),
            tombstone_cleanup: Metric::with(
                options("tombstone_cleanup_seconds", "The time taken to recompact blocks to remove tombstones."),
                &HistogramSettings::native(native()),
                None,
            ),
            clean_start: Metric::new(options(
                "clean_start",
                "-1: lockfile is disabled. 0: a lockfile from a previous execution was replaced. 1: lockfile creation was clean",
            )),
            head_truncations: counter("head_truncations_total", "Total number of head truncations attempted."),
            checkpoints: counter("checkpoint_creations_total", "Total number of checkpoint creations attempted."),
            checkpoints_failed: counter(
                "checkpoint_creations_failed_total",
                "Total number of checkpoint creations that failed.",
            ),
            copies_failed: Metric::new(Options::new(
                "promd_tsdb_series_copies_failed",
                "Number of commits whose series are not in the second copy of the series records.",
            )),
            appenders_created: counter(
                "head_appenders_created_total",
                "Total number of appender transactions created.",
            ),
            active_appenders: Metric::new(options(
                "head_active_appenders",
                "Number of currently active appender transactions",
            )),
            series_not_found: counter(
                "head_series_not_found_total",
                "Total number of requests for series that were not found.",
            ),
            out_of_bound_samples: by_type(
                "out_of_bound_samples_total",
                "Total number of out of bound samples ingestion failed attempts with out of order support disabled.",
            ),
            out_of_order_samples: by_type(
                "out_of_order_samples_total",
                "Total number of out of order samples ingestion failed attempts due to out of order being disabled.",
            ),
            too_old_samples: by_type(
                "too_old_samples_total",
                "Total number of out of order samples ingestion failed attempts with out of support enabled, but sample \
                 outside of time window.",
            ),
            series_removed: counter("head_series_removed_total", "Total number of series removed in the head"),
            series_refused: Metric::new(Options::new(
                "promd_tsdb_series_refused_total",
                "Total number of attempts to create a series that were refused at a limit of series or memory.",
            )),
            log_truncation: Metric::with(
                options("wal_truncate_duration_seconds", "Duration of WAL truncation."),
                &HistogramSettings::native(native()),
                None,
            ),
            log_corruptions: counter("wal_corruptions_total", "Total number of WAL corruptions."),
            replay_duration: gauge("data_replay_duration_seconds", "Time taken to replay the data on disk."),
            head: HeadMetrics::new(),
            log,
            late_log,
        }
    }

    /// What the list of blocks looks like.
    pub(super) fn show(&self, loaded: usize, quarantined: usize, bytes: u64, lowest: Option<i64>) {
        let int = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.blocks_loaded.set(int(loaded));
        self.blocks_quarantined.set(int(quarantined));
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        {
            self.blocks_bytes.set(bytes as f64);
            self.lowest_timestamp.set(lowest.unwrap_or(0) as f64);
        }
        self.lowest_timestamp_seconds.set(seconds(lowest.unwrap_or(0)));
    }
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
