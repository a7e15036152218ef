//! Expected texts come from Go: `testdata/model/float.tsv`, and from the rules of `strconv`'s documentation.

use proptest::prelude::*;

use super::*;

/// One row a value: bits, then the forms 'f', 'g', 'e' and JSON without its quotes.
fn golden() -> String {
    std::fs::read_to_string(promd_testkit::testdata("model/float.tsv")).unwrap()
}

#[test]
fn every_form_is_that_of_go() {
    let table = golden();
    for row in table.lines() {
        let fields: Vec<_> = row.split('\t').collect();
        let v = f64::from_bits(u64::from_str_radix(fields[0], 16).unwrap());
        assert_eq!(vec![f(v), g(v), e(v), json(v).trim_matches('"').to_owned()], fields[1..], "{row}");
    }
    assert!(table.lines().count() > 1500);
}

#[test]
fn every_form_of_go_is_read_back() {
    for row in golden().lines() {
        let fields: Vec<_> = row.split('\t').collect();
        let v = f64::from_bits(u64::from_str_radix(fields[0], 16).unwrap());
        for text in &fields[1..] {
            let read = parse(text.as_bytes()).unwrap();
            // Go's NaN has one text and one value, whatever the bits were.
            let expected = if v.is_nan() { NAN } else { v };
            assert_eq!(read.to_bits(), expected.to_bits(), "{row}");
        }
    }
}

#[test]
fn writers_append_and_only_the_json_form_is_quoted() {
    let mut out = b"x=".to_vec();
    write_f(&mut out, 2.0);
    out.push(b' ');
    write_json(&mut out, f64::NEG_INFINITY);
    assert_eq!(out, br#"x=2 "-Inf""#);
}

/// From the rule in `model/labels/float.go`: Go's 'g' form, with `.0` behind it if it has neither a point nor an `e`, and
/// fixed texts for 0 and the special values.
#[test]
fn the_openmetrics_form_is_always_a_float() {
    for (v, text) in [
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (1.0, "1.0"),
        (-1.0, "-1.0"),
        (10.0, "10.0"),
        (-250_000.0, "-250000.0"),
        (999_999.0, "999999.0"),
        (1e6, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (0.5, "0.5"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(openmetrics(v), text);
    }
}

#[test]
fn what_go_reads_is_read() {
    for (text, v) in [
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+1", 1.0),
        ("1E5", 1e5),
        ("1e+5", 1e5),
        ("000123", 123.0),
        ("-0", -0.0),
        ("1e-400", 0.0),
        ("0e999999999999", 0.0),
        ("1.7976931348623157e308", f64::MAX),
        // Halfway between two floats: to the even one, and above it to the upper one.
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("9007199254740993.00000000000000000000000000000000000001", 9_007_199_254_740_994.0),
        ("inf", f64::INFINITY),
        ("+INF", f64::INFINITY),
        ("-iNfInItY", f64::NEG_INFINITY),
        ("nan", NAN),
        ("NAN", NAN),
    ] {
        assert_eq!(parse(text.as_bytes()).map(f64::to_bits), Ok(v.to_bits()), "{text}");
    }
}

#[test]
fn what_go_refuses_is_refused() {
    use ParseFloatErrorKind::{Range, Syntax, Unsupported};
    for (text, kind) in [
        ("", Syntax),
        (" 1", Syntax),
        ("1 ", Syntax),
        ("+", Syntax),
        (".", Syntax),
        ("-.", Syntax),
        ("e5", Syntax),
        ("1e", Syntax),
        ("1e+", Syntax),
        ("1.2.3", Syntax),
        ("--1", Syntax),
        ("0x10", Syntax),
        ("0x1p4", Unsupported),
        ("1_000", Unsupported),
        ("+nan", Syntax),
        ("-NaN", Syntax),
        ("infin", Syntax),
        ("infinityy", Syntax),
        ("1e309", Range),
        ("-1e99999", Range),
        ("1.797693134862315808e308", Range),
        ("१", Syntax),
    ] {
        assert_eq!(parse(text.as_bytes()).map_err(|error| error.kind()), Err(kind), "{text}");
    }
}

#[test]
fn an_error_reads_as_in_prometheus() {
    let text = |input: &[u8]| parse(input).unwrap_err().to_string();
    assert_eq!(text(b"1e999"), r#"strconv.ParseFloat: parsing "1e999": value out of range"#);
    assert_eq!(text(b"0x1p4"), "unsupported character in float");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// The standard library finds the same number of digits by other code. Where two candidates are equally near it takes
    /// the upper one and Go the even one, which is what its exact form does.
    #[test]
    fn digits_are_those_of_the_standard_library(bits: u64, quarters in 1u64 << 52..1 << 53) {
        // Quarters between 2^50 and 2^51 have 16 digits before their last, and half of them lie between two candidates.
        for v in [f64::from_bits(bits), quarters as f64 / 4.0] {
            prop_assume!(v.is_finite());
            let shortest = format!("{v:e}");
            let places = shortest.find('e').unwrap().saturating_sub(if v < 0.0 { 3 } else { 2 });
            let even = format!("{v:.places$e}");
            // Below a power of two floats lie closer, so that the nearest text may read back as another one.
            let (digits, exponent) = if even.parse() == Ok(v) { &even } else { &shortest }.split_once('e').unwrap();
            let exponent: i32 = exponent.parse().unwrap();
            let sign = if exponent < 0 { '-' } else { '+' };
            prop_assert_eq!(e(v), format!("{digits}e{sign}{:02}", exponent.abs()));
        }
    }

    #[test]
    fn every_form_reads_back(bits: u64, integer in -1_000_000_000_000_000_000i64..1_000_000_000_000_000_000) {
        for v in [f64::from_bits(bits), integer as f64] {
            prop_assume!(!v.is_nan());
            for text in [f(v), g(v), e(v), json(v).trim_matches('"').to_owned()] {
                prop_assert_eq!(parse(text.as_bytes()).unwrap().to_bits(), v.to_bits(), "{}", text);
            }
            prop_assert_eq!(parse(openmetrics(v).as_bytes()).unwrap(), v);
        }
    }

    /// Rust reads the same numbers but for the listed differences.
    #[test]
    fn numbers_are_read_as_by_the_standard_library(text in r"[+-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{0,3})?") {
        let std = text.parse::<f64>().ok().filter(|v| v.is_finite());
        prop_assert_eq!(parse(text.as_bytes()).ok().map(f64::to_bits), std.map(f64::to_bits));
    }
}
