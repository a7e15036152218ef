//! Where a merged block comes from.

use promd_block::{BlockId, Meta, MetaCompaction, MetaParent};

/// Hints of `meta.json` (`tsdb/block.go`).
pub(crate) const OUT_OF_ORDER: &str = "from-out-of-order";
pub(crate) const STALE: &str = "from-stale-series";
pub(crate) const SELECTED: &str = "from-selected-series";

/// The `meta.json` of a block that is about to be made from these, with nothing in it yet; `None` if it is made from
/// nothing.
///
/// It covers the time of all of them, is one level above the highest, and names them as its parents, after which they may go.
/// It passes for one of out-of-order samples only if all of them do, for one of stale or selected series if any does
/// (`CompactBlockMetas` of `tsdb/compact.go`).
///
/// ```
/// use promd_block::{BlockId, Meta};
/// use promd_compactor::merged_meta;
///
/// let parents = [Meta::new(BlockId::new(1, 1), 0, 20), Meta::new(BlockId::new(2, 2), 20, 40)];
/// let merged = merged_meta(BlockId::new(3, 3), &parents).unwrap();
/// assert_eq!((merged.min_time, merged.max_time, merged.compaction.level), (0, 40, 2));
/// assert_eq!(merged.compaction.sources, [parents[0].id, parents[1].id]);
/// ```
#[must_use]
pub fn merged_meta(id: BlockId, parents: &[Meta]) -> Option<Meta> {
    let min = parents.iter().map(|parent| parent.min_time).min()?;
    let max = parents.iter().map(|parent| parent.max_time).max()?;
    let mut sources: Vec<BlockId> = parents.iter().flat_map(|parent| &parent.compaction.sources).copied().collect();
    sources.sort_unstable();
    sources.dedup();
    let hinted = |hint: &'static str| move |parent: &Meta| parent.compaction.hints.iter().any(|one| one == hint);
    // Ascending, as Prometheus writes them.
    let hints = [
        (OUT_OF_ORDER, parents.iter().all(hinted(OUT_OF_ORDER))),
        (SELECTED, parents.iter().any(hinted(SELECTED))),
        (STALE, parents.iter().any(hinted(STALE))),
    ];
    let parent = |parent: &Meta| MetaParent {
        id: parent.id,
        min_time: parent.min_time,
        max_time: parent.max_time,
        other: Default::default(),
    };
    let mut meta = Meta::new(id, min, max);
    meta.compaction = MetaCompaction {
        level: parents.iter().map(|parent| parent.compaction.level).max()?.saturating_add(1),
        sources,
        parents: parents.iter().map(parent).collect(),
        hints: hints.iter().filter(|(_, given)| *given).map(|(hint, _)| (*hint).to_owned()).collect(),
        ..MetaCompaction::default()
    };
    Some(meta)
}
