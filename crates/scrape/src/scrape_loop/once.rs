//! One scrape: fetched, decompressed, appended, reported, committed.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use promd_budget::Charge;
use promd_clock::{Monotonic, WallTime};
use promd_codec::compress::{Compression, DecompressError};

use super::{ScrapeLoop, Shared, millis, system_time};
use crate::append::{self, Counts, Report, Scraped, Settings, Subject};
use crate::buffers::Bench;
use crate::cache::SeriesCache;
use crate::error::ScrapeError;
use crate::fetch::{FetchError, Fetched};
use crate::job::Job;
use crate::target::Target;

/// An answer on its way to the bench.
struct Answer {
    /// What came, or why nothing did. Then it is known whether the body was too large.
    head: Result<Fetched, ScrapeError>,
    wire: Vec<u8>,
    charge: Charge,
    started: Monotonic,
    time: WallTime,
}

/// What goes over an answer needs to know.
struct Context {
    shared: Arc<Shared>,
    job: Arc<Job>,
    target: Arc<Target>,
    settings: Arc<Settings>,
}

impl ScrapeLoop {
    /// Scrapes once, with samples at `time`.
    pub(super) async fn scrape(&mut self, cache: SeriesCache, time: WallTime) -> SeriesCache {
        let started = self.shared.clock.monotonic();
        if let Some(last) = self.last.replace(started) {
            let metrics = &self.shared.metrics;
            let interval = self.target.interval_text();
            let passed = started.since(last);
            metrics.interval_length.with([interval]).observe_duration(passed, system_time(self.shared.clock.wall()));
            metrics.interval_length_histogram.with([interval]).observe_duration(passed);
        }
        let mut wire = self.shared.buffers.body();
        let mut charge = Charge::empty(&self.shared.account);
        let too_many = *self.job.too_many.lock();
        let head = match too_many {
            Some(targets) => Err(ScrapeError::TargetLimit { targets, limit: self.job.config.target_limit }),
            None => {
                let head = self.fetch(&mut wire, &mut charge).await;
                if let Err(error) = &head {
                    tracing::debug!(target = self.target.url(), err = %error, "Scrape failed");
                }
                head
            }
        };
        let answer = Answer { head, wire, charge, started, time };
        let context = Context {
            shared: Arc::clone(&self.shared),
            job: Arc::clone(&self.job),
            target: Arc::clone(&self.target),
            settings: Arc::clone(&self.settings),
        };
        let executor = self.shared.executor.clone();
        let done = executor.run(move || context.take(answer, cache)).await;
        // Whatever has happened to it, the next scrape finds out what is there.
        done.unwrap_or_else(|| SeriesCache::new(self.shared.options.hash_seed, &self.shared.account))
    }

    /// Asks the target.
    async fn fetch(&self, wire: &mut Vec<u8>, charge: &mut Charge) -> Result<Fetched, ScrapeError> {
        let request = self.request.as_ref().map_err(|error| FetchError::failed(error.to_string()))?;
        let fetch = self.fetch.as_ref().map_err(|error| FetchError::failed(error.to_string()))?;
        let limit = wire_limit(self.job.body_limit());
        let available = self.shared.account.available();
        let fetched = fetch.fetch(request, limit.min(available), wire).await;
        charge.force(wire.capacity());
        match fetched {
            Err(FetchError::TooLarge) if available < limit => {
                // The limit that counts is that of the memory, and it says so itself.
                charge.grow(available.saturating_add(1))?;
                Err(ScrapeError::BodySize)
            }
            Err(FetchError::TooLarge) => Err(ScrapeError::BodySize),
            Err(error) => Err(error.into()),
            Ok(fetched) if fetched.status != http::StatusCode::OK => Err(ScrapeError::Status(status(&fetched))),
            Ok(fetched) => Ok(fetched),
        }
    }
}

/// How much may come over the wire of a body that is not longer than `limit` when it is unpacked: gzip adds a head, an end,
/// and 5 bytes to each 16 KiB that it cannot make shorter. The limit of a job is that of the unpacked body.
fn wire_limit(limit: usize) -> usize {
    limit.saturating_add(limit / 64).saturating_add(4 << 10)
}

/// As Go shows a status: the number and what stands behind it.
fn status(fetched: &Fetched) -> String {
    let reason = fetched.reason.as_deref().or(fetched.status.canonical_reason()).unwrap_or_default();
    format!("{} {reason}", fetched.status.as_u16())
}

impl Context {
    /// Goes over an answer.
    fn take(self, answer: Answer, mut cache: SeriesCache) -> SeriesCache {
        let Self { shared, job, target, settings } = &self;
        let Answer { head, wire, mut charge, started, time } = answer;
        let mut bench = shared.buffers.bench();
        let Bench { work, decoder, decoded } = &mut bench;
        let mut content_type = None;
        let body = head.and_then(|fetched| {
            content_type = fetched.headers.get(CONTENT_TYPE).cloned();
            let limit = job.body_limit();
            if fetched.headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding != "gzip") {
                return if wire.len() > limit { Err(ScrapeError::BodySize) } else { Ok(wire.as_slice()) };
            }
            if wire.is_empty() {
                return Err(ScrapeError::Decompress("EOF".to_owned()));
            }
            let available = shared.account.available();
            let done = decoder.decode(Compression::Gzip, &wire, limit.min(available), decoded);
            charge.force(decoded.capacity());
            match done {
                Ok(()) => Ok(decoded.as_slice()),
                Err(DecompressError::TooLarge { .. }) if available < limit => {
                    Err(charge.grow(available.saturating_add(1)).err().map_or(ScrapeError::BodySize, Into::into))
                }
                Err(DecompressError::TooLarge { .. }) => Err(ScrapeError::BodySize),
                Err(error) => Err(ScrapeError::Decompress(error.to_string())),
            }
        });
        let mut size = body.as_ref().map_or(0.0, |body| float(body.len()));
        let (body, mut failed) = match body {
            Ok(body) => (body, None),
            Err(error) => {
                if matches!(error, ScrapeError::BodySize) {
                    shared.metrics.exceeded_body_size.inc();
                    size = -1.0;
                }
                self.log_failure(&error, time);
                (&[][..], Some(error))
            }
        };
        let mut work_charge = Charge::empty(&shared.account);
        let mut subject = Subject {
            settings,
            cache: &mut cache,
            metadata: target.metadata(),
            metrics: &shared.metrics,
            charge: &mut work_charge,
            url: target.url(),
        };
        let content_type = content_type.as_ref().and_then(|header| header.to_str().ok()).unwrap_or_default();
        let scraped = Scraped { body, content_type, time: time.millis(), now: shared.clock.wall().millis() };
        let (mut appender, counts, appended) = append::append(&*shared.storage, &scraped, &mut subject, work);
        if let Err(error) = appended {
            tracing::debug!(target = target.url(), err = %error, "Append failed");
            failed.get_or_insert(error);
        }
        let duration = shared.clock.monotonic().since(started);
        let report = report(counts, duration, failed.is_none(), size, target.timeout(), settings.sample_limit);
        target.report(time, duration, failed.map(|error| error.to_string()));
        match report.append(&mut *appender, time.millis(), &mut subject, work) {
            Err(error) => tracing::warn!(target = target.url(), err = %error, "Appending scrape report failed"),
            Ok(()) => {
                if let Err(error) = appender.commit() {
                    tracing::error!(target = target.url(), err = %error, "Scrape commit failed");
                }
            }
        }
        if settings.extra_metrics {
            shared.metrics.scrape_duration.observe_duration(shared.clock.monotonic().since(started));
        }
        shared.buffers.keep_bench(bench);
        shared.buffers.keep_body(wire);
        cache
    }

    fn log_failure(&self, error: &ScrapeError, time: WallTime) {
        if matches!(error, ScrapeError::TargetLimit { .. }) {
            return;
        }
        let log = self.job.failure_log.lock().clone();
        if let Some(log) = log {
            log.write(millis(time), &error.to_string(), &self.job.config.job_name, self.target.url());
        }
    }
}

fn report(counts: Counts, duration: Duration, up: bool, size: f64, timeout: Duration, sample_limit: u64) -> Report {
    let values = [
        if up { 1.0 } else { 0.0 },
        duration.as_secs_f64(),
        float(counts.scraped),
        float(counts.kept),
        float(counts.added),
        timeout.as_secs_f64(),
        float(usize::try_from(sample_limit).unwrap_or(usize::MAX)),
        size,
    ];
    Report { values, is_end: false }
}

#[expect(clippy::cast_precision_loss, reason = "samples are floats")]
fn float(count: usize) -> f64 {
    count as f64
}
