//! An appender that is counted, and counts what it had to refuse.

use promd_metrics::InFlight;
use promd_model::{LabelsRef, Run};
use promd_storage::{Appender, Batch, Position, Refused, SeriesRef, StorageError, Verdict};

use super::DbMetrics;
use super::refused::Refusals;
use crate::head::HeadAppender;

/// An appender to the head.
pub(super) struct CountedAppender<'a> {
    appender: HeadAppender<'a>,
    metrics: &'a DbMetrics,
    refusals: &'a Refusals,
    /// Counted for as long as it lives.
    _active: InFlight,
}

impl<'a> CountedAppender<'a> {
    pub(super) fn new(appender: HeadAppender<'a>, metrics: &'a DbMetrics, refusals: &'a Refusals) -> Self {
        metrics.appenders_created.inc();
        Self { appender, metrics, refusals, _active: metrics.active_appenders.track() }
    }

    fn count(&self, verdict: Verdict, is_float: bool) {
        let family = match verdict {
            Verdict::OutOfOrder => &self.metrics.out_of_order_samples,
            Verdict::OutOfBounds => &self.metrics.out_of_bound_samples,
            Verdict::TooOld => &self.metrics.too_old_samples,
            Verdict::UnknownSeries => return self.metrics.series_not_found.inc(),
            _ => return,
        };
        family.with([if is_float { "float" } else { "histogram" }]).inc();
    }
}

impl Appender for CountedAppender<'_> {
    fn series(&mut self, labels: LabelsRef<'_>) -> Result<SeriesRef, Refused> {
        self.appender.series(labels).inspect_err(|refused| {
            if matches!(refused, Refused::OverLimit { .. } | Refused::OverBudget { .. }) {
                self.metrics.series_refused.inc();
                self.refusals.count(labels);
            }
        })
    }

    fn append(&mut self, batch: &Batch, verdicts: &mut Vec<Verdict>) {
        let first = verdicts.len();
        self.appender.append(batch, verdicts);
        for (row, verdict) in verdicts[first..].iter().enumerate().filter(|(_, verdict)| !verdict.is_accepted()) {
            let is_float = matches!(batch.columns().runs_of(row..row + 1).next(), Some(Run::Floats(_)));
            self.count(*verdict, is_float);
        }
    }

    fn commit(self: Box<Self>) -> Result<Position, StorageError> {
        let Self { appender, .. } = *self;
        Box::new(appender).commit()
    }
}
