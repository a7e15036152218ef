//! How the observations of a summary age, and that its memory is bounded.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, SystemTime};

use promd_metrics::{Instrument, Summary, SummarySettings, Value};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Count, sum, quantiles.
fn read(summary: &Summary, now: SystemTime) -> (u64, f64, Vec<(f64, f64)>) {
    let mut seen = None;
    summary.read(now, &mut |value| {
        if let Value::Summary(value) = value {
            let quantiles = value.quantiles.iter().map(|quantile| (quantile.rank, quantile.value)).collect();
            seen = Some((value.count, value.sum, quantiles));
        }
    });
    seen.unwrap()
}

fn median(summary: &Summary, now: u64) -> Option<f64> {
    Some(read(summary, at(now)).2[0].1).filter(|value| !value.is_nan())
}

/// A median over 50 seconds in five steps of ten.
fn over_50_seconds() -> Summary {
    let settings = SummarySettings::new([(0.5, 0.05)]).max_age(Duration::from_secs(50)).age_buckets(5);
    Summary::new(&settings, None)
}

#[test]
fn an_observation_matters_for_the_age_given_less_a_step() {
    let summary = over_50_seconds();
    assert_eq!(median(&summary, 0), None);
    summary.observe(1.0, at(1000));
    assert_eq!(median(&summary, 1000), Some(1.0));
    // Made with the first step: all five streams hold it, and the last of them is emptied after 50 seconds.
    assert_eq!(median(&summary, 1049), Some(1.0));
    assert_eq!(median(&summary, 1050), None);

    // Made in the last second of a step: it is gone after a second more than four steps.
    summary.observe(2.0, at(1059));
    assert_eq!(median(&summary, 1099), Some(2.0));
    assert_eq!(median(&summary, 1100), None);
    let (count, sum, _) = read(&summary, at(2000));
    assert_eq!((count, sum), (2, 3.0), "count and sum do not age");
}

#[test]
fn old_observations_give_way_to_recent_ones() {
    let summary = over_50_seconds();
    // A thousand a second, that say which second it is.
    for second in 0..300 {
        (0..1000).for_each(|_| summary.observe(f64::from(second), at(u64::try_from(second).unwrap())));
        let median = median(&summary, u64::try_from(second).unwrap()).unwrap();
        // The stream that answers holds the last 40 to 50 seconds, of which the median is the middle, give or take 5 %.
        let ages = if second < 50 { 0.0..=25.0 } else { 17.0..=28.0 };
        let age = f64::from(second) - median;
        assert!(ages.contains(&age), "median {median} in second {second}");
    }
}

#[test]
fn clocks_that_jump() {
    let summary = over_50_seconds();
    summary.observe(1.0, at(1000));
    assert_eq!(median(&summary, 10), Some(1.0), "set back: nothing ages");
    summary.observe(2.0, at(5));
    assert_eq!(read(&summary, at(5)).0, 2);
    assert_eq!(median(&summary, 1_000_000_000), None, "far ahead: all is old");
    summary.observe(3.0, at(1_000_000_001));
    assert_eq!(median(&summary, 1_000_000_002), Some(3.0));
}

#[test]
fn settings_out_of_range_are_brought_into_it() {
    let settings = SummarySettings::new([(2.0, -1.0), (-1.0, 7.0), (f64::NAN, 0.1), (0.5, 0.1), (0.5, 0.2)]);
    let summary = Summary::new(&settings.max_age(Duration::ZERO).age_buckets(0), Some(at(7)));
    summary.observe(4.0, at(0));
    assert_eq!(read(&summary, at(0)).2, [(0.0, 4.0), (0.5, 4.0), (1.0, 4.0)]);
    assert!(read(&summary, at(1)).2.iter().all(|(_, value)| value.is_nan()));
    summary.observe(f64::NAN, at(1));
    assert_eq!((summary.count(), summary.sum()), (1, 4.0));

    let plain = Summary::new(&SummarySettings::default(), None);
    plain.observe_duration(Duration::from_millis(1500), at(0));
    assert_eq!(read(&plain, at(0)), (1, 1.5, vec![]));
}

#[test]
fn threads_lose_nothing() {
    let summary = Summary::new(&SummarySettings::new([(0.5, 0.05)]), None);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5000).for_each(|value| summary.observe(f64::from(value), at(0))));
        }
        (0..50).for_each(|_| drop(read(&summary, at(0))));
    });
    let (count, sum, quantiles) = read(&summary, at(0));
    // The sum of 0 to 4999, eight times.
    assert_eq!((count, sum), (40_000, 8.0 * 4999.0 * 2500.0));
    assert!((2250.0..=2750.0).contains(&quantiles[0].1), "{quantiles:?}");
}
