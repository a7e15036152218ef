//! What scraping counts, under Prometheus' names.

use std::time::Duration;

use promd_metrics::{
    Counter, Family, Gauge, Histogram, HistogramSettings, Metric, NativeSettings, Options, Summary, SummarySettings,
    impl_collect,
};

/// The metrics of a manager.
#[derive(Debug)]
pub struct ScrapeMetrics {
    pub(crate) pools: Metric<Counter>,
    pub(crate) pools_failed: Metric<Counter>,
    pub(crate) reload_length: Family<Summary, 1>,
    pub(crate) pool_reloads: Metric<Counter>,
    pub(crate) pool_reloads_failed: Metric<Counter>,
    pub(crate) exceeded_target_limit: Metric<Counter>,
    pub(crate) target_limit: Family<Gauge, 1>,
    pub(crate) pool_targets: Family<Gauge, 1>,
    pub(crate) pool_symbols: Family<Gauge, 1>,
    pub(crate) pool_syncs: Family<Counter, 1>,
    pub(crate) sync_length: Family<Summary, 1>,
    pub(crate) sync_length_histogram: Family<Histogram, 1>,
    pub(crate) sync_failed: Family<Counter, 1>,
    pub(crate) exceeded_body_size: Metric<Counter>,
    pub(crate) cache_flush_forced: Metric<Counter>,
    pub(crate) interval_length: Family<Summary, 1>,
    pub(crate) interval_length_histogram: Family<Histogram, 1>,
    pub(crate) exceeded_sample_limit: Metric<Counter>,
    pub(crate) duplicate: Metric<Counter>,
    pub(crate) out_of_order: Metric<Counter>,
    pub(crate) out_of_bounds: Metric<Counter>,
    pub(crate) exceeded_label_limits: Metric<Counter>,
    pub(crate) exceeded_bucket_limit: Metric<Counter>,
    pub(crate) exemplar_out_of_order: Metric<Counter>,
    pub(crate) scrape_duration: Metric<Histogram>,
    pub(crate) refused: Metric<Counter>,
}

impl_collect!(ScrapeMetrics {
    pools,
    pools_failed,
    reload_length,
    pool_reloads,
    pool_reloads_failed,
    exceeded_target_limit,
    target_limit,
    pool_targets,
    pool_symbols,
    pool_syncs,
    sync_length,
    sync_length_histogram,
    sync_failed,
    exceeded_body_size,
    cache_flush_forced,
    interval_length,
    interval_length_histogram,
    exceeded_sample_limit,
    duplicate,
    out_of_order,
    out_of_bounds,
    exceeded_label_limits,
    exceeded_bucket_limit,
    exemplar_out_of_order,
    scrape_duration,
    refused,
});

impl Default for ScrapeMetrics {
    fn default() -> Self {
        let options = |name: &str, help: &str| Options::new(format!("prometheus_target_{name}"), help);
        let counter = |name: &str, help: &str| Metric::new(options(name, help));
        let quantiles =
            || SummarySettings::new([(0.01, 0.001), (0.05, 0.005), (0.5, 0.05), (0.9, 0.01), (0.99, 0.001)]);
        // As everywhere in scrape/metrics.go.
        let native = || NativeSettings::new(1.1).max_buckets(100).min_reset(Duration::from_hours(1));
        let lengths = || HistogramSettings::classic([0.01, 0.1, 1.0, 10.0]).with_native(native());
        let job = ["scrape_job"];
        Self {
            pools: counter("scrape_pools_total", "Total number of scrape pool creation attempts."),
            pools_failed: counter("scrape_pools_failed_total", "Total number of scrape pool creations that failed."),
            reload_length: Family::with_settings(
                options(
                    "reload_length_seconds",
                    "Actual interval to reload the scrape pool with a given configuration.",
                ),
                ["interval"],
                quantiles(),
            ),
            pool_reloads: counter("scrape_pool_reloads_total", "Total number of scrape pool reloads."),
            pool_reloads_failed: counter(
                "scrape_pool_reloads_failed_total",
                "Total number of failed scrape pool reloads.",
            ),
            exceeded_target_limit: counter(
                "scrape_pool_exceeded_target_limit_total",
                "Total number of times scrape pools hit the target limit, during sync or config reload.",
            ),
            target_limit: Family::new(
                options("scrape_pool_target_limit", "Maximum number of targets allowed in this scrape pool."),
                job,
            ),
            pool_targets: Family::new(
                options("scrape_pool_targets", "Current number of targets in this scrape pool."),
                job,
            ),
            pool_symbols: Family::new(
                options("scrape_pool_symboltable_items", "Current number of symbols in table for this scrape pool."),
                job,
            ),
            pool_syncs: Family::new(
                options("scrape_pool_sync_total", "Total number of syncs that were executed on a scrape pool."),
                job,
            ),
            sync_length: Family::with_settings(
                options("sync_length_seconds", "Actual interval to sync the scrape pool."),
                job,
                quantiles(),
            ),
            sync_length_histogram: Family::with_settings(
                options("sync_length_histogram_seconds", "Actual interval to sync the scrape pool."),
                job,
                lengths(),
            ),
            sync_failed: Family::new(options("sync_failed_total", "Total number of target sync failures."), job),
            exceeded_body_size: counter(
                "scrapes_exceeded_body_size_limit_total",
                "Total number of scrapes that hit the body size limit",
            ),
            cache_flush_forced: counter(
                "scrapes_cache_flush_forced_total",
                "How many times a scrape cache was flushed due to getting big while scrapes are failing.",
            ),
            interval_length: Family::with_settings(
                options("interval_length_seconds", "Actual intervals between scrapes."),
                ["interval"],
                quantiles(),
            ),
            interval_length_histogram: Family::with_settings(
                options("interval_length_histogram_seconds", "Actual intervals between scrapes."),
                ["interval"],
                lengths(),
            ),
            exceeded_sample_limit: counter(
                "scrapes_exceeded_sample_limit_total",
                "Total number of scrapes that hit the sample limit and were rejected.",
            ),
            duplicate: counter(
                "scrapes_sample_duplicate_timestamp_total",
                "Total number of samples rejected due to duplicate timestamps but different values.",
            ),
            out_of_order: counter(
                "scrapes_sample_out_of_order_total",
                "Total number of samples rejected due to not being out of the expected order.",
            ),
            out_of_bounds: counter(
                "scrapes_sample_out_of_bounds_total",
                "Total number of samples rejected due to timestamp falling outside of the time bounds.",
            ),
            exceeded_label_limits: counter(
                "scrape_pool_exceeded_label_limits_total",
                "Total number of times scrape pools hit the label limits, during sync or config reload.",
            ),
            exceeded_bucket_limit: counter(
                "scrapes_exceeded_native_histogram_bucket_limit_total",
                "Total number of scrapes that hit the native histogram bucket limit and were rejected.",
            ),
            exemplar_out_of_order: counter(
                "scrapes_exemplar_out_of_order_total",
                "Total number of exemplar rejected due to not being out of the expected order.",
            ),
            scrape_duration: Metric::with(
                options(
                    "scrape_duration_seconds",
                    "Total duration of the scrape from start to commit completion in seconds.",
                ),
                &HistogramSettings::native(native()),
                None,
            ),
            refused: Metric::new(Options::new(
                "promd_target_scrapes_series_refused_total",
                "Total number of series that the store refused since it holds as many as it may.",
            )),
        }
    }
}

impl ScrapeMetrics {
    /// Forgets what is counted of a job that is not there any more.
    pub(crate) fn forget_job(&self, job: &str) {
        for gauges in [&self.target_limit, &self.pool_targets, &self.pool_symbols] {
            gauges.remove([job]);
        }
        self.pool_syncs.remove([job]);
        self.sync_failed.remove([job]);
        self.sync_length.remove([job]);
        self.sync_length_histogram.remove([job]);
    }
}
