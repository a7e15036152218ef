use proptest::prelude::*;

use super::*;

/// `testdata/model/duration.tsv` was printed by prometheus/common.
#[test]
fn durations_are_read_and_printed_as_in_prometheus() {
    let table = std::fs::read_to_string(promd_testkit::testdata("model/duration.tsv")).unwrap();
    for row in table.lines() {
        let [what, from, to] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let result = match what {
            "parse" => Duration::parse_signed(from)
                .map_or_else(|error| error.to_string(), |duration| duration.as_nanos().to_string()),
            _ => Duration::from_nanos(from.parse().unwrap()).to_string(),
        };
        assert_eq!(result, to, "{row}");
    }
    assert!(table.lines().count() > 400);
}

#[track_caller]
fn check_param(text: &str, expect: Result<i64, &str>) {
    let result = Duration::parse_param(text).map(Duration::as_nanos);
    assert_eq!(result.map_err(|error| error.to_string()), expect.map_err(str::to_owned), "{text}");
}

/// What the real Prometheus says to these as `step`.
#[test]
fn parameters_are_seconds_or_durations() {
    check_param("5", Ok(5_000_000_000));
    check_param("-5", Ok(-5_000_000_000));
    check_param("1e-10", Ok(0));
    check_param("0.25", Ok(250_000_000));
    check_param("9e9", Ok(9_000_000_000_000_000_000));
    check_param("1h30m", Ok(5_400_000_000_000));
    check_param("Inf", Err(r#"cannot parse "Inf" to a valid duration. It overflows int64"#));
    check_param("9223372037", Err(r#"cannot parse "9223372037" to a valid duration. It overflows int64"#));
    check_param("1h1h", Err(r#"cannot parse "1h1h" to a valid duration"#));
    check_param("1x", Err(r#"cannot parse "1x" to a valid duration"#));
    check_param("", Err(r#"cannot parse "" to a valid duration"#));
}

/// Go's `time.Duration.Seconds` of the same nanoseconds.
#[test]
fn seconds() {
    assert_eq!(Duration::from_nanos(1_500_000_000).as_secs_f64(), 1.5);
    assert_eq!(Duration::from_nanos(-1).as_secs_f64(), -1e-9);
    assert_eq!(Duration::from_nanos(i64::MAX).as_secs_f64(), 9.223372036854776e9);
    assert_eq!(Duration::from_secs_f64(f64::NAN), None);
    assert_eq!(Duration::from_secs_f64(-1.5), Some(Duration::from_nanos(-1_500_000_000)));
    assert_eq!(Duration::from_millis(i64::MAX), None);
    assert_eq!(Duration::from_nanos(7).to_std(), Some(std::time::Duration::from_nanos(7)));
    assert_eq!(Duration::from_nanos(-7).to_std(), None);
    assert_eq!(-Duration::from_nanos(i64::MIN), Duration::from_nanos(i64::MAX));
}

proptest! {
    #[test]
    fn whole_milliseconds_come_back(millis in (-9_223_372_036_854..=9_223_372_036_854i64)) {
        let duration = Duration::from_millis(millis).unwrap();
        prop_assert_eq!(Duration::parse_signed(&duration.to_string()), Ok(duration));
    }

    #[test]
    fn what_is_read_is_printed_again_to_the_same_meaning(text in "([0-9]{1,3}y)?([0-9]{1,3}w)?([0-9]{1,3}d)?([0-9]{1,3}h)?([0-9]{1,3}m)?([0-9]{1,4}s)?([0-9]{1,5}ms)?") {
        if let Ok(duration) = text.parse::<Duration>() {
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }
    }
}
