//! Making a sound block of a damaged one.

mod untangle;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{Access, Fs};

use self::untangle::Untangled;
use crate::verify::push_unless_known;
use crate::{
    Block, BlockError, BlockId, Consequence, Damage, Meta, MetaParent, Watch, WriteOptions, Written, write::write,
};

/// How a block is salvaged.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SalvageOptions {
    /// How the sound block is written.
    pub write: WriteOptions,
    /// Salvage a block whose tombstones are damaged, too: what was deleted from it comes back. Without it such a block is
    /// refused, and the decision is the operator's.
    pub bring_back_deleted: bool,
}

/// What became of a damaged block.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Salvaged {
    /// The sound block with what was left, its holes noted; nothing if nothing was left.
    pub written: Option<Written>,
    /// Where the damaged block is, as it was.
    pub aside: PathBuf,
    /// What was wrong with it.
    pub damage: Vec<Damage>,
}

/// Writes a block called `id` beside the damaged one in `dir`, with every sample that can still be read and a note of those
/// that cannot, and then moves the damaged one into the folder `aside`, on the same file system. Nothing is deleted.
///
/// Where chunks of one series overlap, which Prometheus refuses to compact, each time is kept once, with the sample of the chunk that
/// comes first.
///
/// The sound block has the level and the sources of the damaged one and names it as its parent. So if the power goes
/// between the two steps, everybody knows which of them is to go.
pub fn salvage(
    fs: &Arc<dyn Fs>,
    dir: &Path,
    id: BlockId,
    aside: &Path,
    options: &SalvageOptions,
    watch: Watch<'_>,
) -> Result<Salvaged, BlockError> {
    let block = Block::open_with(fs, dir, Access::Sequential)?;
    let fatal = block.damage().into_iter().find(|damage| damage.consequence == Consequence::BlockLeftOut);
    if let Some(damage) = fatal.filter(|_| !options.bring_back_deleted) {
        return Err(damage.into());
    }
    let meta = descendant(block.meta(), id);
    let data = dir.parent().unwrap_or(Path::new(""));
    let mut source = Untangled(block.source().thorough());
    let written = write(fs, data, meta, &mut source, &options.write, watch)?;
    let mut damage = block.damage();
    for other in source.0.damage() {
        push_unless_known(&mut damage, other.clone());
    }
    drop(block);
    Ok(Salvaged { written, aside: move_aside(&**fs, dir, aside)?, damage })
}

/// Moves the folder of a block into `aside`, under a name that is free there.
pub fn move_aside(fs: &dyn Fs, dir: &Path, aside: &Path) -> Result<PathBuf, BlockError> {
    fs.create_dir_all(aside)?;
    if let Some(above) = aside.parent().filter(|above| !above.as_os_str().is_empty()) {
        // A folder that is not durable would take with it what is moved there.
        fs.sync_dir(above)?;
    }
    let name = dir.file_name().unwrap_or_default();
    let mut to = aside.join(name);
    for number in 2u32.. {
        if !fs.exists(&to)? {
            break;
        }
        let mut other = name.to_os_string();
        other.push(format!(".{number}"));
        to = aside.join(other);
    }
    fs.rename_durably(dir, &to)?;
    Ok(to)
}

fn descendant(damaged: &Meta, id: BlockId) -> Meta {
    let mut meta = damaged.clone();
    meta.id = id;
    meta.compaction.deletable = false;
    meta.compaction.failed = false;
    meta.compaction.parents = vec![MetaParent {
        id: damaged.id,
        min_time: damaged.min_time,
        max_time: damaged.max_time,
        other: serde_json::Map::new(),
    }];
    meta
}
