//! Thousands of small blocks are opened at once.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

mod made;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use promd_block::{Block, BlockId, Facts, Meta, scan};
use promd_fs::{Fs, RealFs, SimFs};

/// Blocks in `data`. They have the files of one in common, but for those that name them, so that they take little space.
fn write_many(fs: &Arc<dyn Fs>, data: &Path, count: u32) {
    let first = made::write(fs, data, made::small()).unwrap();
    let facts = Facts::read(&**fs, &first).unwrap().unwrap();
    for number in 1..count {
        let mut meta: Meta = facts.meta.clone();
        meta.id = BlockId::new(u64::from(number), 0);
        let dir = data.join(meta.id.to_string());
        std::fs::create_dir_all(dir.join("chunks")).unwrap();
        for file in ["index", "tombstones", "chunks/000001"] {
            std::fs::hard_link(first.join(file), dir.join(file)).unwrap();
        }
        std::fs::write(dir.join("meta.json"), meta.to_json()).unwrap();
        // Nothing is synced there.
        let memory = SimFs::new(1);
        Facts::new(meta, facts.files.clone()).write(&memory, "/".as_ref()).unwrap();
        let facts = memory.read_to_vec("/promd-meta".as_ref(), 1 << 20).unwrap();
        std::fs::write(dir.join("promd-meta"), facts).unwrap();
    }
}

/// `PROMD_MANY_BLOCKS` says how many; each may take a millisecond and a half on a busy machine, a tenth of it on an idle one.
#[test]
#[expect(clippy::disallowed_methods, reason = "the time that passes is what is tested")]
fn thousands_of_blocks_are_opened_within_seconds() {
    let count: u32 = std::env::var("PROMD_MANY_BLOCKS").map_or(2000, |number| number.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    write_many(&fs, data.path(), count);

    let begun = Instant::now();
    let found = scan(&*fs, data.path()).unwrap().blocks;
    let opened: Vec<Block> = found.iter().map(|block| Block::open(&fs, &block.dir).unwrap()).collect();
    let taken = begun.elapsed();
    assert_eq!(opened.len(), count as usize);
    for block in &opened {
        assert_eq!(block.damage(), []);
    }
    assert!(taken < Duration::from_micros(1500) * count, "{count} blocks were opened in {taken:?}");
}
