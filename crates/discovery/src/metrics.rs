//! What a manager counts, under Prometheus' names.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use promd_clock::Clock;
use promd_metrics::{Counter, Family, Gauge, Metric, Options, impl_collect};

/// The metrics of a manager, which carry its name.
#[derive(Debug)]
pub struct ManagerMetrics {
    pub(crate) failed_configs: Metric<Gauge>,
    pub(crate) discovered_targets: Family<Gauge, 1>,
    pub(crate) received_updates: Metric<Counter>,
    pub(crate) delayed_updates: Metric<Counter>,
    pub(crate) sent_updates: Metric<Counter>,
    pub(crate) last_updated: Family<Gauge, 1>,
}

impl_collect!(ManagerMetrics {
    failed_configs,
    discovered_targets,
    received_updates,
    delayed_updates,
    sent_updates,
    last_updated,
});

impl ManagerMetrics {
    pub(crate) fn new(manager: &str) -> Self {
        let options =
            |name: &str, help: &str| Options::new(format!("prometheus_sd_{name}"), help).const_label("name", manager);
        Self {
            failed_configs: Metric::new(options(
                "failed_configs",
                "Current number of service discovery configurations that failed to load.",
            )),
            discovered_targets: Family::new(
                options("discovered_targets", "Current number of discovered targets."),
                ["config"],
            ),
            received_updates: Metric::new(options(
                "received_updates_total",
                "Total number of update events received from the SD providers.",
            )),
            delayed_updates: Metric::new(options(
                "updates_delayed_total",
                "Total number of update events that couldn't be sent immediately.",
            )),
            sent_updates: Metric::new(options(
                "updates_total",
                "Total number of update events sent to the SD consumers.",
            )),
            last_updated: Family::new(
                options("last_update_timestamp_seconds", "Timestamp of the last update sent to the SD consumers."),
                ["config"],
            ),
        }
    }
}

/// The present, as instruments that age take it.
pub(crate) fn now(clock: &dyn Clock) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(clock.wall().nanos().max(0).unsigned_abs())
}
