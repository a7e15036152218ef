use promd_model::{Exemplar, Interval, Labels, Millis};

use super::{Exemplars, NotKept};

fn exemplar(t: i64, value: f64, trace: &str) -> Exemplar {
    let labels = Labels::from_pairs([("trace_id", trace)]).unwrap();
    Exemplar { labels, value, timestamp: Millis(t), has_timestamp: true }
}

fn times(ring: &Exemplars, series: u64) -> Vec<i64> {
    ring.of_series(series, Interval::ALL).map(|exemplar| exemplar.timestamp.0).collect()
}

/// The cases of `validateExemplar` in `tsdb/exemplar.go`.
#[test]
fn an_exemplar_goes_behind_the_newest_of_its_series() {
    let mut ring = Exemplars::new(10, 0);
    assert_eq!(ring.add(1, exemplar(5, 1.0, "a")), Ok(()));
    assert_eq!(ring.add(1, exemplar(5, 1.0, "a")), Err(NotKept::Duplicate));
    assert_eq!(ring.add(1, exemplar(4, 1.0, "a")), Err(NotKept::OutOfOrder));
    assert_eq!(ring.add(1, exemplar(5, 0.5, "a")), Err(NotKept::OutOfOrder));
    assert_eq!(ring.add(1, exemplar(5, 2.0, "a")), Ok(()));
    // Another series has an order of its own.
    assert_eq!(ring.add(2, exemplar(4, 1.0, "a")), Ok(()));
    assert_eq!(ring.add(2, exemplar(6, 1.0, &"x".repeat(121))), Err(NotKept::TooLong));
    // 8 characters of the name and 120 of the value are 128.
    assert_eq!(ring.add(2, exemplar(6, 1.0, &"x".repeat(120))), Ok(()));
    assert_eq!((times(&ring, 1), times(&ring, 2)), (vec![5, 5], vec![4, 6]));
    assert_eq!(Exemplars::new(0, 0).add(1, exemplar(1, 1.0, "a")), Err(NotKept::Disabled));
}

#[test]
fn within_the_window_late_ones_are_put_in_order() {
    let mut ring = Exemplars::new(10, 100);
    for t in [1_000, 950, 1_050, 951] {
        assert_eq!(ring.add(1, exemplar(t, 1.0, "a")), Ok(()), "{t}");
    }
    assert_eq!(ring.add(1, exemplar(950, 1.0, "a")), Err(NotKept::OutOfOrder));
    assert_eq!(ring.add(1, exemplar(1_000, 1.0, "a")), Err(NotKept::Duplicate));
    assert_eq!(times(&ring, 1), [950, 951, 1_000, 1_050]);
}

#[test]
fn the_ring_forgets_what_came_first() {
    let mut ring = Exemplars::new(3, 100);
    for (series, t) in [(1, 50), (2, 10), (1, 40), (1, 60)] {
        ring.add(series, exemplar(t, 1.0, "a")).unwrap();
    }
    assert_eq!((times(&ring, 1), times(&ring, 2)), (vec![40, 60], vec![10]));
    ring.resize(1);
    assert_eq!((ring.len(), ring.series_count()), (1, 1));
    assert_eq!(times(&ring, 1), [60]);
    let none = ring.of_series(1, Interval::new(61, 70)).count();
    assert_eq!(none, 0);
}
