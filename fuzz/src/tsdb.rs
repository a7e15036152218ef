//! The files of the head.

use promd_tsdb::chunks_head::{Scanned, scan};

/// Takes the bytes as a file of head chunks. What is found lies in the file, one thing behind the other, and all of it before the
/// end that is returned.
pub fn tsdb_chunks_head(bytes: &[u8]) {
    let mut before = 0;
    let end = scan(bytes, |found| {
        let range = match found {
            Scanned::Chunk { at, data, .. } => {
                assert!(at < data.start && data.start <= data.end);
                at..data.end
            }
            Scanned::Damage { range, .. } => range,
        };
        assert!(
            before <= range.start && range.start < range.end && range.end <= bytes.len(),
            "{range:?} behind {before}"
        );
        before = range.end;
    });
    assert!(end <= bytes.len().max(8), "{end}");
}
