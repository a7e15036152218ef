//! What is known to be wrong with a database.

use std::path::PathBuf;
use std::sync::Arc;

use promd_block::{BlockId, Damage, Hole, Interval};

use super::list::{Absent, List, Loaded};
use super::live::{Found, Live};
use crate::chunks_head::HeadDamage;

/// What is known to be wrong with a database: what was found when its blocks were opened, and since then by whoever read
/// them. A chunk that nobody has read may be damaged without anybody knowing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DamageReport {
    /// Of blocks that answer. What it costs stands in each.
    pub blocks: Vec<Damage>,
    /// What readers of these blocks were told, the first of it.
    pub met: Vec<String>,
    /// Blocks that do not answer.
    pub left_out: Vec<LeftOut>,
    /// Folders that are called like a block and have no index. Nobody knows what happened to them, so they stay where they are.
    pub without_index: Vec<PathBuf>,
    /// What was wrong with the write-ahead log when it was opened, and what was done about it.
    pub log: promd_wal::Report,
    /// The same for the log of samples that came out of order.
    pub late_log: promd_wal::Report,
    /// Why the log could not be repaired, such as a full disk. What is damaged was passed over; Prometheus would delete what follows it.
    pub unrepaired: Option<String>,
    /// Full chunks of the head that were damaged. Their samples came back from the log, unless that is damaged too.
    pub head_chunks: Vec<HeadDamage>,
    /// When samples are missing that were in the head, and why, also since earlier starts.
    pub holes: Vec<Hole>,
    /// What last kept maintenance from being done, until it succeeds.
    pub maintenance: Option<String>,
}

impl DamageReport {
    /// Whether all is well.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A block that does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Its name.
    pub id: BlockId,
    /// Where it is.
    pub dir: PathBuf,
    /// When its samples are, where that is known.
    pub times: Option<Interval>,
    /// Whether it was moved aside, out of the way of Prometheus.
    pub quarantined: bool,
    /// Whether another block was made from what could be read of it.
    pub superseded: bool,
    /// What is wrong with it.
    pub damage: Vec<Damage>,
    /// Why it could not be opened, if that is not damage.
    pub error: Option<String>,
}

/// What a list of blocks knows, and what was found of the head.
pub(super) fn report(list: &List, live: &Live, maintenance: Option<String>) -> DamageReport {
    let Found { log, late_log, chunks, unrepaired } = live.found.lock().clone();
    let left_out = |absent: &Arc<Absent>| LeftOut {
        id: absent.id,
        dir: absent.dir.clone(),
        times: absent.times,
        quarantined: absent.aside,
        superseded: list.supersedes(absent),
        damage: absent.damage.clone(),
        error: absent.error.clone(),
    };
    let met = |loaded: &Arc<Loaded>| loaded.met.lock().texts().map(str::to_owned).collect::<Vec<_>>();
    DamageReport {
        met: list.blocks.iter().flat_map(met).collect(),
        blocks: list.blocks.iter().flat_map(|loaded| loaded.block.damage()).collect(),
        left_out: list.absent.iter().map(left_out).collect(),
        without_index: list.without_index.clone(),
        log,
        late_log,
        unrepaired,
        head_chunks: chunks,
        holes: live.losses.read().holes().cloned().collect(),
        maintenance,
    }
}
