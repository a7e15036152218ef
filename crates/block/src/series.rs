//! The numbers of all series of an index, without a list of them in memory.

use crate::BlockError;
use crate::index::Index;
use crate::postings::{List, PostingsSource as _};

/// How many numbers are taken from the list at once: a place in it is found by a search.
const BATCH: usize = 1024;

/// All series of an index, in label order, which is that of their numbers.
pub(crate) struct SeriesIds<'a> {
    list: List<'a>,
    /// In descending order.
    batch: Vec<u32>,
    next: Option<u32>,
}

impl<'a> SeriesIds<'a> {
    pub(crate) fn new(index: &'a Index) -> Result<Self, BlockError> {
        Ok(Self { list: index.all()?, batch: Vec::new(), next: Some(0) })
    }

    pub(crate) fn next(&mut self) -> Option<u32> {
        if self.batch.is_empty() {
            let mut cursor = self.list.cursor();
            let mut found = cursor.seek(self.next?);
            while let Some(id) = found.filter(|_| self.batch.len() < BATCH) {
                self.batch.push(id);
                found = cursor.next();
            }
            self.next = self.batch.last().and_then(|last| last.checked_add(1));
            self.batch.reverse();
        }
        self.batch.pop()
    }
}
