//! Posting lists as they stand in the index of a block.

/// Ascending ids of 32 bits, big endian, borrowed from where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskIds<'a>(&'a [[u8; 4]]);

impl<'a> DiskIds<'a> {
    /// The ids in `bytes`; what is left over at the end is none.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.as_chunks().0)
    }

    /// How many ids there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is no id.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The ids in their order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.0.iter().map(|id| u32::from_be_bytes(*id))
    }

    #[inline]
    pub(super) fn get(self, at: usize) -> Option<u32> {
        self.0.get(at).map(|id| u32::from_be_bytes(*id))
    }
}
