//! Reading chunks through memory maps.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use promd_chunk::{Chunk, Encoding};
use promd_codec::{DecodeError, Reader};
use promd_fs::{Access, EntryKind, ErrorKind, Fs, Map};

use super::{CRC, ChunkRef, DIR, HEADER, MAGIC, MAX_LENGTH_FIELD, VERSION, file_name};
use crate::trail::Trail;
use crate::{BlockError, Consequence, Damage, Part};

/// The segments of a block, mapped.
#[derive(Debug)]
pub struct Segments {
    dir: PathBuf,
    /// By number; a number that is not there is a segment that is missing.
    segments: Vec<Segment>,
    damage: Vec<Damage>,
}

#[derive(Debug)]
struct Segment {
    number: u32,
    map: Map,
    trail: Trail,
}

/// A chunk as it was read, its checksum verified. The bytes keep the map alive.
#[derive(Debug, Clone)]
pub struct ReadChunk {
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// The data, without the encoding byte.
    pub bytes: Bytes,
}

impl ReadChunk {
    /// The chunk, to be decoded.
    #[must_use]
    pub fn chunk(&self) -> Chunk<'_> {
        Chunk::new(self.encoding, &self.bytes)
    }
}

impl Segments {
    /// Maps the segments of the block in `dir`. What is wrong with one of them is [`damage`](Self::damage), and the rest
    /// goes on; an error is that of a machine that cannot give more maps or files.
    ///
    /// A segment whose header is damaged is read all the same, since each chunk has a checksum of its own.
    pub fn open(fs: &dyn Fs, dir: &Path, access: Access) -> Result<Self, BlockError> {
        let mut all = Self { dir: dir.join(DIR), segments: Vec::new(), damage: Vec::new() };
        let entries = match fs.read_dir(&all.dir) {
            Ok(entries) => entries,
            Err(error) if is_of_the_machine(error.kind()) => return Err(error.into()),
            Err(error) => {
                all.damage.push(damage_of(&all.dir, error.kind().to_string()));
                return Ok(all);
            }
        };
        for entry in entries {
            let Some(number) = segment_number(&entry.name.to_string_lossy()) else { continue };
            if entry.kind != EntryKind::File {
                continue;
            }
            let path = all.dir.join(&entry.name);
            match fs.map(&path, access) {
                Ok(map) => {
                    all.damage.extend(check_header(&path, &map));
                    all.segments.push(Segment { number, map, trail: Trail::new(access) });
                }
                Err(error) if is_of_the_machine(error.kind()) => return Err(error.into()),
                Err(error) => all.damage.push(damage_of(&path, error.kind().to_string())),
            }
        }
        all.segments.sort_by_key(|segment| segment.number);
        Ok(all)
    }

    /// What was found wrong with whole segments when they were opened.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// How many segments there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.segments.len()
    }

    /// The bytes of all segments together.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.map.len() as u64).sum()
    }

    /// The names of the segments that are there, from the folder of the block.
    pub(crate) fn names(&self) -> Vec<String> {
        self.segments.iter().map(|segment| format!("{DIR}/{}", file_name(segment.number))).collect()
    }

    /// Reads a chunk and verifies its checksum. Nothing is copied, and nothing allocated unless it is damaged.
    pub fn read(&self, reference: ChunkRef) -> Result<ReadChunk, Damage> {
        let Some(segment) = self.segment(reference.segment()) else {
            let path = self.dir.join(file_name(reference.segment()));
            return Err(damage_of(&path, "the file is missing".to_owned()));
        };
        segment
            .read(reference.offset())
            .map_err(|broken| Damage { values: broken.values, ..self.chunk_damage(reference, broken.what) })
    }

    /// Damage of the chunk at `reference`.
    pub(crate) fn chunk_damage(&self, reference: ChunkRef, what: impl Into<String>) -> Damage {
        let path = self.dir.join(file_name(reference.segment()));
        Damage::new(path, Part::Chunk, what, Consequence::ChunkMissing).at(reference.offset().into())
    }

    fn segment(&self, number: u32) -> Option<&Segment> {
        let at = self.segments.binary_search_by_key(&number, |segment| segment.number).ok()?;
        self.segments.get(at)
    }
}

/// What is wrong with a chunk; its place is known to the caller.
struct Broken {
    what: String,
    values: Option<(String, String)>,
}

impl From<DecodeError> for Broken {
    fn from(error: DecodeError) -> Self {
        Self { what: format!("{} (of {})", error.kind(), error.offset()), values: None }
    }
}

impl Segment {
    /// Where the encoding byte of a chunk is, and where the chunk ends.
    fn extent(&self, offset: u32) -> Result<(usize, usize), DecodeError> {
        let start = offset as usize;
        let rest = self.map.bytes().get(start..).unwrap_or_default();
        let mut field = Reader::with_offset(rest.get(..MAX_LENGTH_FIELD).unwrap_or(rest), start);
        let length = field.uvarint()?;
        let encoding = field.position();
        let mut body = Reader::with_offset(rest.get(encoding - start..).unwrap_or_default(), encoding);
        let length = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(1 + CRC);
        body.skip(length)?;
        Ok((encoding, body.position()))
    }

    fn read(&self, offset: u32) -> Result<ReadChunk, Broken> {
        let (start, end) = self.extent(offset)?;
        self.trail.pass(&self.map, start);
        let all = self.map.bytes();
        let mut reader = Reader::with_offset(all.get(start..end).unwrap_or_default(), start);
        let covered = reader.bytes(end - start - CRC)?;
        let stored = reader.u32_be()?;
        let computed = promd_codec::crc32c(covered);
        if stored != computed {
            let values = Some((format!("{computed:08x}"), format!("{stored:08x}")));
            return Err(Broken { what: "checksum mismatch".to_owned(), values });
        }
        // The zeros of a page that the disk has lost could have a checksum that fits; the map knows.
        self.map.check(start..end).map_err(|error| Broken { what: error.kind().to_string(), values: None })?;
        let Some((encoding, _)) = covered.split_first() else {
            return Err(Broken { what: "no encoding".to_owned(), values: None });
        };
        let encoding =
            Encoding::try_from(*encoding).map_err(|error| Broken { what: error.to_string(), values: None })?;
        Ok(ReadChunk { encoding, bytes: all.slice(start + 1..end - CRC) })
    }
}

/// The number of a segment, from 0, by the name of its file.
fn segment_number(name: &str) -> Option<u32> {
    if !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    name.parse::<u32>().ok()?.checked_sub(1)
}

fn check_header(path: &Path, map: &Map) -> Option<Damage> {
    let mut reader = Reader::new(map.bytes());
    let damage = |what: &str| Damage::new(path, Part::ChunkSegment, what, Consequence::Harmless);
    let (Ok(magic), Ok(version)) = (reader.u32_be(), reader.u8()) else {
        let cut = Damage::new(path, Part::ChunkSegment, "the file ends in its header", Consequence::SegmentMissing);
        return Some(cut.values(map.len(), format!("at least {HEADER} bytes")));
    };
    if magic != MAGIC {
        return Some(damage("wrong magic number").at(0).values(format!("{magic:08x}"), format!("{MAGIC:08x}")));
    }
    (version != VERSION).then(|| damage("unknown version").at(4).values(version, VERSION))
}

fn damage_of(path: &Path, what: String) -> Damage {
    Damage::new(path, Part::ChunkSegment, what, Consequence::SegmentMissing)
}

/// Reads a small file of a block. What is wrong with it is for the caller to judge; an error is that of a machine that gives no more files,
/// which says nothing of the block.
pub(crate) fn read_file(fs: &dyn Fs, path: &Path, limit: u64) -> Result<promd_fs::Result<Vec<u8>>, BlockError> {
    match fs.read_to_vec(path, limit) {
        Err(error) if is_of_the_machine(error.kind()) => Err(error.into()),
        read => Ok(read),
    }
}

/// Whether an error says something of the machine, not of the file.
pub(crate) fn is_of_the_machine(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TooManyOpenFiles | ErrorKind::TooManyMaps | ErrorKind::Stopped)
}
