//! Blocks that wait for their upload.

use promd_block::{BlockId, Meta};
use serde::Deserialize;
use thiserror::Error;

/// The blocks that a program such as the Thanos sidecar has copied to where it keeps them: the file that
/// `--storage.tsdb.delay-compact-file.path` names. A block of the first level that is not among them is not compacted, or its
/// upload would find it gone.
///
/// ```
/// use promd_block::{BlockId, Meta};
/// use promd_compactor::Uploads;
///
/// let uploads = Uploads::parse(br#"{"version": 1, "uploaded": ["01M7XK239NFNPV4R1TCWCB8NTA"]}"#)?;
/// let block = |id: &str| id.parse().map(|id| Meta::new(id, 0, 20));
/// assert!(!uploads.holds(&block("01M7XK239NFNPV4R1TCWCB8NTA")?));
/// assert!(uploads.holds(&block("01M7XK239NFNPV4R1TCWCB8NTB")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uploads(Vec<BlockId>);

/// A file of uploads that cannot be read. Prometheus then compacts as if there were none.
#[derive(Debug, Error)]
#[error("cannot parse TSDB upload meta file: {0}")]
pub struct UploadsError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    uploaded: Option<Vec<String>>,
}

impl Uploads {
    /// What the bytes of the file say. Names that are not those of blocks are passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, UploadsError> {
        let File { uploaded } = serde_json::from_slice(bytes)?;
        let mut ids: Vec<BlockId> = uploaded.iter().flatten().filter_map(|id| id.parse().ok()).collect();
        ids.sort_unstable();
        Ok(Self(ids))
    }

    /// Whether a block must wait. Blocks of higher levels never do.
    #[must_use]
    pub fn holds(&self, meta: &Meta) -> bool {
        meta.compaction.level <= 1 && self.0.binary_search(&meta.id).is_err()
    }
}
