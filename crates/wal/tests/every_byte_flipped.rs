//! A log that Prometheus wrote, every byte of it damaged in turn: at most the damaged record is lost, no other is, none is
//! made up, and whatever is lost is told.
//!
//! Expected values: the records of the sound log, and where they lie in it.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

mod reading;

use std::path::Path;

use promd_fs::SimFs;
use promd_wal::{Cause, Damage, Event, ReadOptions, SegmentId, SegmentReader};
use reading::put;

/// What the bits of a byte are changed by: all of them, or one.
const MASKS: [u8; 9] = [0xff, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];

/// Where a record lies, and what it is.
type Placed = (u64, u64, Vec<u8>);

#[derive(Default, Debug)]
struct Outcomes {
    lost: usize,
    mended: usize,
    unnoticed: usize,
}

/// Reads a segment into records, each with its range, and damage.
fn read(sim: &SimFs, reader: &mut SegmentReader) -> (Vec<Placed>, Vec<Damage>) {
    reader.open(sim, Path::new("/"), SegmentId::log(0)).unwrap();
    let (mut records, mut damage) = (Vec::new(), Vec::new());
    while let Some(event) = reader.next().unwrap() {
        match event {
            Event::Record(record) => records.push((record.start, record.end, record.bytes.to_vec())),
            Event::Damage(found) => damage.push(found),
        }
    }
    (records, damage)
}

/// Flips the bytes of one segment; `masks` says by what, for each offset.
fn check<'a>(fixture: &str, segment: &str, masks: impl Fn(u64) -> &'a [u8]) {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    let bytes = std::fs::read(root.join(fixture).join("data/wal").join(segment)).unwrap();
    let sim = SimFs::new(1);
    let path = Path::new("/00000000");
    put(&sim, path, &bytes);
    let mut reader = SegmentReader::new(ReadOptions::default());
    let (sound, damage) = read(&sim, &mut reader);
    assert!(sound.len() > 10 && damage.is_empty(), "{} records, {damage:?}", sound.len());
    let mut outcomes = Outcomes::default();
    for offset in 0..bytes.len() as u64 {
        for &mask in masks(offset) {
            let flip =
                || (0..8).filter(|bit| mask >> bit & 1 == 1).for_each(|bit| sim.flip_bit(path, offset, bit).unwrap());
            flip();
            let (found, damage) = read(&sim, &mut reader);
            flip();
            let place = format!("{fixture}/{segment}: offset {offset}, mask {mask:#x}");
            let mut left = found.iter().peekable();
            let missing: Vec<_> =
                sound.iter().filter(|record| left.next_if(|next| next.2 == record.2).is_none()).collect();
            assert!(left.next().is_none(), "{place}: made up");
            assert!(missing.len() <= 1, "{place}: lost {missing:?}");
            let losses = damage.iter().filter(|damage| damage.cause != Cause::Mended).count();
            assert_eq!(losses, missing.len(), "{place}: lost {}, told {damage:?}", missing.len());
            for (start, end, _) in &missing {
                assert!((*start..*end).contains(&offset), "{place}: lost {start}..{end}");
            }
            outcomes.lost += missing.len();
            outcomes.mended += usize::from(missing.is_empty() && !damage.is_empty());
            outcomes.unnoticed += usize::from(damage.is_empty());
        }
    }
    assert!(outcomes.mended > 0 && outcomes.lost > outcomes.mended, "{outcomes:?}");
    assert_eq!(outcomes.unnoticed, 0, "every byte of a segment says something");
}

/// All masks on a seventh of the bytes, one on every other.
fn some(offset: u64) -> &'static [u8] {
    let at = usize::try_from(offset % 9).unwrap();
    if offset.is_multiple_of(7) { &MASKS } else { &MASKS[at..=at] }
}

#[test]
fn of_a_segment_without_compression() {
    check("inj_wal", "00000001", some);
}

#[test]
fn of_a_segment_with_snappy() {
    check("inj_wal", "00000003", some);
}

#[test]
fn of_a_segment_of_two_pages() {
    // The page boundary with what lies around it, and little of the rest.
    check("inj_wal", "00000000", |offset| match offset {
        32_000..33_500 => &MASKS,
        _ if offset.is_multiple_of(29) => &MASKS[..1],
        _ => &[],
    });
}
