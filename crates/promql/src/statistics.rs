//! What a query has cost.

use std::time::Duration;

/// What a query has cost, as Prometheus counts it (`util/stats/query_stats.go`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// How long it took.
    pub timings: Timings,
    /// How many samples it saw.
    pub samples: SampleStatistics,
}

/// How long the parts of a query took. All is zero if the engine has no clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// The whole evaluation: preparation, the evaluation itself and sorting.
    pub eval_total: Duration,
    /// Sorting the series of the answer.
    pub result_sort: Duration,
    /// Parsing and planning, and opening the store.
    pub query_preparation: Duration,
    /// The evaluation itself.
    pub inner_eval: Duration,
    /// Waiting for a place, see [`Query::queued_for`](crate::Query::queued_for).
    pub exec_queue: Duration,
    /// Waiting and evaluation.
    pub exec_total: Duration,
}

/// How many samples a query saw. A histogram counts as several, by its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampleStatistics {
    /// The samples that all steps looked at; a sample in the windows of several steps counts at each.
    pub total_queryable: u64,
    /// The samples that were read; one in the windows of several steps counts once.
    pub read: u64,
    /// The most samples that were held at once.
    pub peak: usize,
    /// Both by step, if it was asked for.
    pub per_step: Option<PerStep>,
}

/// Samples by step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PerStep {
    /// The time of the first step, in milliseconds.
    pub start: i64,
    /// From one step to the next, in milliseconds.
    pub step: i64,
    /// The samples that each step looked at.
    pub total_queryable: Vec<u64>,
    /// Those of them that no step before it had read.
    pub read: Vec<u64>,
}
