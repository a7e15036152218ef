//! Which blocks are to become one.

use promd_block::{BlockId, Meta};

use crate::Ranges;
use crate::lineage::{SELECTED, STALE};

/// What the plan must know of a block: facts of its `meta.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub id: BlockId,
    /// The first millisecond that it covers.
    pub min: i64,
    /// The first millisecond behind it.
    pub max: i64,
    /// What it was made from.
    pub class: Class,
    /// How many series it has.
    pub series: u64,
    /// How many series in it have deleted samples.
    pub tombstones: u64,
    /// Whether a compaction of it has failed.
    pub failed: bool,
    /// Whether it waits for something, such as its upload. No block whose name sorts behind it is planned for either, so that
    /// compaction leaves no gaps.
    pub held: bool,
}

/// Which part of the head a block was made from. Blocks of different classes are never merged: replay of the write-ahead log
/// begins behind the newest block of class [`Plain`](Self::Plain), and samples that were never in a block would be
/// skipped if a part passed for the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// All of it.
    #[default]
    Plain,
    /// The series that had gone stale.
    Stale,
    /// Series that were named.
    Selected,
}

impl Candidate {
    /// What `meta.json` says, of a block that waits for nothing.
    #[must_use]
    pub fn new(meta: &Meta) -> Self {
        Self {
            id: meta.id,
            min: meta.min_time,
            max: meta.max_time,
            class: Class::of(meta),
            series: meta.stats.num_series,
            tombstones: meta.stats.num_tombstones,
            failed: meta.compaction.failed,
            held: false,
        }
    }
}

impl Class {
    /// What the hints of a block say.
    #[must_use]
    pub fn of(meta: &Meta) -> Self {
        let hinted = |hint| meta.compaction.hints.iter().any(|one| one == hint);
        if hinted(STALE) {
            Self::Stale
        } else if hinted(SELECTED) {
            Self::Selected
        } else {
            Self::Plain
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The blocks to be replaced by one, the earliest first.
    pub blocks: Vec<BlockId>,
    /// Why.
    pub reason: Reason,
}

/// Why blocks are compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// They overlap.
    Overlap,
    /// They fill a range of this length, or all of it that will ever be filled.
    Range(i64),
    /// Much in it has been deleted.
    Deleted,
}

/// The next compaction, or `None` if all is well. Where several are due it is the one that Prometheus 3.14 does first
/// (`tsdb/compact.go`):
///
/// 1. of blocks that overlap, the newest included;
/// 2. of blocks in one window of a range: windows begin at multiples of its length. A window is due when its blocks span it, or
///    when a newer block lies behind them. Shorter ranges come first, then earlier windows. A window with a failed
///    block is left alone;
/// 3. of a single long block in which more than 5 % of the series have deleted samples, or a short one in which all have.
///
/// In 2 and 3 the newest block is left alone, to leave operators a while in which they can copy it.
///
/// ```
/// use promd_block::{BlockId, Meta};
/// use promd_compactor::{Candidate, Ranges, plan};
///
/// let block = |number, min, max| Candidate::new(&Meta::new(BlockId::new(0, number), min, max));
/// let ranges = Ranges::exponential(20, 540);
/// let blocks = [block(1, 0, 20), block(2, 20, 40), block(3, 40, 60), block(4, 60, 80)];
/// assert_eq!(plan(&ranges, &blocks).unwrap().blocks, [blocks[0].id, blocks[1].id, blocks[2].id]);
/// assert_eq!(plan(&ranges, &blocks[..3]), None, "the third is the newest");
/// ```
#[must_use]
pub fn plan(ranges: &Ranges, blocks: &[Candidate]) -> Option<Plan> {
    let mut known: Vec<&Candidate> = blocks.iter().collect();
    known.sort_by_key(|block| block.id);
    let held = known.iter().position(|block| block.held).unwrap_or(known.len());
    known.truncate(held);
    // What is made of the whole head goes first, or parts could starve it.
    [Class::Plain, Class::Stale, Class::Selected].into_iter().find_map(|class| {
        let mut blocks: Vec<&Candidate> = known.iter().copied().filter(|block| block.class == class).collect();
        blocks.sort_by_key(|block| block.min);
        plan_class(ranges, &blocks)
    })
}

/// The next compaction of blocks that ascend by their first millisecond.
fn plan_class(ranges: &Ranges, blocks: &[&Candidate]) -> Option<Plan> {
    let planned =
        |blocks: &[&Candidate], reason| Plan { blocks: blocks.iter().map(|block| block.id).collect(), reason };
    if let Some(group) = overlapping(blocks) {
        return Some(planned(group, Reason::Overlap));
    }
    let (_newest, settled) = blocks.split_last()?;
    if let Some((group, length)) = due_window(ranges, settled) {
        return Some(planned(group, Reason::Range(length)));
    }
    rewritten_for_deletions(ranges, settled).map(|block| planned(&[block], Reason::Deleted))
}

/// The first blocks that overlap. A block belongs to them that begins before the end of any one before it.
fn overlapping<'a, 'b>(blocks: &'a [&'b Candidate]) -> Option<&'a [&'b Candidate]> {
    let mut end = blocks.first()?.max;
    let mut group = None;
    for (number, block) in blocks.iter().enumerate().skip(1) {
        if block.min < end {
            group = Some((group.map_or(number - 1, |(first, _)| first), number));
        } else if group.is_some() {
            break;
        }
        end = end.max(block.max);
    }
    let (first, last) = group?;
    blocks.get(first..=last)
}

/// The first window of the shortest range whose blocks can be merged, and its length.
fn due_window<'a, 'b>(ranges: &Ranges, blocks: &'a [&'b Candidate]) -> Option<(&'a [&'b Candidate], i64)> {
    let newest = blocks.last()?.min;
    let longer = ranges.lengths().get(1..)?;
    longer.iter().find_map(|&length| {
        windows(blocks, length)
            .find(|group| {
                let ([first, .., last], false) = (*group, group.iter().any(|block| block.failed)) else { return false };
                last.max.saturating_sub(first.min) == length || last.max <= newest
            })
            .map(|group| (group, length))
    })
}

/// The blocks by the window of a length that they lie in. Those that cross the end of one are left out.
fn windows<'a, 'b>(blocks: &'a [&'b Candidate], length: i64) -> impl Iterator<Item = &'a [&'b Candidate]> {
    let mut rest = blocks;
    std::iter::from_fn(move || {
        while let Some(first) = rest.first() {
            let end = first.min.div_euclid(length).saturating_mul(length).saturating_add(length);
            let within = rest.iter().take_while(|block| block.max <= end).count();
            let (group, behind) = rest.split_at(within.max(1));
            rest = behind;
            if within > 0 {
                return Some(group);
            }
        }
        None
    })
}

/// The newest block that is worth being written again without what was deleted.
fn rewritten_for_deletions<'b>(ranges: &Ranges, blocks: &[&'b Candidate]) -> Option<&'b Candidate> {
    for block in blocks.iter().rev() {
        if block.max.saturating_sub(block.min) < ranges.worth_rewriting() {
            // What lies before a short block is not looked at: it will be merged with it before long.
            return (block.tombstones > 0 && block.tombstones >= block.series).then_some(block);
        }
        // More than a twentieth; the one more keeps a block without series from dividing by nothing.
        if block.tombstones.saturating_mul(20) > block.series.saturating_add(1) {
            return Some(block);
        }
    }
    None
}
