//! Writing chunks, one segment after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_chunk::Encoding;
use promd_codec::{Crc32c, Writer, crc32c};
use promd_fs::{File, Fs, OpenMode};

use super::{CRC, ChunkRef, DIR, HEADER, MAGIC, MAX_LENGTH_FIELD, VERSION, file_name};
use crate::{BlockError, FileFacts};

/// How large a segment grows: `DefaultChunkSegmentSize` of Prometheus (`tsdb/chunks/chunks.go`).
pub const DEFAULT_SEGMENT_SIZE: u32 = 512 << 20;

/// How much is gathered before it is written.
const BUFFER: usize = 256 << 10;

/// Writes the segments of a block.
///
/// A segment is synced when it is full, and nothing is durable by name before [`finish`](Self::finish).
///
/// ```
/// use promd_block::{DEFAULT_SEGMENT_SIZE, SegmentWriter, Segments};
/// use promd_chunk::{Encoding, XorAppender};
/// use promd_fs::{Access, SimFs};
///
/// let fs = SimFs::new(1);
/// let mut chunk = XorAppender::new();
/// chunk.append(1_000, 0.5)?;
/// let mut writer = SegmentWriter::create(&fs, "/".as_ref(), DEFAULT_SEGMENT_SIZE)?;
/// let reference = writer.write(Encoding::Xor, chunk.bytes())?;
/// writer.finish()?;
///
/// let segments = Segments::open(&fs, "/".as_ref(), Access::Random)?;
/// assert_eq!(segments.read(reference)?.bytes, chunk.bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SegmentWriter<'a> {
    fs: &'a dyn Fs,
    dir: PathBuf,
    limit: u64,
    open: Option<Open>,
    done: Vec<FileFacts>,
}

/// The segment that is being written.
#[derive(Debug)]
struct Open {
    file: Arc<dyn File>,
    number: u32,
    buffer: Vec<u8>,
    written: u64,
    crc: Crc32c,
}

impl<'a> SegmentWriter<'a> {
    /// Makes the folder `chunks` in `dir`. A segment is closed before it grows beyond `limit` bytes, unless one chunk
    /// alone is larger.
    pub fn create(fs: &'a dyn Fs, dir: &Path, limit: u32) -> Result<Self, BlockError> {
        let dir = dir.join(DIR);
        fs.create_dir_all(&dir)?;
        Ok(Self { fs, dir, limit: limit.into(), open: None, done: Vec::new() })
    }

    /// Appends a chunk and says where it is.
    pub fn write(&mut self, encoding: Encoding, bytes: &[u8]) -> Result<ChunkRef, BlockError> {
        let most = (MAX_LENGTH_FIELD + 1 + bytes.len() + CRC) as u64;
        if u32::try_from(bytes.len()).is_err() {
            return Err(BlockError::Invalid(format!("a chunk of {} bytes is too long", bytes.len())));
        }
        let full = self.open.as_ref().is_some_and(|open| open.end() > HEADER as u64 && open.end() + most > self.limit);
        if full {
            self.close()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::create(self.fs, &self.dir, self.done.len())?),
        };
        open.append(encoding, bytes)
    }

    /// Syncs what was written, the folder included, and says what the files are.
    pub fn finish(mut self) -> Result<Vec<FileFacts>, BlockError> {
        self.close()?;
        self.fs.sync_dir(&self.dir)?;
        Ok(self.done)
    }

    fn close(&mut self) -> Result<(), BlockError> {
        if let Some(mut open) = self.open.take() {
            open.flush()?;
            open.file.sync_data()?;
            let name = format!("{DIR}/{}", file_name(open.number));
            self.done.push(FileFacts { name, size: open.written, crc32c: Some(open.crc.finish()) });
        }
        Ok(())
    }
}

impl Open {
    fn create(fs: &dyn Fs, dir: &Path, number: usize) -> Result<Self, BlockError> {
        let number = u32::try_from(number).map_err(|_| BlockError::Invalid("too many chunk segments".into()))?;
        let file = fs.open(&dir.join(file_name(number)), OpenMode::CreateNew)?;
        let mut buffer = Vec::with_capacity(BUFFER + (64 << 10));
        let mut writer = Writer::new(&mut buffer);
        writer.put_u32_be(MAGIC);
        writer.put_u8(VERSION);
        writer.put_zeros(HEADER - writer.position());
        Ok(Self { file, number, buffer, written: 0, crc: Crc32c::new() })
    }

    fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn append(&mut self, encoding: Encoding, bytes: &[u8]) -> Result<ChunkRef, BlockError> {
        let offset = u32::try_from(self.end())
            .map_err(|_| BlockError::Invalid("a chunk segment is larger than 4 GiB".into()))?;
        let mut writer = Writer::new(&mut self.buffer);
        writer.put_uvarint(bytes.len() as u64);
        let covered = writer.position();
        writer.put_u8(encoding.byte());
        writer.put_bytes(bytes);
        let crc = crc32c(writer.since(covered));
        writer.put_u32_be(crc);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(ChunkRef::new(self.number, offset))
    }

    fn flush(&mut self) -> Result<(), BlockError> {
        self.file.write_all_at(&self.buffer, self.written)?;
        self.crc.update(&self.buffer);
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
