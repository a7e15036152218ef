use promd_chunk::Encoding;
use promd_fs::{Access, Fs, OpenMode, SimFs};
use std::path::Path;

use super::*;
use crate::{Consequence, Part};

const ROOT: &str = "/";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A segment of two chunks that promtool 3.5.3 wrote.
const REAL: &str =
    "85bd40dd010000001201000280897a3ff00000000000009875c25fffc931693d1001000280897a3ff00000000000009875008da98752";
const FIRST: &str = "000280897a3ff00000000000009875c25fff";
const SECOND: &str = "000280897a3ff0000000000000987500";

/// The files `chunks/<name>`.
fn segments(files: &[(&str, &[u8])]) -> Segments {
    let fs = SimFs::new(1);
    fs.create_dir(Path::new("/chunks")).unwrap();
    for (name, bytes) in files {
        let path = Path::new("/chunks").join(name);
        fs.open(&path, OpenMode::CreateNew).unwrap().write_all_at(bytes, 0).unwrap();
    }
    Segments::open(&fs, Path::new(ROOT), Access::Random).unwrap()
}

#[test]
fn a_segment_of_promtool_is_read() {
    let all = segments(&[("000001", &unhex(REAL)), (".keep", b"")]);
    assert_eq!(all.damage(), []);
    let read = |offset| all.read(ChunkRef::new(0, offset)).map(|chunk| (chunk.encoding, chunk.bytes.to_vec()));
    assert_eq!(read(8), Ok((Encoding::Xor, unhex(FIRST))));
    assert_eq!(read(32), Ok((Encoding::Xor, unhex(SECOND))));
}

#[test]
fn the_same_chunks_make_the_same_segment() {
    let fs = SimFs::new(1);
    let mut writer = SegmentWriter::create(&fs, Path::new(ROOT), DEFAULT_SEGMENT_SIZE).unwrap();
    assert_eq!(writer.write(Encoding::Xor, &unhex(FIRST)).unwrap(), ChunkRef::new(0, 8));
    assert_eq!(writer.write(Encoding::Xor, &unhex(SECOND)).unwrap(), ChunkRef::new(0, 32));
    let facts = writer.finish().unwrap();
    let written = fs.read_to_vec(Path::new("/chunks/000001"), 1000).unwrap();
    assert_eq!(written, unhex(REAL));
    assert_eq!((facts[0].size, facts[0].crc32c), (54, Some(promd_codec::crc32c(&written))));
}

#[test]
fn a_full_segment_is_followed_by_another() {
    let fs = SimFs::new(1);
    // 8 bytes of header, then chunks of 1 + 1 + 16 + 4 bytes, reckoned with a length of five: two fit in 60 (8 + 22 + 26).
    let mut writer = SegmentWriter::create(&fs, Path::new(ROOT), 60).unwrap();
    let chunk = unhex(SECOND);
    let places: Vec<_> = (0..5).map(|_| writer.write(Encoding::Xor, &chunk).unwrap()).collect();
    let expected = [(0, 8), (0, 30), (1, 8), (1, 30), (2, 8)].map(|(segment, offset)| ChunkRef::new(segment, offset));
    assert_eq!(places, expected);
    let names: Vec<_> = writer.finish().unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["chunks/000001", "chunks/000002", "chunks/000003"]);
    let all = Segments::open(&fs, Path::new(ROOT), Access::Random).unwrap();
    assert!(places.iter().all(|place| all.read(*place).unwrap().bytes == chunk));
}

#[test]
fn a_chunk_larger_than_a_segment_has_one_of_its_own() {
    let fs = SimFs::new(1);
    let mut writer = SegmentWriter::create(&fs, Path::new(ROOT), 60).unwrap();
    let places = [100, 1, 100].map(|len| writer.write(Encoding::Xor, &vec![7; len]).unwrap());
    assert_eq!(places.map(ChunkRef::segment), [0, 1, 2]);
}

#[test]
fn a_flipped_byte_costs_its_chunk_and_no_other() {
    let good = unhex(REAL);
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 0x40;
        let all = segments(&[("000001", &flipped)]);
        let read = [8, 32].map(|offset| all.read(ChunkRef::new(0, offset)));
        match at {
            0..5 => assert_eq!(all.damage()[0].consequence, Consequence::Harmless),
            // The padding of the header means nothing.
            _ => assert_eq!(all.damage(), []),
        }
        assert_eq!(read[0].is_ok(), !(8..32).contains(&at), "byte {at}");
        assert_eq!(read[1].is_ok(), !(32..54).contains(&at), "byte {at}");
        for damage in read.into_iter().filter_map(Result::err) {
            assert_eq!((damage.part, damage.consequence), (Part::Chunk, Consequence::ChunkMissing));
        }
    }
}

#[test]
fn a_cut_segment_keeps_what_is_whole() {
    let good = unhex(REAL);
    for len in 0..good.len() {
        let all = segments(&[("000001", &good[..len])]);
        assert_eq!(all.read(ChunkRef::new(0, 8)).is_ok(), len >= 32, "{len}");
        assert!(all.read(ChunkRef::new(0, 32)).is_err());
        assert_eq!(all.damage().len(), usize::from(len < 5));
    }
}

#[test]
fn damage_says_what_was_got_and_what_was_expected() {
    let mut flipped = unhex(REAL);
    flipped[52] ^= 0xff;
    let damage = segments(&[("000001", &flipped)]).read(ChunkRef::new(0, 32)).unwrap_err();
    assert_eq!(
        damage.to_string(),
        "/chunks/000001: chunk at offset 32: checksum mismatch: got 8da98752, expected 8da97852: this chunk is missing",
    );
}

#[test]
fn a_missing_segment_is_named() {
    let real = unhex(REAL);
    let all = segments(&[("000001", &real), ("000003", &real)]);
    assert!(all.read(ChunkRef::new(2, 8)).is_ok());
    let damage = all.read(ChunkRef::new(1, 8)).unwrap_err();
    assert_eq!(
        damage.to_string(),
        "/chunks/000002: chunk segment: the file is missing: the chunks of this segment are missing"
    );
    // A reference from a damaged index may be anything.
    assert!(all.read(ChunkRef::from(u64::MAX)).is_err());
}

#[test]
fn without_the_folder_all_segments_are_missing() {
    let all = Segments::open(&SimFs::new(1), Path::new(ROOT), Access::Random).unwrap();
    assert_eq!(all.damage()[0].consequence, Consequence::SegmentMissing);
    assert!(all.read(ChunkRef::new(0, 8)).is_err());
}

#[test]
fn a_forged_length_is_not_believed() {
    // The longest varint of five bytes, and one of six.
    for length in ["ffffffff7f", "ffffffffff01"] {
        let bytes = unhex(&format!("85bd40dd01000000{length}0100"));
        assert!(segments(&[("000001", &bytes)]).read(ChunkRef::new(0, 8)).is_err());
    }
}
