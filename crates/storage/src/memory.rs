//! A store in memory.

mod appender;
mod reader;
mod state;

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use promd_model::{Interval, Labels, Metadata};

use crate::{Appender, Reader, Storage, StorageError};
use appender::MemAppender;
use reader::MemReader;
use state::State;

/// A store in memory, with the manners of a real one: batches are atomic, readers are snapshots, samples that are out of
/// order are refused, and what comes out are chunks.
///
/// It is made for tests and for small data. Samples are encoded when they are first read after a commit; a commit while a
/// reader lives copies everything. One appender lives at a time: asking for a second one waits for the first to end.
///
/// ```
/// use promd_model::Labels;
/// use promd_storage::MemStorage;
///
/// let storage = MemStorage::new();
/// let up = Labels::from_pairs([("__name__", "up")])?;
/// storage.load(&up, [(0, 1.0), (15_000, 0.0)])?;
/// assert_eq!(storage.series_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MemStorage {
    state: RwLock<Arc<State>>,
    appending: Mutex<()>,
}

impl MemStorage {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends floats to one series.
    ///
    /// # Errors
    ///
    /// If one of them is not accepted; nothing is stored then.
    pub fn load(&self, labels: &Labels, floats: impl IntoIterator<Item = (i64, f64)>) -> Result<(), StorageError> {
        let mut appender = self.appender();
        let series = appender.series(labels.view()).map_err(StorageError::store)?;
        let mut batch = crate::Batch::new();
        floats.into_iter().for_each(|(t, v)| batch.float(series, t, v));
        let mut verdicts = Vec::new();
        appender.append(&batch, &mut verdicts);
        if let Some(refused) = verdicts.iter().find(|verdict| !verdict.is_accepted()) {
            return Err(StorageError::store(format!("{labels}: {refused}")));
        }
        appender.commit()?;
        Ok(())
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let _alone = self.appending.lock();
        *self.state.write() = Arc::default();
    }

    /// How many series there are.
    #[must_use]
    pub fn series_count(&self) -> usize {
        self.state.read().len()
    }

    /// What is known of the metric of a series.
    #[must_use]
    pub fn metadata(&self, labels: &Labels) -> Option<Metadata> {
        self.state.read().metadata(labels).cloned()
    }

    /// The state with all samples encoded.
    fn settled(&self) -> Arc<State> {
        let state = self.state.read();
        if state.is_settled() {
            return Arc::clone(&state);
        }
        drop(state);
        let mut state = self.state.write();
        Arc::make_mut(&mut state).settle();
        Arc::clone(&state)
    }
}

impl Storage for MemStorage {
    fn reader(&self, _: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        Ok(Box::new(MemReader::new(self.settled())))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(MemAppender::new(&self.state, self.appending.lock()))
    }
}
