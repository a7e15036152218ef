//! The targets of one job and their loops.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use promd_discovery::{CancelSignal, TargetGroup};
use tokio::sync::oneshot;

use crate::cache::SeriesCache;
use crate::job::Job;
use crate::scrape_loop::{ScrapeLoop, Shared, Stop};
use crate::target::{Builder, Built, DroppedTarget, Target};

/// The targets of a job, as the HTTP API shows them.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct JobTargets {
    /// Those that are scraped.
    pub active: Vec<Arc<Target>>,
    /// Those that relabelling has dropped, as many as `keep_dropped_targets` says.
    pub dropped: Vec<DroppedTarget>,
    /// How many it has dropped.
    pub dropped_count: usize,
}

/// What the loops of all pools are made with.
#[derive(Clone)]
pub(crate) struct LoopParts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) seed: u64,
    pub(crate) shutdown: CancelSignal,
    pub(crate) user_agent: Arc<str>,
}

/// The loops of one job.
pub(crate) struct Pool {
    pub(crate) job: Arc<Job>,
    running: BTreeMap<u64, Running>,
    /// For those who look on.
    pub(crate) view: Arc<Mutex<JobTargets>>,
}

struct Running {
    target: Arc<Target>,
    stop: oneshot::Sender<Stop>,
}

impl Pool {
    pub(crate) fn new(job: Arc<Job>) -> Self {
        Self { job, running: BTreeMap::new(), view: Arc::default() }
    }

    /// Scrapes the targets of these groups and no others. With `job` it goes on under that configuration: its loops
    /// start again, with what they know of series where that still holds. What comes back is ready once the loops that
    /// are gone have stopped.
    pub(crate) fn sync(
        &mut self,
        job: Option<Arc<Job>>,
        groups: &[Arc<TargetGroup>],
        parts: &LoopParts,
    ) -> Vec<oneshot::Receiver<()>> {
        let started = parts.shared.clock.monotonic();
        let restart = job.map(|job| {
            let reusable = job.names_series_as(&self.job);
            self.job = job;
            reusable
        });
        let (targets, dropped, dropped_count) = self.build(groups, parts);
        let mut old = std::mem::take(&mut self.running);
        for target in targets {
            let hash = target.hash();
            if self.running.contains_key(&hash) {
                // The same target, found twice.
                continue;
            }
            let running = match (old.remove(&hash), restart) {
                (None, _) => start(&self.job, Arc::new(target), parts, None),
                (Some(running), None) => {
                    running.target.set_origin(target.into_origin());
                    running
                }
                (Some(running), Some(reusable)) => {
                    running.target.set_origin(target.into_origin());
                    start(&self.job, Arc::clone(&running.target), parts, Some(Predecessor::stop(running, reusable)))
                }
            };
            self.running.insert(hash, running);
        }
        let metrics = &parts.shared.metrics;
        let job = &self.job.config;
        let limit = job.target_limit;
        let too_many = u64::try_from(self.running.len()).is_ok_and(|count| limit > 0 && count > limit);
        if too_many {
            metrics.exceeded_target_limit.inc();
        }
        *self.job.too_many.lock() = too_many.then_some(self.running.len());
        let active = self.running.values().map(|running| Arc::clone(&running.target)).collect();
        *self.view.lock() = JobTargets { active, dropped, dropped_count };

        let name = [job.job_name.as_str()];
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        metrics.pool_targets.with(name).set(self.running.len() as f64);
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        metrics.target_limit.with(name).set(limit as f64);
        // There is no table of symbols; dashboards find the metric all the same.
        metrics.pool_symbols.with(name).set(0.0);
        metrics.pool_syncs.with(name).inc();
        let took = parts.shared.clock.monotonic().since(started);
        let now = crate::scrape_loop::system_time(parts.shared.clock.wall());
        metrics.sync_length.with(name).observe_duration(took, now);
        metrics.sync_length_histogram.with(name).observe_duration(took);
        if restart.is_some() {
            let interval = job.scrape_interval.to_std().map(crate::target::go_duration).unwrap_or_default();
            metrics.reload_length.with([&interval]).observe_duration(took, now);
        }
        old.into_values().map(|running| running.tell(Stop::Gone)).collect()
    }

    /// The targets of these groups, in their order.
    fn build(&self, groups: &[Arc<TargetGroup>], parts: &LoopParts) -> (Vec<Target>, Vec<DroppedTarget>, usize) {
        let (mut targets, mut dropped, mut dropped_count) = (Vec::new(), Vec::new(), 0);
        let config = &self.job.config;
        let failed = parts.shared.metrics.sync_failed.with([&config.job_name]);
        let keep = usize::try_from(config.keep_dropped_targets).unwrap_or(usize::MAX);
        let mut builder = Builder::default();
        for group in groups {
            for built in builder.group(group, config, &self.job.rules) {
                match built {
                    Ok(Built::Target(target)) => targets.push(*target),
                    Ok(Built::Dropped(target)) => {
                        dropped_count += 1;
                        if keep == 0 || dropped.len() < keep {
                            dropped.push(target);
                        }
                    }
                    Err(error) => {
                        failed.inc();
                        tracing::error!(scrape_pool = config.job_name, err = %error, "Creating target failed");
                    }
                }
            }
        }
        (targets, dropped, dropped_count)
    }

    /// Stops all loops without ending any series. What comes back is ready once they have stopped.
    pub(crate) fn shut_down(&mut self) -> Vec<oneshot::Receiver<()>> {
        *self.view.lock() = JobTargets::default();
        std::mem::take(&mut self.running).into_values().map(|running| running.tell(Stop::Shutdown)).collect()
    }
}

impl Running {
    /// Tells the loop to stop. What comes back is ready once it has.
    fn tell<T>(self, stop: impl FnOnce(oneshot::Sender<T>) -> Stop) -> oneshot::Receiver<T> {
        let (sender, stopped) = oneshot::channel();
        // If it is not there any more, neither is the sender, and the receiver says so.
        let _ = self.stop.send(stop(sender));
        stopped
    }
}

/// The loop that a new one goes on for.
enum Predecessor {
    /// What it knows of series still holds.
    Reusable(oneshot::Receiver<SeriesCache>),
    /// It does not; its series end in their time, unless they go on.
    Gone(oneshot::Receiver<()>),
}

impl Predecessor {
    fn stop(running: Running, reusable: bool) -> Self {
        if reusable { Self::Reusable(running.tell(Stop::HandOver)) } else { Self::Gone(running.tell(Stop::Gone)) }
    }

    /// Waits until it has stopped.
    async fn stopped(self) -> Option<SeriesCache> {
        match self {
            Self::Reusable(cache) => cache.await.ok(),
            Self::Gone(stopped) => {
                // The error is that it is gone, which is all that is waited for.
                let _ = stopped.await;
                None
            }
        }
    }
}

/// Starts a loop, which waits for the one before it.
fn start(job: &Arc<Job>, target: Arc<Target>, parts: &LoopParts, before: Option<Predecessor>) -> Running {
    let (stop, told) = oneshot::channel();
    let LoopParts { shared, seed, shutdown, user_agent } = parts;
    let new =
        ScrapeLoop::new(Arc::clone(shared), Arc::clone(job), Arc::clone(&target), *seed, shutdown.clone(), user_agent);
    tokio::spawn(async move {
        let cache = match before {
            Some(before) => before.stopped().await,
            None => None,
        };
        new.run(cache, told).await;
    });
    Running { target, stop }
}
