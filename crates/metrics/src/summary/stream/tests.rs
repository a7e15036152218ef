use super::{Objective, Stream};

/// What Prometheus asks of its own summaries: query timings, and intervals between scrapes.
const QUERY: [(f64, f64); 3] = [(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)];
const INTERVAL: [(f64, f64); 5] = [(0.01, 0.001), (0.05, 0.005), (0.5, 0.05), (0.9, 0.01), (0.99, 0.001)];

/// Numbers in `[0, 1)` that are the same at each run (splitmix64).
fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}

fn distributions(count: usize) -> Vec<(&'static str, Vec<f64>)> {
    let some = |map: fn(f64) -> f64| uniform(1).map(map).take(count).collect::<Vec<_>>();
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let plain = some(|u| u);
    vec![
        ("uniform", plain.clone()),
        ("exponential", some(|u| -(1.0 - u).ln())),
        ("pareto", some(|u| (1.0 - u).powf(-2.0))),
        ("two peaks", some(|u| if u < 0.95 { u } else { 1000.0 + u })),
        ("few values", some(|u| (u * 5.0).floor())),
        ("ascending", sorted(plain.clone())),
        ("descending", sorted(plain.clone()).into_iter().rev().collect()),
        ("outwards", {
            let sorted = sorted(plain);
            let (low, high) = sorted.split_at(count / 2);
            // With an odd count the upper half is longer by one.
            let pairs = low.iter().rev().zip(high).flat_map(|(a, b)| [*a, *b]);
            pairs.chain(high.iter().skip(low.len()).copied()).collect()
        }),
    ]
}

/// Feeds the values as a summary does, and checks the ranks of what is reported against the sorted values themselves.
#[track_caller]
fn check(objectives: &[(f64, f64)], name: &str, values: &[f64]) -> usize {
    let objectives: Vec<_> = objectives.iter().map(|(rank, error)| Objective { rank: *rank, error: *error }).collect();
    let mut stream = Stream::new(&objectives);
    let mut largest = 0;
    for chunk in values.chunks(super::super::ASIDE) {
        let mut chunk = chunk.to_vec();
        chunk.sort_by(f64::total_cmp);
        stream.insert_sorted(&chunk);
        largest = largest.max(stream.entries.len());
        assert_eq!(stream.entries.iter().map(super::Entry::width).sum::<u64>(), stream.count);
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    for Objective { rank, error } in objectives {
        let value = stream.quantile(rank).unwrap();
        // An observation that is there several times has all the ranks from the first to the last of them.
        let lowest = sorted.partition_point(|v| *v < value) as f64 / count;
        let highest = sorted.partition_point(|v| *v <= value) as f64 / count;
        let slack = 1.0 / count;
        assert!(
            lowest <= rank + error + slack && highest >= rank - error - slack,
            "{name}, {count} values: {value} for {rank} has rank {lowest} to {highest}"
        );
    }
    largest
}

#[test]
fn ranks_are_within_their_errors() {
    for count in [1, 2, 3, 10, 99, 500, 501, 5000, 20_000] {
        for (name, values) in distributions(count) {
            check(&QUERY, name, &values);
            check(&INTERVAL, name, &values);
            check(&[(0.0, 0.0001), (0.25, 0.01), (0.75, 0.02), (1.0, 0.0001)], name, &values);
        }
    }
}

#[test]
fn memory_is_small() {
    for (name, values) in distributions(100_000) {
        let largest = check(&QUERY, name, &values).max(check(&INTERVAL, name, &values));
        assert!(largest <= 1500, "{name}: {largest}");
    }
}

#[test]
fn extremes_are_exact() {
    for (name, values) in distributions(5000) {
        let mut stream = Stream::new(&[Objective { rank: 0.5, error: 0.05 }]);
        for chunk in values.chunks(7) {
            let mut chunk = chunk.to_vec();
            chunk.sort_by(f64::total_cmp);
            stream.insert_sorted(&chunk);
        }
        assert_eq!(stream.quantile(0.0), values.iter().copied().reduce(f64::min), "{name}");
        assert_eq!(stream.quantile(1.0), values.iter().copied().reduce(f64::max), "{name}");
    }
}

#[test]
fn absurd_objectives_stay_within_the_bound() {
    let objectives: Vec<_> = (1..1000).map(|at| Objective { rank: f64::from(at) / 1000.0, error: 1e-4 }).collect();
    let mut stream = Stream::new(&objectives);
    let values: Vec<f64> = uniform(2).take(100_000).collect();
    for chunk in values.chunks(super::super::ASIDE) {
        let mut chunk = chunk.to_vec();
        chunk.sort_by(f64::total_cmp);
        stream.insert_sorted(&chunk);
        assert!(stream.entries.len() <= super::MAX_ENTRIES);
    }
}

#[test]
fn nothing_has_no_quantile() {
    let mut stream = Stream::new(&[Objective { rank: 0.5, error: 0.05 }]);
    assert_eq!(stream.quantile(0.5), None);
    stream.insert_sorted(&[3.0]);
    assert_eq!((stream.quantile(0.0), stream.quantile(0.5)), (Some(3.0), Some(3.0)));
    stream.clear();
    assert_eq!(stream.quantile(0.0), None);
    stream.insert_sorted(&[5.0]);
    assert_eq!(stream.quantile(0.0), Some(5.0));
}
