//! Appending to a store in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{MutexGuard, RwLock};
use promd_model::{Columns, Exemplar, LabelsRef, Metadata, Run, same_bits};

use super::state::State;
use crate::{Appender, Batch, Position, Refused, SeriesRef, StorageError, Verdict};

pub(super) struct MemAppender<'a> {
    state: &'a RwLock<Arc<State>>,
    pending: BTreeMap<SeriesRef, Columns>,
    exemplars: Vec<(SeriesRef, Exemplar)>,
    metadata: Vec<(SeriesRef, Metadata)>,
    /// Nobody else appends meanwhile, so verdicts hold until the commit.
    _alone: MutexGuard<'a, ()>,
}

impl<'a> MemAppender<'a> {
    pub(super) fn new(state: &'a RwLock<Arc<State>>, alone: MutexGuard<'a, ()>) -> Self {
        Self { state, pending: BTreeMap::new(), exemplars: Vec::new(), metadata: Vec::new(), _alone: alone }
    }
}

impl Appender for MemAppender<'_> {
    fn series(&mut self, labels: LabelsRef<'_>) -> Result<SeriesRef, Refused> {
        if labels.is_empty() {
            return Err(Refused::NoLabels);
        }
        Ok(Arc::make_mut(&mut self.state.write()).resolve(labels))
    }

    fn append(&mut self, batch: &Batch, verdicts: &mut Vec<Verdict>) {
        let state = self.state.read();
        for (row, series) in batch.series().iter().enumerate() {
            let Some(known) = state.get(*series) else {
                verdicts.push(Verdict::UnknownSeries);
                continue;
            };
            // A row is there for each series of a batch.
            let Some(sample) = batch.columns().runs_of(row..row + 1).next() else { continue };
            let pending = self.pending.entry(*series).or_default();
            let newest =
                pending.runs_of(pending.len().saturating_sub(1)..pending.len()).next().or_else(|| known.last());
            let verdict = newest.map_or(Some(Verdict::Accepted), |newest| judge(&newest, &sample));
            if verdict == Some(Verdict::Accepted) {
                pending.push_run(&sample);
            }
            verdicts.push(verdict.unwrap_or(Verdict::Accepted));
        }
        self.exemplars.extend_from_slice(batch.exemplars());
        self.metadata.extend_from_slice(batch.metadatas());
    }

    fn commit(self: Box<Self>) -> Result<Position, StorageError> {
        let mut state = self.state.write();
        let state = Arc::make_mut(&mut state);
        for (series, samples) in &self.pending {
            state.push(*series, samples);
        }
        for (series, exemplar) in &self.exemplars {
            state.push_exemplar(*series, exemplar);
        }
        for (series, metadata) in &self.metadata {
            state.put_metadata(*series, metadata);
        }
        Ok(Position::default())
    }
}

/// Of a sample behind the newest one; nothing if it is that one again.
fn judge(newest: &Run<'_>, sample: &Run<'_>) -> Option<Verdict> {
    let (Some(last), Some(t)) = (newest.times().first(), sample.times().first()) else {
        return Some(Verdict::Accepted);
    };
    if t > last {
        return Some(Verdict::Accepted);
    }
    if t < last {
        return Some(Verdict::OutOfOrder);
    }
    let same = match (newest, sample) {
        (Run::Floats(a), Run::Floats(b)) => a.v.iter().zip(b.v).all(|(a, b)| same_bits(*a, *b)),
        (Run::Histograms(a), Run::Histograms(b)) => a.row(0) == b.row(0) && a.layout.is_same(&b.layout),
        (Run::FloatHistograms(a), Run::FloatHistograms(b)) => a.row(0) == b.row(0) && a.layout.is_same(&b.layout),
        _ => false,
    };
    if same { None } else { Some(Verdict::Duplicate) }
}
