//! Mechanisms that ask, and ask again after an interval (`discovery/refresh/refresh.go`).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use promd_clock::Ticker;
use promd_metrics::{
    Collect, Counter, Desc, Family, Histogram, HistogramSettings, NativeSettings, Options, Sink, Summary,
    SummarySettings,
};
use tokio::sync::mpsc;

use crate::{CancelSignal, Context, Discoverer, TargetGroup};

/// Any error.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What is asked.
pub(crate) trait Refresh: Send {
    /// The groups of this moment. After an error those that are known stay.
    fn refresh(&mut self) -> BoxFuture<'_, Result<Vec<TargetGroup>, BoxError>>;
}

/// Asks at once, and then each interval.
pub(crate) struct Refresher<R> {
    pub(crate) refresh: R,
    pub(crate) mechanism: &'static str,
    pub(crate) interval: Duration,
    pub(crate) context: Context,
    pub(crate) metrics: Arc<RefreshMetrics>,
}

impl<R: Refresh + 'static> Discoverer for Refresher<R> {
    fn run(self: Box<Self>, updates: mpsc::Sender<Vec<TargetGroup>>, shutdown: CancelSignal) -> BoxFuture<'static, ()> {
        Box::pin(self.follow(updates, shutdown))
    }
}

impl<R: Refresh> Refresher<R> {
    async fn follow(mut self: Box<Self>, updates: mpsc::Sender<Vec<TargetGroup>>, mut shutdown: CancelSignal) {
        let clock = Arc::clone(&self.context.clock);
        let mut ticker = Ticker::new(Arc::clone(&clock), clock.monotonic() + self.interval, self.interval);
        loop {
            let groups = tokio::select! {
                () = shutdown.cancelled() => return,
                groups = self.refresh() => groups,
            };
            if let Some(groups) = groups {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    sent = updates.send(groups) => if sent.is_err() { return },
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticker.tick() => {}
            }
        }
    }

    async fn refresh(&mut self) -> Option<Vec<TargetGroup>> {
        let clock = &*self.context.clock;
        let start = clock.monotonic();
        let outcome = self.refresh.refresh().await;
        let took = clock.monotonic().since(start);
        let (mechanism, set) = (self.mechanism, &*self.context.set);
        let wall = crate::metrics::now(clock);
        self.metrics.duration.with([mechanism, set]).observe_duration(took, wall);
        self.metrics.duration_histogram.with([mechanism]).observe_duration(took);
        let failures = self.metrics.failures.with([mechanism, set]);
        match outcome {
            Ok(groups) => Some(groups),
            Err(error) => {
                failures.inc();
                tracing::error!(err = %error, discovery = mechanism, config = set, "Unable to refresh target groups");
                None
            }
        }
    }
}

/// What all such mechanisms of a program count, under Prometheus' names.
#[derive(Debug)]
pub struct RefreshMetrics {
    failures: Family<Counter, 2>,
    duration: Family<Summary, 2>,
    duration_histogram: Family<Histogram, 1>,
}

impl Default for RefreshMetrics {
    fn default() -> Self {
        let options = |name: &str, help: &str| Options::new(format!("prometheus_sd_refresh_{name}"), help);
        let quantiles = SummarySettings::new([(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)]);
        let native = NativeSettings::new(1.1).max_buckets(100).min_reset(Duration::from_secs(3_600));
        Self {
            failures: Family::new(
                options("failures_total", "Number of refresh failures for the given SD mechanism."),
                ["mechanism", "config"],
            ),
            duration: Family::with_settings(
                options("duration_seconds", "The duration of a refresh in seconds for the given SD mechanism."),
                ["mechanism", "config"],
                quantiles,
            ),
            duration_histogram: Family::with_settings(
                options("duration_histogram_seconds", "The duration of a refresh for the given SD mechanism."),
                ["mechanism"],
                HistogramSettings::classic([0.01, 0.1, 1.0, 10.0]).with_native(native),
            ),
        }
    }
}

impl Collect for RefreshMetrics {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.failures.describe(each);
        self.duration.describe(each);
        self.duration_histogram.describe(each);
    }

    fn collect(&self, now: std::time::SystemTime, sink: &mut dyn Sink) {
        self.failures.collect(now, sink);
        self.duration.collect(now, sink);
        self.duration_histogram.collect(now, sink);
    }
}
