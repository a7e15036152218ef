//! The blocks that a database knows at a moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use promd_block::{Block, BlockId, Damage, Interval, Meta, Part};
use promd_compactor::Stored;
use promd_fs::{EntryKind, Fs};
use promd_model::LabelsBuilder;
use promd_storage::Warnings;

/// What a database knows of its blocks. It never changes: whoever reads holds on to one, and with it to the maps of its
/// blocks, although their folders may be gone.
#[derive(Debug, Default)]
pub(super) struct List {
    /// Those that answer, by their first millisecond.
    pub(super) blocks: Vec<Arc<Loaded>>,
    /// Those that do not.
    pub(super) absent: Vec<Arc<Absent>>,
    /// Folders that are called like a block and have no index.
    pub(super) without_index: Vec<PathBuf>,
}

impl List {
    pub(super) fn find(&self, id: BlockId) -> Option<&Arc<Loaded>> {
        self.blocks.iter().find(|loaded| loaded.id() == id)
    }

    /// Whether a block has this name, or is made from one that had it.
    pub(super) fn knows(&self, id: BlockId) -> bool {
        let named = |meta: &Meta| {
            meta.id == id
                || meta.compaction.sources.contains(&id)
                || meta.compaction.parents.iter().any(|parent| parent.id == id)
        };
        self.blocks.iter().any(|loaded| named(loaded.block.meta()))
            || self.absent.iter().any(|absent| absent.id == id || absent.sources.contains(&id))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.blocks.iter().map(|loaded| loaded.block.size()).sum()
    }

    /// Whether what was in a block is in another, which was made from it.
    pub(super) fn supersedes(&self, absent: &Absent) -> bool {
        let made_from_it = |meta: &Meta| {
            let sources = &meta.compaction.sources;
            meta.compaction.parents.iter().any(|parent| parent.id == absent.id)
                || (!absent.sources.is_empty() && absent.sources.iter().all(|source| sources.contains(source)))
        };
        self.blocks.iter().any(|loaded| made_from_it(loaded.block.meta()))
    }
}

/// An open block.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) block: Block,
    /// Whether all samples of some series are deleted. The index still names such a series, so a list of label values has
    /// to look at the series.
    pub(super) hides_series: bool,
    /// What those were told who read it.
    pub(super) met: Mutex<Warnings>,
}

impl Loaded {
    pub(super) fn new(block: Block) -> Self {
        Self { hides_series: hides_series(&block), block, met: Mutex::default() }
    }

    pub(super) fn id(&self) -> BlockId {
        self.block.meta().id
    }

    pub(super) fn stored(&self) -> Stored {
        let meta = self.block.meta();
        Stored {
            id: meta.id,
            max: meta.max_time,
            bytes: self.block.size(),
            deletable: meta.compaction.deletable,
            parents: meta.compaction.parents.iter().map(|parent| parent.id).collect(),
            quarantined: false,
        }
    }

    /// Whether Prometheus may refuse the block, or the whole directory for its sake, or queries, and writing it again would help.
    pub(super) fn wants_repair(&self) -> bool {
        let damage = self.block.damage();
        if self.block.is_left_out() || damage.iter().any(|damage| damage.part == Part::Holes) {
            // That holes were forgotten is told by the damaged file alone, and would be forgotten with it.
            return false;
        }
        // `meta.json` is rebuilt when a block is opened.
        let of_files = damage.iter().any(|damage| damage.part != Part::Meta);
        // A chunk is found damaged by those who read it. Without holes there is nothing else that they could have been told.
        of_files || (self.block.holes().is_empty() && !self.met.lock().is_empty())
    }

    /// Whether the block was made from another one.
    pub(super) fn is_made_from(&self, parent: &Self) -> bool {
        self.block.meta().compaction.parents.iter().any(|one| one.id == parent.id())
    }

    /// Whether the block has lost something that `child`, which was made from it, lacks: what may yet be salvaged. What one of `parents`
    /// lacked, this block among them, was lost before.
    pub(super) fn lost_for<'a>(&self, child: &Block, parents: impl Iterator<Item = &'a Block> + Clone) -> bool {
        let known = |labels, cause: &str| {
            let mut holes = parents.clone().flat_map(|parent| parent.holes().iter());
            holes.any(|(other, hole)| other == labels && &*hole.cause == cause)
        };
        let times = self.block.meta().interval();
        child.holes().iter().any(|(labels, hole)| hole.interval.overlaps(&times) && !known(labels, &hole.cause))
    }
}

fn hides_series(block: &Block) -> bool {
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    block.tombstones().iter().any(|(series, deleted)| {
        let Ok(series) = u32::try_from(series) else { return false };
        // A damaged series is shown by nobody.
        block.index().series(series, &mut labels, &mut chunks).is_ok()
            && chunks.iter().all(|chunk| deleted.covers(&Interval::new(chunk.min, chunk.max)))
    })
}

/// A block that does not answer: it was moved aside, or it could not be opened.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) id: BlockId,
    pub(super) dir: PathBuf,
    /// When its samples are, where that is known.
    pub(super) times: Option<Interval>,
    /// The blocks that went into it.
    pub(super) sources: Vec<BlockId>,
    pub(super) bytes: u64,
    /// Whether it lies in quarantine; otherwise it is where it was, and tried again.
    pub(super) aside: bool,
    pub(super) damage: Vec<Damage>,
    /// Why, if it is not damage.
    pub(super) error: Option<String>,
}

impl Absent {
    /// A block that could be opened, and must not answer.
    pub(super) fn of(block: &Block) -> Self {
        let meta = block.meta();
        Self {
            id: meta.id,
            dir: block.dir().to_path_buf(),
            times: Some(meta.interval()),
            sources: meta.compaction.sources.clone(),
            bytes: block.size(),
            aside: false,
            damage: block.damage(),
            error: None,
        }
    }

    /// A block that could not be opened.
    pub(super) fn unopened(fs: &dyn Fs, id: BlockId, dir: &Path) -> Self {
        let meta = Meta::read(fs, dir).ok();
        Self {
            id,
            dir: dir.to_path_buf(),
            times: meta.as_ref().map(Meta::interval),
            sources: meta.map(|meta| meta.compaction.sources).unwrap_or_default(),
            bytes: bytes_below(fs, dir),
            aside: false,
            damage: Vec::new(),
            error: None,
        }
    }

    pub(super) fn stored(&self) -> Stored {
        Stored {
            id: self.id,
            // A block of unknown age does not age.
            max: self.times.map_or(i64::MAX, |times| times.max.saturating_add(1)),
            bytes: self.bytes,
            deletable: false,
            parents: Vec::new(),
            quarantined: true,
        }
    }
}

/// What the files in a folder take; what cannot be looked at takes nothing.
pub(super) fn bytes_below(fs: &dyn Fs, dir: &Path) -> u64 {
    let mut folders = vec![dir.to_path_buf()];
    let mut sum = 0u64;
    while let Some(folder) = folders.pop() {
        for entry in fs.read_dir(&folder).unwrap_or_default() {
            match entry.kind {
                EntryKind::Directory => folders.push(folder.join(&entry.name)),
                _ => sum = sum.saturating_add(entry.size),
            }
        }
    }
    sum
}
