//! What the API counts of itself, under Prometheus' names.

use std::time::Duration;

use promd_metrics::{
    Counter, Family, Histogram, HistogramSettings, IntGauge, Metric, NativeSettings, Options, Summary, SummarySettings,
    exponential_buckets, impl_collect,
};

/// Of requests (`web/web.go`).
pub(crate) struct HttpMetrics {
    pub(crate) requests: Family<Counter, 2>,
    pub(crate) duration: Family<Histogram, 1>,
    pub(crate) size: Family<Histogram, 1>,
    pub(crate) ready: Metric<IntGauge>,
    pub(crate) scrapes: Family<Counter, 1>,
    pub(crate) scrapes_in_flight: Metric<IntGauge>,
}

impl_collect!(HttpMetrics { requests, duration, size, ready, scrapes, scrapes_in_flight });

impl HttpMetrics {
    pub(crate) fn new() -> Self {
        let seconds = HistogramSettings::classic([0.1, 0.2, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 120.0])
            .with_native(native(Duration::from_secs(3600)));
        let bytes = HistogramSettings::classic(exponential_buckets(100.0, 10.0, 8));
        let scrapes = Family::new(
            Options::new("promhttp_metric_handler_requests_total", "Total number of scrapes by HTTP status code."),
            ["code"],
        );
        // These are there before the first scrape, as in Go's client library.
        for code in ["200", "500", "503"] {
            scrapes.with([code]);
        }
        Self {
            scrapes,
            scrapes_in_flight: Metric::new(Options::new(
                "promhttp_metric_handler_requests_in_flight",
                "Current number of scrapes being served.",
            )),
            requests: Family::new(
                Options::new("prometheus_http_requests_total", "Counter of HTTP requests."),
                ["handler", "code"],
            ),
            duration: Family::with_settings(
                Options::new("prometheus_http_request_duration_seconds", "Histogram of latencies for HTTP requests."),
                ["handler"],
                seconds,
            ),
            size: Family::with_settings(
                Options::new("prometheus_http_response_size_bytes", "Histogram of response size for HTTP requests."),
                ["handler"],
                bytes,
            ),
            ready: Metric::new(Options::new(
                "prometheus_ready",
                "Whether Prometheus startup was fully completed and the server is ready for normal operation.",
            )),
        }
    }
}

fn native(min_reset: Duration) -> NativeSettings {
    NativeSettings::new(1.1).max_buckets(100).min_reset(min_reset)
}

/// Of queries (`promql/engine.go`).
pub(crate) struct EngineMetrics {
    pub(crate) queries: Metric<IntGauge>,
    pub(crate) concurrent_max: Metric<IntGauge>,
    pub(crate) log_enabled: Metric<IntGauge>,
    pub(crate) log_failures: Metric<Counter>,
    pub(crate) samples: Metric<Counter>,
    pub(crate) duration: Family<Summary, 1>,
    pub(crate) duration_histogram: Family<Histogram, 1>,
}

impl_collect!(EngineMetrics {
    queries,
    concurrent_max,
    log_enabled,
    log_failures,
    samples,
    duration,
    duration_histogram
});

impl EngineMetrics {
    pub(crate) fn new() -> Self {
        let quantiles = SummarySettings::new([(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)]);
        let buckets = HistogramSettings::classic([0.01, 0.1, 1.0, 10.0]).with_native(native(Duration::from_secs(3600)));
        let metrics = Self {
            queries: Metric::new(Options::new(
                "prometheus_engine_queries",
                "The current number of queries being executed or waiting.",
            )),
            concurrent_max: Metric::new(Options::new(
                "prometheus_engine_queries_concurrent_max",
                "The max number of concurrent queries.",
            )),
            log_enabled: Metric::new(Options::new("prometheus_engine_query_log_enabled", "State of the query log.")),
            log_failures: Metric::new(Options::new(
                "prometheus_engine_query_log_failures_total",
                "The number of query log failures.",
            )),
            samples: Metric::new(Options::new(
                "prometheus_engine_query_samples_total",
                "The total number of samples loaded by all queries.",
            )),
            duration: Family::with_settings(
                Options::new("prometheus_engine_query_duration_seconds", "Query timings"),
                ["slice"],
                quantiles,
            ),
            duration_histogram: Family::with_settings(
                Options::new(
                    "prometheus_engine_query_duration_histogram_seconds",
                    "The duration of various parts of PromQL query execution.",
                ),
                ["slice"],
                buckets,
            ),
        };
        // Dashboards ask for these before the first query.
        for slice in ["queue_time", "prepare_time", "inner_eval", "result_sort"] {
            metrics.duration.with([slice]);
            metrics.duration_histogram.with([slice]);
        }
        metrics
    }
}

/// Of `/federate` and of notifications (`web/federate.go`, `util/notifications`).
pub(crate) struct WebMetrics {
    pub(crate) federation_errors: Metric<Counter>,
    pub(crate) federation_warnings: Metric<Counter>,
    pub(crate) subscribers: Metric<IntGauge>,
    pub(crate) notifications_sent: Metric<Counter>,
    pub(crate) notifications_dropped: Metric<Counter>,
}

impl_collect!(WebMetrics {
    federation_errors,
    federation_warnings,
    subscribers,
    notifications_sent,
    notifications_dropped,
});

impl WebMetrics {
    pub(crate) fn new() -> Self {
        let counter = |name: &str, help: &str| Metric::new(Options::new(name, help));
        Self {
            federation_errors: counter(
                "prometheus_web_federation_errors_total",
                "Total number of errors that occurred while sending federation responses.",
            ),
            federation_warnings: counter(
                "prometheus_web_federation_warnings_total",
                "Total number of warnings that occurred while sending federation responses.",
            ),
            subscribers: Metric::new(Options::new(
                "prometheus_api_notification_active_subscribers",
                "The current number of active notification subscribers.",
            )),
            notifications_sent: counter(
                "prometheus_api_notification_updates_sent_total",
                "Total number of notification updates sent.",
            ),
            notifications_dropped: counter(
                "prometheus_api_notification_updates_dropped_total",
                "Total number of notification updates dropped.",
            ),
        }
    }
}
