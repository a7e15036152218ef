//! The series that a scrape writes about itself.

use promd_model::{Labels, LabelsBuilder, METRIC_NAME, Metadata, MetricType};
use promd_storage::{Appender, Batch, Verdict};

use super::{Subject, Workspace};
use crate::error::ScrapeError;

/// What a scrape says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Report {
    /// In the order of [`REPORTS`].
    pub(crate) values: [f64; 8],
    /// Whether these are stale markers, which must not come behind samples of a successor.
    pub(crate) is_end: bool,
}

/// A series that each scrape has.
pub(crate) struct Reported {
    pub(crate) name: &'static str,
    help: &'static str,
    unit: &'static str,
}

/// The series of every scrape, and behind them those of `extra_scrape_metrics`.
pub(crate) const REPORTS: [Reported; 8] = [
    Reported {
        name: "up",
        help: "Health of the scrape target. 1 means the target is healthy, 0 if the scrape failed.",
        unit: "targets",
    },
    Reported { name: "scrape_duration_seconds", help: "Duration of the last scrape in seconds.", unit: "seconds" },
    Reported { name: "scrape_samples_scraped", help: "Number of samples last scraped.", unit: "samples" },
    Reported {
        name: "scrape_samples_post_metric_relabeling",
        help: "Number of samples remaining after metric relabeling was applied.",
        unit: "samples",
    },
    Reported { name: "scrape_series_added", help: "Number of series in the last scrape.", unit: "series" },
    Reported { name: "scrape_timeout_seconds", help: "The configured scrape timeout for a target.", unit: "seconds" },
    Reported {
        name: "scrape_sample_limit",
        help: "The configured sample limit for a target. Returns zero if there is no limit configured.",
        unit: "samples",
    },
    Reported {
        name: "scrape_body_size_bytes",
        help: "The uncompressed size of the last scrape response, if successful. Scrapes failing because \
               body_size_limit is exceeded report -1, other scrape failures report 0.",
        unit: "bytes",
    },
];

/// How many of them are always written.
const ALWAYS: usize = 5;

impl Report {
    /// The end of all of them.
    pub(crate) const END: Self = Self { values: [promd_model::STALE_NAN; 8], is_end: true };

    /// Appends it, at `time`.
    pub(crate) fn append(
        &self,
        appender: &mut dyn Appender,
        time: i64,
        subject: &mut Subject<'_>,
        work: &mut Workspace,
    ) -> Result<(), ScrapeError> {
        let count = if subject.settings.extra_metrics { REPORTS.len() } else { ALWAYS };
        // The second time with what the store has forgotten meanwhile.
        for _ in 0..2 {
            work.batch.clear();
            work.batch.set_in_order_only(self.is_end);
            self.fill(appender, time, count, subject, &mut work.builder, &mut work.batch)?;
            work.verdicts.clear();
            appender.append(&work.batch, &mut work.verdicts);
            work.batch.clear();
            let mut forgotten = false;
            let written = subject.cache.reports.iter_mut().take(count).filter(|known| known.is_some());
            for (verdict, known) in work.verdicts.iter().zip(written) {
                match verdict {
                    // A target that comes back may find samples of its predecessor.
                    Verdict::Accepted | Verdict::OutOfOrder | Verdict::Duplicate => {}
                    Verdict::UnknownSeries => {
                        *known = None;
                        forgotten = true;
                    }
                    other => return Err(ScrapeError::Rejected(*other)),
                }
            }
            if !forgotten {
                break;
            }
        }
        Ok(())
    }

    fn fill(
        &self,
        appender: &mut dyn Appender,
        time: i64,
        count: usize,
        subject: &mut Subject<'_>,
        builder: &mut LabelsBuilder,
        batch: &mut Batch,
    ) -> Result<(), ScrapeError> {
        let reported = REPORTS.iter().zip(self.values).zip(&mut subject.cache.reports);
        for ((reported, value), known) in reported.take(count) {
            let series = match *known {
                Some(series) => series,
                None => {
                    builder.reset(&Labels::empty()).set(METRIC_NAME, reported.name);
                    for label in &subject.settings.naming.target {
                        builder.set(label.name, label.value);
                    }
                    // A store that is full refuses these as any others.
                    let Ok(series) = appender.series(builder.view()?) else { continue };
                    if subject.settings.metadata {
                        let (unit, help) = (reported.unit.to_owned(), reported.help.to_owned());
                        batch.metadata(series, Metadata { metric_type: MetricType::Gauge, unit, help });
                    }
                    *known.insert(series)
                }
            };
            batch.float(series, time, value);
        }
        Ok(())
    }
}
