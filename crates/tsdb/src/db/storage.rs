//! The database as a store: the seam to whoever writes and asks.

use promd_model::Interval;
use promd_storage::{Appender, Durability, Reader, Storage, StorageError};

use super::Db;

impl Storage for Db {
    fn reader(&self, times: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        Ok(Self::reader(self, times))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        Self::appender(self)
    }

    fn durability(&self) -> Option<&dyn Durability> {
        Self::durability(self)
    }
}
