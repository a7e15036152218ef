//! What goes, and why. The rules are those of `BeyondTimeRetention` and `BeyondSizeRetention` in Prometheus' `tsdb/db.go`; the
//! figures here follow from them by arithmetic.

use promd_block::BlockId;
use promd_compactor::{Cause, Retention, Stored};
use promd_fs::Space;

fn block(number: u128, max: i64, bytes: u64) -> Stored {
    Stored { id: BlockId::new(0, number), max, bytes, deletable: false, parents: Vec::new(), quarantined: false }
}

#[track_caller]
fn check(retention: Retention, blocks: &[Stored], others: u64, expect: &[(u128, Cause)]) {
    let space = Some(Space::new(10_000, 5_000, 5_000));
    let expired = retention.expired(blocks, others, space);
    let expired: Vec<_> = expired.iter().map(|expired| (expired.id, expired.cause)).collect();
    let expect: Vec<_> = expect.iter().map(|(number, cause)| (BlockId::new(0, *number), *cause)).collect();
    assert_eq!(expired, expect);
}

fn time(time: i64) -> Retention {
    Retention { time: Some(time), ..Retention::default() }
}

fn size(size: u64) -> Retention {
    Retention { size: Some(size), ..Retention::default() }
}

#[test]
fn by_time() {
    let blocks = [block(1, 100, 1), block(2, 200, 1), block(3, 300, 1)];
    check(time(201), &blocks, 0, &[]);
    check(time(200), &blocks, 0, &[(1, Cause::Time)]);
    check(time(100), &blocks, 0, &[(2, Cause::Time), (1, Cause::Time)]);
    check(time(1), &blocks, 0, &[(2, Cause::Time), (1, Cause::Time)]);
    check(time(0), &blocks, 0, &[]);
    check(Retention::default(), &blocks, 0, &[]);
    check(time(100), &[], 0, &[]);
}

#[test]
fn by_size() {
    let blocks = [block(1, 100, 10), block(2, 200, 20), block(3, 300, 40)];
    check(size(70), &blocks, 0, &[]);
    check(size(69), &blocks, 0, &[(1, Cause::Size)]);
    check(size(70), &blocks, 1, &[(1, Cause::Size)]);
    check(size(59), &blocks, 0, &[(2, Cause::Size), (1, Cause::Size)]);
    // Nothing is spared here, not even the newest.
    check(size(39), &blocks, 0, &[(3, Cause::Size), (2, Cause::Size), (1, Cause::Size)]);
    // Nor what would fit: the first one that does not takes the older ones with it.
    check(size(50), &[block(1, 100, 1), block(2, 200, 60), block(3, 300, 1)], 0, &[(2, Cause::Size), (1, Cause::Size)]);
    check(size(0), &blocks, 0, &[]);
}

#[test]
fn by_percentage() {
    let blocks = [block(1, 100, 600), block(2, 200, 600)];
    let percentage = |percentage, size| Retention { percentage: Some(percentage), size, time: None };
    // A tenth of the file system is 1000 bytes.
    check(percentage(10.0, None), &blocks, 0, &[(1, Cause::Size)]);
    check(percentage(12.0, Some(1)), &blocks, 0, &[]);
    check(percentage(0.0, Some(1_000)), &blocks, 0, &[(1, Cause::Size)]);
    assert_eq!(percentage(10.0, Some(77)).limit(None), Some(77));
    assert_eq!(percentage(10.0, Some(77)).limit(Some(Space::new(0, 0, 0))), Some(77));
    assert_eq!(percentage(2.5, None).limit(Some(Space::new(1_000, 0, 0))), Some(25));
}

#[test]
fn what_is_marked_or_replaced() {
    let deletable = Stored { deletable: true, ..block(1, 100, 1) };
    let merged =
        Stored { parents: vec![BlockId::new(0, 1), BlockId::new(0, 2), BlockId::new(0, 9)], ..block(3, 200, 1) };
    check(Retention::default(), &[deletable.clone(), block(2, 200, 1)], 0, &[(1, Cause::Deletable)]);
    check(
        Retention::default(),
        &[deletable, block(2, 150, 1), merged],
        0,
        &[(2, Cause::Replaced), (1, Cause::Deletable)],
    );
}

#[test]
fn what_is_in_quarantine() {
    let aside = |number, max, bytes| Stored { quarantined: true, ..block(number, max, bytes) };
    // It ages and counts.
    check(time(100), &[aside(1, 100, 1), block(2, 200, 1)], 0, &[(1, Cause::Time)]);
    check(size(60), &[block(1, 100, 20), aside(2, 150, 30), block(3, 200, 30)], 0, &[(1, Cause::Size)]);
    // It outlives what was made from it.
    let salvaged = Stored { parents: vec![BlockId::new(0, 1)], ..block(2, 100, 1) };
    check(Retention::default(), &[aside(1, 100, 1), salvaged], 0, &[]);
    // A time that is damaged does not make the others old.
    check(time(100), &[aside(1, i64::MAX, 1), block(2, 200, 1), block(3, 199, 1)], 0, &[]);
}
