//! From entries of a parser to rows of a batch, and from verdicts back to what is known of series.

use promd_exposition::{HistogramRef, Sample};
use promd_model::Metadata;
use promd_storage::{Appender, Refused, SeriesRef, Verdict};

use super::{Counts, MAX_AHEAD, Scraped, Starts, Stopped, Subject, Workspace, exemplars};
use crate::cache::Found;
use crate::error::ScrapeError;
use crate::labels::Named;
use crate::metadata::{Families, is_of_family};

/// How many rows are put into the store at once: a body may be as long as memory.
const BATCH_ROWS: usize = 1 << 16;
/// After how many rows it is asked whether there is memory for as many more.
const CHARGED_ROWS: usize = 1 << 10;

/// Where a row of a batch comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The entry of the cache.
    entry: u32,
    /// Whether a stale marker is due when the series vanishes.
    follow: bool,
}

/// The value of a sample.
#[derive(Clone, Copy)]
pub(super) enum Value<'v> {
    Float(f64),
    Histogram(HistogramRef<'v>),
}

/// What was not stored, for logs.
#[derive(Debug, Default)]
struct Skipped {
    out_of_order: usize,
    duplicate: usize,
    out_of_bounds: usize,
    refused: Option<(usize, Refused)>,
}

/// One pass over a body.
pub(super) struct Pass<'p, 's> {
    appender: &'p mut dyn Appender,
    pub(super) scraped: &'p Scraped<'p>,
    pub(super) subject: &'p mut Subject<'s>,
    pub(super) work: &'p mut Workspace,
    counts: &'p mut Counts,
    max_time: i64,
    /// How many samples went to the store, or would have but for the limit.
    appended: u64,
    over_sample_limit: bool,
    over_bucket_limit: bool,
    skipped: Skipped,
    /// A verdict that ends the scrape.
    rejected: Option<Verdict>,
    forgotten: bool,
}

impl<'p, 's> Pass<'p, 's> {
    pub(super) fn new(
        appender: &'p mut dyn Appender,
        scraped: &'p Scraped<'p>,
        subject: &'p mut Subject<'s>,
        work: &'p mut Workspace,
        counts: &'p mut Counts,
    ) -> Self {
        work.batch.clear();
        work.zeros.clear();
        work.rows.clear();
        work.born.clear();
        subject.cache.begin_pass();
        Self {
            appender,
            scraped,
            subject,
            work,
            counts,
            max_time: scraped.now.saturating_add(MAX_AHEAD),
            appended: 0,
            over_sample_limit: false,
            over_bucket_limit: false,
            skipped: Skipped::default(),
            rejected: None,
            forgotten: false,
        }
    }

    /// Takes one sample.
    pub(super) fn take<V>(
        &mut self,
        sample: &Sample<'_, V>,
        value: Value<'_>,
        families: &Families,
    ) -> Result<(), ScrapeError> {
        self.counts.scraped += 1;
        let settings = self.subject.settings;
        let explicit = sample.timestamp.filter(|_| settings.honor_timestamps);
        let time = explicit.unwrap_or(self.scraped.time);
        let (entry, series, is_new) = match self.subject.cache.find(sample.series) {
            Found::Dropped => return Ok(()),
            // The first one counts.
            Found::Series { again: true, .. } if explicit.is_none() => {
                self.counts.kept += 1;
                self.skipped.duplicate += 1;
                return Ok(());
            }
            Found::Series { at, series, .. } => (at, series, false),
            Found::Unknown(key) => match self.resolve(sample, key)? {
                Some((entry, series)) => (entry, series, true),
                None => return Ok(()),
            },
        };
        let start = if settings.starts == Starts::Ignored { None } else { sample.start_timestamp() };
        if settings.metadata {
            self.take_metadata(sample, series, is_new, families);
        }
        if let Value::Histogram(histogram) = value
            && !self.fits(histogram)?
        {
            self.counts.kept += 1;
            return Ok(());
        }
        self.counts.kept += 1;
        self.appended += 1;
        if settings.sample_limit > 0 && self.appended > settings.sample_limit {
            self.over_sample_limit = true;
            return Ok(());
        }
        if time > self.max_time {
            self.skipped.out_of_bounds += 1;
            return Ok(());
        }
        if settings.exemplars {
            let is_histogram = matches!(value, Value::Histogram(_));
            exemplars::take(sample, time, is_histogram, series, self.work);
        }
        let follow = explicit.is_none() || settings.track_timestamps;
        self.push(series, time, start, value, Row { entry, follow })?;
        if self.work.rows.len().is_multiple_of(CHARGED_ROWS) {
            self.subject.charge.resize(self.work.heap_bytes())?;
        }
        if self.work.rows.len() >= BATCH_ROWS {
            self.flush();
        }
        Ok(())
    }

    /// Names a series that is not known, and asks the store for it. Nothing comes back if it is dropped or refused.
    fn resolve<V>(&mut self, sample: &Sample<'_, V>, key: u128) -> Result<Option<(u32, SeriesRef)>, ScrapeError> {
        let labels = match self.work.namer.name(sample, &self.subject.settings.naming) {
            Ok(Named::Series(labels)) => labels,
            Ok(Named::Dropped) => {
                self.subject.cache.insert(key, None)?;
                return Ok(None);
            }
            Err(error) => {
                let is_limit = matches!(
                    error,
                    ScrapeError::LabelLimit { .. }
                        | ScrapeError::LabelNameLimit { .. }
                        | ScrapeError::LabelValueLimit { .. }
                );
                if is_limit {
                    self.subject.metrics.exceeded_label_limits.inc();
                }
                return Err(error);
            }
        };
        match self.appender.series(labels) {
            Ok(series) => {
                let entry = self.subject.cache.insert(key, Some(series))?;
                self.work.born.push(entry);
                Ok(Some((entry, series)))
            }
            Err(refused) => {
                self.counts.kept += 1;
                let count = self.skipped.refused.take().map_or(0, |(count, _)| count);
                self.skipped.refused = Some((count + 1, refused));
                Ok(None)
            }
        }
    }

    /// Whether a histogram fits the limits, if need be made coarser.
    fn fits(&mut self, histogram: HistogramRef<'_>) -> Result<bool, ScrapeError> {
        match self.subject.settings.resolution.reduce(histogram, &mut self.work.reduced) {
            Ok(HistogramRef::Integer(integer)) => integer.validate()?,
            Ok(HistogramRef::Float(float)) => float.validate()?,
            Err(ScrapeError::BucketLimit) => {
                self.over_bucket_limit = true;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Adds rows to the batch.
    fn push(
        &mut self,
        series: SeriesRef,
        time: i64,
        start: Option<i64>,
        value: Value<'_>,
        row: Row,
    ) -> Result<(), ScrapeError> {
        let Workspace { batch, zeros, rows, reduced, .. } = &mut *self.work;
        let Self { subject, .. } = self;
        let start = start.filter(|start| *start != 0);
        if subject.settings.starts == Starts::AsZeros
            && let Some(start) = start.filter(|start| *start < time && subject.cache.starts_at(row.entry, *start))
        {
            match value {
                Value::Float(_) => zeros.float(series, start, 0.0),
                Value::Histogram(HistogramRef::Integer(histogram)) => {
                    zeros.histogram(series, start, &zero_like(histogram))?;
                }
                Value::Histogram(HistogramRef::Float(histogram)) => {
                    zeros.float_histogram(series, start, &zero_float_like(histogram))?;
                }
            }
        }
        let stored = start.filter(|_| subject.settings.starts == Starts::Stored).unwrap_or(0);
        match value {
            Value::Float(value) => batch.float_with_start(series, time, value, stored),
            Value::Histogram(histogram) => match subject.settings.resolution.reduce(histogram, reduced)? {
                // The columns have no start for whole numbers.
                HistogramRef::Integer(integer) => batch.histogram(series, time, integer)?,
                HistogramRef::Float(float) => batch.float_histogram_with_start(series, time, float, stored)?,
            },
        }
        rows.push(row);
        Ok(())
    }

    /// Hands metadata to the store where it is new to it.
    fn take_metadata<V>(&mut self, sample: &Sample<'_, V>, series: SeriesRef, is_new: bool, families: &Families) {
        let family = &self.work.family;
        let Some((metadata, changed)) = families.of(family) else { return };
        if !is_new && !changed {
            return;
        }
        let mut belongs = false;
        sample.for_each_label(|name, value| {
            belongs |= name == promd_model::METRIC_NAME && is_of_family(value, family, metadata.metric_type);
        });
        if belongs {
            self.work.batch.metadata(series, Metadata::clone(metadata));
        }
    }

    /// Hands the rows so far to the store, and takes its verdicts.
    fn flush(&mut self) {
        let Workspace { batch, zeros, rows, verdicts, .. } = &mut *self.work;
        if !zeros.is_empty() {
            // Whatever is said of them: most counters have started before their last sample.
            zeros.set_in_order_only(true);
            verdicts.clear();
            self.appender.append(zeros, verdicts);
            zeros.clear();
        }
        if batch.is_empty() {
            return;
        }
        verdicts.clear();
        self.appender.append(batch, verdicts);
        for (row, verdict) in rows.iter().zip(verdicts.iter()) {
            match verdict {
                Verdict::Accepted => self.counts.added += usize::from(self.subject.cache.stored(row.entry, row.follow)),
                Verdict::UnknownSeries => {
                    self.subject.cache.remove(row.entry);
                    self.forgotten = true;
                }
                Verdict::OutOfOrder => self.skipped.out_of_order += 1,
                Verdict::Duplicate => self.skipped.duplicate += 1,
                Verdict::OutOfBounds => self.skipped.out_of_bounds += 1,
                other => self.rejected = self.rejected.or(Some(*other)),
            }
        }
        batch.clear();
        rows.clear();
    }

    /// Puts what is left into the store, and forgets series of which nothing was stored.
    pub(super) fn settle(&mut self, repeatable: bool) -> Result<(), Stopped> {
        self.flush();
        if self.forgotten && repeatable {
            return Err(Stopped::Forgotten);
        }
        for entry in self.work.born.drain(..) {
            self.subject.cache.forget_unless_stored(entry);
        }
        Ok(())
    }

    /// Counts, logs, and says how the pass has ended.
    pub(super) fn end(self, parsed: Result<(), ScrapeError>) -> Result<(), ScrapeError> {
        let Self { subject, skipped, .. } = self;
        let (metrics, target) = (subject.metrics, subject.url);
        let Skipped { out_of_order, duplicate, out_of_bounds, refused } = skipped;
        if out_of_order > 0 {
            metrics.out_of_order.add(out_of_order as u64);
            tracing::warn!(target, num_dropped = out_of_order, "Error on ingesting out-of-order samples");
        }
        if duplicate > 0 {
            metrics.duplicate.add(duplicate as u64);
            let text = "Error on ingesting samples with different value but same timestamp";
            tracing::warn!(target, num_dropped = duplicate, "{text}");
        }
        if out_of_bounds > 0 {
            metrics.out_of_bounds.add(out_of_bounds as u64);
            let text = "Error on ingesting samples that are too old or are too far into the future";
            tracing::warn!(target, num_dropped = out_of_bounds, "{text}");
        }
        if let Some((count, refused)) = refused {
            metrics.refused.add(count as u64);
            tracing::warn!(target, num_dropped = count, err = %refused, "Error on ingesting new series");
        }
        if self.over_sample_limit {
            metrics.exceeded_sample_limit.inc();
        }
        if self.over_bucket_limit {
            metrics.exceeded_bucket_limit.inc();
        }
        parsed?;
        match self.rejected {
            Some(verdict) => Err(ScrapeError::Rejected(verdict)),
            None if self.over_sample_limit => Err(ScrapeError::SampleLimit),
            None if self.over_bucket_limit => Err(ScrapeError::BucketLimit),
            None => Ok(()),
        }
    }
}

/// An empty histogram that fits behind which `histogram` may be appended.
fn zero_like(histogram: &promd_model::Histogram) -> promd_model::Histogram {
    promd_model::Histogram {
        counter_reset_hint: promd_model::CounterResetHint::Reset,
        schema: histogram.schema,
        zero_threshold: histogram.zero_threshold,
        custom_values: histogram.custom_values.clone(),
        ..promd_model::Histogram::default()
    }
}

/// The same of floats.
fn zero_float_like(histogram: &promd_model::FloatHistogram) -> promd_model::FloatHistogram {
    promd_model::FloatHistogram {
        counter_reset_hint: promd_model::CounterResetHint::Reset,
        schema: histogram.schema,
        zero_threshold: histogram.zero_threshold,
        custom_values: histogram.custom_values.clone(),
        ..promd_model::FloatHistogram::default()
    }
}
