//! Which blocks go.

use promd_block::BlockId;
use promd_fs::Space;

/// How much is kept. What is `None` sets no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Retention {
    /// How long, in milliseconds.
    pub time: Option<i64>,
    /// How many bytes, those outside of blocks included.
    pub size: Option<u64>,
    /// How much of the file system, in percent. Wins over `size`.
    pub percentage: Option<f64>,
}

/// What retention must know of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub id: BlockId,
    /// The first millisecond behind it.
    pub max: i64,
    /// What all its files take.
    pub bytes: u64,
    /// Whether `meta.json` says that it may go, since nothing was left of it after a compaction.
    pub deletable: bool,
    /// The blocks that it was made from.
    pub parents: Vec<BlockId>,
    /// Whether it was put aside because it is damaged. It counts and ages like any other, and keeps its place while a
    /// block that was made from it lives on: it is the only copy of what may yet be salvaged.
    pub quarantined: bool,
}

/// A block that goes, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Its name.
    pub id: BlockId,
    /// Why it goes.
    pub cause: Cause,
}

/// Why a block goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Nothing is in it any more.
    Deletable,
    /// Another block holds what was in it.
    Replaced,
    /// It is too old.
    Time,
    /// It is too much.
    Size,
}

impl Retention {
    /// The limit in bytes, on a file system of this size. A percentage of a file system of unknown size falls back on the
    /// fixed limit, as in Prometheus.
    #[must_use]
    pub fn limit(&self, space: Option<Space>) -> Option<u64> {
        let share =
            self.percentage.filter(|percentage| *percentage > 0.0).zip(space).filter(|(_, space)| space.total > 0);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "as Prometheus does; `as` saturates"
        )]
        let share = share.map(|(percentage, space)| (space.total as f64 * percentage / 100.0) as u64);
        share.or(self.size).filter(|limit| *limit > 0)
    }

    /// The blocks that go, the newest first, each with the first of its causes in the order of [`Cause`].
    ///
    /// `others` is what is stored beside the blocks: the write-ahead logs and head chunks. Blocks are looked at from the newest
    /// end to the oldest. The first that lies `time` or more behind the newest goes with all that are older; so does the
    /// first with which the sum exceeds the limit. The newest sound block never goes for its age.
    ///
    /// ```
    /// use promd_block::BlockId;
    /// use promd_compactor::{Cause, Expired, Retention, Stored};
    ///
    /// let block = |number, max| Stored {
    ///     id: BlockId::new(0, number), max, bytes: 100, deletable: false, parents: vec![], quarantined: false,
    /// };
    /// let blocks = [block(1, 1_000), block(2, 2_000), block(3, 3_000)];
    /// let week = Retention { time: Some(2_000), ..Retention::default() };
    /// assert_eq!(week.expired(&blocks, 0, None), [Expired { id: blocks[0].id, cause: Cause::Time }]);
    /// let small = Retention { size: Some(299), ..Retention::default() };
    /// assert_eq!(small.expired(&blocks, 50, None).len(), 1);
    /// assert_eq!(small.expired(&blocks, 100, None).len(), 2);
    /// ```
    #[must_use]
    pub fn expired(&self, blocks: &[Stored], others: u64, space: Option<Space>) -> Vec<Expired> {
        let mut newest_first: Vec<&Stored> = blocks.iter().collect();
        newest_first.sort_by_key(|block| std::cmp::Reverse(block.max));
        let aged = self.first_aged(&newest_first);
        let excess = self.first_excess(&newest_first, others, space);
        let replaced = |block: &Stored| {
            !block.quarantined && blocks.iter().any(|other| other.id != block.id && other.parents.contains(&block.id))
        };
        let causes = newest_first.iter().enumerate().map(|(number, block)| {
            let tests = [
                (block.deletable, Cause::Deletable),
                (replaced(block), Cause::Replaced),
                (number >= aged, Cause::Time),
                (number >= excess, Cause::Size),
            ];
            (block.id, tests.into_iter().find_map(|(holds, cause)| holds.then_some(cause)))
        });
        causes.filter_map(|(id, cause)| cause.map(|cause| Expired { id, cause })).collect()
    }

    fn first_aged(&self, newest_first: &[&Stored]) -> usize {
        // The times of a damaged block may be part of the damage: they say nothing about the age of others.
        let newest = newest_first.iter().find(|block| !block.quarantined);
        let (Some(time), Some(newest)) = (self.time.filter(|time| *time > 0), newest) else {
            return newest_first.len();
        };
        let aged = |block: &&Stored| newest.max.saturating_sub(block.max) >= time;
        newest_first.iter().position(aged).unwrap_or(newest_first.len())
    }

    fn first_excess(&self, newest_first: &[&Stored], others: u64, space: Option<Space>) -> usize {
        let Some(limit) = self.limit(space) else { return newest_first.len() };
        let mut sum = others;
        let exceeds = |block: &&Stored| {
            sum = sum.saturating_add(block.bytes);
            sum > limit
        };
        newest_first.iter().position(exceeds).unwrap_or(newest_first.len())
    }
}
