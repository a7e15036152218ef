//! What discovery by HTTP counts, under Prometheus' name.

use promd_metrics::{Counter, Metric, Options, impl_collect};

/// The metrics of all discoveries by HTTP of a program.
#[derive(Debug)]
pub struct HttpMetrics {
    pub(super) failures: Metric<Counter>,
}

impl_collect!(HttpMetrics { failures });

impl Default for HttpMetrics {
    fn default() -> Self {
        let failures =
            Options::new("prometheus_sd_http_failures_total", "Number of HTTP service discovery refresh failures.");
        Self { failures: Metric::new(failures) }
    }
}
