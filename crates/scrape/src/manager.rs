//! The manager: jobs and their pools, as configuration and discovery say.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::join_all;
use parking_lot::{Mutex, RwLock};
use promd_budget::AccountOptions;
use promd_config::ScrapeConfig;
use promd_discovery::{CancelSignal, CancelSource, TargetSets};
use promd_metrics::{Collect, Desc, MetricType, Options, Sample, Sink, Value};
use promd_model::Labels;
use tokio::sync::watch;

use crate::buffers::Buffers;
use crate::failure_log::FailureLog;
use crate::fetch::FetchFactory;
use crate::hash::Fnv;
use crate::job::Job;
use crate::metrics::ScrapeMetrics;
use crate::options::{Parts, ScrapeOptions};
use crate::pool::{JobTargets, LoopParts, Pool};
use crate::scrape_loop::Shared;

/// Why a configuration was not applied, or not all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A file of failures cannot be written. Nothing was applied.
    #[error("can't create json log file: open {path}: {error}")]
    FailureLog {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// Jobs cannot be scraped as they are configured; the log says why. They go on as they were, and the others as they
    /// are.
    #[error("failed to apply the new configuration")]
    Jobs,
}

/// Scrapes targets. It spawns tasks, so it is used within a runtime of tokio.
pub struct Manager {
    shared: Arc<Shared>,
    fetch: Arc<dyn FetchFactory>,
    user_agent: Arc<str>,
    /// Held while loops start and stop, which may take as long as a scrape.
    control: tokio::sync::Mutex<Control>,
    view: Arc<View>,
    stop: CancelSource,
}

#[derive(Default)]
struct Control {
    configs: BTreeMap<Arc<str>, Arc<ScrapeConfig>>,
    logs: BTreeMap<String, Arc<FailureLog>>,
    pools: BTreeMap<Arc<str>, Pool>,
    sets: Arc<TargetSets>,
    seed: u64,
}

type View = RwLock<BTreeMap<Arc<str>, Arc<Mutex<JobTargets>>>>;

impl Manager {
    /// A manager without jobs.
    #[must_use]
    pub fn new(options: ScrapeOptions, user_agent: &str, parts: Parts) -> Self {
        let Parts { storage, clock, fetch, executor } = parts;
        let account = options.ledger.account(AccountOptions::new("scrape"));
        let (metrics, buffers) = (Arc::default(), Buffers::default());
        let shared = Arc::new(Shared { storage, clock, executor, options, metrics, buffers, account });
        let (control, view) = (tokio::sync::Mutex::default(), Arc::default());
        Self { shared, fetch, user_agent: user_agent.into(), control, view, stop: CancelSource::new() }
    }

    /// Scrapes these jobs and no others. The loops of a job whose configuration did not change are not touched.
    ///
    /// # Errors
    ///
    /// If a job cannot be scraped in that way. The others are.
    pub async fn apply(&self, jobs: Vec<ScrapeConfig>, external_labels: &Labels) -> Result<(), ApplyError> {
        let mut control = self.control.lock().await;
        let control = &mut *control;
        // The promise is that the files are opened anew with each configuration.
        let mut logs = BTreeMap::new();
        for path in jobs.iter().map(|job| job.scrape_failure_log_file.as_str()).filter(|path| !path.is_empty()) {
            if !logs.contains_key(path) {
                let log = FailureLog::open(Path::new(path));
                let log = log.map_err(|error| ApplyError::FailureLog { path: path.to_owned(), error })?;
                logs.insert(path.to_owned(), Arc::new(log));
            }
        }
        control.logs = logs;
        let seed = self.shared.options.host_name.as_bytes();
        control.seed = Fnv::new().write(seed).write(external_labels.to_string().as_bytes()).finish();
        let named = |job: ScrapeConfig| (Arc::from(job.job_name.as_str()), Arc::new(job));
        control.configs = jobs.into_iter().map(named).collect();

        let mut stopped = Vec::new();
        let gone: Vec<_> = control.pools.keys().filter(|job| !control.configs.contains_key(*job)).cloned().collect();
        for job in gone {
            if let Some(mut pool) = control.pools.remove(&job) {
                stopped.extend(pool.shut_down());
                self.shared.metrics.forget_job(&job);
            }
        }
        let parts = self.parts(control.seed);
        let mut failed = false;
        for (name, pool) in &mut control.pools {
            let Some(config) = control.configs.get(name) else { continue };
            let log = control.logs.get(config.scrape_failure_log_file.as_str()).cloned();
            if *pool.job.config == **config {
                *pool.job.failure_log.lock() = log;
                continue;
            }
            self.shared.metrics.pool_reloads.inc();
            match Job::new(Arc::clone(config), &self.fetch) {
                Ok(job) => {
                    *job.failure_log.lock() = log;
                    let groups = control.sets.get(name).map_or(&[][..], Vec::as_slice);
                    stopped.extend(pool.sync(Some(Arc::new(job)), groups, &parts));
                }
                Err(error) => {
                    self.shared.metrics.pool_reloads_failed.inc();
                    tracing::error!(err = %error, scrape_pool = &**name, "error reloading scrape pool");
                    failed = true;
                }
            }
        }
        self.show(control);
        join_all(stopped).await;
        if failed { Err(ApplyError::Jobs) } else { Ok(()) }
    }

    /// Scrapes the targets of these sets, by the names of jobs. A job that no set is called after keeps what it has.
    pub async fn set_targets(&self, sets: Arc<TargetSets>) {
        let mut control = self.control.lock().await;
        let control = &mut *control;
        let parts = self.parts(control.seed);
        let mut stopped = Vec::new();
        for (name, groups) in &*sets {
            if !control.pools.contains_key(name) {
                let Some(config) = control.configs.get(name) else {
                    tracing::error!(err = format!("invalid config id:{name}"), "error reloading target set");
                    continue;
                };
                self.shared.metrics.pools.inc();
                match Job::new(Arc::clone(config), &self.fetch) {
                    Ok(job) => {
                        *job.failure_log.lock() = control.logs.get(config.scrape_failure_log_file.as_str()).cloned();
                        control.pools.insert(Arc::clone(name), Pool::new(Arc::new(job)));
                    }
                    Err(error) => {
                        self.shared.metrics.pools_failed.inc();
                        tracing::error!(err = %error, scrape_pool = &**name, "error creating new scrape pool");
                        continue;
                    }
                }
            }
            if let Some(pool) = control.pools.get_mut(name) {
                stopped.extend(pool.sync(None, groups, &parts));
            }
        }
        control.sets = sets;
        self.show(control);
        join_all(stopped).await;
    }

    /// Follows what discovery hands out, until `shutdown` says that it is over or there is nothing to come.
    pub async fn follow(&self, mut updates: watch::Receiver<Arc<TargetSets>>, mut shutdown: CancelSignal) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = updates.changed() => if changed.is_err() { return },
            }
            let sets = Arc::clone(&updates.borrow_and_update());
            self.set_targets(sets).await;
        }
    }

    /// The targets of all jobs.
    #[must_use]
    pub fn targets(&self) -> BTreeMap<Arc<str>, JobTargets> {
        let view = self.view.read();
        view.iter().map(|(name, targets)| (Arc::clone(name), targets.lock().clone())).collect()
    }

    /// What it counts, to be registered.
    #[must_use]
    pub fn metrics(&self) -> ManagerCollector {
        let desc = |name: &str, help: &str| {
            let options = Options::new(format!("prometheus_target_metadata_cache_{name}"), help);
            Desc::new(MetricType::Gauge, options, &["scrape_job"])
        };
        ManagerCollector {
            metrics: Arc::clone(&self.shared.metrics),
            view: Arc::clone(&self.view),
            entries: desc("entries", "Total number of metric metadata entries in the cache"),
            bytes: desc(
                "bytes",
                "The number of bytes that are currently used for storing metric metadata in the cache",
            ),
        }
    }

    /// Stops scraping. Scrapes that are under way come to their end; no series ends, since a restart goes on with them.
    pub async fn shutdown(&self) {
        let mut control = self.control.lock().await;
        self.stop.cancel();
        let stopped: Vec<_> = control.pools.values_mut().flat_map(Pool::shut_down).collect();
        control.pools.clear();
        self.show(&control);
        join_all(stopped).await;
    }

    fn parts(&self, seed: u64) -> LoopParts {
        let (shared, user_agent) = (Arc::clone(&self.shared), Arc::clone(&self.user_agent));
        LoopParts { shared, seed, shutdown: self.stop.signal(), user_agent }
    }

    /// Shows the pools to those who look on.
    fn show(&self, control: &Control) {
        let pools = control.pools.iter();
        *self.view.write() = pools.map(|(name, pool)| (Arc::clone(name), Arc::clone(&pool.view))).collect();
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("jobs", &self.view.read().keys()).finish_non_exhaustive()
    }
}

/// The metrics of a manager and of the metadata of its targets.
#[derive(Debug, Clone)]
pub struct ManagerCollector {
    metrics: Arc<ScrapeMetrics>,
    view: Arc<View>,
    entries: Desc,
    bytes: Desc,
}

impl Collect for ManagerCollector {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.metrics.describe(each);
        each(&self.entries);
        each(&self.bytes);
    }

    fn collect(&self, now: SystemTime, sink: &mut dyn Sink) {
        self.metrics.collect(now, sink);
        let view = self.view.read();
        let mut gauge = |desc: &Desc, of: &dyn Fn(&crate::Target) -> usize| {
            sink.family(desc);
            for (job, targets) in &*view {
                let sum: usize = targets.lock().active.iter().map(|target| of(target)).sum();
                #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
                sink.sample(&Sample::new(&[("scrape_job", job)], Value::Gauge(sum as f64)));
            }
        };
        gauge(&self.entries, &|target| target.metadata().len());
        gauge(&self.bytes, &|target| target.metadata().bytes());
    }
}
