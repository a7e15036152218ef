//! A file system that takes out one of the log's safeguards: to show that the suite would notice.
//!
//! The log itself has no switch for it. Leaving out every directory sync of the log, say, is the same as a file system that
//! does none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use promd_fs::{Access, Entry, File, Fs, FsKind, Lock, Map, Metadata, OpenMode, Result, SimFs, Space};
use promd_wal::{HEADER, Header, PAGE, list_segments, parse_checkpoint_name, parse_segment_name};

use crate::schedule::DIR;

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    Nothing,
    /// A segment that is created, or that replaces others, gets its name without the directory being synced.
    DirectorySync,
    /// A segment is not synced any more once the next one has begun.
    SegmentSeal,
    /// Whoever reads does not look at checksums.
    Checksums,
    /// What a failed write leaves is not cut.
    Cut,
    /// A failed sync counts as one that succeeded.
    FailedSync,
    /// What takes the place of a segment is not synced before.
    Replacement,
    /// A damaged segment goes aside after it was replaced.
    AsideLate,
    /// Cursors move back after the segment was replaced.
    CursorsLate,
    /// A checkpoint gets its name after the first of its segments is gone.
    CheckpointLate,
    /// Of two segments, the newer one is removed first.
    NewestFirst,
}

#[derive(Debug, Clone)]
pub(crate) struct Sabotaged {
    fs: SimFs,
    sabotage: Sabotage,
    /// What is done after the next segment was replaced or removed, and not before.
    late: Arc<Mutex<Option<Late>>>,
}

/// An operation that has to wait.
#[derive(Debug, Clone)]
enum Late {
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Sabotaged {
    pub(crate) fn new(fs: SimFs, sabotage: Sabotage) -> Self {
        Self { fs, sabotage, late: Arc::default() }
    }

    /// Does an operation, or promises to do it later if that `is_late`; and if it `is_step`, does what waits for one.
    fn in_order(&self, operation: Late, is_late: bool, is_step: bool) -> Result<()> {
        let mut late = self.late.lock().unwrap();
        if is_late && late.is_none() {
            *late = Some(operation);
            return Ok(());
        }
        self.perform(&operation)?;
        match late.take_if(|_| is_step) {
            Some(late) => self.perform(&late),
            None => Ok(()),
        }
    }

    fn perform(&self, operation: &Late) -> Result<()> {
        match operation {
            Late::Rename(from, to) => self.fs.rename(from, to),
            Late::Link(original, link) => self.fs.hard_link(original, link),
            Late::Remove(path) => self.fs.remove_file(path),
        }
    }
}

/// Whether it is a segment of the log, and not of a checkpoint.
fn is_segment(path: &Path) -> bool {
    path.parent() == Some(Path::new(DIR)) && name(path).and_then(parse_segment_name).is_some()
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

impl Fs for Sabotaged {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        Ok(Arc::new(SabotagedFile { file: self.fs.open(path, mode)?, fs: self.clone() }))
    }

    fn map(&self, path: &Path, access: Access) -> Result<Map> {
        self.fs.map(path, access)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let is_late = match self.sabotage {
            Sabotage::CursorsLate => to.starts_with("/data/promd/cursors"),
            Sabotage::CheckpointLate => name(to).and_then(parse_checkpoint_name).is_some(),
            _ => false,
        };
        self.in_order(Late::Rename(from.to_owned(), to.to_owned()), is_late, is_segment(to))
    }

    fn hard_link(&self, original: &Path, link: &Path) -> Result<()> {
        let is_late = self.sabotage == Sabotage::AsideLate;
        self.in_order(Late::Link(original.to_owned(), link.to_owned()), is_late, false)
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        let is_late = self.sabotage == Sabotage::NewestFirst && is_segment(path);
        self.in_order(Late::Remove(path.to_owned()), is_late, is_segment(path))
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        self.fs.remove_dir(path)
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        self.fs.create_dir(path)
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<Entry>> {
        self.fs.read_dir(path)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.fs.metadata(path)
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        match self.sabotage {
            Sabotage::DirectorySync => Ok(()),
            _ => self.fs.sync_dir(path),
        }
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        self.fs.lock(path)
    }

    fn space(&self, path: &Path) -> Result<Space> {
        self.fs.space(path)
    }

    fn kind(&self, path: &Path) -> Result<FsKind> {
        self.fs.kind(path)
    }
}

#[derive(Debug)]
struct SabotagedFile {
    file: Arc<dyn File>,
    fs: Sabotaged,
}

/// A checksum that always holds is one that nobody looks at.
fn make_checksums_hold(page: &mut [u8]) {
    let mut at = 0;
    while let Some((header, rest)) = page.get_mut(at..).and_then(|rest| rest.split_first_chunk_mut::<HEADER>()) {
        let read = Header::from_bytes(header);
        let Some(data) = rest.get(..usize::from(read.len)).filter(|_| !read.ends_page()) else { return };
        *header = Header { crc: promd_codec::crc32c(data), ..read }.to_bytes();
        at += HEADER + usize::from(read.len);
    }
}

impl SabotagedFile {
    /// Whether there is a segment after this one.
    fn is_sealed(&self) -> bool {
        let path = self.file.path();
        let number = name(path).and_then(parse_segment_name);
        let last = path.parent().and_then(|dir| list_segments(&self.fs.fs, dir).ok()?.last().copied());
        number.zip(last).is_some_and(|(number, last)| number < last.number)
    }
}

impl File for SabotagedFile {
    fn path(&self) -> &Path {
        self.file.path()
    }

    fn size(&self) -> Result<u64> {
        self.file.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        if self.fs.sabotage != Sabotage::Checksums {
            return self.file.read_at(buffer, offset);
        }
        let mut bytes = vec![0; usize::try_from(self.file.size()?).unwrap()];
        self.file.read_exact_at(&mut bytes, 0)?;
        bytes.chunks_mut(PAGE).for_each(make_checksums_hold);
        let rest = bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        match self.fs.sabotage {
            Sabotage::Cut => Ok(()),
            _ => self.file.set_len(len),
        }
    }

    fn preallocate(&self, len: u64) -> Result<bool> {
        self.file.preallocate(len)
    }

    fn sync_data(&self) -> Result<()> {
        match self.fs.sabotage {
            Sabotage::SegmentSeal if self.is_sealed() => Ok(()),
            // With an extension, too: what is to become a segment.
            Sabotage::Replacement if is_segment(&self.file.path().with_extension("")) => Ok(()),
            Sabotage::FailedSync => self.file.sync_data().or(Ok(())),
            _ => self.file.sync_data(),
        }
    }

    fn sync_all(&self) -> Result<()> {
        self.sync_data()
    }
}
