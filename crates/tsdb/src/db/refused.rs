//! Series that were refused, by who sent them.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use promd_model::LabelsRef;

/// How many pairs of a job and a metric are told apart. Who sends a new metric each time is one of them in the end.
const MOST: usize = 1_000;

/// How often new series of a job and a metric were refused, because the head holds as many as it may.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedSeries {
    /// The job. Empty if a series had none, and with an empty metric for all that are not told apart.
    pub job: String,
    /// The name of the metric.
    pub metric: String,
    /// How often, each attempt counted: a scrape tries again each time.
    pub count: u64,
}

/// By job and metric.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    by_job: BTreeMap<String, BTreeMap<String, u64>>,
    pairs: usize,
}

impl Refusals {
    pub(super) fn count(&self, labels: LabelsRef<'_>) {
        let text = |name| labels.get(name).unwrap_or_default();
        let (mut job, mut metric) = (text("job"), text("__name__"));
        let mut counts = self.0.lock();
        if let Some(count) = counts.find(job, metric) {
            *count += 1;
            return;
        }
        if counts.pairs >= MOST {
            (job, metric) = ("", "");
        }
        if let Some(count) = counts.find(job, metric) {
            *count += 1;
            return;
        }
        counts.by_job.entry(job.to_owned()).or_default().insert(metric.to_owned(), 1);
        counts.pairs += 1;
    }

    /// The most refused first.
    pub(super) fn list(&self) -> Vec<RefusedSeries> {
        let counts = self.0.lock();
        let of_job = |(job, metrics): (&String, &BTreeMap<String, u64>)| {
            let refused = |(metric, count): (&String, &u64)| RefusedSeries {
                job: job.clone(),
                metric: metric.clone(),
                count: *count,
            };
            metrics.iter().map(refused).collect::<Vec<_>>()
        };
        let mut all: Vec<RefusedSeries> = counts.by_job.iter().flat_map(of_job).collect();
        drop(counts);
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (&a.job, &a.metric).cmp(&(&b.job, &b.metric))));
        all
    }
}

impl Counts {
    fn find(&mut self, job: &str, metric: &str) -> Option<&mut u64> {
        self.by_job.get_mut(job)?.get_mut(metric)
    }
}
