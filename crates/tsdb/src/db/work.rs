//! What changes the blocks: one thing at a time.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use promd_block::{BlockError, BlockId, Meta, SalvageOptions, WriteOptions, salvage};
use promd_compactor::{Candidate, CompactError, CompactOptions, Compacted, Input, Plan, Reason, compact, plan};

use super::reload::is_beside_the_head;
use super::{DbError, Inner};
use crate::TsdbError;
use crate::head::LateBlocks;

/// What whoever changes the blocks holds, alone.
#[derive(Debug)]
pub(super) struct Work {
    /// The state of the generator that names blocks.
    random: u64,
    /// Blocks that could not be repaired, for a reason that will not go away.
    beyond_repair: HashSet<BlockId>,
    /// Blocks whose symbols and offset table were looked at.
    looked_at: HashSet<BlockId>,
    /// What is before this lies in a block, and has still to be forgotten by the head.
    pub(super) truncate_head: Option<i64>,
    /// Samples that came out of order are to become blocks.
    pub(super) flush_late: bool,
    /// These lie in blocks, and have still to be forgotten by the head.
    pub(super) truncate_late: Option<LateBlocks>,
    /// The same for the files of the head.
    pub(super) truncate_files: Option<i64>,
}

impl Work {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: seed,
            beyond_repair: HashSet::new(),
            looked_at: HashSet::new(),
            truncate_head: None,
            flush_late: false,
            truncate_late: None,
            truncate_files: None,
        }
    }

    /// SplitMix64: names need to be unlike each other, not secret.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Inner {
    /// A name for a block that is made at this moment. Nothing known has it, nor was made from a block that had it: the new
    /// one would be taken for that one, and removed. A clock that stands still and a seed that repeats are enough for it.
    pub(super) fn new_id(&self, work: &mut Work) -> Result<BlockId, DbError> {
        let now = u64::try_from(self.clock.wall().millis()).unwrap_or(0);
        let list = self.list();
        loop {
            let entropy = (u128::from(work.random()) << 64) | u128::from(work.random());
            let id = BlockId::new(now, entropy);
            if !list.knows(id) && !self.fs.exists(&self.dir.join(id.to_string()))? {
                return Ok(id);
            }
        }
    }

    /// Does what is due to the log and its second copy.
    pub(super) fn tick_log(&self) -> Result<bool, DbError> {
        let Some(log) = &self.live.log else { return Ok(false) };
        if let Some(copy) = log.copy() {
            // It is of use after damage only, and what fails is tried again.
            copy.log().tick().ok();
        }
        self.metrics.copies_failed.set(i64::try_from(log.copies_failed()).unwrap_or(i64::MAX));
        let late = self.live.late_log.lock().clone();
        let late = late.map_or(Ok(false), |late| late.wal().tick());
        let ticked = log.wal().tick();
        Ok(ticked.and_then(|ticked| Ok(late? || ticked)).map_err(TsdbError::from)?)
    }

    /// One round of everything that is to be done now and then.
    pub(super) fn round(&self, work: &mut Work) -> Result<(), DbError> {
        self.tick_log()?;
        let outcome = self
            .reload(&[])
            .and_then(|()| self.flush_head(work))
            .and_then(|()| self.repair(work))
            .and_then(|()| self.compact_blocks(work));
        self.live.head.settle();
        *self.failure.lock() = outcome.as_ref().err().map(text);
        outcome
    }

    /// Merges blocks for as long as there is something to merge.
    pub(super) fn compact_blocks(&self, work: &mut Work) -> Result<(), DbError> {
        let ranges = self.options.ranges();
        loop {
            let list = self.list();
            // A block that is made from others not all of which came out of order counts as the head's: where one reaches into what the head
            // still has, that would be taken to be in blocks when the log is replayed. It waits until the head has become a block there.
            let end = self.end_of_blocks();
            let waits = |meta: &Meta| is_beside_the_head(meta) && end.is_none_or(|end| end < meta.max_time);
            let metas = list.blocks.iter().map(|one| one.block.meta()).filter(|meta| !waits(meta));
            let candidates: Vec<_> = metas.map(Candidate::new).collect();
            let Some(Plan { blocks, reason }) = plan(&ranges, &candidates) else { return Ok(()) };
            self.metrics.compactions_triggered.inc();
            let begun = self.clock.monotonic();
            let outcome = self.merge_blocks(work, &blocks);
            self.metrics.compaction_duration.observe_duration(self.clock.monotonic().since(begun));
            match &outcome {
                Ok(()) => {
                    self.metrics.compactions.inc();
                    if reason == Reason::Overlap {
                        self.metrics.vertical_compactions.inc();
                    }
                }
                Err(DbError::Closed) => return Ok(()),
                Err(_) => self.metrics.compactions_failed.inc(),
            }
            outcome?;
        }
    }

    /// Makes one block of these, in the order given, and lets them go.
    pub(super) fn merge_blocks(&self, work: &mut Work, blocks: &[BlockId]) -> Result<(), DbError> {
        let list = self.list();
        let loaded: Vec<_> = blocks.iter().filter_map(|id| list.find(*id)).collect();
        let inputs = loaded.iter().map(|one| Input::of(&one.block)).collect();
        let mut options = CompactOptions::default();
        options.write = self.write_options();
        let id = self.new_id(work)?;
        match compact(&self.fs, &self.dir, id, inputs, &options, &mut |_| self.go_on()) {
            Ok(Compacted::Nothing) => self.reload(blocks),
            Ok(_) => self.reload(&[]),
            Err(CompactError::Cancelled) => Err(DbError::Closed),
            Err(CompactError::Failed { blocks, marked, source }) => {
                // The marks stand in `meta.json`; without a look at them the same would be planned again.
                self.reload(&marked)?;
                Err(CompactError::Failed { blocks, marked, source }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes blocks again whose damage would keep Prometheus from opening them, and moves the damaged ones aside.
    pub(super) fn repair(&self, work: &mut Work) -> Result<(), DbError> {
        if !self.options.repair {
            return Ok(());
        }
        let list = self.list();
        work.looked_at.retain(|id| list.find(*id).is_some());
        for loaded in list.blocks.iter().filter(|loaded| work.looked_at.insert(loaded.id())) {
            // Prometheus reads both when it opens a block, and refuses the directory over either.
            loaded.block.index().symbols().map(drop).and(loaded.block.index().label_names().map(drop)).ok();
        }
        let mut outcome = Ok(());
        let mut repaired = list.blocks.iter().any(|loaded| loaded.block.is_left_out());
        for loaded in &list.blocks {
            if !loaded.wants_repair() || work.beyond_repair.contains(&loaded.id()) {
                continue;
            }
            let mut options = SalvageOptions::default();
            options.write = self.write_options();
            let id = self.new_id(work)?;
            let dir = loaded.block.dir();
            match salvage(&self.fs, dir, id, &self.quarantine_dir(), &options, &mut |_| self.go_on()) {
                Ok(_) => repaired = true,
                Err(BlockError::Cancelled) => return Ok(()),
                Err(error) => {
                    // A full disk goes away, and a damaged block does not heal.
                    if !matches!(error, BlockError::Fs(_)) {
                        work.beyond_repair.insert(loaded.id());
                    }
                    outcome = outcome.and(Err(error.into()));
                }
            }
        }
        if repaired { self.reload(&[]).and(outcome) } else { outcome }
    }

    pub(super) fn write_options(&self) -> WriteOptions {
        let mut options = WriteOptions::default();
        options.segment_size = self.options.segment_size;
        options
    }

    /// Whether long work shall go on.
    pub(super) fn go_on(&self) -> ControlFlow<()> {
        if self.closed.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// An error with what caused it, in one line.
fn text(error: &DbError) -> String {
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
