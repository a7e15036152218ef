//! Places in the log as the seam of storage has them.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use promd_storage::{Position, StorageError};
use promd_wal::Synced;

/// A segment and an offset in one number. Offsets of segments of 4 GiB and more are all taken for the end of the segment, so that
/// who waits for one waits for enough.
pub(super) fn to_storage(position: promd_wal::Position) -> Position {
    let offset = position.offset.min(u64::from(u32::MAX));
    Position(position.segment << 32 | offset)
}

fn to_log(position: Position) -> promd_wal::Position {
    let offset = position.0 & u64::from(u32::MAX);
    let offset = if offset == u64::from(u32::MAX) { u64::MAX } else { offset };
    promd_wal::Position::new(position.0 >> 32, offset)
}

/// How commits become safe from a power loss.
#[derive(Debug)]
pub(crate) struct LogDurability {
    durability: promd_wal::Durability,
    /// Waits that were polled: an attempt that fails between two polls has to be told.
    waits: Mutex<BTreeMap<Position, Synced>>,
}

impl LogDurability {
    pub(super) fn new(durability: promd_wal::Durability) -> Self {
        Self { durability, waits: Mutex::default() }
    }
}

impl promd_storage::Durability for LogDurability {
    fn synced(&self) -> Position {
        let synced = self.durability.synced_to();
        // An offset that has no number of its own is not claimed.
        Position(to_storage(synced).0 - u64::from(synced.offset >= u64::from(u32::MAX)))
    }

    fn wait(&self, position: Position) -> Result<(), StorageError> {
        self.durability.synced(to_log(position)).block().map_err(StorageError::store)
    }

    fn poll(&self, position: Position, context: &mut Context<'_>) -> Poll<Result<(), StorageError>> {
        let mut waits = self.waits.lock();
        // Those who stopped asking leave nothing behind.
        let synced = self.synced();
        *waits = waits.split_off(&synced);
        let wait = waits.entry(position).or_insert_with(|| self.durability.synced(to_log(position)));
        let polled = Pin::new(wait).poll(context).map_err(StorageError::store);
        if polled.is_ready() {
            waits.remove(&position);
        }
        polled
    }
}
