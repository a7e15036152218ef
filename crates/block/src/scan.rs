//! What lies in a data directory.

use std::path::{Path, PathBuf};

use promd_fs::{EntryKind, Fs};

use crate::{BlockError, BlockId};

/// The name of the index in the folder of a block.
pub(crate) const INDEX: &str = "index";

/// The end of the name of a folder in which a block is being written.
pub(crate) const FOR_CREATION: &str = ".tmp-for-creation";

/// The ends of the names of folders that are not finished, or on their way out. The last is that of Prometheus 2.
const LEFTOVERS: [&str; 3] = [FOR_CREATION, ".tmp-for-deletion", ".tmp"];

/// The folders of a data directory that have to do with blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// Blocks, oldest name first.
    pub blocks: Vec<FoundBlock>,
    /// Unfinished and outgoing folders, which Prometheus and promd remove when they start. Their content is, or was, elsewhere.
    pub leftovers: Vec<PathBuf>,
    /// Folders that are called like a block but have no index. They are to be reported, and never removed: nobody knows
    /// what happened to them.
    pub without_index: Vec<PathBuf>,
}

/// The folder of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundBlock {
    /// The name of the block.
    pub id: BlockId,
    /// The path of its folder.
    pub dir: PathBuf,
}

/// Looks for blocks in a data directory. Everything that has no ULID for a name belongs to somebody else.
pub fn scan(fs: &dyn Fs, data: &Path) -> Result<Scan, BlockError> {
    let mut found = Scan::default();
    for entry in fs.read_dir(data)? {
        let Some(name) = entry.name.to_str().filter(|_| entry.kind == EntryKind::Directory) else { continue };
        let dir = data.join(name);
        if let Ok(id) = name.parse() {
            if fs.exists(&dir.join(INDEX))? {
                found.blocks.push(FoundBlock { id, dir });
            } else {
                found.without_index.push(dir);
            }
        } else if is_leftover(name) {
            found.leftovers.push(dir);
        }
    }
    found.blocks.sort_by_key(|block| block.id);
    Ok(found)
}

fn is_leftover(name: &str) -> bool {
    let stem = |end: &str| name.strip_suffix(end).is_some_and(|stem| stem.parse::<BlockId>().is_ok());
    LEFTOVERS.iter().any(|end| stem(end))
}

#[cfg(test)]
mod tests {
    use promd_fs::{OpenMode, SimFs};

    use super::*;

    #[test]
    fn blocks_leftovers_and_odd_folders_are_told_apart() {
        let fs = SimFs::new(1);
        let root = Path::new("/data");
        let block = "01M7XK239NFNPV4R1TCWCB8NTA";
        let make = |name: &str, files: &[&str]| {
            fs.create_dir_all(&root.join(name)).unwrap();
            for file in files {
                fs.open(&root.join(name).join(file), OpenMode::CreateNew).unwrap();
            }
        };
        make(block, &["index", "meta.json"]);
        make("01M7XK23CJXQ412T2MM0RSXNGP", &["meta.json"]);
        for end in [".tmp-for-creation", ".tmp-for-deletion", ".tmp"] {
            make(&format!("{block}{end}"), &["index"]);
        }
        for other in ["wal", "chunks_head", "checkpoint.00000002.tmp", "promd", "01M7XK239NFNPV4R1TCWCB8NTA.bak"] {
            make(other, &["index"]);
        }
        fs.open(&root.join("01M7XK23CJXQ412T2MM0RSXNGQ"), OpenMode::CreateNew).unwrap();

        let found = scan(&fs, root).unwrap();
        assert_eq!(found.blocks, [FoundBlock { id: block.parse().unwrap(), dir: root.join(block) }]);
        assert_eq!(found.without_index, [root.join("01M7XK23CJXQ412T2MM0RSXNGP")]);
        assert_eq!(found.leftovers.len(), 3);
    }
}
