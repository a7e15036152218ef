//! Whether bytes are a record beyond doubt.

use super::Record;

/// Whether these bytes are a record as Prometheus writes them: of a known type, each byte part of an entry, label names
/// ascending.
///
/// Repair judges by it whether the compression bits of a damaged fragment may be believed: what was decompressed by the
/// wrong algorithm, or not at all, is no such record. It is asked of every record that is read, and allocates nothing.
///
/// ```
/// use promd_wal::record::is_strict;
///
/// // A tombstone; the same with a byte too many; the same as a snappy block.
/// let record = b"\x03\0\0\0\0\0\0\0\x05\x01\x02";
/// assert!(is_strict(record));
/// assert!(!is_strict(b"\x03\0\0\0\0\0\0\0\x05\x01\x02\0"));
/// assert!(!is_strict(b"\x0b\x28\x03\0\0\0\0\0\0\0\x05\x01\x02"));
/// ```
#[must_use]
pub fn is_strict(record: &[u8]) -> bool {
    match Record::parse(record) {
        Err(_) | Ok(Record::Unknown(_)) => false,
        Ok(Record::Series(mut entries)) => entries.all(|entry| entry.is_ok_and(|entry| entry.labels.names_ascend())),
        Ok(Record::Exemplars(mut entries)) => entries.all(|entry| entry.is_ok_and(|entry| entry.labels.names_ascend())),
        Ok(Record::Samples(entries)) => entries.all_sound(),
        Ok(Record::Tombstones(mut entries)) => entries.all(|entry| entry.is_ok()),
        Ok(Record::MmapMarkers(mut entries)) => entries.all(|entry| entry.is_ok()),
        Ok(Record::Metadata(mut entries)) => entries.all(|entry| entry.is_ok()),
        Ok(Record::Histograms(entries)) => entries.all_sound(),
        Ok(Record::FloatHistograms(entries)) => entries.all_sound(),
    }
}
