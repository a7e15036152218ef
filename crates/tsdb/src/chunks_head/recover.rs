//! What a directory holds when it is opened.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use hashbrown::HashMap;
use promd_chunk::Encoding;
use promd_fs::{Access, Error, Fs, Map, OpenMode, Result};

use super::damage::{HeadCause, HeadDamage};
use super::format::{CHECKSUM, ChunkPlace, FILE_HEADER, FIRST_CHUNK, UNSURE};
use super::scan::{Scanned, scan};

/// A larger hole in the numbers is not a few files that were lost: it is not filled.
const MAX_FILLED: u32 = 1_000;

/// A chunk in a file, as far as it has to be known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappedChunk {
    /// Where it is.
    pub place: ChunkPlace,
    /// The time of its first sample.
    pub min: i64,
    /// The time of its last sample.
    pub max: i64,
    /// How many samples it says that it has.
    pub samples: u16,
    /// How it is to be read.
    pub encoding: Encoding,
    /// Whether its samples came late.
    pub out_of_order: bool,
}

/// What is known of a file whose chunks were read.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// `None` if the disk does not give it.
    pub(super) map: Option<Map>,
    pub(super) max: i64,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The sound chunks by the reference of their series, in the order in which they were written.
    pub chunks: HashMap<u64, Vec<MappedChunk>>,
    /// What is not sound.
    pub damage: Vec<HeadDamage>,
    /// The place of the last sound chunk.
    pub last: Option<ChunkPlace>,
    /// The files.
    pub files: BTreeMap<u32, FileFacts>,
    /// Whether the newest file could not be made as good as new: its end may be in memory alone.
    pub(super) newest_unsure: bool,
    /// Whether a file other than the newest may have lost its end. It does not show: what is lost has become zeros, as behind any last chunk.
    pub unsure: bool,
}

impl Recovered {
    /// Whether samples must be expected that are older than a chunk of their series and yet in none: something is damaged,
    /// or in-order chunks of a series lie over each other, which comes of an earlier damage.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        let overlaps = |chunks: &Vec<MappedChunk>| {
            let in_order = chunks.iter().filter(|chunk| !chunk.out_of_order);
            !in_order.is_sorted_by(|a, b| a.max < b.min)
        };
        self.unsure || self.damage.iter().any(|damage| damage.cause.is_loss()) || self.chunks.values().any(overlaps)
    }
}

/// Reads all chunks of a directory, which may be missing.
///
/// With `mend`, what would keep Prometheus from starting is put right first: leftovers of files that were being made are removed,
/// and so is the newest file if it never got its header; a header that is damaged is written again, and says the worst of the file
/// before; for a file that is missing an empty one is made; a torn end of the newest file is cut off. Chunks are never touched: Prometheus drops the files from a damaged chunk on, and
/// takes their samples from the log.
pub fn recover(fs: &dyn Fs, dir: &Path, mend: bool) -> Result<Recovered> {
    let mut recovered = Recovered::default();
    let mut numbers = list(fs, dir, mend)?;
    if let Some(newest) = numbers.last().copied()
        && is_unborn(fs, &dir.join(file_name(newest)))?
    {
        numbers.pop();
        if mend {
            fs.remove_file(&dir.join(file_name(newest)))?;
            fs.sync_dir(dir)?;
        }
    }
    for (previous, number) in std::iter::once(None).chain(numbers.iter().copied().map(Some)).zip(&numbers) {
        if let Some(previous) = previous {
            fill_gap(fs, dir, previous, *number, mend, &mut recovered)?;
        }
        let newest = Some(number) == numbers.last();
        match read_file(fs, &dir.join(file_name(*number)), *number, newest, mend, &mut recovered) {
            Ok(()) => {}
            // It costs its own chunks, not the start.
            Err(error) => {
                recovered.damage.push(unreadable(*number, &error));
                recovered.files.insert(*number, FileFacts { map: None, max: i64::MIN });
            }
        }
    }
    Ok(recovered)
}

/// `000001`
pub(super) fn file_name(number: u32) -> String {
    format!("{number:06}")
}

/// The numbers of the files, ascending.
fn list(fs: &dyn Fs, dir: &Path, mend: bool) -> Result<Vec<u32>> {
    let entries = match fs.read_dir(dir) {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let Some(name) = entry.name.to_str() else { continue };
        if name.ends_with(".tmp") {
            if mend {
                fs.remove_file(&dir.join(name))?;
            }
        } else if let Ok(number) = name.parse::<u32>()
            && number != 0
            && file_name(number) == name
        {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Whether a file never got its header: Prometheus removes the newest one then, too.
fn is_unborn(fs: &dyn Fs, path: &Path) -> Result<bool> {
    let file = fs.open(path, OpenMode::Read)?;
    let size = file.size()?;
    let mut magic = [0; 4];
    if size < magic.len() as u64 {
        return Ok(true);
    }
    // One that cannot be read is not unborn, but damaged.
    Ok(file.read_exact_at(&mut magic, 0).is_ok() && magic == [0; 4] && is_all_zero(fs, path)?)
}

/// Prometheus does not look further than the magic number. A file that lost its first sector, and nothing else, has chunks.
fn is_all_zero(fs: &dyn Fs, path: &Path) -> Result<bool> {
    let map = fs.map(path, Access::Sequential)?;
    Ok(map.read(0..map.len(), |bytes| bytes.iter().all(|byte| *byte == 0)).unwrap_or(false))
}

fn fill_gap(fs: &dyn Fs, dir: &Path, previous: u32, number: u32, mend: bool, recovered: &mut Recovered) -> Result<()> {
    for missing in (previous + 1..number).take(MAX_FILLED as usize) {
        recovered.damage.push(HeadDamage { file: missing, range: 0..0, suspect: None, cause: HeadCause::Missing });
        if mend && number - previous <= MAX_FILLED {
            fs.write_atomically(&dir.join(file_name(missing)), &FILE_HEADER)?;
            let map = fs.map(&dir.join(file_name(missing)), Access::Random)?;
            recovered.files.insert(missing, FileFacts { map: Some(map), max: i64::MIN });
        }
    }
    Ok(())
}

fn read_file(fs: &dyn Fs, path: &Path, number: u32, newest: bool, mend: bool, recovered: &mut Recovered) -> Result<()> {
    let header = read_header(fs, path, mend)?;
    // Of what was before the oldest nobody needs anything.
    recovered.unsure |= header.unsure && !recovered.files.is_empty();
    if let Some(range) = header.damaged {
        recovered.damage.push(HeadDamage { file: number, range, suspect: None, cause: HeadCause::FileHeader });
    }
    let mut map = fs.map(path, Access::Sequential)?;
    let Recovered { damage, .. } = recovered;
    let mut max = i64::MIN;
    let mut torn = None;
    let mut end = FIRST_CHUNK;
    let mut found = Vec::new();
    map.read(0..map.len(), |bytes| {
        scan(bytes, |scanned| match scanned {
            Scanned::Chunk { at, head, data } => {
                let Ok(offset) = u32::try_from(at) else { return };
                let place = ChunkPlace::new(number, offset);
                let samples = bytes
                    .get(data.clone())
                    .and_then(|data| data.first_chunk::<2>())
                    .map_or(0, |count| u16::from_be_bytes(*count));
                let chunk = MappedChunk {
                    place,
                    min: head.min,
                    max: head.max,
                    samples,
                    encoding: head.encoding,
                    out_of_order: head.out_of_order,
                };
                found.push((head.series, chunk));
                end = data.end + CHECKSUM;
                max = max.max(head.max);
            }
            Scanned::Damage { range, suspect, cause } => {
                // An older file was closed: what is wrong at its end is no interrupted write.
                let cause = if cause == HeadCause::Torn && !newest { HeadCause::Bounds } else { cause };
                torn = (cause == HeadCause::Torn).then_some(range.start as u64);
                damage.push(HeadDamage { file: number, range: range.start as u64..range.end as u64, suspect, cause });
            }
        });
    })?;
    if newest && mend {
        // Nobody may change a file that is mapped.
        drop(map);
        if let Some(end) = torn {
            cut(fs, path, end)?;
        }
        recovered.newest_unsure = write_again(fs, path, end).is_err();
        map = fs.map(path, Access::Random)?;
    }
    recovered.last = found.last().map(|(_, chunk)| chunk.place).or(recovered.last);
    for (series, chunk) in found {
        recovered.chunks.entry(series).or_default().push(chunk);
    }
    recovered.files.insert(number, FileFacts { map: Some(map), max });
    Ok(())
}

/// What the header of a file says.
struct Header {
    /// Where it is not what it should be.
    damaged: Option<Range<u64>>,
    /// Whether the file before may lack its end.
    unsure: bool,
}

/// Reads the header of a file, and writes it again if it is not what it should be.
fn read_header(fs: &dyn Fs, path: &Path, mend: bool) -> Result<Header> {
    let file = fs.open(path, if mend { OpenMode::Write } else { OpenMode::Read })?;
    let mut header = [0; FIRST_CHUNK];
    let len = file.size()?.min(FIRST_CHUNK as u64);
    let read = file.read_exact_at(header.get_mut(..usize::try_from(len).unwrap_or(0)).unwrap_or_default(), 0);
    // What else is behind the version is nobody's.
    if read.is_ok() && header.get(..UNSURE) == FILE_HEADER.get(..UNSURE) {
        return Ok(Header { damaged: None, unsure: header.get(UNSURE).is_some_and(|unsure| *unsure != 0) });
    }
    if mend {
        file.write_all_at(&FILE_HEADER, 0)?;
        file.write_all_at(&[1], UNSURE as u64)?;
        file.sync_data()?;
    }
    Ok(Header { damaged: Some(0..len), unsure: true })
}

/// Takes away what the newest file has behind its last chunk, so that it is no damage when there are newer ones.
fn cut(fs: &dyn Fs, path: &Path, end: u64) -> Result<()> {
    let file = fs.open(path, OpenMode::Write)?;
    let len = file.size()?;
    file.set_len(end)?;
    file.set_len(len)?;
    file.sync_data()
}

/// Writes the newest file again over itself, up to the end of its last chunk, and syncs it. Whoever had it open may have been killed after
/// a sync that failed: what is read then is in memory, is taken to be on the disk, and is not.
fn write_again(fs: &dyn Fs, path: &Path, end: usize) -> Result<()> {
    const PIECE: usize = 1 << 20;
    let file = fs.open(path, OpenMode::Write)?;
    let mut piece = vec![0; PIECE.min(end)];
    for at in (0..end).step_by(PIECE) {
        let here = piece.get_mut(..PIECE.min(end - at)).unwrap_or_default();
        file.read_exact_at(here, at as u64)?;
        file.write_all_at(here, at as u64)?;
    }
    file.sync_data()
}

fn unreadable(file: u32, error: &Error) -> HeadDamage {
    HeadDamage { file, range: 0..0, suspect: None, cause: HeadCause::Unreadable { kind: error.kind() } }
}
