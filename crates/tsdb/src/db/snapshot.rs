//! A copy of all blocks that costs no space: hard links. The head becomes a block of its own there.

use std::ffi::OsStr;
use std::path::Path;

use promd_block::BlockId;
use promd_fs::{EntryKind, Fs};
use promd_model::Interval;

use super::flush::OUT_OF_ORDER;
use super::losses::{OF_LATE_LOG, OF_LOG};
use super::work::Work;
use super::{DbError, Inner};

/// The end of the name of a folder that is being filled, as Prometheus has it.
const FOR_CREATION: &str = ".tmp-for-creation";

impl Inner {
    /// Links every block into `to`, which is made if it is missing, and writes the head there.
    pub(super) fn snapshot(&self, work: &mut Work, to: &Path, with_head: bool) -> Result<(), DbError> {
        if to == self.dir {
            return Err(DbError::SnapshotPlace("cannot snapshot into base directory"));
        }
        let name = to.file_name().and_then(OsStr::to_str);
        if name.is_some_and(|name| name.parse::<BlockId>().is_ok()) {
            return Err(DbError::SnapshotPlace("dir must not be a valid ULID"));
        }
        self.fs.create_dir_all(to)?;
        for loaded in &self.list().blocks {
            let id = loaded.id();
            let filling = to.join(format!("{id}{FOR_CREATION}"));
            if self.fs.exists(&filling)? {
                self.fs.remove_dir_all(&filling)?;
            }
            link_all(&*self.fs, loaded.block.dir(), &filling)?;
            self.fs.rename_durably(&filling, &to.join(id.to_string()))?;
        }
        if with_head {
            self.write_head(work, to)?;
        }
        // The names of the folders above, which may be new.
        for above in to.ancestors().skip(1).take_while(|above| above.starts_with(&self.dir)) {
            self.fs.sync_dir(above)?;
        }
        Ok(())
    }

    /// Writes what the head holds at this moment as a block into `to`, and what came out of order as others.
    fn write_head(&self, work: &mut Work, to: &Path) -> Result<(), DbError> {
        let head = &self.live.head;
        if let Some((min, max)) = head.min_time().zip(head.max_time()) {
            let range = Interval::new(min.max(head.min_valid_time()), max);
            let meta = self.meta_of(work, range)?;
            self.write_block(to, meta, head.source(range), OF_LOG)?.ok_or(DbError::Closed)?;
        }
        let Some(late) = head.late_blocks()? else { return Ok(()) };
        for range in late.ranges() {
            let mut meta = self.meta_of(work, *range)?;
            meta.compaction.hints = vec![OUT_OF_ORDER.to_owned()];
            self.write_block(to, meta, head.late_source(&late, *range), OF_LATE_LOG)?.ok_or(DbError::Closed)?;
        }
        Ok(())
    }
}

/// Links all files of a folder, and of the folders in it, into another one. The files of a block are never written again, only
/// replaced, so a link keeps what it was.
fn link_all(fs: &dyn Fs, from: &Path, to: &Path) -> Result<(), DbError> {
    let mut folders = vec![(from.to_path_buf(), to.to_path_buf())];
    while let Some((from, to)) = folders.pop() {
        fs.create_dir(&to)?;
        for entry in fs.read_dir(&from)? {
            let (original, link) = (from.join(&entry.name), to.join(&entry.name));
            match entry.kind {
                EntryKind::Directory => folders.push((original, link)),
                EntryKind::File => fs.hard_link(&original, &link)?,
                _ => {}
            }
        }
        fs.sync_dir(&to)?;
    }
    // The folder in a folder was made after the outer one was synced.
    Ok(fs.sync_dir(to)?)
}
