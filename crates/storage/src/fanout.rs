//! One storage of several.

use promd_model::Interval;

use crate::{Appender, Durability, Merge, Reader, Storage, StorageError};

/// A primary storage, and secondary ones that are read beside it.
///
/// Samples go to the primary one alone: what sends them on to others reads its log, and so loses none when a receiver is slow
/// or away. A secondary storage that cannot answer makes a warning, not an error.
pub struct Fanout<P> {
    primary: P,
    secondaries: Vec<Box<dyn Storage>>,
}

impl<P: Storage> Fanout<P> {
    /// A primary storage, and nothing else.
    #[must_use]
    pub fn new(primary: P) -> Self {
        Self { primary, secondaries: Vec::new() }
    }

    /// Adds a secondary storage.
    #[must_use]
    pub fn with_secondary(mut self, secondary: impl Storage + 'static) -> Self {
        self.secondaries.push(Box::new(secondary));
        self
    }

    /// The primary storage.
    #[must_use]
    pub fn primary(&self) -> &P {
        &self.primary
    }
}

impl<P: Storage> Storage for Fanout<P> {
    fn reader(&self, times: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        if self.secondaries.is_empty() {
            return self.primary.reader(times);
        }
        let mut merge = Merge::new().with(self.primary.reader(times)?);
        for secondary in &self.secondaries {
            let reader = secondary.reader(times).unwrap_or_else(|error| Box::new(Unreadable(error.to_string())));
            merge = merge.with_secondary(reader);
        }
        Ok(Box::new(merge))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        self.primary.appender()
    }

    fn durability(&self) -> Option<&dyn Durability> {
        self.primary.durability()
    }
}

/// A storage that could not be opened for reading: every question gets that as its answer.
struct Unreadable(String);

impl Unreadable {
    fn error<T>(&self) -> Result<T, StorageError> {
        Err(StorageError::store(self.0.clone()))
    }
}

impl Reader for Unreadable {
    fn select(&self, _: &crate::Select<'_>) -> Result<Box<dyn crate::SeriesSet + '_>, StorageError> {
        self.error()
    }

    fn label_names(&self, _: &crate::LabelQuery<'_>) -> Result<crate::Listed, StorageError> {
        self.error()
    }

    fn label_values(&self, _: &str, _: &crate::LabelQuery<'_>) -> Result<crate::Listed, StorageError> {
        self.error()
    }
}
