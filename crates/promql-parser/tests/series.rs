//! What series notation stands for, and what is said where it is wrong.
//!
//! Values follow from the notation by arithmetic. Errors are in the words of Prometheus; `interop_series.rs` asks promtool.

use promd_model::{CounterResetHint, is_stale};
use promd_promql_parser::series::{self, SeriesItem, SeriesValue};

/// Values as text: `_` for none, `stale`, numbers, histograms as Prometheus prints them.
#[track_caller]
fn check(notation: &str, expect: &str) {
    let series = series::parse(&format!("m {notation}")).unwrap_or_else(|error| panic!("{notation}: {error}"));
    let values: Vec<String> = series
        .values()
        .map(|value| match value {
            SeriesValue::Missing => "_".to_owned(),
            SeriesValue::Float(value) if is_stale(value) => "stale".to_owned(),
            SeriesValue::Float(value) => value.to_string(),
            SeriesValue::Histogram { histogram, .. } => histogram.to_string(),
        })
        .collect();
    assert_eq!(values.join(" "), expect, "{notation}");
    assert_eq!(series.len(), values.len() as u64, "{notation}");
}

#[test]
fn values() {
    check("", "");
    check("1 -2 +3 0.5 1e3 017", "1 -2 3 0.5 1000 15");
    check("NaN Inf -Inf inf", "NaN inf -inf inf");
    check("_ _x3 _x0", "_ _ _ _");
    check("stale 1", "stale 1");
    check("5x3", "5 5 5 5");
    check("0x3", "0 0 0 0");
    check("1+2x3 10-5x2 -3-3x1 +1+1x1", "1 3 5 7 10 5 0 -3 -6 1 2");
    check("1e2x1 1_000", "100 100 1000");
    // Errors of rounding add up, as they do in Prometheus.
    check("0+0.1x3", "0 0.1 0.2 0.30000000000000004");
}

#[test]
fn histograms() {
    check("{{}}", "{count:0, sum:0}");
    check(
        "{{schema:0 sum:5 count:4 z_bucket:1 z_bucket_w:0.5 buckets:[1 2] offset:1 n_buckets:[1] n_offset:-1}}",
        "{count:4, sum:5, [-0.5,-0.25):1, [-0.5,0.5]:1, (1,2]:1, (2,4]:2}",
    );
    check("{{count:1}}x1 _", "{count:1, sum:0} {count:1, sum:0} _");
    check(
        "{{count:2 sum:1 buckets:[1 1]}}+{{count:3 sum:-2 buckets:[1 2]}}x2",
        "{count:2, sum:1, (0.5,1]:1, (1,2]:1} {count:5, sum:-1, (0.5,1]:2, (1,2]:3} {count:8, sum:-3, (0.5,1]:3, (1,2]:5}",
    );
    check("{{count:3}}-{{count:1}}x2", "{count:3, sum:0} {count:2, sum:0} {count:1, sum:0}");
    // The step may be finer than the first one, and is made coarser.
    check(
        "{{schema:0 buckets:[1]}}+{{schema:1 buckets:[1] offset:-1}}x1",
        "{count:0, sum:0, (0.5,1]:1} {count:0, sum:0, (0.5,1]:2}",
    );
    check(
        "{{schema:-53 count:3 sum:4 custom_values:[1 2] buckets:[1 1 1]}}",
        "{count:3, sum:4, [-Inf,1]:1, (1,2]:1, (2,+Inf]:1}",
    );
    // What does not belong between the numbers is skipped.
    check("{{buckets:[1-2 3]}}", "{count:0, sum:0, (0.5,1]:1, (1,2]:3}");
}

#[test]
fn hints() {
    for (notation, hint, named) in [
        ("{{}}", CounterResetHint::Unknown, false),
        ("{{counter_reset_hint:unknown}}", CounterResetHint::Unknown, true),
        ("{{counter_reset_hint:reset}}", CounterResetHint::Reset, true),
        ("{{counter_reset_hint:not_reset}}x1", CounterResetHint::NotReset, true),
        ("{{COUNT:1 Counter_Reset_Hint:GAUGE}}", CounterResetHint::Gauge, true),
        ("{{}}+{{counter_reset_hint:gauge}}x0", CounterResetHint::Unknown, true),
    ] {
        let series = series::parse(&format!("{{}} {notation}")).unwrap();
        let Some(SeriesItem::Histogram { first, names_hint, .. }) = series.items.first() else { panic!("{notation}") };
        assert_eq!((first.counter_reset_hint, *names_hint), (hint, named), "{notation}");
    }
}

#[test]
fn metrics() {
    for (metric, labels) in [
        ("up", r#"{__name__="up"}"#),
        ("a:b{}", r#"{__name__="a:b"}"#),
        ("sum{by='x',on=`y`,}", r#"{__name__="sum", by="x", on="y"}"#),
        (r#"{"a.b", "c d"="\u00e9"}"#, r#"{__name__="a.b", "c d"="é"}"#),
        (
            r#"{"a.b", "c d"="\u00e9", # comment
            e="f"}"#,
            r#"{__name__="a.b", "c d"="é", e="f"}"#,
        ),
        (r#"a{__name__="b",c=""}"#, r#"{__name__="a"}"#),
        ("", "{}"),
    ] {
        assert_eq!(series::parse(metric).unwrap().labels.to_string(), labels, "{metric}");
        assert_eq!(series::parse_metric(metric).unwrap().to_string(), labels, "{metric}");
    }
    // Behind a blank the values begin; a metric alone may have one there.
    assert!(series::parse("up {}").is_err());
    assert_eq!(series::parse_metric(" up {} ").unwrap().to_string(), r#"{__name__="up"}"#);
    let error = series::parse_metric("up 1").unwrap_err();
    assert_eq!(error.to_string(), "1:4: parse error: unexpected number \"1\"");
}

/// Rows of values that nobody could keep cost nothing until they are asked for.
#[test]
fn many_values_are_few_bytes() {
    let series = series::parse("m 1+1x18446744073709551615 _x1000000000").unwrap();
    assert_eq!((series.items.len(), series.len()), (2, u64::MAX));
    assert_eq!(series.values().nth(1_000), Some(SeriesValue::Float(1_001.0)));
}

#[test]
fn errors() {
    for (text, expect) in [
        ("m 1+1", "1:6: parse error: unexpected end of input in series values"),
        ("m 1x", "1:5: parse error: unexpected end of input in series values"),
        ("m 1 x", "1:5: parse error: unexpected \"x\""),
        (
            "m 1x1.5",
            "1:5: parse error: invalid repetition in series values: strconv.ParseUint: parsing \"1.5\": invalid syntax",
        ),
        ("m abc", "1:3: parse error: unexpected identifier \"abc\" in series values, expected number or \"stale\""),
        ("m 5m", "1:3: parse error: bad number syntax: \"5\""),
        ("m 1,2", "1:4: parse error: unexpected character in series sequence: ','"),
        ("m sum", "1:3: parse error: unexpected <aggr:sum>"),
        ("on 1", "1:1: parse error: unexpected <on> in series values"),
        ("m{a} 1", "1:4: parse error: unexpected \"}\" in label set, expected \"=\""),
        ("m{a=1} 1", "1:5: parse error: unexpected character inside braces: '1'"),
        ("m{a=} 1", "1:5: parse error: unexpected \"}\" in label set, expected string"),
        ("m{,} 1", "1:3: parse error: unexpected \",\" in label set, expected identifier or \"}\""),
        ("m{a!=\"b\"} 1", "1:4: parse error: unexpected <op:!=> in label set, expected \"=\""),
        ("m{a=\"b\" 1", "1:9: parse error: unexpected character inside braces: '1'"),
        ("m {{schema:1", "1:13: parse error: histogram description incomplete unexpected: '\u{fffd}'"),
        ("m {{sum}}", "1:5: parse error: missing `:` for histogram descriptor"),
        ("m {{summ:1}}", "1:5: parse error: bad histogram descriptor found: \"summ\""),
        ("m {{buckets:[]}}", "1:14: parse error: unexpected \"]\" in series values"),
        ("m {{buckets:[a!]}}", "1:14: parse error: invalid character in buckets description: '!'"),
        ("m {{count:gauge}}", "1:11: parse error: unexpected \"<Item 57448>\" \"gauge\" in series values"),
        ("m {{count:1 count}}", "1:13: parse error: missing `:` for histogram descriptor"),
        (
            "m {{count:1 gauge}}",
            "1:13: parse error: unexpected \"<Item 57448>\" \"gauge\" in histogram description, \
             expected histogram description key, e.g. buckets:[5 10 7]",
        ),
        ("m {{}}+1x1", "1:8: parse error: unexpected number \"1\" in series values"),
        (
            "m {{}}+{{schema:-53 custom_values:[1]}}x1",
            "1:41: parse error: error combining histograms: cannot merge from schema -53 to 0",
        ),
        ("m {{count:1 count:2 sum:1 sum:2}}", "1:1: parse error: duplicate key \"count\" in histogram"),
    ] {
        let error = series::parse(text).unwrap_err();
        assert_eq!(error.to_string(), expect, "{text}");
    }
    let errors = series::parse("m {{count:1 count:2 sum:1 sum:2}} abc 1x1.5 ?").unwrap_err();
    assert_eq!(errors.as_slice().len(), 5);
}

#[test]
fn start_times() {
    let offsets = |line: &str| -> Vec<Option<i64>> { series::parse_start_times(line).unwrap().offsets().collect() };
    assert_eq!(offsets("m@st -1m _ 30s +1ms 0s"), [Some(-60_000), None, Some(30_000), Some(1), Some(0)]);
    assert_eq!(offsets("m{a=\"b\"}@st _x2 -1mx1"), [None, None, Some(-60_000), Some(-60_000)]);
    assert_eq!(offsets("m@st -1m-30sx2"), [Some(-60_000), Some(-90_000), Some(-120_000)]);
    assert!(series::is_start_times("  m@st\t0s"));
    assert!(!series::is_start_times("m @st 0s") && !series::is_start_times("m@st"));
    for (line, expect) in [
        ("m@st", "1:1: parse error: invalid @st line: missing value sequence"),
        ("m@st 1m _x0", "1:9: parse error: invalid @st sequence: invalid ST item \"_x0\": invalid repeat count"),
        (
            "m@st 1m+1m",
            "1:6: parse error: invalid @st sequence: invalid ST item \"1m+1m\": expected 'x<count>' after step duration",
        ),
        (
            "m@st 1m*2",
            "1:6: parse error: invalid @st sequence: invalid ST item \"1m*2\": unexpected character '*' after duration",
        ),
        (
            "m@st abc",
            "1:6: parse error: invalid @st sequence: invalid ST item \"abc\": expected digits in duration \"abc\"",
        ),
        ("m{@st 1m", "1:3: parse error: unexpected end of input inside braces"),
    ] {
        assert_eq!(series::parse_start_times(line).unwrap_err().to_string(), expect, "{line}");
    }
}
