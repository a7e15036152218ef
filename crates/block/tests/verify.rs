//! What no checksum tells: parts that are whole, and contradict each other.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod made;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_block::{BlockError, Consequence, Damage, Part, Verified, verify};
use promd_fs::{Fs, OpenMode, SimFs};

fn block(series: Vec<promd_block::SourceSeries>) -> (Arc<dyn Fs>, PathBuf) {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let dir = made::write(&fs, Path::new("/"), series).unwrap();
    (fs, dir)
}

fn verified(fs: &Arc<dyn Fs>, dir: &Path) -> Verified {
    verify(fs, dir, &mut made::go_on).unwrap()
}

/// A posting list that names another series, its checksum made to fit: a section of n numbers below the number of series,
/// where n goes before them.
#[test]
fn a_posting_list_that_disagrees_with_the_series_is_named() {
    let (fs, dir) = block(made::small());
    // The whole file has a checksum in it, which would tell as well.
    fs.remove_file(&dir.join("promd-meta")).unwrap();
    let path = dir.join("index");
    let index = fs.read_to_vec(&path, 1 << 20).unwrap();
    let word = |at: usize| u32::from_be_bytes(index[at..at + 4].try_into().unwrap());
    let is_list_of_two = |at: &usize| {
        let crc = promd_codec::crc32c(&index[at + 4..at + 16]);
        word(*at) == 12 && word(at + 4) == 2 && word(at + 16) == crc
    };
    let lists: Vec<usize> = (0..index.len() - 20).step_by(4).filter(is_list_of_two).collect();
    // Two series are called up, two have the job a, two the job b.
    assert_eq!(lists.len(), 3);
    for at in lists {
        let others: Vec<u32> = (0..100).filter(|id| *id != word(at + 8) && *id != word(at + 12)).collect();
        let mut noticed = 0;
        for other in others {
            let mut forged = index.clone();
            let mut ids = [word(at + 8), other];
            ids.sort_unstable();
            forged[at + 8..at + 12].copy_from_slice(&ids[0].to_be_bytes());
            forged[at + 12..at + 16].copy_from_slice(&ids[1].to_be_bytes());
            let crc = promd_codec::crc32c(&forged[at + 4..at + 16]);
            forged[at + 16..at + 20].copy_from_slice(&crc.to_be_bytes());
            fs.open(&path, OpenMode::Write).unwrap().write_all_at(&forged, 0).unwrap();
            let found = verified(&fs, &dir).damage;
            assert!(
                found.iter().any(|damage| matches!(damage.part, Part::IndexPostings | Part::IndexSeries)),
                "{found:?}"
            );
            noticed += 1;
        }
        assert_eq!(noticed, 98);
    }
}

#[test]
fn a_chunk_with_other_times_than_the_index_says_is_named() {
    let mut series = made::small();
    series[0].chunks[1].max += 1;
    let (fs, dir) = block(series);
    let found = verified(&fs, &dir);
    let [Damage { part: Part::Chunk, consequence: Consequence::ChunkMissing, what, values, .. }] =
        found.damage.as_slice()
    else {
        panic!("{:?}", found.damage)
    };
    assert_eq!(what, "the times differ from those in the index");
    let times: Vec<i64> = made::times(100, 20).collect();
    let (first, last) = (times[0], times[19]);
    assert_eq!(*values, Some((format!("{first} to {last}"), format!("{first} to {}", last + 1))));
}

#[test]
fn a_chunk_that_cannot_be_decoded_is_named() {
    let mut series = made::small();
    let bytes = series[1].chunks[0].bytes.clone();
    series[1].chunks[0].bytes = bytes.slice(..bytes.len() - 1);
    let (fs, dir) = block(series);
    let found = verified(&fs, &dir);
    assert_eq!((found.damage.len(), found.damage[0].part), (1, Part::Chunk));
    assert!(found.damage[0].what.contains("ends early"), "{}", found.damage[0]);
}

#[test]
fn numbers_that_are_wrong_are_named() {
    let (fs, dir) = block(made::small());
    fs.remove_file(&dir.join("promd-meta")).unwrap();
    let meta = String::from_utf8(fs.read_to_vec(&dir.join("meta.json"), 10_000).unwrap()).unwrap();
    let meta = meta.replace("\"numSamples\": 145", "\"numSamples\": 146");
    fs.write_atomically(&dir.join("meta.json"), meta.as_bytes()).unwrap();
    let found = verified(&fs, &dir);
    assert_eq!(found.damage.len(), 1);
    assert!(found.damage[0].to_string().contains("numSamples is not what is there: got 146, expected 145"));
}

#[test]
fn it_can_be_broken_off_and_knows_a_block_from_other_folders() {
    let (fs, dir) = block(made::small());
    let broken_off = verify(&fs, &dir, &mut |_| ControlFlow::Break(()));
    assert!(matches!(broken_off, Err(BlockError::Cancelled)));
    let other = verify(&fs, &dir.join("chunks"), &mut made::go_on);
    assert!(matches!(other, Err(BlockError::NotABlock(_))));
}
