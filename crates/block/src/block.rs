//! A block: one object over the files of its folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{Access, Fs};
use promd_model::LabelsBuilder;

use crate::check::{self, SampleCount, Settled, Survey, Witness};
use crate::chunks::read_file;
use crate::index::{ChunkMeta, Index};
use crate::scan::INDEX;
use crate::series::SeriesIds;
use crate::{
    BlockError, BlockReader, ChunkRef, Consequence, Damage, Facts, FileFacts, Holes, Meta, Part, ReadChunk, Segments,
    Tombstones, holes, meta, sealed, tombstones,
};

/// The name that a damaged `meta.json` is moved to.
const DAMAGED_META: &str = "promd-damaged-meta.json";

/// An open block. Any number of threads may read it at once.
///
/// What is damaged does not keep it from being opened, as long as the index can name its series: [`damage`](Self::damage) says
/// what was found, a chunk that cannot be read says so when it is read, and [`is_left_out`](Self::is_left_out) says that
/// nothing of the block may be shown.
#[derive(Debug)]
pub struct Block {
    dir: PathBuf,
    meta: Meta,
    meta_rebuilt: bool,
    facts: Option<Facts>,
    index: Index,
    segments: Segments,
    tombstones: Tombstones,
    holes: Holes,
    damage: Vec<Damage>,
    size: u64,
    access: Access,
}

impl Block {
    /// Opens the block in the folder `dir`, which has to be called by its ULID if `meta.json` is lost.
    ///
    /// Nothing is written. If there is no `promd-meta` to tell whether `meta.json` is right, all series of the index are looked
    /// at once; [`adopt`](Self::adopt) makes the next opening cheap.
    pub fn open(fs: &Arc<dyn Fs>, dir: &Path) -> Result<Self, BlockError> {
        Self::open_with(fs, dir, Access::Random)
    }

    /// As [`open`](Self::open), with a hint of how the block will be read: [`Access::Sequential`] to compact it.
    pub fn open_with(fs: &Arc<dyn Fs>, dir: &Path, access: Access) -> Result<Self, BlockError> {
        let path = dir.join(INDEX);
        if !fs.exists(&path)? {
            return Err(BlockError::NotABlock(dir.to_path_buf()));
        }
        let index = Index::open(fs.map(&path, access)?)?;
        let segments = Segments::open(&**fs, dir, access)?;
        let mut damage = segments.damage().to_vec();
        let read = read_file(&**fs, &dir.join(tombstones::FILE), tombstones::MAX_LEN)?;
        let tombstones = Tombstones::of_file(dir, read).unwrap_or_else(|broken| {
            damage.push(broken);
            Tombstones::new()
        });
        let read = read_file(&**fs, &dir.join(holes::FILE), sealed::MAX_LEN)?;
        let holes = Holes::of_file(dir, read).unwrap_or_else(|broken| {
            damage.push(broken);
            Holes::new()
        });
        let mut witness = Contents { index: &index, segments: &segments, survey: None };
        let Settled { meta, facts, damage: of_meta, rebuilt } = check::settle(&**fs, dir, &mut witness)?;
        damage.extend(of_meta);
        let mut size = 0;
        for file in [INDEX, meta::FILE, tombstones::FILE, holes::FILE] {
            size += fs.metadata(&dir.join(file)).map_or(0, |found| found.size);
        }
        size += segments.size();
        damage.extend(facts.iter().flat_map(|facts| differing_files(&**fs, dir, facts, &damage)).collect::<Vec<_>>());
        let dir = dir.to_path_buf();
        Ok(Self { dir, meta, meta_rebuilt: rebuilt, facts, index, segments, tombstones, holes, damage, size, access })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the block is: `meta.json`, or what is right in its place.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Which series there are.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Where the samples are.
    #[must_use]
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// What was deleted.
    #[must_use]
    pub fn tombstones(&self) -> &Tombstones {
        &self.tombstones
    }

    /// What is known to be missing since the block was written.
    #[must_use]
    pub fn holes(&self) -> &Holes {
        &self.holes
    }

    /// What was found wrong so far. The parts of the index are looked at when they are first used, and a chunk when it is
    /// read; who reads it is told.
    #[must_use]
    pub fn damage(&self) -> Vec<Damage> {
        let mut all = self.damage.clone();
        all.extend(self.index.damages());
        all
    }

    /// Whether nothing of the block may be shown: what was deleted from it is not known, or no series can be named.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        let left_out = |damage: &Damage| damage.consequence == Consequence::BlockLeftOut;
        self.damage.iter().any(left_out) || self.index.damages().iter().any(left_out)
    }

    /// The bytes that the block takes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads a chunk and verifies its checksum.
    pub fn chunk(&self, reference: ChunkRef) -> Result<ReadChunk, Damage> {
        self.segments.read(reference)
    }

    /// All series, in label order.
    #[must_use]
    pub fn source(&self) -> BlockReader<'_> {
        BlockReader::new(self)
    }

    /// Writes down what was found out about the block, so that the next opening need not: a `meta.json` that was rebuilt, the
    /// damaged one beside it; and `promd-meta`, if it was missing or wrong.
    pub fn adopt(&mut self, fs: &dyn Fs) -> Result<(), BlockError> {
        if self.meta_rebuilt {
            let damaged = self.dir.join(meta::FILE);
            match fs.rename(&damaged, &self.dir.join(DAMAGED_META)) {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => self.meta.write(fs, &self.dir)?,
            }
            self.meta_rebuilt = false;
        }
        if self.facts.is_none() {
            let facts = Facts::new(self.meta.clone(), self.files(fs)?);
            facts.write(fs, &self.dir)?;
            self.facts = Some(facts);
        }
        Ok(())
    }

    /// Index and segments as they are, their bytes not looked at.
    fn files(&self, fs: &dyn Fs) -> Result<Vec<FileFacts>, BlockError> {
        let mut names = self.segments.names();
        names.push(INDEX.to_owned());
        let facts = |name: String| {
            let size = fs.metadata(&self.dir.join(&name))?.size;
            Ok(FileFacts { name, size, crc32c: None })
        };
        names.into_iter().map(facts).collect()
    }

    /// How it is read.
    pub(crate) fn access(&self) -> Access {
        self.access
    }

    pub(crate) fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }
}

/// Files that have not the length that they were written with, unless something is known to be wrong with them already.
fn differing_files(fs: &dyn Fs, dir: &Path, facts: &Facts, known: &[Damage]) -> Vec<Damage> {
    let mut found = Vec::new();
    for file in &facts.files {
        let path = dir.join(&file.name);
        let size = fs.metadata(&path).ok().map(|metadata| metadata.size);
        if size == Some(file.size) || known.iter().any(|damage| damage.file == path) {
            continue;
        }
        let part = if file.name == INDEX { Part::Index } else { Part::ChunkSegment };
        found.push(match size {
            None => Damage::new(path, part, "the file is missing", Consequence::SegmentMissing),
            Some(size) => Damage::new(path, part, "not the length that was written", Consequence::Unreadable)
                .values(size, file.size),
        });
    }
    found
}

/// What index and chunks say of the block.
struct Contents<'a> {
    index: &'a Index,
    segments: &'a Segments,
    survey: Option<Survey>,
}

impl Contents<'_> {
    /// Shows the chunks of every series, and says whether no series was damaged.
    fn for_each_chunk(&self, mut look: impl FnMut(&[ChunkMeta])) -> Result<bool, BlockError> {
        let (mut labels, mut chunks, mut complete) = (LabelsBuilder::new(), Vec::new(), true);
        let mut ids = SeriesIds::new(self.index)?;
        while let Some(id) = ids.next() {
            match self.index.series(id, &mut labels, &mut chunks) {
                Ok(()) => look(&chunks),
                Err(BlockError::Damaged(damage)) if damage.part == Part::IndexSeries => complete = false,
                Err(error) => return Err(error),
            }
        }
        Ok(complete && !self.index.damages().iter().any(|damage| damage.part == Part::IndexSeries))
    }
}

impl Witness for Contents<'_> {
    fn survey(&mut self) -> Result<Survey, BlockError> {
        if let Some(survey) = self.survey {
            return Ok(survey);
        }
        let mut survey = Survey { times: None, series: 0, chunks: 0, complete: true };
        survey.complete = self.for_each_chunk(|chunks| {
            survey.series += 1;
            survey.chunks += chunks.len() as u64;
            for chunk in chunks {
                let (min, max) = survey.times.unwrap_or((chunk.min, chunk.max));
                survey.times = Some((min.min(chunk.min), max.max(chunk.max)));
            }
        })?;
        self.survey = Some(survey);
        Ok(survey)
    }

    fn count_samples(&mut self) -> Result<SampleCount, BlockError> {
        let mut count = SampleCount::default();
        self.for_each_chunk(|chunks| {
            for chunk in chunks {
                // A chunk that cannot be read is told of when it is asked for.
                let Ok(read) = self.segments.read(chunk.reference.into()) else { continue };
                let samples = read.chunk().claimed_samples().map_or(0, u64::from);
                let kind = if read.encoding.is_float() { &mut count.floats } else { &mut count.histograms };
                *kind += samples;
            }
        })?;
        Ok(count)
    }
}
