//! What discovery by names counts, under Prometheus' names.

use promd_metrics::{Counter, Metric, Options, impl_collect};

/// The metrics of all discoveries by names of a program.
#[derive(Debug)]
pub struct DnsMetrics {
    pub(super) lookups: Metric<Counter>,
    pub(super) failures: Metric<Counter>,
}

impl_collect!(DnsMetrics { lookups, failures });

impl Default for DnsMetrics {
    fn default() -> Self {
        let counter = |name: &str, help: &str| Metric::new(Options::new(format!("prometheus_sd_dns_{name}"), help));
        Self {
            lookups: counter("lookups_total", "The number of DNS-SD lookups."),
            failures: counter("lookup_failures_total", "The number of DNS-SD lookup failures."),
        }
    }
}
