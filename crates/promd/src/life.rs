//! The configuration in force, and the wishes of those who may reload it or end the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use arc_swap::ArcSwap;
use promd_api::{BoxFuture, Host, Reload};
use promd_clock::{Clock, WallTime};
use promd_config::{Config, ScrapeConfig};
use promd_fs::Fs;
use tokio::sync::{mpsc, oneshot};

use crate::config::Loaded;
use crate::flags::Flags;
use crate::self_metrics::ReloadMetrics;
use crate::store::retention_text;

/// What somebody wants of the server.
pub(crate) enum Wish {
    /// That it reads its configuration again, and says how that went.
    Reload(oneshot::Sender<Result<(), String>>),
    /// That it ends.
    Quit,
}

/// The server as the API sees it.
pub(crate) struct Life {
    flags: Flags,
    clock: Arc<dyn Clock>,
    config: ArcSwap<Config>,
    jobs: ArcSwap<Vec<ScrapeConfig>>,
    successful: AtomicBool,
    last_success: AtomicI64,
    wishes: mpsc::Sender<Wish>,
    pub(crate) metrics: Arc<ReloadMetrics>,
}

impl Life {
    pub(crate) fn new(flags: Flags, clock: Arc<dyn Clock>, loaded: &Loaded) -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, heard) = mpsc::channel(4);
        let life = Self {
            flags,
            clock,
            config: ArcSwap::from_pointee(loaded.config.clone()),
            jobs: ArcSwap::from_pointee(loaded.jobs.clone()),
            successful: AtomicBool::new(false),
            last_success: AtomicI64::new(0),
            wishes,
            metrics: Arc::new(ReloadMetrics::new()),
        };
        (life, heard)
    }

    /// From now on this is in force.
    pub(crate) fn take_over(&self, loaded: Loaded) {
        self.config.store(Arc::new(loaded.config));
        self.jobs.store(Arc::new(loaded.jobs));
    }

    /// The files that the configuration names: jobs and rules.
    pub(crate) fn files(&self, fs: &dyn Fs) -> Vec<String> {
        let config = self.config.load();
        let patterns = config.scrape_config_files.iter().map(|file| file.as_str().to_owned());
        config.all_rule_files(fs).unwrap_or_default().into_iter().chain(patterns).collect()
    }

    /// Notes how a reading of the configuration went.
    pub(crate) fn note(&self, successful: bool) {
        self.successful.store(successful, Ordering::Relaxed);
        self.metrics.successful.set(if successful { 1.0 } else { 0.0 });
        if successful {
            let now = self.clock.wall();
            self.last_success.store(now.nanos(), Ordering::Relaxed);
            self.metrics.last_success.set(now.nanos() as f64 / 1e9);
        }
    }
}

impl Host for Life {
    fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    fn scrape_config(&self, pool: &str) -> Option<ScrapeConfig> {
        self.jobs.load().iter().find(|job| job.job_name == pool).cloned()
    }

    fn last_reload(&self) -> Reload {
        Reload {
            successful: self.successful.load(Ordering::Relaxed),
            last_success: WallTime::from_nanos(self.last_success.load(Ordering::Relaxed)),
        }
    }

    fn retention(&self) -> String {
        retention_text(&self.flags, &self.config.load())
    }

    fn reload(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let (answer, heard) = oneshot::channel();
            let gone = || "the server is shutting down".to_owned();
            self.wishes.send(Wish::Reload(answer)).await.map_err(|_| gone())?;
            heard.await.unwrap_or_else(|_| Err(gone()))
        })
    }

    fn quit(&self) {
        // A server that has wishes waiting hears this one all the same, or ends already.
        self.wishes.try_send(Wish::Quit).ok();
    }
}
