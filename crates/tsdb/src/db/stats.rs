//! What the head looks like, for a status page.

use crate::head::{Cardinality, Head};

/// What the head looks like at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadStats {
    /// How many series there are.
    pub series: usize,
    /// How many chunks they have, open ones included.
    pub chunks: usize,
    /// The time of the oldest sample, if there is one.
    pub min_time: Option<i64>,
    /// The time of the newest.
    pub max_time: Option<i64>,
    /// What is older than this belongs to blocks.
    pub valid_from: Option<i64>,
    /// What the head takes in memory, in bytes, by what it is for.
    pub memory: Vec<(&'static str, usize)>,
    /// Who has the most series.
    pub cardinality: Cardinality,
}

impl HeadStats {
    pub(super) fn of(head: &Head, limit: usize) -> Self {
        let memory = head.memory();
        Self {
            series: head.series_count(),
            chunks: head.chunk_count(),
            min_time: head.min_time(),
            max_time: head.max_time(),
            valid_from: Some(head.min_valid_time()).filter(|t| *t != i64::MIN),
            memory: memory.parts().to_vec(),
            cardinality: head.cardinality(limit),
        }
    }
}
