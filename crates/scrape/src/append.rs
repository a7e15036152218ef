//! One body into the store: parsed, named, put into a batch, judged.

mod exemplars;
mod parse;
mod report;
mod rows;

use promd_budget::Charge;
use promd_exposition::Options as ParserOptions;
use promd_exposition::ScrapeProtocol;
use promd_storage::{Appender, Batch, SeriesRef, Storage, Verdict};

use crate::cache::SeriesCache;
use crate::error::ScrapeError;
use crate::histogram::{Reduced, Resolution};
use crate::labels::{Namer, Naming};
use crate::metadata::TargetMetadata;
use crate::metrics::ScrapeMetrics;
use rows::Row;

pub(crate) use report::Report;

/// How far ahead of the present a timestamp may be, in milliseconds.
const MAX_AHEAD: i64 = 10 * 60 * 1000;

/// How bodies become samples: what stays the same from one scrape to the next.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) naming: Naming,
    pub(crate) parser: ParserOptions,
    pub(crate) fallback: Option<ScrapeProtocol>,
    pub(crate) honor_timestamps: bool,
    /// Whether stale markers are due for series with timestamps of their own.
    pub(crate) track_timestamps: bool,
    /// Zero is no limit.
    pub(crate) sample_limit: u64,
    pub(crate) resolution: Resolution,
    pub(crate) starts: Starts,
    /// Whether exemplars go to the store.
    pub(crate) exemplars: bool,
    /// Whether metadata goes to the store.
    pub(crate) metadata: bool,
    /// Whether `scrape_timeout_seconds`, `scrape_sample_limit` and `scrape_body_size_bytes` are written.
    pub(crate) extra_metrics: bool,
}

/// What is done with start timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Starts {
    /// They are not looked at.
    #[default]
    Ignored,
    /// A zero is stored at the start (`--enable-feature=created-timestamp-zero-ingestion`).
    AsZeros,
    /// They are stored with the samples (`--enable-feature=st-storage`).
    Stored,
}

/// What a body had in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Samples.
    pub(crate) scraped: usize,
    /// Samples that relabelling has left.
    pub(crate) kept: usize,
    /// Series that were not known before.
    pub(crate) added: usize,
}

/// Memory for going over bodies, used again and again.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    namer: Namer,
    batch: Batch,
    /// Zeros at the starts of counters.
    zeros: Batch,
    rows: Vec<Row>,
    /// Entries of the cache that this pass has made.
    born: Vec<u32>,
    verdicts: Vec<Verdict>,
    vanished: Vec<SeriesRef>,
    reduced: Reduced,
    exemplars: Vec<promd_model::Exemplar>,
    builder: promd_model::LabelsBuilder,
    family: String,
}

impl Workspace {
    /// How much memory it holds, as far as that depends on the body.
    fn heap_bytes(&self) -> usize {
        let Self { batch, zeros, rows, born, verdicts, exemplars, .. } = self;
        batch.heap_bytes()
            + zeros.heap_bytes()
            + rows.capacity() * size_of::<Row>()
            + born.capacity() * size_of::<u32>()
            + verdicts.capacity() * size_of::<Verdict>()
            + exemplars.capacity() * size_of::<promd_model::Exemplar>()
    }

    /// Whether it is small enough to be kept.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.rows.capacity() <= 1 << 17
    }
}

/// A target, as far as appending is concerned.
pub(crate) struct Subject<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) cache: &'a mut SeriesCache,
    pub(crate) metadata: &'a TargetMetadata,
    pub(crate) metrics: &'a ScrapeMetrics,
    /// What the workspace is paid with.
    pub(crate) charge: &'a mut Charge,
    /// The address, for logs.
    pub(crate) url: &'a str,
}

/// A body and its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scraped<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) content_type: &'a str,
    /// The time of samples without one, in milliseconds.
    pub(crate) time: i64,
    /// The present, in milliseconds.
    pub(crate) now: i64,
}

/// Why a pass over a body ended early.
enum Stopped {
    /// The store has forgotten a series: the entries are gone, and the pass is worth repeating.
    Forgotten,
    Failed(ScrapeError),
}

impl From<ScrapeError> for Stopped {
    fn from(error: ScrapeError) -> Self {
        Self::Failed(error)
    }
}

/// Appends a body, and stale markers for what is not in it any more. An empty one, as that of a failed scrape, ends
/// all series.
///
/// The counts are there whether it succeeds or not. If it does not, the appender that comes back holds nothing of the body but the end
/// of all series; the cache knows what would have been stored, as that of Prometheus does.
pub(crate) fn append<'s>(
    storage: &'s dyn Storage,
    scraped: &Scraped<'_>,
    subject: &mut Subject<'_>,
    work: &mut Workspace,
) -> (Box<dyn Appender + 's>, Counts, Result<(), ScrapeError>) {
    let mut counts = Counts::default();
    let mut appender = storage.appender();
    let mut outcome = Ok(());
    if !scraped.body.is_empty() {
        let mut repeated = false;
        outcome = loop {
            counts = Counts::default();
            match pass(&mut *appender, scraped, subject, work, &mut counts, !repeated) {
                Ok(()) => break Ok(()),
                Err(Stopped::Failed(error)) => break Err(error),
                Err(Stopped::Forgotten) => {
                    // An appender of some stores keeps others out, so the first one goes before there is another.
                    drop(appender);
                    appender = storage.appender();
                    repeated = true;
                }
            }
        };
        if outcome.is_err() {
            drop(appender);
            appender = storage.appender();
        }
    }
    let flush = outcome.is_ok() && !scraped.body.is_empty();
    end_vanished(&mut *appender, scraped.time, subject.cache, work);
    let mut families = subject.metadata.lock();
    if subject.cache.end_scrape(flush, families.len()) {
        subject.metrics.cache_flush_forced.inc();
    }
    families.end_scrape(flush);
    drop(families);
    (appender, counts, outcome)
}

/// Goes over a body once. What it has appended is only worth committing if it succeeds.
fn pass(
    appender: &mut dyn Appender,
    scraped: &Scraped<'_>,
    subject: &mut Subject<'_>,
    work: &mut Workspace,
    counts: &mut Counts,
    repeatable: bool,
) -> Result<(), Stopped> {
    let mut pass = rows::Pass::new(appender, scraped, subject, work, counts);
    let parsed = pass.parse();
    // Also after a failure: what came before it counts.
    pass.settle(repeatable)?;
    Ok(pass.end(parsed)?)
}

/// Writes stale markers for what is not there any more.
fn end_vanished(appender: &mut dyn Appender, time: i64, cache: &mut SeriesCache, work: &mut Workspace) {
    cache.vanished(&mut work.vanished);
    if work.vanished.is_empty() {
        return;
    }
    work.batch.clear();
    work.batch.set_in_order_only(true);
    work.vanished.iter().for_each(|series| work.batch.float(*series, time, promd_model::STALE_NAN));
    work.verdicts.clear();
    // Whatever is said of one: a series that has a newer sample has not ended, and one that is not known is at its end.
    appender.append(&work.batch, &mut work.verdicts);
    work.batch.clear();
}
