//! The loop of one target: when it is scraped, and what follows when it is not any more.

mod once;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use promd_budget::Charge;
use promd_clock::{Clock, Monotonic, Ticker, WallTime};
use promd_discovery::CancelSignal;
use promd_http::BoxError;
use promd_model::Millis;
use promd_storage::Storage;
use tokio::sync::oneshot;

use crate::append::{self, Report, Scraped, Settings, Subject};
use crate::buffers::Buffers;
use crate::cache::SeriesCache;
use crate::executor::Executor;
use crate::fetch::{Fetch, FetchRequest};
use crate::job::Job;
use crate::metrics::ScrapeMetrics;
use crate::options::ScrapeOptions;
use crate::target::Target;

/// What all loops of a manager share.
pub(crate) struct Shared {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) executor: Executor,
    pub(crate) options: ScrapeOptions,
    pub(crate) metrics: Arc<ScrapeMetrics>,
    pub(crate) buffers: Buffers,
    /// Where bodies are charged.
    pub(crate) account: promd_budget::Account,
}

/// How a loop is told to stop. It answers when it has: nothing of it is in flight then.
pub(crate) enum Stop {
    /// The target is gone: its series end, a while later.
    Gone(oneshot::Sender<()>),
    /// Another loop goes on with the target.
    HandOver(oneshot::Sender<SeriesCache>),
    /// Everything ends. What was scraped may go on after a restart, so no series ends.
    Shutdown(oneshot::Sender<()>),
}

/// The loop of one target.
pub(crate) struct ScrapeLoop {
    pub(crate) shared: Arc<Shared>,
    pub(crate) job: Arc<Job>,
    pub(crate) target: Arc<Target>,
    settings: Arc<Settings>,
    fetch: Result<Arc<dyn Fetch>, BoxError>,
    request: Result<FetchRequest, http::Error>,
    pub(crate) seed: u64,
    pub(crate) shutdown: CancelSignal,
    /// When the last scrape began.
    last: Option<Monotonic>,
}

impl ScrapeLoop {
    pub(crate) fn new(
        shared: Arc<Shared>,
        job: Arc<Job>,
        target: Arc<Target>,
        seed: u64,
        shutdown: CancelSignal,
        user_agent: &str,
    ) -> Self {
        let settings = Arc::new(job.settings(&target, &shared.options));
        let (fetch, request) = (job.fetch(&target), job.request(&target, user_agent));
        Self { shared, job, target, settings, fetch, request, seed, shutdown, last: None }
    }

    /// Scrapes until told otherwise. `cache` is what another loop has handed over, if it did.
    pub(crate) async fn run(mut self, cache: Option<SeriesCache>, mut stop: oneshot::Receiver<Stop>) {
        let clock = Arc::clone(&self.shared.clock);
        let mut cache = cache.unwrap_or_else(|| SeriesCache::new(self.shared.options.hash_seed, &self.shared.account));
        let interval = self.target.interval();
        let offset = self.target.offset(clock.wall(), self.seed);
        let mut ticker = Ticker::new(Arc::clone(&clock), clock.monotonic() + offset, interval);
        let mut aligned = None;
        let reason = loop {
            tokio::select! {
                // A loop that is to stop does not begin another scrape.
                biased;
                // Whoever could tell it to stop is gone: that is the end of everything.
                reason = &mut stop => break reason.ok(),
                _ = ticker.tick() => {}
            }
            let time = self.align(clock.wall(), &mut aligned);
            cache = self.scrape(cache, time).await;
        };
        match reason {
            None => {}
            Some(Stop::Shutdown(stopped)) => drop(stopped.send(())),
            // If nobody takes it, that is the end of everything too.
            Some(Stop::HandOver(taker)) => drop(taker.send(cache)),
            Some(Stop::Gone(stopped)) => {
                let _ = stopped.send(());
                let mut shutdown = self.shutdown.clone();
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => {}
                    () = self.end_series(cache, ticker) => {}
                }
            }
        }
    }

    /// The timestamp of a scrape that begins at `now`: that of the schedule, if it is hardly off it.
    ///
    /// The clock may jump. Ahead, the schedule follows in whole intervals; back, it begins anew, where Prometheus would
    /// write one timestamp again and again.
    fn align(&self, now: WallTime, aligned: &mut Option<WallTime>) -> WallTime {
        let interval = self.target.interval();
        let options = &self.shared.options;
        let scheduled = aligned.get_or_insert(now);
        if !options.align_timestamps {
            return now;
        }
        let tolerance = options.timestamp_tolerance.min(interval / 100);
        let late = now.since(*scheduled);
        let intervals = late.as_nanos() / interval.as_nanos().max(1);
        *scheduled = *scheduled + interval.saturating_mul(u32::try_from(intervals).unwrap_or(u32::MAX));
        if now.since(*scheduled) <= tolerance && scheduled.since(now) <= tolerance {
            return *scheduled;
        }
        if scheduled.since(now) > tolerance {
            *scheduled = now;
        }
        now
    }

    /// Ends all series of a target that is gone, once it is sure that it does not come back: a bit more than two
    /// intervals later. The markers carry the time of the scrape that did not take place.
    async fn end_series(&mut self, cache: SeriesCache, mut ticker: Ticker) {
        if self.last.is_none() {
            return;
        }
        let clock = Arc::clone(&self.shared.clock);
        ticker.tick().await;
        let time = clock.wall().millis();
        ticker.tick().await;
        clock.sleep(self.target.interval() / 10).await;
        let (shared, settings) = (Arc::clone(&self.shared), Arc::clone(&self.settings));
        let target = Arc::clone(&self.target);
        let end = move || {
            let mut cache = cache;
            let mut bench = shared.buffers.bench();
            let mut charge = Charge::empty(&shared.account);
            let mut subject = Subject {
                settings: &settings,
                cache: &mut cache,
                metadata: target.metadata(),
                metrics: &shared.metrics,
                charge: &mut charge,
                url: target.url(),
            };
            let nothing = Scraped { body: &[], content_type: "", time, now: time };
            let (mut appender, _, _) = append::append(&*shared.storage, &nothing, &mut subject, &mut bench.work);
            if let Err(error) = Report::END.append(&mut *appender, time, &mut subject, &mut bench.work) {
                tracing::warn!(target = target.url(), err = %error, "Stale report failed");
            }
            if let Err(error) = appender.commit() {
                tracing::warn!(target = target.url(), err = %error, "Stale commit failed");
            }
            shared.buffers.keep_bench(bench);
        };
        let executor = self.shared.executor.clone();
        executor.run(end).await;
    }
}

/// A point in time as samples have it.
pub(super) fn millis(time: WallTime) -> Millis {
    Millis(time.millis())
}

/// The present, as instruments that age take it.
pub(crate) fn system_time(now: WallTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(now.nanos().max(0).unsigned_abs())
}
