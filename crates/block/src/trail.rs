//! What a pass over a mapped file leaves behind.

use std::sync::atomic::{AtomicUsize, Ordering};

use promd_fs::{Access, Map};

/// How much is forgotten at once, and how much is kept behind the reader, who may still hold it.
const STRIDE: usize = 256 << 10;

/// Takes the pages out of memory that a reader has passed, so that a pass over many large files holds little of each. The
/// kernel would let go of them, too, but only when memory is short, and until then they count as that of the process.
#[derive(Debug)]
pub(crate) struct Trail {
    /// `None`: the file is not read from front to back.
    forgotten: Option<AtomicUsize>,
}

impl Trail {
    pub(crate) fn new(access: Access) -> Self {
        Self { forgotten: (access == Access::Sequential).then(AtomicUsize::default) }
    }

    /// The reader is at `position`, and done with most of what lies before.
    #[inline]
    pub(crate) fn pass(&self, map: &Map, position: usize) {
        if let Some(forgotten) = &self.forgotten {
            let start = forgotten.load(Ordering::Relaxed);
            let end = position.saturating_sub(STRIDE);
            // Two readers may forget the same, which does no harm.
            if end >= start.saturating_add(STRIDE) {
                map.forget(start..end);
                forgotten.store(end, Ordering::Relaxed);
            } else if position < start {
                // It begins anew.
                forgotten.store(position, Ordering::Relaxed);
            }
        }
    }
}
