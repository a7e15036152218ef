//! Families of parts that promd does not have, with the values of a server that uses none of them.
//!
//! Alerts and dashboards of the mixin compare them with others, and an expression over a family that is not there finds
//! nothing to alert on. They go when the part comes that owns them.

use promd_metrics::{Counter, Gauge, Metric, Options, impl_collect};

/// Notifications that are not sent, and samples that go nowhere.
pub(crate) struct Absent {
    alertmanagers: Metric<Gauge>,
    dropped: Metric<Counter>,
    queue_length: Metric<Gauge>,
    queue_capacity: Metric<Gauge>,
    samples_in: Metric<Counter>,
    histograms_in: Metric<Counter>,
    exemplars_in: Metric<Counter>,
}

impl_collect!(Absent { alertmanagers, dropped, queue_length, queue_capacity, samples_in, histograms_in, exemplars_in });

impl Absent {
    /// Without Alertmanagers, and with a queue of this capacity.
    pub(crate) fn new(queue_capacity: f64) -> Self {
        let absent = Self {
            alertmanagers: Metric::new(Options::new(
                "prometheus_notifications_alertmanagers_discovered",
                "The number of alertmanagers discovered and active.",
            )),
            dropped: Metric::new(Options::new(
                "prometheus_notifications_dropped_total",
                "Total number of alerts dropped due to errors when sending to Alertmanager.",
            )),
            queue_length: Metric::new(Options::new(
                "prometheus_notifications_queue_length",
                "The number of alert notifications in the queue.",
            )),
            queue_capacity: Metric::new(Options::new(
                "prometheus_notifications_queue_capacity",
                "The capacity of the alert notifications queue.",
            )),
            samples_in: Metric::new(Options::new(
                "prometheus_remote_storage_samples_in_total",
                "Samples in to remote storage, compare to samples out for queue managers.",
            )),
            histograms_in: Metric::new(Options::new(
                "prometheus_remote_storage_histograms_in_total",
                "HistogramSamples in to remote storage, compare to histograms out for queue managers.",
            )),
            exemplars_in: Metric::new(Options::new(
                "prometheus_remote_storage_exemplars_in_total",
                "Exemplars in to remote storage, compare to exemplars out for queue managers.",
            )),
        };
        absent.queue_capacity.set(queue_capacity);
        absent
    }
}
