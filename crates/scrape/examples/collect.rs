//! A small collector: scrapes what a `prometheus.yml` says into a database in a directory.
//!
//! `cargo run --example collect -- prometheus.yml DIR` runs until Ctrl-C. The directory is one that Prometheus could go
//! on with.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use promd_clock::{Clock, RealClock};
use promd_config::{Config, Options};
use promd_discovery::{CancelSource, ManagerOptions, Mechanisms};
use promd_fs::{Fs, RealFs};
use promd_scrape::{Executor, HttpFetchFactory, Manager, Parts, ScrapeOptions, host_name};
use promd_tsdb::Db;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(dir)) = (arguments.next(), arguments.next()) else {
        return Err("usage: collect PROMETHEUS.YML DIR".into());
    };
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let config = Config::load(&*fs, &file, &Options::default())?;
    let jobs = config.all_scrape_configs(&*fs, &Options::default())?;

    let db = Arc::new(Db::open(Arc::clone(&fs), Arc::clone(&clock), dir, promd_tsdb::Options::default())?);
    let mut options = ScrapeOptions::default();
    options.host_name = host_name().await;
    let agent = "collect/0.1";
    let parts = Parts {
        storage: Arc::clone(&db) as _,
        clock: Arc::clone(&clock),
        fetch: Arc::new(HttpFetchFactory::new(agent, Arc::clone(&clock))),
        executor: Executor::bounded(2),
    };
    let scraping = Manager::new(options, agent, parts);
    let finding = promd_discovery::Manager::new(ManagerOptions::new("scrape"), Arc::clone(&clock));

    let mechanisms = Mechanisms::new();
    let mut sets = BTreeMap::new();
    for job in &jobs {
        sets.insert(job.job_name.clone(), mechanisms.of(&job.discovery)?);
    }
    scraping.apply(jobs, &config.global.external_labels).await?;
    finding.apply(sets);

    let stop = CancelSource::new();
    tokio::select! {
        () = scraping.follow(finding.updates(), stop.signal()) => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    for (job, targets) in scraping.targets() {
        for target in targets.active {
            let state = target.state();
            println!("{job} {} {} {}", target.url(), state.health, state.last_error);
        }
    }
    scraping.shutdown().await;
    finding.shutdown().await;
    db.close()?;
    Ok(())
}
