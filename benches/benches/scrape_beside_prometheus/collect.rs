//! The scraper over the database, as a program of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use promd_clock::{Clock, RealClock};
use promd_config::{Config, Options};
use promd_discovery::{CancelSource, ManagerOptions, Mechanisms};
use promd_fs::{Fs, RealFs};
use promd_scrape::{Executor, HttpFetchFactory, Manager, Parts, ScrapeOptions};
use promd_tsdb::Db;

/// Scrapes what a configuration says into a database, until the process is ended.
pub(super) fn run(file: &Path, dir: &Path) {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let config = Config::load(&*fs, file.to_str().unwrap(), &Options::default()).unwrap();
    let db = Db::open(Arc::clone(&fs), Arc::clone(&clock), dir, promd_tsdb::Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let parts = Parts {
            storage: Arc::new(db),
            clock: Arc::clone(&clock),
            fetch: Arc::new(HttpFetchFactory::new("bench", Arc::clone(&clock))),
            executor: Executor::bounded(threads),
        };
        let scraping = Manager::new(ScrapeOptions::default(), "bench", parts);
        let finding = promd_discovery::Manager::new(ManagerOptions::new("scrape"), clock);
        let mechanisms = Mechanisms::new();
        let jobs = config.scrape_configs.to_vec();
        let mut sets = BTreeMap::new();
        for job in &jobs {
            sets.insert(job.job_name.clone(), mechanisms.of(&job.discovery).unwrap());
        }
        scraping.apply(jobs, &config.global.external_labels).await.unwrap();
        finding.apply(sets);
        let stop = CancelSource::new();
        scraping.follow(finding.updates(), stop.signal()).await;
    });
}
