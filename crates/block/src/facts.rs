//! `promd-meta`: a checksummed copy of `meta.json`, and what the other files of the block look like.
//!
//! `meta.json` has no checksum: one digit of a time that changes hides two hours of data without a word. The copy tells,
//! and gives back what was there, lineage and all. Prometheus does not know the copy and rewrites `meta.json` when
//! it deletes samples and marks a block, and other programs add fields; so where the two differ in nothing else, `meta.json` is
//! right.

use std::path::Path;

use promd_codec::Crc32c;
use promd_fs::{Fs, OpenMode};
use serde::{Deserialize, Serialize};

use crate::{BlockError, Consequence, Damage, Meta, Part, sealed};

/// The name of the file in the folder of a block. Prometheus passes over names that it does not know.
pub(crate) const FILE: &str = "promd-meta";

/// How much of a file is read at once.
const PIECE: usize = 256 << 10;

/// What `promd-meta` says of a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    version: u32,
    /// `meta.json`, as it was when the block was written.
    pub meta: Meta,
    /// The index and the chunk segments, which never change.
    pub files: Vec<FileFacts>,
}

/// What a file was when it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its name, from the folder of the block: `index`, `chunks/000001`.
    pub name: String,
    /// Its length.
    pub size: u64,
    /// The CRC-32C of all of its bytes, if they were read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crc32c: Option<u32>,
}

impl Facts {
    /// Of a block with this `meta.json` and these files.
    #[must_use]
    pub fn new(meta: Meta, files: Vec<FileFacts>) -> Self {
        Self { version: 1, meta, files }
    }

    /// Writes the file, in one step that a crash cannot halve.
    pub fn write(&self, fs: &dyn Fs, dir: &Path) -> Result<(), BlockError> {
        let bytes = sealed::seal(self).map_err(|error| BlockError::Invalid(error.to_string()))?;
        Ok(fs.write_atomically(&dir.join(FILE), &bytes)?)
    }

    /// Reads the file: nothing if there is none, damage if it cannot be believed.
    pub fn read(fs: &dyn Fs, dir: &Path) -> Result<Option<Self>, Damage> {
        Self::of_file(dir, fs.read_to_vec(&dir.join(FILE), sealed::MAX_LEN))
    }

    /// Those of a file that was read.
    pub(crate) fn of_file(dir: &Path, read: promd_fs::Result<Vec<u8>>) -> Result<Option<Self>, Damage> {
        let path = dir.join(FILE);
        let damage = |what| Damage::new(&path, Part::Meta, what, Consequence::Rebuilt);
        match read {
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(damage(error.to_string())),
            Ok(bytes) => match sealed::open::<Self>(&bytes) {
                Ok(facts) if facts.version != 1 => Err(damage(format!("unexpected version {}", facts.version))),
                Ok(facts) => Ok(Some(facts)),
                Err(broken) => Err(Damage { values: broken.values, ..damage(broken.what) }),
            },
        }
    }
}

impl FileFacts {
    /// Of a file as it is, all of which is read.
    pub fn of(fs: &dyn Fs, dir: &Path, name: &str) -> Result<Self, BlockError> {
        let file = fs.open(&dir.join(name), OpenMode::Read)?;
        let mut crc = Crc32c::new();
        let mut size = 0;
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read_at(&mut piece, size)?;
            if read == 0 {
                return Ok(Self { name: name.to_owned(), size, crc32c: Some(crc.finish()) });
            }
            crc.update(piece.get(..read).unwrap_or_default());
            size += read as u64;
        }
    }
}
