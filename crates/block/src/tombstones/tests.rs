use promd_fs::{OpenMode, SimFs};
use proptest::prelude::*;

use super::*;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A file that Prometheus 3.5.3 wrote: series 30, 33 and 36, each with an interval.
const REAL: &str = "0130ba30011ec4ad86c3866584f5edc9866521b0a986c386659af1edc9866524a6ad86c38665bcf1edc98665bde19021";

#[test]
fn a_file_of_prometheus_is_read_and_written_again_to_the_byte() {
    let deleted = Tombstones::decode(&unhex(REAL)).unwrap();
    let entries: Vec<_> = deleted.iter().map(|(series, all)| (series, all[0].min, all[0].max)).collect();
    let expected = [
        (30, 1_736_042_400_610, 1_736_049_540_418),
        (33, 1_736_042_400_344, 1_736_049_540_173),
        (36, 1_736_042_400_595, 1_736_049_540_190),
    ];
    assert_eq!(entries, expected);
    assert_eq!(deleted.len(), 3);
    assert_eq!(deleted.encode(), unhex(REAL));
}

/// Nine bytes: the CRC-32C of nothing is 0.
#[test]
fn an_empty_file_has_nine_bytes() {
    assert_eq!(Tombstones::new().encode(), unhex("0130ba300100000000"));
    assert!(Tombstones::decode(&unhex("0130ba300100000000")).unwrap().is_empty());
}

#[test]
fn every_flipped_byte_is_noticed() {
    let good = unhex(REAL);
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut flipped = good.clone();
            flipped[at] ^= 1 << bit;
            assert!(Tombstones::decode(&flipped).is_err(), "byte {at}, bit {bit}");
        }
        assert!(Tombstones::decode(&good[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn damage_leaves_the_block_out_and_a_missing_file_does_not() {
    let fs = SimFs::new(1);
    let dir = Path::new("/");
    assert_eq!(Tombstones::read(&fs, dir), Ok(Tombstones::new()));
    let mut bytes = unhex(REAL);
    bytes[13] ^= 0x10;
    fs.open(&dir.join(FILE), OpenMode::Create).unwrap().write_all_at(&bytes, 0).unwrap();
    let damage = Tombstones::read(&fs, dir).unwrap_err();
    assert_eq!((damage.part, damage.consequence), (Part::Tombstones, Consequence::BlockLeftOut));
    // The stored checksum is the last four bytes of the file.
    assert_eq!((damage.offset, damage.values.unwrap().1.as_str()), (Some(44), "bde19021"));
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in prop::collection::vec((any::<u64>(), any::<i64>(), any::<i64>()), 0..30)) {
        let mut deleted = Tombstones::new();
        for (series, a, b) in entries {
            deleted.add(series, Interval::new(a.min(b), a.max(b)));
        }
        prop_assert_eq!(Tombstones::decode(&deleted.encode()).unwrap(), deleted);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = Tombstones::decode(&bytes);
        let mut sealed = unhex("0130ba3001");
        sealed.extend_from_slice(&bytes);
        Writer::new(&mut sealed).put_crc32c_from(HEADER);
        let _ = Tombstones::decode(&sealed);
    }
}
