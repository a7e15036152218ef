//! A page of random bytes with a long padding behind them: half of all places that look like a header point into the
//! padding, and reading has to find the way on all the same, in a time that does not grow with the square of the page.
//!
//! Expected values: the records that the page was made of.
#![expect(clippy::unwrap_used, reason = "a file system in memory that fails is a failed test")]

#[path = "reading/mod.rs"]
mod reading;

use std::path::Path;
use std::sync::Arc;

use promd_fs::SimFs;
use promd_wal::record::{SamplesEncoder, Stamp};
use promd_wal::{Cause, Compression, LogKind, PAGE, Payload};
use reading::{put, read};

/// Records of samples with values of all bits, in half a page, and where each begins.
fn page() -> (Vec<u8>, Vec<Vec<u8>>, Vec<usize>) {
    let (mut page, mut records, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let mut state = 168_u64;
    for series in 0..20 {
        let mut record = Vec::new();
        let mut encoder = SamplesEncoder::new(&mut record);
        for time in 0..80 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            encoder.push(Stamp::new(series, time), f64::from_bits(state.rotate_left(32) ^ state));
        }
        starts.push(page.len());
        Payload { compression: Compression::None, bytes: &record }.put(page.len() as u64, &mut page);
        records.push(record);
    }
    page.resize(PAGE, 0);
    (page, records, starts)
}

/// Damages the page, each time the byte of a record by a mask, and checks that these records are lost and told, and no
/// others.
#[track_caller]
fn check(damage: &[(usize, usize, u8)], lost: &[usize]) {
    let (mut page, records, starts) = page();
    for &(nth, at, mask) in damage {
        page[starts[nth] + at] ^= mask;
    }
    let sim = SimFs::new(1);
    put(&sim, Path::new("/00000000"), &page);
    let (found, told) = read(Arc::new(sim), Path::new("/"), LogKind::Wal);
    let found: Vec<_> = found.into_iter().map(|found| found.bytes).collect();
    let expected: Vec<_> =
        (0..).zip(records).filter(|(nth, _)| !lost.contains(nth)).map(|(_, record)| record).collect();
    assert!(found == expected, "{} of {} records", found.len(), expected.len());
    assert_eq!(told.iter().any(|damage| damage.cause != Cause::Mended), !lost.is_empty(), "{told:?}");
}

#[test]
fn two_neighbours_are_lost_and_no_more() {
    for nth in 0..19 {
        check(&[(nth, 40, 1), (nth + 1, 40, 1)], &[nth, nth + 1]);
    }
}

#[test]
fn a_record_whose_length_and_data_are_damaged_is_lost_and_no_more() {
    for nth in 0..20 {
        check(&[(nth, 1, 0x15), (nth, 2, 0x15), (nth, 50, 1)], &[nth]);
    }
}

#[test]
fn a_length_alone_is_mended() {
    for nth in 0..8 {
        check(&[(nth, 1, 0x04)], &[]);
    }
}
