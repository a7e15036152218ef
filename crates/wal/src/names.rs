//! The names of what lies in the directory of a log, and what is there.
//!
//! ```text
//! wal/00000007                 a segment
//! wal/checkpoint.00000006      a directory of segments: what is still of use of the segments up to 6
//! wal/checkpoint.00000009.tmp  a checkpoint that was not finished
//! wal/00000007.repair          what Prometheus leaves if it is stopped while it repairs
//! ```
//!
//! A `.repair` is the original of a segment that Prometheus was about to replace by its first records (`Repair` in
//! `tsdb/wlog/wlog.go`). It may hold records that are nowhere else. When it opens a log, Prometheus neither reads nor removes
//! it, counts it to the size of the log, and replaces it at the next repair of that segment. It is the same here, but that it
//! is never replaced: it stays until somebody who knows what is in it removes it.

use std::path::Path;

use promd_fs::{EntryKind, Fs, Result};

/// What a checkpoint that is not finished has behind its name.
pub const TMP_SUFFIX: &str = ".tmp";

const CHECKPOINT_PREFIX: &str = "checkpoint.";

/// The name of a segment: eight digits, more if need be.
///
/// ```
/// assert_eq!(promd_wal::segment_name(7), "00000007");
/// assert_eq!(promd_wal::segment_name(123_456_789), "123456789");
/// ```
#[must_use]
pub fn segment_name(number: u64) -> String {
    format!("{number:08}")
}

/// The number of a segment of that name. Only the name that [`segment_name`] gives is one, so that no two files stand for
/// the same segment.
///
/// ```
/// assert_eq!(promd_wal::parse_segment_name("00000007"), Some(7));
/// assert_eq!(promd_wal::parse_segment_name("7"), None);
/// assert_eq!(promd_wal::parse_segment_name("00000007.repair"), None);
/// ```
#[must_use]
pub fn parse_segment_name(name: &str) -> Option<u64> {
    let number = name.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// The name of the checkpoint that stands for the segments up to `number`.
///
/// ```
/// assert_eq!(promd_wal::checkpoint_name(6), "checkpoint.00000006");
/// ```
#[must_use]
pub fn checkpoint_name(number: u64) -> String {
    format!("{CHECKPOINT_PREFIX}{number:08}")
}

/// The number of a finished checkpoint of that name.
///
/// ```
/// assert_eq!(promd_wal::parse_checkpoint_name("checkpoint.00000006"), Some(6));
/// assert_eq!(promd_wal::parse_checkpoint_name("checkpoint.00000006.tmp"), None);
/// ```
#[must_use]
pub fn parse_checkpoint_name(name: &str) -> Option<u64> {
    parse_segment_name(name.strip_prefix(CHECKPOINT_PREFIX)?)
}

/// A segment that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its number.
    pub number: u64,
    /// Its length in bytes.
    pub size: u64,
}

/// The segments in a directory by ascending number. Numbers may be missing: that is for the caller to judge.
pub fn list_segments(fs: &dyn Fs, dir: &Path) -> Result<Vec<SegmentFile>> {
    let mut segments: Vec<SegmentFile> = fs
        .read_dir(dir)?
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::File)
        .filter_map(|entry| Some(SegmentFile { number: parse_segment_name(entry.text()?)?, size: entry.size }))
        .collect();
    // By name 100000000 would come before 99999999.
    segments.sort_unstable_by_key(|segment| segment.number);
    Ok(segments)
}

/// The numbers of the finished checkpoints in a directory, ascending.
pub fn list_checkpoints(fs: &dyn Fs, dir: &Path) -> Result<Vec<u64>> {
    let mut checkpoints: Vec<u64> = fs
        .read_dir(dir)?
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Directory)
        .filter_map(|entry| parse_checkpoint_name(entry.text()?))
        .collect();
    checkpoints.sort_unstable();
    Ok(checkpoints)
}

#[cfg(test)]
mod tests {
    use promd_fs::{OpenMode, SimFs};

    use super::*;

    #[test]
    fn what_is_listed_is_sorted_by_number_and_nothing_else() {
        let fs = SimFs::new(1);
        for name in ["100000000", "99999999", "00000003", "00000004.repair", "3", "+0000005", "lock"] {
            fs.open(&Path::new("/").join(name), OpenMode::CreateNew).unwrap().write_all_at(b"abc", 0).unwrap();
        }
        for name in ["00000007", "checkpoint.00000002", "checkpoint.00000001", "checkpoint.00000009.tmp"] {
            fs.create_dir(&Path::new("/").join(name)).unwrap();
        }
        let segments = list_segments(&fs, Path::new("/")).unwrap();
        assert_eq!(segments, [3, 99_999_999, 100_000_000].map(|number| SegmentFile { number, size: 3 }));
        assert_eq!(list_checkpoints(&fs, Path::new("/")).unwrap(), [1, 2]);
    }

    #[test]
    fn a_number_too_large_is_no_name() {
        assert_eq!(parse_segment_name("18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_segment_name("18446744073709551616"), None);
        assert_eq!(parse_checkpoint_name("checkpoint."), None);
    }
}
