//! What Prometheus shows of the head, asked of it when metrics are collected.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, Weak};
use std::time::SystemTime;

use promd_metrics::{Collect, Desc, MetricType, Options, Sample, Sink, Value};

use super::Inner;
use super::live::Live;

/// One value, or one for floats and one for histograms.
enum Ask {
    One(fn(&Live) -> f64),
    ByType(fn(&Live) -> [u64; 2]),
}

/// The metrics of the head of one database.
pub(super) struct HeadMetrics {
    of: OnceLock<Weak<Inner>>,
    asked: Vec<(Desc, Ask)>,
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
const fn float(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
const fn count(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn millis(time: Option<i64>) -> f64 {
    time.unwrap_or_default() as f64
}

fn load(live: &Live, count: impl FnOnce(&crate::log::LogCounts) -> &AtomicU64) -> u64 {
    live.log.as_ref().map_or(0, |log| count(log.counts()).load(Ordering::Relaxed))
}

impl HeadMetrics {
    pub(super) fn new() -> Self {
        let mut asked = Vec::new();
        let mut ask = |metric_type, name: &str, help: &str, ask: Ask| {
            let labels: &[&str] = if matches!(ask, Ask::ByType(_)) { &["type"] } else { &[] };
            asked.push((Desc::new(metric_type, Options::new(format!("prometheus_tsdb_{name}"), help), labels), ask));
        };
        let gauge = MetricType::Gauge;
        let counter = MetricType::Counter;
        ask(
            gauge,
            "head_series",
            "Total number of series in the head block.",
            Ask::One(|live| float(live.head.series_count())),
        );
        ask(
            gauge,
            "head_stale_series",
            "Total number of stale series in the head block.",
            Ask::One(|live| float(live.head.stale_series())),
        );
        ask(
            gauge,
            "head_chunks",
            "Total number of chunks in the head block.",
            Ask::One(|live| float(live.head.chunk_count())),
        );
        ask(
            gauge,
            "head_min_time",
            "Minimum time bound of the head block. The unit is decided by the library consumer.",
            Ask::One(|live| millis(live.head.min_time())),
        );
        ask(
            gauge,
            "head_max_time",
            "Maximum timestamp of the head block. The unit is decided by the library consumer.",
            Ask::One(|live| millis(live.head.max_time())),
        );
        ask(
            gauge,
            "head_min_time_seconds",
            "Minimum time bound of the head block.",
            Ask::One(|live| millis(live.head.min_time()) / 1000.0),
        );
        ask(
            gauge,
            "head_max_time_seconds",
            "Maximum timestamp of the head block.",
            Ask::One(|live| millis(live.head.max_time()) / 1000.0),
        );
        ask(
            gauge,
            "head_chunks_storage_size_bytes",
            "Size of the chunks_head directory.",
            Ask::One(|live| count(live.chunks.size().unwrap_or_default())),
        );
        ask(
            counter,
            "head_series_created_total",
            "Total number of series created in the head",
            Ask::One(|live| count(load(live, |counts| &counts.series))),
        );
        ask(
            counter,
            "head_samples_appended_total",
            "Total number of appended samples.",
            Ask::ByType(|live| [load(live, |counts| &counts.floats), load(live, |counts| &counts.histograms)]),
        );
        ask(
            counter,
            "head_out_of_order_samples_appended_total",
            "Total number of appended out of order samples.",
            Ask::ByType(|live| live.head.late_counts().into()),
        );
        ask(
            gauge,
            "exemplar_exemplars_in_storage",
            "Number of exemplars currently in circular storage.",
            Ask::One(|live| float(live.head.exemplar_stats().exemplars)),
        );
        ask(
            gauge,
            "exemplar_series_with_exemplars_in_storage",
            "Number of series with exemplars currently in circular storage.",
            Ask::One(|live| float(live.head.exemplar_stats().series)),
        );
        ask(
            gauge,
            "exemplar_max_exemplars",
            "Total number of exemplars the exemplar storage can store, resizeable.",
            Ask::One(|live| float(live.head.exemplar_stats().capacity)),
        );
        ask(
            gauge,
            "exemplar_last_exemplars_timestamp_seconds",
            "The timestamp of the oldest exemplar stored in circular storage. Useful to check for what time range the \
             current exemplar buffer limit allows. This usually means the last timestamp for all exemplars for a typical \
             setup. This is not true though if one of the series timestamp is in future compared to rest series.",
            Ask::One(|live| millis(live.head.exemplar_stats().oldest) / 1000.0),
        );
        ask(
            counter,
            "exemplar_exemplars_appended_total",
            "Total number of appended exemplars.",
            Ask::One(|live| count(live.head.exemplar_stats().counts.appended)),
        );
        ask(
            counter,
            "exemplar_out_of_order_exemplars_total",
            "Total number of out of order exemplar ingestion failed attempts.",
            Ask::One(|live| count(live.head.exemplar_stats().counts.out_of_order)),
        );
        let overtaken = Options::new(
            "promd_tsdb_head_samples_overtaken_total",
            "Total number of accepted samples that were dropped, because another appender was faster.",
        );
        asked.push((Desc::new(counter, overtaken, &[]), Ask::One(|live| count(live.head.dropped_samples()))));
        Self { of: OnceLock::new(), asked }
    }

    /// Says whose head it is.
    pub(super) fn attach(&self, inner: Weak<Inner>) {
        // Metrics belong to one database, which attaches once.
        self.of.set(inner).ok();
    }
}

impl Collect for HeadMetrics {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.asked.iter().for_each(|(desc, _)| each(desc));
    }

    fn collect(&self, _: SystemTime, sink: &mut dyn Sink) {
        let Some(inner) = self.of.get().and_then(Weak::upgrade) else { return };
        for (desc, ask) in &self.asked {
            sink.family(desc);
            let value = |value| match desc.metric_type() {
                MetricType::Counter => Value::counter(value),
                _ => Value::Gauge(value),
            };
            let mut show = |values: &[&str], number: f64| {
                let mut labels = Vec::new();
                desc.label_pairs(values, &mut labels);
                sink.sample(&Sample::new(&labels, value(number)));
            };
            match ask {
                Ask::One(ask) => show(&[], ask(&inner.live)),
                Ask::ByType(ask) => {
                    for (kind, number) in ["float", "histogram"].iter().zip(ask(&inner.live)) {
                        show(&[kind], count(number));
                    }
                }
            }
        }
    }
}
