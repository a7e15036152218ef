//! Whether bytes are a record.

use crate::record::{self, RecordType};

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A record of a known type, every byte of it used.
    Sound,
    /// It may be a record of a type that a later version writes. Prometheus passes over them.
    Foreign,
    /// No record.
    Broken,
}

#[inline]
pub(super) fn judge(bytes: &[u8]) -> Verdict {
    if record::is_strict(bytes) {
        Verdict::Sound
    } else if RecordType::of(bytes).is_none() && !bytes.is_empty() {
        Verdict::Foreign
    } else {
        Verdict::Broken
    }
}
