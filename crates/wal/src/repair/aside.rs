//! Where originals go.

use std::path::{Path, PathBuf};

use promd_fs::{Fs, OpenMode, Result};

use crate::SegmentId;
use crate::durable::create_durably;

/// How much of a file is copied at a time.
const PIECE: usize = 1 << 20;

/// Gives a segment of the log in `dir` a second name in the folder `aside`, durably, and says which. Damage that is found while the log is
/// open, by a checkpoint for instance, goes with its segment unless somebody does this.
pub fn put_aside(fs: &dyn Fs, dir: &Path, segment: SegmentId, aside: &Path) -> Result<PathBuf> {
    put(fs, &dir.join(segment.path()), aside, &name(dir, segment))
}

/// What the original of a segment is called: `wal-00000003`, `wal-checkpoint.00000002-00000000`.
pub(super) fn name(dir: &Path, segment: SegmentId) -> String {
    let log = dir.file_name().map_or_else(|| "log".into(), |name| name.to_string_lossy());
    format!("{log}-{}", segment.to_string().replace('/', "-"))
}

/// Gives a file a second name in a folder, durably, and returns it.
pub(super) fn put(fs: &dyn Fs, path: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    create_durably(fs, folder)?;
    let taken = fs.read_dir(folder)?;
    let free = |name: &String| !taken.iter().any(|entry| entry.text() == Some(name));
    let numbered = (1..=taken.len()).map(|number| format!("{name}.{number}"));
    let target = folder.join(std::iter::once(name.to_owned()).chain(numbered).find(free).unwrap_or_default());
    if fs.hard_link(path, &target).is_err() {
        // No links here, or another file system there. If it is something else, copying says what.
        copy(fs, path, &target)?;
    }
    fs.sync_dir(folder)?;
    Ok(target)
}

fn copy(fs: &dyn Fs, path: &Path, target: &Path) -> Result<()> {
    let from = fs.open(path, OpenMode::Read)?;
    let to = fs.open(target, OpenMode::Truncate)?;
    let mut buffer = vec![0; PIECE];
    let mut offset = 0;
    loop {
        let read = from.read_at(&mut buffer, offset)?;
        if read == 0 {
            return to.sync_data();
        }
        to.write_all_at(buffer.get(..read).unwrap_or_default(), offset)?;
        offset += read as u64;
    }
}
