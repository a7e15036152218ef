//! Blocks become one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_block::{Block, BlockError, BlockId, BlockReader, BlockSource, Meta, Watch, WriteOptions, Written, write};
use promd_fs::{ErrorKind, Fs};
use thiserror::Error;

use crate::lineage::merged_meta;
use crate::merge::{FloatEncoding, Merge, MergeCounts, MergeOptions};

/// A block that is to be merged with others, opened by the caller.
#[derive(Debug)]
pub struct Input<S> {
    /// The path of its folder.
    pub dir: PathBuf,
    /// What it is.
    pub meta: Meta,
    /// What is in it.
    pub source: S,
    /// Whether nothing of it may be shown: then [`compact`] refuses it.
    pub left_out: bool,
}

impl<'a> Input<BlockReader<'a>> {
    /// An open block. Best opened with [`Access::Sequential`](promd_fs::Access::Sequential).
    ///
    /// One [that is left out](Block::is_left_out) of answers will not be merged: what was deleted from it would come back.
    #[must_use]
    pub fn of(block: &'a Block) -> Self {
        Self {
            dir: block.dir().to_path_buf(),
            meta: block.meta().clone(),
            source: block.source(),
            left_out: block.is_left_out(),
        }
    }
}

/// How blocks are compacted. The default is what Prometheus does.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CompactOptions {
    /// How floats are written that must be written again.
    pub floats: FloatEncoding,
    /// How the block is written.
    pub write: WriteOptions,
}

/// What became of the blocks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Compacted {
    /// They are one. They are its parents, so [`Retention`](crate::Retention) lets them go.
    Into(Box<Written>, MergeCounts),
    /// Nothing was left of them. They are marked as deletable.
    Nothing,
}

/// Why blocks did not become one. They are as they were, but perhaps for a mark.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompactError {
    /// There was nothing to compact.
    #[error("no blocks to compact")]
    NoBlocks,
    /// Nothing of a block may be shown, so nothing of it may be merged: what was deleted from it would come back. Nothing is
    /// marked: it can be salvaged.
    #[error("block {0} is left out of answers and cannot be compacted")]
    LeftOut(BlockId),
    /// The caller broke it off. Nothing is marked.
    #[error("compaction was cancelled")]
    Cancelled,
    /// Reading or writing failed.
    #[error("compact {}", list(.blocks))]
    Failed {
        /// The blocks.
        blocks: Vec<BlockId>,
        /// Those that were marked as failed, so that they are not planned for again: all of them, unless the disk is full, for
        /// which they cannot be blamed.
        marked: Vec<BlockId>,
        /// What failed.
        source: BlockError,
    },
    /// They are one, or nothing was left of them, but a mark that says so could not be written.
    #[error("mark blocks after compaction")]
    Mark(#[source] BlockError),
}

/// Merges blocks into one called `id`, in the folder `data`. They come in the order of their [`Plan`](crate::Plan).
///
/// Each is read once, front to back. The block appears as a whole or not at all, wherever the power goes, and the old ones are
/// left for the caller to remove when the new one has been opened. Samples of the old ones outside of the times that
/// their `meta.json` gives are left out, as are deleted ones; what is known to be missing is carried on.
///
/// `watch` is told how far it has come and can break it off.
pub fn compact<S: BlockSource>(
    fs: &Arc<dyn Fs>,
    data: &Path,
    id: BlockId,
    inputs: Vec<Input<S>>,
    options: &CompactOptions,
    watch: Watch<'_>,
) -> Result<Compacted, CompactError> {
    if let Some(input) = inputs.iter().find(|input| input.left_out) {
        return Err(CompactError::LeftOut(input.meta.id));
    }
    let parents: Vec<Meta> = inputs.iter().map(|input| input.meta.clone()).collect();
    let dirs: Vec<PathBuf> = inputs.iter().map(|input| input.dir.clone()).collect();
    let meta = merged_meta(id, &parents).ok_or(CompactError::NoBlocks)?;
    let merging = MergeOptions { within: meta.interval(), floats: options.floats };
    let mut merge = Merge::new(inputs.into_iter().map(|input| input.source), merging);
    let mark = |change: fn(&mut Meta)| -> Result<Vec<BlockId>, BlockError> {
        dirs.iter().zip(&parents).map(|(dir, known)| mark(&**fs, dir, known, change)).collect()
    };
    match write(fs, data, meta, &mut merge, &options.write, watch) {
        Ok(Some(written)) => Ok(Compacted::Into(Box::new(written), merge.counts())),
        Ok(None) => {
            mark(|meta| meta.compaction.deletable = true).map_err(CompactError::Mark)?;
            Ok(Compacted::Nothing)
        }
        Err(BlockError::Cancelled) => Err(CompactError::Cancelled),
        Err(source) => {
            let blameless = matches!(&source, BlockError::Fs(error) if error.kind() == ErrorKind::DiskFull);
            // The first error is the one to tell; without the mark the same is tried again.
            let marked =
                if blameless { Vec::new() } else { mark(|meta| meta.compaction.failed = true).unwrap_or_default() };
            Err(CompactError::Failed { blocks: parents.iter().map(|parent| parent.id).collect(), marked, source })
        }
    }
}

/// Changes `meta.json` of a block, which may have been written since it was read: deletions are counted there.
fn mark(fs: &dyn Fs, dir: &Path, known: &Meta, change: fn(&mut Meta)) -> Result<BlockId, BlockError> {
    let mut meta = Meta::read(fs, dir).unwrap_or_else(|_| known.clone());
    change(&mut meta);
    meta.write(fs, dir)?;
    Ok(meta.id)
}

fn list(blocks: &[BlockId]) -> String {
    let names: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    format!("[{}]", names.join(" "))
}
