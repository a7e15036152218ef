//! What the database takes of what the operating system limits.

use promd_fs::Limits;

use super::Inner;

/// Below this a server has hardly room for its connections.
const FEW_FILES: u64 = 1_024;

/// What the database takes of what the operating system limits, and the limits.
///
/// Files are open only for as long as they are written or read: the log and the newest head chunks have one each. Blocks and older
/// head chunks are mapped, and a map takes no file. A block for which there is no map is left out, told, and tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resources {
    /// How many memory maps there are.
    pub maps: u64,
    /// What is allowed.
    pub limits: Limits,
}

impl Resources {
    /// What there is too little of, and what to do about it; nothing if all is well.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(files) = self.limits.open_files.filter(|files| *files < FEW_FILES) {
            warnings.push(format!("only {files} files may be open at a time: raise the limit (ulimit -n)"));
        }
        if let Some(maps) = self.limits.maps.filter(|maps| self.maps > maps / 4 * 3) {
            warnings.push(format!(
                "the database takes {} of {maps} memory maps, beyond which blocks are left out of answers: raise vm.max_map_count",
                self.maps
            ));
        }
        warnings
    }
}

impl Inner {
    pub(super) fn resources(&self) -> Resources {
        let of_blocks: usize = self.list().blocks.iter().map(|loaded| 1 + loaded.block.segments().count()).sum();
        let maps = (of_blocks + self.live.chunks.maps()) as u64;
        Resources { maps, limits: self.fs.limits() }
    }
}
