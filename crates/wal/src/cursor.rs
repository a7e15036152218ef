//! How far somebody has come with a log, kept across restarts.
//!
//! A cursor is a file with a name, for instance of the destination that samples are sent to, and says from which
//! [`Position`] to read on. It is replaced in one step and checksummed:
//!
//! ```text
//! magic u32 BE "pWcu" | version u8 = 1 | segment u64 BE | offset u64 BE | CRC-32C of all before, u32 BE
//! ```
//!
//! # What holds in each case
//!
//! Whoever follows a log by a cursor gets each record at least once, and is told where that is not so:
//!
//! | case | what happens |
//! |---|---|
//! | no cursor of that name | [`Cursors::start`] leaves the choice to the caller: from the begin, or from here on |
//! | the destination got another name | [`Cursors::rename`]; without it the new name is one that has no cursor |
//! | the destination was removed | [`Cursors::retain`] removes its cursor, so that it holds back nothing |
//! | older than the first segment | reading begins with the first one, and the gap is counted |
//! | beyond the end (the log lost its end) | reading begins at the end; nothing of what is there is new |
//! | the file is damaged | reading begins with the first segment: what is sent twice is recognised, what is not sent is lost |
//! | the segment was repaired | the repair moves the cursor back to the first loss ([`repair`](crate::repair())) |

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_codec::{DecodeError, Reader, Writer};
use promd_fs::{Error, ErrorKind, Fs, Op, Result};

use crate::Position;
use crate::durable::create_durably;
use crate::read::list_or_none;

const MAGIC: u32 = u32::from_be_bytes(*b"pWcu");
const VERSION: u8 = 1;
/// Four times what a cursor takes.
const MAX_SIZE: u64 = 100;
/// What a file name may have at most on the file systems of Linux, less a suffix.
const MAX_NAME: usize = 250;

/// What is known of a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// There is none.
    Missing,
    /// It is here.
    At(Position),
    /// Its file is damaged.
    Damaged,
}

/// Where one without a cursor begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// With the first segment.
    Begin,
    /// With what will be logged.
    End,
}

/// Where to read on, and what that means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// From here.
    pub position: Position,
    /// Why not from where the cursor was.
    pub reason: StartReason,
}

/// Why reading begins where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartReason {
    /// The cursor says so.
    Cursor,
    /// There is no cursor.
    Fresh,
    /// The segments from the cursor on were removed: so many.
    Gap {
        /// How many segments, the one that the cursor is in included.
        segments: u64,
    },
    /// The log ends before the cursor.
    BeyondEnd {
        /// Where the cursor was.
        cursor: Position,
    },
    /// The cursor's file is damaged.
    Damaged,
}

/// The cursors of a log, each a file in a folder: `promd/cursors` in the data directory.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use promd_fs::SimFs;
/// use promd_wal::{Cursor, Cursors, Position};
///
/// let cursors = Cursors::open(Arc::new(SimFs::new(1)), Path::new("/promd/cursors"));
/// cursors.store("eu-west/mimir", Position::new(7, 1_234))?;
/// assert_eq!(cursors.load("eu-west/mimir")?, Cursor::At(Position::new(7, 1_234)));
/// assert_eq!(cursors.load("somebody else")?, Cursor::Missing);
/// # Ok::<(), promd_fs::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cursors {
    fs: Arc<dyn Fs>,
    folder: PathBuf,
}

impl Cursors {
    /// The cursors in a folder, which is made when the first is stored.
    #[must_use]
    pub fn open(fs: Arc<dyn Fs>, folder: &Path) -> Self {
        Self { fs, folder: folder.to_path_buf() }
    }

    /// What is known of a cursor.
    pub fn load(&self, name: &str) -> Result<Cursor> {
        self.load_file(&self.path(name)?)
    }

    fn load_file(&self, path: &Path) -> Result<Cursor> {
        match self.fs.read_to_vec(path, MAX_SIZE) {
            Ok(bytes) => Ok(decode(&bytes).map_or(Cursor::Damaged, Cursor::At)),
            Err(error) if error.is_not_found() => Ok(Cursor::Missing),
            // A disk that does not give it, or something else under its name.
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::TooLarge) => Ok(Cursor::Damaged),
            Err(error) => Err(error),
        }
    }

    /// Stores a cursor: whatever happens, the old position or the new one is there. Durable on return.
    pub fn store(&self, name: &str, position: Position) -> Result<()> {
        create_durably(&*self.fs, &self.folder)?;
        self.fs.write_atomically(&self.path(name)?, &encode(position))
    }

    /// Removes a cursor, if there is one.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.remove_file(&self.path(name)?)
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        match self.fs.remove_file(path) {
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.fs.sync_dir(&self.folder),
        }
    }

    /// Gives a cursor another name. One of that name must not exist: which of the two would be right, nobody can tell.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.path(from)?, self.path(to)?);
        if self.fs.exists(&to)? {
            return Err(Error::new(Op::Rename, from, ErrorKind::AlreadyExists).with_target(to));
        }
        self.fs.rename_durably(&from, &to)
    }

    /// Removes all cursors but these, and returns how many those were.
    pub fn retain<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<u64> {
        let kept = names.into_iter().map(|name| self.path(name)).collect::<Result<Vec<_>>>()?;
        let mut removed = 0;
        for path in self.files()?.into_iter().filter(|path| !kept.contains(path)) {
            self.remove_file(&path)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// The position that all cursors have reached: nothing before it is needed any more. `None` without cursors; the
    /// first position of all if one is damaged.
    pub fn oldest(&self) -> Result<Option<Position>> {
        let mut oldest = None;
        for path in self.files()? {
            let position = match self.load_file(&path)? {
                Cursor::At(position) => position,
                Cursor::Damaged => Position::default(),
                Cursor::Missing => continue,
            };
            oldest = Some(oldest.map_or(position, |oldest: Position| oldest.min(position)));
        }
        Ok(oldest)
    }

    /// Where a reader of the log in `log` begins that has a cursor of this name.
    pub fn start(&self, name: &str, log: &Path, fresh: Fresh) -> Result<Start> {
        let segments = list_or_none(&*self.fs, log)?;
        let begin = segments.first().map_or_else(Position::default, |first| Position::new(first.number, 0));
        let end = segments.last().map_or_else(Position::default, |last| Position::new(last.number, last.size));
        let (position, reason) = match self.load(name)? {
            Cursor::Missing if fresh == Fresh::Begin => (begin, StartReason::Fresh),
            Cursor::Missing => (end, StartReason::Fresh),
            Cursor::Damaged => (begin, StartReason::Damaged),
            Cursor::At(cursor) if cursor < begin => {
                (begin, StartReason::Gap { segments: begin.segment - cursor.segment })
            }
            Cursor::At(cursor) if cursor > end => (end, StartReason::BeyondEnd { cursor }),
            Cursor::At(cursor) => (cursor, StartReason::Cursor),
        };
        Ok(Start { position, reason })
    }

    /// Moves the cursors that are in the segment of `to` and behind it back to it, and returns how many they are.
    pub(crate) fn move_back(&self, to: Position) -> Result<u64> {
        let mut moved = 0;
        for path in self.files()? {
            let Cursor::At(position) = self.load_file(&path)? else { continue };
            if position.segment == to.segment && position.offset > to.offset {
                self.fs.write_atomically(&path, &encode(to))?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// The files of the cursors. What has a dot in its name is not one: see [`path`](Self::path).
    fn files(&self) -> Result<Vec<PathBuf>> {
        let entries = match self.fs.read_dir(&self.folder) {
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            entries => entries?,
        };
        let named = entries.iter().filter(|entry| entry.text().is_some_and(|name| !name.contains('.')));
        Ok(named.map(|entry| self.folder.join(&entry.name)).collect())
    }

    /// The file of a cursor: letters, digits, `-` and `_` stand for themselves, every other byte is `%` and two digits.
    fn path(&self, name: &str) -> Result<PathBuf> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut file = String::with_capacity(name.len());
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
                file.push(char::from(byte));
            } else {
                let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
                file.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
        if file.is_empty() || file.len() > MAX_NAME {
            return Err(Error::new(Op::Open, self.folder.join(file), ErrorKind::InvalidInput));
        }
        Ok(self.folder.join(file))
    }
}

fn encode(position: Position) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.put_u32_be(MAGIC);
    writer.put_u8(VERSION);
    writer.put_u64_be(position.segment);
    writer.put_u64_be(position.offset);
    writer.put_crc32c_from(0);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Position> {
    let read = || -> std::result::Result<_, DecodeError> {
        let mut reader = Reader::new(bytes);
        let (magic, version) = (reader.u32_be()?, reader.u8()?);
        let position = Position::new(reader.u64_be()?, reader.u64_be()?);
        reader.crc32c_of(bytes.get(..reader.position()).unwrap_or_default())?;
        reader.expect_end()?;
        Ok(((magic, version), position))
    };
    read().ok().filter(|(head, _)| *head == (MAGIC, VERSION)).map(|(_, position)| position)
}
