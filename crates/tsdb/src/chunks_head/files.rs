//! The files while they are open: chunks are added at the end of the newest, and read from all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use promd_fs::{Access, ErrorKind, File, Fs, Map, OpenMode};
use thiserror::Error;

use super::damage::{HeadCause, HeadDamage};
use super::format::{
    CHECKSUM, ChunkHead, ChunkPlace, FILE_HEADER, FIRST_CHUNK, MAX_CHUNK_HEADER, MAX_FILE, PREALLOCATED, UNSURE, parse,
    parse_header,
};
use super::recover::{Recovered, file_name, recover};

/// How many bytes are gathered before they are written.
const BUFFER: usize = 256 << 10;

/// Why a chunk could not be written, or files not be removed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum HeadChunksError {
    /// The file system refused.
    #[error("{doing} of the head chunks in {}", dir.display())]
    Io {
        /// Where.
        dir: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What it said.
        source: promd_fs::Error,
    },
    /// A chunk does not fit into a file.
    #[error("a chunk of {len} bytes does not fit into a file of head chunks")]
    TooLarge {
        /// Its length.
        len: usize,
    },
    /// The numbers of files are used up.
    #[error("the numbers of the files of head chunks are used up")]
    OutOfNumbers,
    /// The directory was opened for reading only.
    #[error("the head chunks in {} are open for reading only", dir.display())]
    ReadOnly {
        /// Where.
        dir: PathBuf,
    },
    /// A sync had failed: chunks that were written then are safe from a crash only.
    #[error("head chunks of file {file:06} may not be on the disk: its sync has failed")]
    NotSafe {
        /// The oldest file that this happened to.
        file: u32,
    },
}

/// A chunk that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadChunk {
    /// What it says of itself.
    pub head: ChunkHead,
    /// Its data.
    pub data: Bytes,
}

/// The files of head chunks, open. One thread writes at a time, any number read; readers do not wait for writes to the disk.
#[derive(Debug)]
pub struct HeadChunks {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    read_only: bool,
    /// Taken before the other two by whoever changes something.
    writer: Mutex<Writer>,
    /// The newest file, in which chunks may still be in memory.
    tail: RwLock<Option<Tail>>,
    /// The others.
    sealed: RwLock<BTreeMap<u32, Sealed>>,
}

#[derive(Debug)]
struct Writer {
    /// The number of the newest file that there is or was.
    newest: u32,
    /// The next chunk goes into a file of its own.
    cut: bool,
    /// The oldest file of which a sync has failed.
    not_safe: Option<u32>,
}

#[derive(Debug)]
struct Tail {
    number: u32,
    file: Arc<dyn File>,
    /// How much of it has been written. What follows is in `pending`.
    written: usize,
    pending: Vec<u8>,
    max: i64,
}

impl Tail {
    fn end(&self) -> usize {
        self.written + self.pending.len()
    }
}

#[derive(Debug)]
struct Sealed {
    map: Option<Map>,
    max: i64,
}

impl HeadChunks {
    /// Opens the directory, which is made if it is missing, and says what is in it. Chunks will be written to a new file.
    pub fn open(fs: Arc<dyn Fs>, dir: &Path) -> Result<(Self, Recovered), HeadChunksError> {
        let io = |doing, source| HeadChunksError::Io { dir: dir.to_path_buf(), doing, source };
        if !fs.exists(dir).map_err(|error| io("looking for the directory", error))? {
            fs.create_dir_all(dir).map_err(|error| io("making the directory", error))?;
            // The directory above is whoever's who opened it, but this name in it is ours.
            let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs.sync_dir(parent).map_err(|error| io("making the directory", error))?;
        }
        let recovered = recover(&*fs, dir, true).map_err(|error| io("opening", error))?;
        Ok((Self::with(fs, dir, &recovered, false), recovered))
    }

    /// The same without a change to the directory, for reading only.
    pub fn open_read_only(fs: Arc<dyn Fs>, dir: &Path) -> Result<(Self, Recovered), HeadChunksError> {
        let recovered = recover(&*fs, dir, false).map_err(|source| HeadChunksError::Io {
            dir: dir.to_path_buf(),
            doing: "opening",
            source,
        })?;
        Ok((Self::with(fs, dir, &recovered, true), recovered))
    }

    fn with(fs: Arc<dyn Fs>, dir: &Path, recovered: &Recovered, read_only: bool) -> Self {
        let sealed =
            recovered.files.iter().map(|(number, facts)| (*number, Sealed { map: facts.map.clone(), max: facts.max }));
        let newest = recovered.files.keys().next_back().copied().unwrap_or(0);
        Self {
            fs,
            dir: dir.to_path_buf(),
            read_only,
            writer: Mutex::new(Writer {
                newest,
                cut: true,
                not_safe: Some(newest).filter(|_| recovered.newest_unsure),
            }),
            tail: RwLock::new(None),
            sealed: RwLock::new(sealed.collect()),
        }
    }

    /// Adds a chunk. It can be read from here on; a crash of the process may still take it.
    ///
    /// # Errors
    ///
    /// If the buffer is full and cannot be written. Nothing was added then, and everything that had been added is still
    /// there; the next call tries again.
    pub fn write(&self, head: &ChunkHead, data: &[u8]) -> Result<ChunkPlace, HeadChunksError> {
        self.check_writable()?;
        let len = ChunkHead::len_with(data.len());
        if (FIRST_CHUNK + len) as u64 > MAX_FILE {
            return Err(HeadChunksError::TooLarge { len });
        }
        let mut writer = self.writer.lock();
        let (end, pending) = self.tail.read().as_ref().map_or((0, 0), |tail| (tail.end(), tail.pending.len()));
        if writer.cut || (end + len) as u64 > MAX_FILE {
            self.begin_file(&mut writer)?;
        } else if pending > 0 && pending + len > BUFFER {
            self.flush_tail()?;
        }
        let mut tail = self.tail.write();
        let Some(tail) = tail.as_mut() else { return Err(HeadChunksError::OutOfNumbers) };
        let offset = u32::try_from(tail.end()).map_err(|_| HeadChunksError::TooLarge { len })?;
        head.put(data, &mut tail.pending);
        tail.max = tail.max.max(head.max);
        Ok(ChunkPlace::new(tail.number, offset))
    }

    /// Reads a chunk, and sums it up.
    ///
    /// # Errors
    ///
    /// If it is not sound, or there is none.
    pub fn read(&self, place: ChunkPlace) -> Result<ReadChunk, HeadDamage> {
        let damage = |range, cause| HeadDamage { file: place.file, range, suspect: None, cause };
        let at = place.offset as usize;
        let bytes = match self.bytes_at(place) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(damage(0..0, HeadCause::Missing)),
            Err(error) => {
                return Err(damage(at as u64..at as u64, HeadCause::Unreadable { kind: error.kind() }));
            }
        };
        match parse(&bytes) {
            Ok(parsed) => Ok(ReadChunk { head: parsed.head, data: bytes.slice(parsed.data) }),
            Err(unsound) => {
                let end = unsound.end.unwrap_or(bytes.len());
                let mut damage = damage(at as u64..(at + end) as u64, unsound.cause);
                damage.suspect = unsound.suspect;
                Err(damage)
            }
        }
    }

    /// The bytes from a place on, at least as many as the chunk says that it takes, if there are so many.
    fn bytes_at(&self, place: ChunkPlace) -> promd_fs::Result<Option<Bytes>> {
        let at = place.offset as usize;
        let file = {
            let tail = self.tail.read();
            match tail.as_ref().filter(|tail| tail.number == place.file) {
                Some(tail) => match at.checked_sub(tail.written) {
                    Some(at) => {
                        let rest = tail.pending.get(at..).unwrap_or_default();
                        return Ok(Some(Bytes::copy_from_slice(rest.get(..chunk_len(rest)).unwrap_or(rest))));
                    }
                    None => Some(Arc::clone(&tail.file)),
                },
                None => None,
            }
        };
        if let Some(file) = file {
            return read_growing(&*file, at as u64).map(Some);
        }
        let map = self.sealed.read().get(&place.file).and_then(|sealed| sealed.map.clone());
        let Some(map) = map else { return Ok(None) };
        let len = map.read(at.min(map.len())..map.len(), chunk_len)?;
        let end = at.saturating_add(len).min(map.len());
        map.slice(at.min(end)..end).map(Some)
    }

    /// Removes the files that have no sample at or after `before`, as far as older files go with them: numbers have no gap. The next
    /// chunk begins a new file, so that this one can go, too.
    pub fn truncate(&self, before: i64) -> Result<(), HeadChunksError> {
        self.truncate_but(before, None)
    }

    /// The same, but the file of the chunk `keep`, and all later ones, stay whatever their times are: chunks of samples that
    /// came late may be of any.
    pub fn truncate_but(&self, before: i64, keep: Option<u64>) -> Result<(), HeadChunksError> {
        let keep = keep.map_or(u32::MAX, |keep| ChunkPlace::from(keep).file);
        self.check_writable()?;
        let mut writer = self.writer.lock();
        if self.tail.read().as_ref().is_some_and(|tail| tail.end() > FIRST_CHUNK) {
            writer.cut = true;
        }
        loop {
            let oldest = self.sealed.read().first_key_value().map(|(number, sealed)| (*number, sealed.max));
            let Some((number, _)) = oldest.filter(|(number, max)| *max < before && *number < keep) else { break };
            // One after the other: a power loss must not leave an older one without a younger.
            let path = self.dir.join(file_name(number));
            self.fs
                .remove_file(&path)
                .or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) })
                .and_then(|()| self.fs.sync_dir(&self.dir))
                .map_err(|error| self.io("removing a file", error))?;
            self.sealed.write().remove(&number);
            if writer.not_safe.is_some_and(|file| file <= number) {
                writer.not_safe = None;
            }
        }
        Ok(())
    }

    /// Writes what is in memory, so that a crash of the process does not take it.
    pub fn flush(&self) -> Result<(), HeadChunksError> {
        let _writer = self.writer.lock();
        self.flush_tail()
    }

    /// Writes and syncs what there is. A sync that fails is no error: the log has what a power loss then takes.
    pub fn close(&self) -> Result<(), HeadChunksError> {
        let mut writer = self.writer.lock();
        self.flush_tail()?;
        self.sync_tail(&mut writer);
        Ok(())
    }

    /// Makes everything that was added so far safe from a power loss. To be called before out-of-order samples in these chunks
    /// are removed from their log.
    ///
    /// # Errors
    ///
    /// Also if an earlier sync has failed, until [`truncate`](Self::truncate) has removed that file.
    pub fn sync(&self) -> Result<(), HeadChunksError> {
        let mut writer = self.writer.lock();
        self.flush_tail()?;
        self.sync_tail(&mut writer);
        match writer.not_safe {
            Some(file) => Err(HeadChunksError::NotSafe { file }),
            None => Ok(()),
        }
    }

    /// How many files are mapped.
    #[must_use]
    pub fn maps(&self) -> usize {
        self.sealed.read().len()
    }

    /// The bytes of all files.
    pub fn size(&self) -> Result<u64, HeadChunksError> {
        let entries = self.fs.read_dir(&self.dir).map_err(|error| self.io("listing", error))?;
        let mut size = 0;
        for entry in entries {
            match self.fs.metadata(&self.dir.join(&entry.name)) {
                Ok(metadata) => size += metadata.size,
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(self.io("measuring", error)),
            }
        }
        Ok(size)
    }

    fn check_writable(&self) -> Result<(), HeadChunksError> {
        if self.read_only { Err(HeadChunksError::ReadOnly { dir: self.dir.clone() }) } else { Ok(()) }
    }

    /// Ends the newest file, and begins another.
    fn begin_file(&self, writer: &mut Writer) -> Result<(), HeadChunksError> {
        self.flush_tail()?;
        let number = writer.newest.checked_add(1).ok_or(HeadChunksError::OutOfNumbers)?;
        self.sync_tail(writer);
        // The old one stays the newest if there is no room for another.
        let file = self.create(number, writer.not_safe.is_some());
        let file = file.map_err(|error| self.io("beginning a file", error))?;
        let old = {
            let tail = self.tail.read();
            tail.as_ref().map(|tail| (tail.number, tail.max))
        };
        if let Some((number, max)) = old {
            let map = self.fs.map(&self.dir.join(file_name(number)), Access::Random);
            let map = map.map_err(|error| self.io("mapping a file", error))?;
            // It is in the one before it leaves the other, or a reader would find it in neither.
            self.sealed.write().insert(number, Sealed { map: Some(map), max });
        }
        let tail = Tail { number, file, written: FIRST_CHUNK, pending: Vec::new(), max: i64::MIN };
        *self.tail.write() = Some(tail);
        writer.newest = number;
        writer.cut = false;
        Ok(())
    }

    /// Makes a file of zeros with a header, whose name is safe: without it a later file's name could outlive this one's. `unsure` says that
    /// the file before it may lose its end.
    fn create(&self, number: u32, unsure: bool) -> promd_fs::Result<Arc<dyn File>> {
        let path = self.dir.join(file_name(number));
        let temporary = self.dir.join(format!("{}.tmp", file_name(number)));
        let made = self.fs.open(&temporary, OpenMode::Truncate).and_then(|file| {
            file.preallocate(PREALLOCATED)?;
            file.set_len(PREALLOCATED)?;
            file.write_all_at(&FILE_HEADER, 0)?;
            file.write_all_at(&[u8::from(unsure)], UNSURE as u64)?;
            file.sync_all()
        });
        if let Err(error) = made.and_then(|()| self.fs.rename(&temporary, &path)) {
            // The first error is the one to tell; a leftover is overwritten by the next attempt.
            self.fs.remove_file(&temporary).ok();
            return Err(error);
        }
        self.fs.sync_dir(&self.dir)?;
        self.fs.open(&path, OpenMode::Write)
    }

    /// Writes what is in memory. After an error it is still there, and is written to the same place by the next call.
    fn flush_tail(&self) -> Result<(), HeadChunksError> {
        {
            // Readers read on meanwhile. Nobody else changes it: the caller holds the writer.
            let tail = self.tail.read();
            let Some(tail) = tail.as_ref().filter(|tail| !tail.pending.is_empty()) else { return Ok(()) };
            let written = tail.file.write_all_at(&tail.pending, tail.written as u64);
            written.map_err(|error| self.io("writing", error))?;
        }
        if let Some(tail) = self.tail.write().as_mut() {
            tail.written += tail.pending.len();
            tail.pending.clear();
        }
        Ok(())
    }

    /// A sync that fails is not tried again: it would succeed and mean nothing. The chunks can be read, and those that a power loss
    /// takes come back from the log: the header of the next file says that they may be missing. So only who must rely on them has to know.
    fn sync_tail(&self, writer: &mut Writer) {
        let tail = self.tail.read();
        if let Some(tail) = tail.as_ref()
            && tail.file.sync_data().is_err()
        {
            writer.not_safe.get_or_insert(tail.number);
            writer.cut = true;
        }
    }

    fn io(&self, doing: &'static str, source: promd_fs::Error) -> HeadChunksError {
        HeadChunksError::Io { dir: self.dir.clone(), doing, source }
    }
}

/// How many bytes the chunk takes that these begin with, by its own account.
fn chunk_len(bytes: &[u8]) -> usize {
    let len = parse_header(bytes).and_then(|(_, data)| usize::try_from(data.end).ok()?.checked_add(CHECKSUM));
    len.unwrap_or(usize::MAX).min(bytes.len())
}

/// Reads a chunk from a file that is still written to. What is handed out takes no more memory than the chunk: a query may hold
/// those of many series.
fn read_growing(file: &dyn File, at: u64) -> promd_fs::Result<Bytes> {
    // Nearly every chunk fits.
    let mut buffer = [0; 2048];
    let filled = read_up_to(file, &mut buffer, at)?;
    let bytes = buffer.get(..filled).unwrap_or_default();
    let header = bytes.get(..MAX_CHUNK_HEADER).unwrap_or(bytes);
    let wanted = parse_header(header).map_or(filled as u64, |(_, data)| data.end.saturating_add(CHECKSUM as u64));
    let len = usize::try_from(wanted).unwrap_or(usize::MAX);
    if len > filled && wanted <= file.size()?.saturating_sub(at) {
        let mut bytes = vec![0; len];
        let filled = read_up_to(file, &mut bytes, at)?;
        bytes.truncate(filled);
        return Ok(Bytes::from(bytes));
    }
    Ok(Bytes::copy_from_slice(bytes.get(..len).unwrap_or(bytes)))
}

fn read_up_to(file: &dyn File, buffer: &mut [u8], at: u64) -> promd_fs::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::UnexpectedEnd => break,
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
