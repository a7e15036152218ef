//! The files of a block but for its index: whatever their bytes, reading ends in content or in damage that is named.

use std::path::Path;

use promd_block::{ChunkRef, Facts, Holes, Meta, Segments, Tombstones};
use promd_codec::Writer;
use promd_fs::{Access, Fs, OpenMode, SimFs};

const DIR: &str = "/01JGSW5V00000000000000001A";

/// A folder with one file.
fn folder(name: &str, bytes: &[u8]) -> SimFs {
    let fs = SimFs::new(1);
    let path = Path::new(DIR).join(name);
    fs.create_dir_all(path.parent().expect("a file in a folder")).expect("an empty file system");
    let file = fs.open(&path, OpenMode::CreateNew).expect("an empty folder");
    file.write_all_at(bytes, 0).expect("a disk without a limit");
    fs
}

/// Takes the bytes as a chunk segment, and reads a chunk at every offset. What is read lies where it was asked for, and
/// has the checksum that stands behind it.
pub fn block_chunks(bytes: &[u8]) {
    let bytes = bytes.get(..4096).unwrap_or(bytes);
    let fs = folder("chunks/000001", bytes);
    let segments = Segments::open(&fs, Path::new(DIR), Access::Random).expect("no limit of maps");
    for offset in 0..=bytes.len() + 1 {
        let reference = ChunkRef::new(0, u32::try_from(offset).expect("short"));
        match segments.read(reference) {
            Ok(chunk) => {
                let at = bytes[offset..].windows(chunk.bytes.len().max(1)).position(|part| part == chunk.bytes);
                assert!(chunk.bytes.is_empty() || at.is_some());
            }
            Err(damage) => assert_eq!(damage.offset, Some(offset as u64)),
        }
    }
    assert!(segments.read(ChunkRef::new(1, 8)).is_err());
}

/// Takes the bytes as a file of tombstones, and as the entries of one whose checksum fits.
pub fn block_tombstones(bytes: &[u8]) {
    let _ = Tombstones::decode(bytes);
    let mut sealed = vec![0x01, 0x30, 0xba, 0x30, 1];
    sealed.extend_from_slice(bytes);
    Writer::new(&mut sealed).put_crc32c_from(5);
    let Ok(deleted) = Tombstones::decode(&sealed) else { return };
    for (_, intervals) in deleted.iter() {
        assert!(!intervals.is_empty());
        assert!(intervals.iter().all(|one| one.min <= one.max));
        assert!(intervals.windows(2).all(|pair| pair[0].max < pair[1].min && pair[0].max + 1 < pair[1].min));
    }
    assert_eq!(Tombstones::decode(&deleted.encode()).as_ref(), Ok(&deleted));
}

/// Takes the bytes as `meta.json`, as `promd-meta` and as `promd-holes.json`. What is read is written as something that reads
/// the same.
pub fn block_meta(bytes: &[u8]) {
    if let Ok(meta) = Meta::parse(bytes) {
        let rewritten = meta.to_json();
        let again = Meta::parse(&rewritten).expect("what was written can be read");
        assert_eq!(again.to_json(), rewritten);
    }
    let _ = Facts::read(&folder("promd-meta", bytes), Path::new(DIR));
    let fs = folder("promd-holes.json", bytes);
    if let Ok(holes) = Holes::read(&fs, Path::new(DIR)) {
        holes.write(&fs, Path::new(DIR)).expect("a disk without a limit");
        assert_eq!(Holes::read(&fs, Path::new(DIR)), Ok(holes));
    }
}
