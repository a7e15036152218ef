//! Writing a block: all of it appears at once, or nothing.
//!
//! Everything is written and synced in `<ULID>.tmp-for-creation`, `meta.json` last; then the folder gets its name, and the name
//! is synced. Whoever finds a folder that is called by a ULID finds a whole block, wherever the power went; what was
//! left over is removed by the next start, of Prometheus too.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{ErrorKind, Fs, Op};

use crate::index::{ChunkMeta, DEFAULT_INDEX_MEMORY, IndexWriter};
use crate::scan::{FOR_CREATION, INDEX};
use crate::{
    BlockError, BlockSource, DEFAULT_SEGMENT_SIZE, Facts, FileFacts, Holes, LostSeries, Meta, MetaStats, SegmentWriter,
    SourceSeries, Tombstones,
};

/// How a block is written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WriteOptions {
    /// The largest chunk segment, in bytes.
    pub segment_size: u32,
    /// After how many series progress is told, and cancelling noticed.
    pub progress_every: u64,
    /// How many bytes of labels, twelve for each, are gathered at once for posting lists: with less, the series of the index are read more
    /// often.
    pub index_memory: usize,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { segment_size: DEFAULT_SEGMENT_SIZE, progress_every: 1024, index_memory: DEFAULT_INDEX_MEMORY }
    }
}

/// How far the work on a block has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Series so far.
    pub series: u64,
    /// Chunks so far.
    pub chunks: u64,
    /// Samples so far.
    pub samples: u64,
    /// Bytes of chunk data so far.
    pub bytes: u64,
}

/// Who watches: told now and then how far the work has come, and asked whether it shall go on.
pub type Watch<'a> = &'a mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// A block that was written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// The path of its folder.
    pub dir: PathBuf,
    /// What it is, its statistics filled in.
    pub meta: Meta,
    /// What is known to be missing from it.
    pub holes: Holes,
}

/// Writes a block into the folder `data`, called by the ULID of `meta`, whose times and lineage are the caller's and whose
/// statistics are counted. Nothing is written if the source has no sample.
///
/// What the source says was deleted becomes the tombstones of the block; what it says is missing, its `promd-holes.json`.
/// A chunk must lie within the times of `meta`.
///
/// On an error, and when `watch` breaks it off, nothing is left but perhaps a folder `<ULID>.tmp-for-creation`; only if
/// syncing `data` itself fails, the block is there and may be gone after a power loss.
///
/// ```
/// # use std::ops::ControlFlow;
/// # use std::sync::Arc;
/// # use promd_block::{BlockError, BlockId, BlockSource, Meta, SourceSeries, WriteOptions};
/// # use promd_fs::{Fs, SimFs};
/// struct Nothing;
///
/// impl BlockSource for Nothing {
///     fn next_symbol(&mut self, _: &mut String) -> Result<bool, BlockError> {
///         Ok(false)
///     }
///     fn next_series(&mut self, _: &mut SourceSeries) -> Result<bool, BlockError> {
///         Ok(false)
///     }
/// }
///
/// let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
/// let meta = Meta::new(BlockId::new(0, 0), 0, 7_200_000);
/// let watch = &mut |_: &_| ControlFlow::Continue(());
/// let written = promd_block::write(&fs, "/".as_ref(), meta, &mut Nothing, &WriteOptions::default(), watch)?;
/// assert_eq!(written, None);
/// # Ok::<(), BlockError>(())
/// ```
pub fn write(
    fs: &Arc<dyn Fs>,
    data: &Path,
    meta: Meta,
    source: &mut dyn BlockSource,
    options: &WriteOptions,
    watch: Watch<'_>,
) -> Result<Option<Written>, BlockError> {
    let dir = data.join(meta.id.to_string());
    let temporary = data.join(format!("{}{FOR_CREATION}", meta.id));
    if fs.exists(&dir)? {
        return Err(promd_fs::Error::new(Op::CreateDir, dir, ErrorKind::AlreadyExists).into());
    }
    remove_if_there(&**fs, &temporary)?;
    fs.create_dir_all(&temporary)?;
    let filled = Filling::new(fs, &temporary, meta, options).and_then(|filling| filling.fill(source, options, watch));
    let outcome = filled.and_then(|filled| match filled {
        Some((meta, holes)) => {
            fs.rename_durably(&temporary, &dir)?;
            Ok(Some(Written { dir, meta, holes }))
        }
        None => Ok(None),
    });
    if !matches!(outcome, Ok(Some(_))) {
        // The first error is the one to tell; the next start removes what is left.
        remove_if_there(&**fs, &temporary).ok();
    }
    outcome
}

fn remove_if_there(fs: &dyn Fs, dir: &Path) -> Result<(), BlockError> {
    match fs.remove_dir_all(dir) {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

/// A block on its way into its temporary folder.
struct Filling<'a> {
    fs: &'a Arc<dyn Fs>,
    dir: &'a Path,
    meta: Meta,
    index: IndexWriter,
    segments: SegmentWriter<'a>,
    tombstones: Tombstones,
    holes: Holes,
    chunks: Vec<ChunkMeta>,
    progress: Progress,
}

impl<'a> Filling<'a> {
    fn new(fs: &'a Arc<dyn Fs>, dir: &'a Path, mut meta: Meta, options: &WriteOptions) -> Result<Self, BlockError> {
        meta.stats = MetaStats::default();
        Ok(Self {
            fs,
            dir,
            meta,
            index: IndexWriter::create(fs, &dir.join(INDEX))?.with_memory(options.index_memory),
            segments: SegmentWriter::create(&**fs, dir, options.segment_size)?,
            tombstones: Tombstones::new(),
            holes: Holes::new(),
            chunks: Vec::new(),
            progress: Progress::default(),
        })
    }

    fn fill(
        mut self,
        source: &mut dyn BlockSource,
        options: &WriteOptions,
        watch: Watch<'_>,
    ) -> Result<Option<(Meta, Holes)>, BlockError> {
        let mut symbol = String::new();
        while source.next_symbol(&mut symbol)? {
            self.index.symbol(&symbol)?;
        }
        let mut series = SourceSeries::default();
        while source.next_series(&mut series)? {
            self.series(&series)?;
            if self.progress.series.is_multiple_of(options.progress_every.max(1)) {
                go_on(watch, &self.progress)?;
            }
        }
        source.lost().iter().cloned().for_each(|lost| self.holes.add(lost));
        go_on(watch, &self.progress)?;
        if self.meta.stats.num_samples == 0 {
            return Ok(None);
        }
        self.finish().map(Some)
    }

    fn series(&mut self, series: &SourceSeries) -> Result<(), BlockError> {
        for hole in &series.holes {
            self.holes.add(LostSeries { labels: Some(series.labels.clone()), hole: hole.clone() });
        }
        if series.chunks.is_empty() {
            return Ok(());
        }
        self.chunks.clear();
        for chunk in &series.chunks {
            if !self.meta.interval().covers(&chunk.interval()) {
                let Meta { min_time, max_time, .. } = self.meta;
                return Err(BlockError::Invalid(format!(
                    "{}: a chunk from {} to {} lies outside of the block, which has {min_time} to {max_time}",
                    series.labels, chunk.min, chunk.max,
                )));
            }
            let samples = chunk.chunk().claimed_samples().map(u64::from);
            let samples = samples.map_err(|error| BlockError::Invalid(format!("{}: {error}", series.labels)))?;
            let reference = self.segments.write(chunk.encoding, &chunk.bytes)?.into();
            self.chunks.push(ChunkMeta { min: chunk.min, max: chunk.max, reference });

            let stats = &mut self.meta.stats;
            let kind =
                if chunk.encoding.is_float() { &mut stats.num_float_samples } else { &mut stats.num_histogram_samples };
            *kind += samples;
            stats.num_samples += samples;
            self.progress.bytes += chunk.bytes.len() as u64;
        }
        let id = self.index.series(&series.labels, &self.chunks)?;
        for deleted in &series.deleted {
            self.tombstones.add(id.into(), *deleted);
        }
        let stats = &mut self.meta.stats;
        stats.num_series += 1;
        stats.num_chunks += self.chunks.len() as u64;
        self.progress.series = stats.num_series;
        self.progress.chunks = stats.num_chunks;
        self.progress.samples = stats.num_samples;
        Ok(())
    }

    fn finish(mut self) -> Result<(Meta, Holes), BlockError> {
        let fs = &**self.fs;
        self.meta.stats.num_tombstones = self.tombstones.len() as u64;
        let mut files = self.segments.finish()?;
        self.index.finish()?;
        files.push(FileFacts::of(fs, self.dir, INDEX)?);
        self.tombstones.write(fs, self.dir)?;
        if !self.holes.is_empty() {
            self.holes.write(fs, self.dir)?;
        }
        Facts::new(self.meta.clone(), files).write(fs, self.dir)?;
        // Last, and it syncs the folder with all that was written before.
        self.meta.write(fs, self.dir)?;
        Ok((self.meta, self.holes))
    }
}

pub(crate) fn go_on(watch: Watch<'_>, progress: &Progress) -> Result<(), BlockError> {
    match watch(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(BlockError::Cancelled),
    }
}
