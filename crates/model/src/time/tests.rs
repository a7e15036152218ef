use proptest::prelude::*;

use super::*;

/// `testdata/model/time.tsv` is Go's.
#[test]
fn times_are_read_and_printed_as_in_go() {
    let table = std::fs::read_to_string(promd_testkit::testdata("model/time.tsv")).unwrap();
    for row in table.lines() {
        match row.split('\t').collect::<Vec<_>>()[..] {
            ["parse", text, expect] => {
                let result = Millis::parse_rfc3339(text).map_or_else(|_| "error".to_owned(), |time| time.0.to_string());
                assert_eq!(result, expect, "{row}");
            }
            ["print", millis, text, weekday, yearday] => {
                let time = Millis(millis.parse().unwrap());
                assert_eq!(time.rfc3339().to_string(), text, "{row}");
                assert_eq!(time.civil().weekday.to_string(), weekday, "{row}");
                assert_eq!(time.civil().yearday.to_string(), yearday, "{row}");
            }
            _ => panic!("{row}"),
        }
    }
    assert!(table.lines().count() > 250);
}

#[track_caller]
fn check_param(text: &str, expect: Result<i64, &str>) {
    let result = Millis::parse_param(text).map(|time| time.0);
    assert_eq!(result.map_err(|error| error.to_string()), expect.map_err(str::to_owned), "{text}");
}

/// What the real Prometheus says to these as `time`; beyond the year 2262 its engine has no room, so there it is arithmetic.
#[test]
fn parameters_are_seconds_or_dates() {
    check_param("0", Ok(0));
    check_param("1.0005", Ok(1_000));
    check_param("1.0015", Ok(1_002));
    check_param("-1.5", Ok(-1_500));
    check_param("1e10", Ok(10_000_000_000_000));
    check_param("2020-01-01T1:02:03Z", Ok(1_577_840_523_000));
    check_param("2020-01-01T01:02:03,5Z", Ok(1_577_840_523_500));
    check_param("2020-01-01T01:02:03.1234567891234+24:60", Ok(1_577_750_523_123));
    check_param("2020-01-01T01:02:03+24:61", Err(r#"cannot parse "2020-01-01T01:02:03+24:61" to a valid timestamp"#));
    check_param("-292273086-05-16T16:47:06Z", Ok(-9_223_309_901_257_974_000));
    check_param("292277025-08-18T07:12:54.999999999Z", Ok(9_223_309_901_257_974_999));
    check_param("+292277025-08-18T07:12:54.999999999Z", Ok(9_223_309_901_257_974_999));
    check_param("1e300", Ok(i64::MAX));
    check_param("-Inf", Ok(i64::MIN));
    check_param("NaN", Err(r#"cannot parse "NaN" to a valid timestamp"#));
    check_param("1e400", Err(r#"cannot parse "1e400" to a valid timestamp"#));
    check_param("0x10", Err(r#"cannot parse "0x10" to a valid timestamp"#));
    check_param(" 1", Err(r#"cannot parse " 1" to a valid timestamp"#));
    check_param("", Err(r#"cannot parse "" to a valid timestamp"#));
}

/// The bounds of an open range are what their special texts say.
#[test]
fn the_bounds_of_the_api_are_their_texts() {
    assert_eq!(Millis::API_MIN.rfc3339().to_string(), "-292273086-05-16T16:47:06Z");
    assert_eq!(Millis::API_MAX.rfc3339().to_string(), "292277025-08-18T07:12:54.999Z");
}

#[track_caller]
fn check_text(millis: i64, expect: &str) {
    let mut json = Vec::new();
    Millis(millis).write_json(&mut json);
    assert_eq!((Millis(millis).to_string().as_str(), String::from_utf8(json).unwrap().as_str()), (expect, expect));
}

/// Zeros are kept behind the point, as in `util/jsonutil/marshal.go`.
#[test]
fn times_of_the_api_have_three_digits_or_none() {
    check_text(0, "0");
    check_text(1, "0.001");
    check_text(10, "0.010");
    check_text(100, "0.100");
    check_text(1_000, "1");
    check_text(1_001, "1.001");
    check_text(-1, "-0.001");
    check_text(-1_500, "-1.500");
    check_text(1_435_781_451_781, "1435781451.781");
    check_text(i64::MIN, "-9223372036854775.808");
}

#[test]
fn seconds_are_rounded_to_the_nearest_millisecond() {
    assert_eq!(Millis::from_secs_f64(1.0004), Millis(1_000));
    assert_eq!(Millis::from_secs_f64(-0.0005), Millis(-1));
    assert_eq!(Millis::from_secs_f64(f64::INFINITY), Millis::MAX);
    assert_eq!(Millis(1_500).as_secs_f64(), 1.5);
}

proptest! {
    #[test]
    fn a_time_of_four_digit_years_comes_back(millis in -62_167_219_200_000..=253_402_300_799_999i64) {
        let time = Millis(millis);
        prop_assert_eq!(Millis::parse_rfc3339(&time.rfc3339().to_string()), Ok(time));
        prop_assert_eq!(Millis::parse_param(&time.to_string()), Ok(time));
    }

    #[test]
    fn a_date_is_one_of_the_calendar(millis: i64) {
        let Civil { year, month, day, weekday, yearday, .. } = Millis(millis).civil();
        prop_assert!(i64::from(day) <= civil::days_of_month(year, month) && day > 0);
        prop_assert_eq!(civil::days_since_1970(year, month, day), millis.div_euclid(86_400_000));
        prop_assert!(weekday < 7 && (1..=366).contains(&yearday));
    }
}
