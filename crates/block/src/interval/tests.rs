use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const MIN: i64 = i64::MIN;
const MAX: i64 = i64::MAX;

#[track_caller]
fn check(present: &[(i64, i64)], added: (i64, i64), expected: &[(i64, i64)]) {
    let interval = |&(min, max): &(i64, i64)| Interval::new(min, max);
    let mut all = Intervals(present.iter().map(interval).collect());
    all.add(interval(&added));
    assert_eq!(*all, *expected.iter().map(interval).collect::<Vec<_>>());
}

/// The rules of `Intervals.Add` in `tsdb/tombstones/tombstones.go`: closed intervals on whole milliseconds.
#[test]
fn what_overlaps_or_touches_becomes_one() {
    check(&[], (1, 2), &[(1, 2)]);
    check(&[(1, 2)], (3, 4), &[(1, 4)]);
    check(&[(1, 2)], (4, 5), &[(1, 2), (4, 5)]);
    check(&[(5, 9)], (1, 3), &[(1, 3), (5, 9)]);
    check(&[(5, 9)], (1, 4), &[(1, 9)]);
    check(&[(1, 10)], (3, 4), &[(1, 10)]);
    check(&[(1, 2), (5, 6), (9, 10)], (2, 9), &[(1, 10)]);
    check(&[(1, 2), (5, 6), (9, 10)], (4, 7), &[(1, 2), (4, 7), (9, 10)]);
    check(&[(1, 2), (9, 10)], (5, 6), &[(1, 2), (5, 6), (9, 10)]);
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    check(&[(1, 2), (5, 6)], (MIN, 3), &[(MIN, 3), (5, 6)]);
    check(&[(1, 2), (5, 6)], (4, MAX), &[(1, 2), (4, MAX)]);
    check(&[(1, 2)], (MIN, MAX), &[(MIN, MAX)]);
    check(&[(MIN, 2)], (3, MAX), &[(MIN, MAX)]);
    check(&[(MIN, MIN)], (MIN + 2, MAX), &[(MIN, MIN), (MIN + 2, MAX)]);
}

#[test]
fn an_interval_without_a_millisecond_adds_nothing() {
    check(&[(1, 5)], (3, 2), &[(1, 5)]);
    check(&[], (MAX, MIN), &[]);
}

proptest! {
    /// Against the set of milliseconds.
    #[test]
    fn the_intervals_hold_what_was_added(added in prop::collection::vec((0i64..60, 0i64..8), 0..20)) {
        let mut naive = BTreeSet::new();
        let mut all = Intervals::new();
        for (min, length) in added {
            all.add(Interval::new(min, min + length));
            naive.extend(min..=min + length);
        }
        for t in -1..70 {
            prop_assert_eq!(all.contains(t), naive.contains(&t));
            let stretch = Interval::new(t, t + 3);
            prop_assert_eq!(all.overlaps(&stretch), (t..=t + 3).any(|t| naive.contains(&t)));
            prop_assert_eq!(all.covers(&stretch), (t..=t + 3).all(|t| naive.contains(&t)));
        }
        for pair in all.windows(2) {
            prop_assert!(pair[0].max + 1 < pair[1].min, "{:?}", all);
        }
    }
}
