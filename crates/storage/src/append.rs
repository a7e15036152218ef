//! Writing to a store.

use std::task::{Context, Poll};

use promd_model::{Interval, LabelsRef};

use crate::{Batch, Reader, Refused, StorageError, Verdict};

/// The number of a series in a store. It is good for as long as the store says so: a verdict of
/// [`UnknownSeries`](Verdict::UnknownSeries) means that the series is to be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesRef(pub u64);

/// How far a store has logged what it was given. Later commits have greater ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

/// A store of series.
pub trait Storage: Send + Sync {
    /// The store as it is at this moment, for questions about a stretch of time.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    fn reader(&self, times: Interval) -> Result<Box<dyn Reader + '_>, StorageError>;

    /// Something to append with. It is dropped, or committed, soon: a store may hold on to memory for as long as it lives.
    fn appender(&self) -> Box<dyn Appender + '_>;

    /// What to wait on until a commit is safe from a loss of power; nothing for a store without a log.
    fn durability(&self) -> Option<&dyn Durability> {
        None
    }
}

/// Batches on their way into a store. Readers see nothing of them before [`commit`](Self::commit), and then everything;
/// whoever drops an appender takes back what he appended. Series stay known.
pub trait Appender {
    /// The number of a series, which is made if there is none with these labels.
    ///
    /// # Errors
    ///
    /// If the store does not take such a series.
    fn series(&mut self, labels: LabelsRef<'_>) -> Result<SeriesRef, Refused>;

    /// Takes a batch, and adds a verdict for each of its samples to `verdicts`. The verdicts hold if the commit succeeds.
    fn append(&mut self, batch: &Batch, verdicts: &mut Vec<Verdict>);

    /// Shows what was appended, all at once, and hands it to the log.
    ///
    /// # Errors
    ///
    /// If the log cannot be written, as on a full disk. Nothing is stored then.
    fn commit(self: Box<Self>) -> Result<Position, StorageError>;
}

/// How a commit becomes safe from a loss of power. What was committed is safe from a crash of the process in any case.
pub trait Durability: Send + Sync {
    /// Up to where everything is on the disk.
    fn synced(&self) -> Position;

    /// Waits until everything up to a position is on the disk. This blocks the thread.
    ///
    /// # Errors
    ///
    /// If the log could not be brought to the disk.
    fn wait(&self, position: Position) -> Result<(), StorageError>;

    /// The same for those who must not block: the waker is woken when it is worth asking again.
    fn poll(&self, position: Position, context: &mut Context<'_>) -> Poll<Result<(), StorageError>>;
}
