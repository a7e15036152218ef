//! `meta.json`: what a block is.

#[cfg(test)]
mod tests;

use std::path::Path;

use promd_fs::Fs;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{BlockError, BlockId, Consequence, Damage, Interval, Part};

/// The name of the file in the folder of a block.
pub(crate) const FILE: &str = "meta.json";

/// The largest `meta.json` that is read. One source takes 30 bytes, so this is enough for half a million of them.
pub(crate) const MAX_LEN: u64 = 16 << 20;

/// The only version that there is.
const VERSION: u32 = 1;

/// What `meta.json` says of a block.
///
/// It is written as Prometheus writes it, byte for byte. Fields that are not known, which other programs add, are kept at every level.
///
/// ```
/// use promd_block::Meta;
///
/// let text = br#"{"ulid":"01M7XK239NFNPV4R1TCWCB8NTA","minTime":0,"maxTime":7200000,"stats":{},
///     "compaction":{"level":1},"version":1,"thanos":{"downsample":{"resolution":0}}}"#;
/// let mut meta = Meta::parse(text)?;
/// assert_eq!(meta.interval(), promd_block::Interval::new(0, 7_199_999));
/// meta.compaction.failed = true;
/// let rewritten = String::from_utf8(meta.to_json())?;
/// assert!(rewritten.contains(r#""failed": true"#) && rewritten.contains(r#""downsample""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// The name of the block.
    #[serde(rename = "ulid")]
    pub id: BlockId,
    /// The first millisecond that the block answers for.
    pub min_time: i64,
    /// The first millisecond behind the block.
    pub max_time: i64,
    /// How much is in it.
    #[serde(default)]
    pub stats: MetaStats,
    /// Where it comes from.
    #[serde(default)]
    pub compaction: MetaCompaction,
    version: u32,
    /// What else stands in the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How much is in a block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetaStats {
    /// Samples, deleted ones included. The next two are parts of it.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_samples: u64,
    /// Samples in chunks of floats. Not written before Prometheus 3.6.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_float_samples: u64,
    /// Samples in chunks of histograms. Not written before Prometheus 3.6.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_histogram_samples: u64,
    /// Series.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_series: u64,
    /// Chunks.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_chunks: u64,
    /// Deleted intervals.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_tombstones: u64,
    /// What else stands there.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Where a block comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetaCompaction {
    /// How many compactions lie behind it; 1 for one that was cut from the head.
    pub level: u32,
    /// The level-1 blocks that went into it, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub sources: Vec<BlockId>,
    /// Nothing was left of it by a compaction: it may go.
    #[serde(skip_serializing_if = "is_false")]
    pub deletable: bool,
    /// The blocks that it was made from, which may go when it is there.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub parents: Vec<MetaParent>,
    /// A compaction of it failed, and is not to be tried again.
    #[serde(skip_serializing_if = "is_false")]
    pub failed: bool,
    /// How it came about, sorted: `from-out-of-order`, `from-stale-series`, `from-selected-series`.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub hints: Vec<String>,
    /// What else stands there.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A block that another was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetaParent {
    /// Its name.
    #[serde(rename = "ulid")]
    pub id: BlockId,
    /// The first millisecond that it answered for.
    pub min_time: i64,
    /// The first millisecond behind it.
    pub max_time: i64,
    /// What else stands there.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Why bytes are not a `meta.json`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MetaError {
    /// It is not JSON, or not of this shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Another version, with the words of Prometheus.
    #[error("unexpected meta file version {0}")]
    Version(u32),
    /// The times are the wrong way round.
    #[error("minTime {min_time} lies behind maxTime {max_time}")]
    Times {
        /// What stands there.
        min_time: i64,
        /// What stands there.
        max_time: i64,
    },
}

impl Meta {
    /// Of a block that has nothing in it yet, and was made of nothing else.
    #[must_use]
    pub fn new(id: BlockId, min_time: i64, max_time: i64) -> Self {
        Self {
            id,
            min_time,
            max_time,
            stats: MetaStats::default(),
            compaction: MetaCompaction { level: 1, sources: vec![id], ..MetaCompaction::default() },
            version: VERSION,
            other: Map::new(),
        }
    }

    /// What the bytes of a file say.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaError> {
        let meta: Self = serde_json::from_slice(bytes)?;
        if meta.version != VERSION {
            return Err(MetaError::Version(meta.version));
        }
        if meta.min_time > meta.max_time {
            return Err(MetaError::Times { min_time: meta.min_time, max_time: meta.max_time });
        }
        Ok(meta)
    }

    /// The bytes of the file, in the order and with the tabs of Prometheus.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        // Numbers and text: there is nothing that JSON could not hold, and a vector takes every byte.
        let written = self.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, tabs));
        debug_assert!(written.is_ok(), "{written:?}");
        bytes
    }

    /// Reads the file of a block.
    pub fn read(fs: &dyn Fs, dir: &Path) -> Result<Self, Damage> {
        Self::of_file(dir, fs.read_to_vec(&dir.join(FILE), MAX_LEN))
    }

    /// That of a file that was read.
    pub(crate) fn of_file(dir: &Path, read: promd_fs::Result<Vec<u8>>) -> Result<Self, Damage> {
        let path = dir.join(FILE);
        let damage = |what: String| Damage::new(&path, Part::Meta, what, Consequence::Rebuilt);
        match read {
            Ok(bytes) => Self::parse(&bytes).map_err(|error| damage(error.to_string())),
            Err(error) if error.is_not_found() => Err(damage("the file is missing".to_owned())),
            Err(error) => Err(damage(error.kind().to_string())),
        }
    }

    /// Replaces the file in the folder of a block, in one step that a crash cannot halve.
    pub fn write(&self, fs: &dyn Fs, dir: &Path) -> Result<(), BlockError> {
        Ok(fs.write_atomically(&dir.join(FILE), &self.to_json())?)
    }

    /// The time that the block answers for, both ends included.
    #[must_use]
    pub fn interval(&self) -> Interval {
        Interval::new(self.min_time, self.max_time.saturating_sub(1))
    }

    /// The same but for what changes in the life of a block: by Prometheus, deletions and the marks of the compactor; by other
    /// programs, what they add.
    pub(crate) fn without_marks(&self) -> Self {
        let mut meta = self.clone();
        for other in [&mut meta.other, &mut meta.stats.other, &mut meta.compaction.other] {
            other.clear();
        }
        meta.compaction.parents.iter_mut().for_each(|parent| parent.other.clear());
        meta.stats.num_tombstones = 0;
        meta.compaction.deletable = false;
        meta.compaction.failed = false;
        meta
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Go writes a list that is nil as `null`, and reads it.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
