//! Bodies without a target to ask: what a scrape does with one, on the spot.

use std::sync::Arc;

use promd_budget::{AccountOptions, Charge};
use promd_config::ScrapeConfig;
use promd_model::Labels;
use promd_relabel::Rules;
use promd_storage::{Position, Storage};

use crate::append::{self, Counts, Scraped, Settings, Subject, Workspace};
use crate::cache::SeriesCache;
use crate::error::ScrapeError;
use crate::job::{JobError, settings};
use crate::metadata::TargetMetadata;
use crate::metrics::ScrapeMetrics;
use crate::options::ScrapeOptions;

/// Takes bodies one after the other as the scrapes of one target, wherever they come from: a file, a pipe, a test.
///
/// What is known of a series lasts from one body to the next, and what is not in the next one gets a stale marker.
///
/// ```
/// use promd_model::Labels;
/// use promd_scrape::{BodyAppender, ScrapeOptions};
/// use promd_storage::MemStorage;
///
/// let storage = MemStorage::new();
/// let labels = Labels::from_pairs([("job", "batch"), ("instance", "nightly")])?;
/// let mut target = BodyAppender::new(&promd_config::ScrapeConfig::default(), labels, &ScrapeOptions::default())?;
/// let counts = target.append(&storage, b"rows_total 17\n", "text/plain", 1_763_000_000_000)?;
/// assert_eq!((counts.scraped, counts.added, storage.series_count()), (1, 1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct BodyAppender {
    settings: Settings,
    cache: SeriesCache,
    metadata: TargetMetadata,
    metrics: ScrapeMetrics,
    work: Workspace,
    charge: Charge,
}

/// What a body had in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyCounts {
    /// Samples.
    pub scraped: usize,
    /// Samples that relabelling has left.
    pub kept: usize,
    /// Series that were not known before.
    pub added: usize,
    /// Up to where the store has logged them.
    pub position: Position,
}

impl BodyAppender {
    /// Bodies of a target with these labels, under the configuration of a job.
    ///
    /// # Errors
    ///
    /// If the rules of the job are not valid.
    pub fn new(job: &ScrapeConfig, target: Labels, options: &ScrapeOptions) -> Result<Self, JobError> {
        let rules = Arc::new(Rules::new(job.metric_relabel_configs.to_vec(), job.validation())?);
        let account = options.ledger.account(AccountOptions::new("scrape"));
        Ok(Self {
            settings: settings(job, target, rules, |_, default| default, options),
            cache: SeriesCache::new(options.hash_seed, &account),
            charge: Charge::empty(&account),
            metadata: TargetMetadata::default(),
            metrics: ScrapeMetrics::default(),
            work: Workspace::default(),
        })
    }

    /// Appends a body whose samples are of `time`, in milliseconds, unless they say otherwise; and commits it.
    ///
    /// # Errors
    ///
    /// If it is not what it should be, or has more of something than it may have. Then nothing of it is stored, and all
    /// series have ended.
    pub fn append(
        &mut self,
        storage: &dyn Storage,
        body: &[u8],
        content_type: &str,
        time: i64,
    ) -> Result<BodyCounts, ScrapeError> {
        let Self { settings, cache, metadata, metrics, work, charge } = self;
        let scraped = Scraped { body, content_type, time, now: time };
        let mut subject = Subject { settings, cache, metadata, metrics, charge, url: "" };
        let (appender, counts, outcome) = append::append(storage, &scraped, &mut subject, work);
        let position = appender.commit()?;
        let Counts { scraped, kept, added } = counts;
        outcome.map(|()| BodyCounts { scraped, kept, added, position })
    }

    /// What the bodies say of their metrics.
    #[must_use]
    pub fn metadata(&self) -> &TargetMetadata {
        &self.metadata
    }

    /// How many texts of series are known: at most those of the last successful body, and some that came in failed ones.
    #[must_use]
    pub fn known_series(&self) -> usize {
        self.cache.len()
    }
}
