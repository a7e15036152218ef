//! What a manager is made from.

use std::sync::Arc;
use std::time::Duration;

use promd_budget::Ledger;
use promd_clock::Clock;
use promd_storage::Storage;

use crate::append::Starts;
use crate::executor::Executor;
use crate::fetch::FetchFactory;

/// How scraping is to be, beside what the configuration says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ScrapeOptions {
    /// The full name of this machine, see [`host_name`](crate::host_name): with the external labels it decides when
    /// targets are scraped, so that two servers of one configuration do not ask at the same moment.
    pub host_name: String,
    /// Whether timestamps are moved to the schedule if they are hardly off it.
    pub align_timestamps: bool,
    /// How far off they may be; at most a hundredth of the interval.
    pub timestamp_tolerance: Duration,
    /// What is done with start timestamps.
    pub starts: Starts,
    /// Whether series get the labels `__type__` and `__unit__` (`--enable-feature=type-and-unit-labels`).
    pub type_and_unit_labels: bool,
    /// Whether exemplars go to the store (`--enable-feature=exemplar-storage`).
    pub exemplars: bool,
    /// Whether metadata goes to the store (`--enable-feature=metadata-wal-records`).
    pub metadata: bool,
    /// What the hashes of series are seeded with: something that targets cannot know.
    pub hash_seed: u64,
    /// Where the bytes of bodies are charged.
    pub ledger: Ledger,
}

impl Default for ScrapeOptions {
    fn default() -> Self {
        Self {
            host_name: String::new(),
            align_timestamps: true,
            timestamp_tolerance: Duration::from_millis(2),
            starts: Starts::Ignored,
            type_and_unit_labels: false,
            exemplars: true,
            metadata: false,
            hash_seed: 0,
            ledger: Ledger::unlimited(),
        }
    }
}

/// What a manager works with.
#[derive(Clone)]
pub struct Parts {
    /// Where samples go.
    pub storage: Arc<dyn Storage>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Who asks targets.
    pub fetch: Arc<dyn FetchFactory>,
    /// Where bodies are gone over.
    pub executor: Executor,
}
