//! Bringing the list of blocks up to date with the folder: what is there is opened, what has had its time goes.
//!
//! Blocks that are open stay open. The list that readers take is replaced before a folder goes, and a folder that goes gets
//! another name first, so that nobody ever finds half a block.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use promd_block::{Block, BlockError, BlockId, FoundBlock, Meta, Part, Scan, move_aside, scan};
use promd_compactor::{Cause, Expired};
use promd_fs::Fs;

use super::flush::OUT_OF_ORDER;
use super::list::{Absent, List, Loaded, bytes_below};
use super::{DbError, Inner};

/// The end of the name of a folder on its way out, as Prometheus has it.
const FOR_DELETION: &str = ".tmp-for-deletion";

/// Where promd keeps what Prometheus must not see, from the data directory.
const QUARANTINE: &str = "promd/quarantine";

/// What `meta.json` says of blocks whose times say nothing of where the head begins (`tsdb/db.go`).
const BESIDE_THE_HEAD: [&str; 3] = [OUT_OF_ORDER, "from-stale-series", "from-selected-series"];

/// What lies beside the blocks and counts in retention by size, as in Prometheus.
const OTHERS: [&str; 3] = ["wal", "wbl", "chunks_head"];

impl Inner {
    /// Reads the folder again. Blocks in `changed` are opened anew, although they are open.
    pub(super) fn reload(&self, changed: &[BlockId]) -> Result<(), DbError> {
        let outcome = self.find_blocks(changed).and_then(|list| self.adopt_list(list));
        self.metrics.reloads.inc();
        if outcome.is_err() {
            self.metrics.reloads_failed.inc();
        }
        outcome
    }

    /// Up to where blocks reach: what is older is not taken from the log.
    ///
    /// What was deleted from a block whose tombstones are damaged must not come back from the log either. Any other block that
    /// does not answer may be made good by it.
    pub(super) fn end_of_blocks(&self) -> Option<i64> {
        let list = self.list();
        let is_in_order = |meta: &&Meta| !is_beside_the_head(meta);
        let loaded = list.blocks.iter().map(|loaded| loaded.block.meta()).filter(is_in_order).map(|meta| meta.max_time);
        let untold = list.absent.iter().filter(|absent| absent.damage.iter().any(|one| one.part == Part::Tombstones));
        let untold = untold.filter_map(|absent| Some(absent.times?.max.saturating_add(1)));
        loaded.chain(untold).max()
    }

    fn scan_quarantine(&self) -> Result<Scan, DbError> {
        scan_quarantine(&*self.fs, &self.dir)
    }

    fn find_blocks(&self, changed: &[BlockId]) -> Result<List, DbError> {
        let before = self.list();
        let found = scan(&*self.fs, &self.dir)?;
        let mut list = List { without_index: found.without_index, ..List::default() };
        for block in &found.blocks {
            let open = before.find(block.id).filter(|_| !changed.contains(&block.id));
            match open.map_or_else(|| self.open_block(block), |open| Ok(Arc::clone(open))) {
                Ok(loaded) if loaded.block.is_left_out() && !self.read_only() => {
                    list.absent.push(Arc::new(self.quarantine(Absent::of(&loaded.block))));
                }
                Ok(loaded) => list.blocks.push(loaded),
                Err(absent) if absent.damage.is_empty() || self.read_only() => list.absent.push(Arc::new(*absent)),
                Err(absent) => list.absent.push(Arc::new(self.quarantine(*absent))),
            }
        }
        for aside in self.scan_quarantine()?.blocks {
            if list.absent.iter().any(|absent| absent.id == aside.id) {
                continue;
            }
            let known = before.absent.iter().find(|absent| absent.dir == aside.dir);
            list.absent.push(known.map_or_else(|| Arc::new(self.look_at_quarantined(&aside)), Arc::clone));
        }
        list.blocks.sort_by_key(|loaded| (loaded.block.meta().min_time, loaded.id()));
        Ok(list)
    }

    fn open_block(&self, found: &FoundBlock) -> Result<Arc<Loaded>, Box<Absent>> {
        let unopened = || Absent::unopened(&*self.fs, found.id, &found.dir);
        match Block::open(&self.fs, &found.dir) {
            Ok(mut block) => {
                if !self.read_only() && !block.is_left_out() {
                    // On a full disk, say, the next start looks at the index again, which is all that it saves.
                    block.adopt(&*self.fs).ok();
                }
                Ok(Arc::new(Loaded::new(block)))
            }
            Err(BlockError::Damaged(damage)) => Err(Box::new(Absent { damage: vec![*damage], ..unopened() })),
            Err(error) => Err(Box::new(Absent { error: Some(error.to_string()), ..unopened() })),
        }
    }

    /// Moves a block aside. One that cannot be moved stays where it is, and is left out all the same.
    fn quarantine(&self, absent: Absent) -> Absent {
        match move_aside(&*self.fs, &absent.dir, &self.dir.join(QUARANTINE)) {
            Ok(dir) => Absent { dir, aside: true, ..absent },
            Err(error) => Absent { error: Some(error.to_string()), ..absent },
        }
    }

    fn look_at_quarantined(&self, found: &FoundBlock) -> Absent {
        let absent = match Block::open(&self.fs, &found.dir) {
            Ok(block) => Absent::of(&block),
            Err(BlockError::Damaged(damage)) => {
                Absent { damage: vec![*damage], ..Absent::unopened(&*self.fs, found.id, &found.dir) }
            }
            Err(error) => {
                Absent { error: Some(error.to_string()), ..Absent::unopened(&*self.fs, found.id, &found.dir) }
            }
        };
        Absent { aside: true, ..absent }
    }

    /// Shows a list to readers, without the blocks that have had their time, and removes those.
    fn adopt_list(&self, mut list: List) -> Result<(), DbError> {
        let expired: HashMap<BlockId, Cause> = if self.read_only() {
            HashMap::new()
        } else {
            self.expired(&list)?.into_iter().map(|one| (one.id, one.cause)).collect()
        };
        let (gone, kept): (Vec<_>, Vec<_>) =
            list.blocks.into_iter().partition(|loaded| expired.contains_key(&loaded.id()));
        list.blocks = kept;
        let of_quarantine = |absent: &Arc<Absent>| absent.aside && expired.contains_key(&absent.id);
        let (rotten, absent): (Vec<_>, Vec<_>) = list.absent.into_iter().partition(of_quarantine);
        list.absent = absent;

        let lossy = |loaded: &Loaded| {
            let lacks = |child: &Arc<Loaded>| {
                let parents = gone.iter().filter(|other| child.is_made_from(other)).map(|other| &other.block);
                child.is_made_from(loaded) && loaded.lost_for(&child.block, parents)
            };
            expired.get(&loaded.id()) == Some(&Cause::Replaced)
                && (loaded.wants_repair() || list.blocks.iter().any(lacks))
        };
        let (aside, gone): (Vec<_>, Vec<_>) = gone.iter().partition(|loaded| lossy(loaded));
        self.show(list);
        for loaded in aside {
            move_aside(&*self.fs, loaded.block.dir(), &self.dir.join(QUARANTINE))?;
        }
        for loaded in gone {
            self.remove_block(loaded.block.dir())?;
        }
        for absent in rotten {
            self.remove_block(&absent.dir)?;
        }
        Ok(())
    }

    fn show(&self, list: List) {
        let quarantined = list.absent.iter().filter(|absent| absent.aside).count();
        let lowest = list.blocks.first().map(|loaded| loaded.block.meta().min_time);
        self.metrics.show(list.blocks.len(), quarantined, list.bytes(), lowest);
        *self.list.write() = Arc::new(list);
    }

    fn expired(&self, list: &List) -> Result<Vec<Expired>, DbError> {
        let mut stored: Vec<_> = list.blocks.iter().map(|loaded| loaded.stored()).collect();
        stored.extend(list.absent.iter().filter(|absent| absent.aside).map(|absent| absent.stored()));
        let retention = *self.retention.lock();
        let space = if retention.percentage.is_some() { Some(self.fs.space(&self.dir)?) } else { None };
        let others = if retention.limit(space).is_some() {
            OTHERS.iter().map(|name| bytes_below(&*self.fs, &self.dir.join(name))).sum()
        } else {
            0
        };
        let expired = retention.expired(&stored, others, space);
        let any = |cause| expired.iter().any(|one| one.cause == cause);
        if any(Cause::Time) {
            self.metrics.time_retentions.inc();
        }
        if any(Cause::Size) {
            self.metrics.size_retentions.inc();
        }
        Ok(expired)
    }

    /// Removes the folder of a block, which is found whole or not at all wherever the power goes.
    fn remove_block(&self, dir: &Path) -> Result<(), DbError> {
        let mut name = dir.file_name().unwrap_or_default().to_os_string();
        name.push(FOR_DELETION);
        let outgoing = dir.with_file_name(name);
        if self.fs.exists(&outgoing)? {
            self.fs.remove_dir_all(&outgoing)?;
        }
        self.fs.rename_durably(dir, &outgoing)?;
        Ok(self.fs.remove_dir_all(&outgoing)?)
    }

    /// Where damaged blocks go.
    pub(super) fn quarantine_dir(&self) -> std::path::PathBuf {
        self.dir.join(QUARANTINE)
    }
}

/// Whether the times of a block say nothing of where the head begins.
pub(super) fn is_beside_the_head(meta: &Meta) -> bool {
    meta.compaction.hints.iter().any(|hint| BESIDE_THE_HEAD.contains(&&**hint))
}

/// Removes what an earlier start, compaction or deletion left unfinished.
pub(super) fn remove_leftovers(fs: &dyn Fs, dir: &Path) -> Result<(), DbError> {
    let mut leftovers = scan(fs, dir)?.leftovers;
    leftovers.extend(scan_quarantine(fs, dir)?.leftovers);
    for leftover in &leftovers {
        fs.remove_dir_all(leftover)?;
    }
    Ok(())
}

fn scan_quarantine(fs: &dyn Fs, dir: &Path) -> Result<Scan, DbError> {
    match scan(fs, &dir.join(QUARANTINE)) {
        Err(BlockError::Fs(error)) if error.is_not_found() => Ok(Scan::default()),
        found => Ok(found?),
    }
}
