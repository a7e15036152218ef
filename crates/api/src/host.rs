//! What the API asks of the program that it is part of.
//!
//! Scraping, the database and the life cycle of a server are other crates' business. Each answers through a small trait; all
//! methods have answers of a server that has nothing of the kind, so that an implementation says what it knows.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::WallTime;
use promd_config::{Config, ScrapeConfig};
use promd_model::{Health, Interval, Labels, Matcher, Metadata};

/// A future that is handed out of a trait.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The last time that the configuration was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// Whether it was taken over.
    pub successful: bool,
    /// When one was last taken over.
    pub last_success: WallTime,
}

/// The program.
pub trait Host: Send + Sync {
    /// The configuration that is in force.
    fn config(&self) -> Arc<Config> {
        Arc::default()
    }

    /// The scrape configuration of a pool, from whichever file it is.
    fn scrape_config(&self, pool: &str) -> Option<ScrapeConfig> {
        self.config().scrape_configs.iter().find(|scrape| scrape.job_name == pool).cloned()
    }

    /// How the last reading of the configuration went.
    fn last_reload(&self) -> Reload {
        Reload { successful: true, last_success: WallTime::from_millis(0) }
    }

    /// For how long samples are kept, as `15d or 1GiB`.
    fn retention(&self) -> String {
        String::new()
    }

    /// Reads the configuration again.
    fn reload(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Err("this server has no configuration file".to_owned())))
    }

    /// Begins to stop.
    fn quit(&self) {}
}

/// A program that has nothing to say.
impl Host for () {}

/// A target that is scraped.
#[derive(Debug, Clone)]
pub struct ActiveTarget {
    /// Labels before relabelling.
    pub discovered: Labels,
    /// Labels that its samples are given.
    pub labels: Labels,
    /// Where it is scraped.
    pub url: String,
    /// What was wrong with the last scrape; empty if nothing was.
    pub last_error: String,
    /// When the last scrape began.
    pub last_scrape: Option<WallTime>,
    /// How long it took.
    pub last_duration: Duration,
    /// How it went.
    pub health: Health,
    /// How often it is scraped, as its configuration has it.
    pub interval: String,
    /// How long a scrape may take, in the same way.
    pub timeout: String,
}

/// The targets of one scrape configuration.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    /// The job.
    pub name: String,
    /// Targets that are scraped.
    pub active: Vec<ActiveTarget>,
    /// Labels of targets that relabelling dropped, as far as they are kept.
    pub dropped: Vec<Labels>,
    /// How many were dropped.
    pub dropped_count: usize,
}

/// Who scrapes.
pub trait Targets: Send + Sync {
    /// The pools, by name.
    fn pools(&self) -> Vec<Pool> {
        Vec::new()
    }

    /// Shows what targets say of their metrics: the labels of the target, the metric family, what is said of it. With a
    /// `family`, only of that.
    fn metadata(&self, family: Option<&str>, show: &mut dyn FnMut(&Labels, &str, &Metadata)) {
        let _ = (family, show);
    }
}

/// Nobody scrapes.
impl Targets for () {}

/// A name with a number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NameCount {
    /// What is counted.
    pub name: String,
    /// How much of it there is.
    pub value: u64,
}

/// What a database says of its head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadStats {
    /// How many series.
    pub series: u64,
    /// How many pairs of a label's name and value.
    pub label_pairs: u64,
    /// How many chunks.
    pub chunks: u64,
    /// The time of the first sample.
    pub min_time: i64,
    /// The time of the last.
    pub max_time: i64,
    /// The names of metrics with the most series.
    pub series_by_metric: Vec<NameCount>,
    /// The labels with the most values.
    pub values_by_label: Vec<NameCount>,
    /// The labels whose values take the most bytes.
    pub bytes_by_label: Vec<NameCount>,
    /// The pairs of label and value with the most series.
    pub series_by_pair: Vec<NameCount>,
}

/// How far the write-ahead log has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReplayProgress {
    /// The first segment.
    pub min: u64,
    /// The last.
    pub max: u64,
    /// The one that is being read.
    pub current: u64,
}

/// What the series of one value of a label cost.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cost {
    /// The value.
    pub value: String,
    /// How many series in memory have it.
    pub series: u64,
    /// How many bytes they take.
    pub bytes: u64,
}

/// Series that a database did not take, since it had as many as it may, or no memory for more.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RefusedSeries {
    /// The job that brought them.
    pub job: String,
    /// The metric that they are of.
    pub metric: String,
    /// How often one was refused: a series that comes again is counted again.
    pub count: u64,
}

/// Who keeps samples.
pub trait Database: Send + Sync {
    /// What is to be said of the head; lists have at most `limit` entries.
    ///
    /// # Errors
    ///
    /// If it cannot be said.
    fn head_stats(&self, limit: usize) -> Result<HeadStats, String>;

    /// The `meta.json` of each block.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn blocks(&self) -> Result<Vec<serde_json::Value>, String>;

    /// How far the start has come.
    fn replay_progress(&self) -> ReplayProgress {
        ReplayProgress::default()
    }

    /// What is known to be damaged, as JSON.
    fn damage(&self) -> serde_json::Value {
        serde_json::Value::Array(Vec::new())
    }

    /// What series cost by the values of a label, the dearest first; `None` if this is not known.
    fn cost(&self, label: &str, limit: usize) -> Option<Vec<Cost>> {
        let _ = (label, limit);
        None
    }

    /// Which series it did not take, those with the most first.
    fn refused(&self) -> Vec<RefusedSeries> {
        Vec::new()
    }

    /// Deletes samples.
    ///
    /// # Errors
    ///
    /// If they cannot be deleted.
    fn delete(&self, times: Interval, matchers: &[Matcher]) -> Result<(), String>;

    /// Removes deleted samples from the disk.
    ///
    /// # Errors
    ///
    /// If they cannot be removed.
    fn clean_tombstones(&self) -> Result<(), String>;

    /// Makes a copy of the database in a folder.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    fn snapshot(&self, to: &Path, with_head: bool) -> Result<(), String>;
}
