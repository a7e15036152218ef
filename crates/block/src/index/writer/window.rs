//! Reads back what was written, a window at a time. A file that grows has no map.

use std::sync::Arc;

use promd_fs::{Error, ErrorKind, File, Op};

use crate::BlockError;

/// How much is read at once, unless more is asked for.
const WINDOW: usize = 256 << 10;

/// The part of a file that was read last.
#[derive(Debug)]
pub(super) struct Window {
    file: Arc<dyn File>,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        Self { file, start: 0, bytes: Vec::new() }
    }

    /// The bytes from `offset` up to somewhere before `end`: `least` of them, or all that there are.
    pub(super) fn get(&mut self, offset: u64, least: usize, end: u64) -> Result<&[u8], BlockError> {
        let left = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let least = least.min(left);
        if self.buffered(offset).is_none_or(|bytes| bytes.len() < least) {
            self.bytes.resize(least.max(WINDOW).min(left), 0);
            // Until it is filled it stands for nothing.
            self.start = u64::MAX;
            self.file.read_exact_at(&mut self.bytes, offset)?;
            self.start = offset;
        }
        let bytes = self.buffered(offset).unwrap_or_default();
        Ok(bytes.get(..left).unwrap_or(bytes))
    }

    fn buffered(&self, offset: u64) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(offset.checked_sub(self.start)?).ok()?..)
    }

    /// What was written a moment ago does not read back.
    pub(super) fn lost(&self) -> BlockError {
        Error::new(Op::Read, self.file.path(), ErrorKind::Io).into()
    }
}
