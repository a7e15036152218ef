//! What is experimental is refused unless its option allows it.
//!
//! The texts are those of a Prometheus 3.5.3 that was started without feature flags; of what it does not know they are those of
//! `promql/parser/parse.go` of 3.14.

use promd_promql_parser::{Options, Parser};

/// Everything that there is an option for, or nothing.
fn with(allowed: bool) -> Options {
    let mut options = Options::all();
    options.experimental_functions = allowed;
    options.duration_expressions = allowed;
    options.extended_range_selectors = allowed;
    options.fill_modifiers = allowed;
    options
}

/// A query that one option allows, and what is said of it without.
#[track_caller]
fn check(allow: fn(&mut Options), query: &str, refused: &str) {
    assert!(Parser::new(Options::all()).parse(query).is_ok(), "{query:?} with everything");
    let mut alone = with(false);
    allow(&mut alone);
    assert!(Parser::new(alone).parse(query).is_ok(), "{query:?} with its option alone");
    let mut others = with(true);
    others.experimental_functions &= !alone.experimental_functions;
    others.duration_expressions &= !alone.duration_expressions;
    others.extended_range_selectors &= !alone.extended_range_selectors;
    others.fill_modifiers &= !alone.fill_modifiers;
    let error = Parser::new(others).parse(query).map(|expr| expr.to_string()).map_err(|error| error.to_string());
    assert_eq!(error, Err(refused.to_owned()), "{query:?} without its option");
}

#[test]
fn functions() {
    let allow = |options: &mut Options| options.experimental_functions = true;
    check(allow, "sort_by_label(a, \"b\")", "1:1: parse error: function \"sort_by_label\" is not enabled");
    check(allow, "1 + info(a)", "1:5: parse error: function \"info\" is not enabled");
    check(allow, "start()", "1:1: parse error: function \"start\" is not enabled");
    check(allow, "min_of(1, 2)", "1:1: parse error: function \"min_of\" is not enabled");
    let flag = "must be enabled with --enable-feature=promql-experimental-functions";
    check(allow, "limitk(1, a)", &format!("1:1: parse error: limitk() is experimental and {flag}"));
    check(allow, "limit_ratio by (x) (0.5, a)", &format!("1:1: parse error: limit_ratio() is experimental and {flag}"));
}

#[test]
fn durations() {
    let allow = |options: &mut Options| options.duration_expressions = true;
    let not = "experimental duration expression is not enabled";
    check(allow, "a[5m * 2]", &format!("1:3: parse error: {not}"));
    check(allow, "a[-(-5m)]", &format!("1:5: parse error: {not}"));
    check(allow, "a offset (5m)", &format!("1:11: parse error: {not}"));
    check(allow, "a[5m:1m + 1m]", &format!("1:6: parse error: {not}"));
    check(allow, "rate(a[5m*2]) + rate(a[5m])", &format!("1:8: parse error: {not}"));
    check(allow, "a[step()]", &format!("1:3: parse error: {not}"));
    check(allow, "a offset max_of(1m, 2m)", &format!("1:10: parse error: {not}"));
    // Signs, and what is no part of a duration, are none of it; nor, in 3.14, are parentheses behind a sign.
    let mut without = Options::all();
    without.duration_expressions = false;
    for query in ["a offset 5m + 1", "a[+5m]", "a offset -5m", "a offset -(5m)", "a[1h30m:5]"] {
        assert!(Parser::new(without).parse(query).is_ok(), "{query:?}");
    }
}

#[test]
fn range_selectors() {
    let allow = |options: &mut Options| options.extended_range_selectors = true;
    check(allow, "rate(a[5m] anchored)", "1:6: parse error: anchored modifier is experimental and not enabled");
    check(allow, "1 + a smoothed", "1:5: parse error: smoothed modifier is experimental and not enabled");
}

#[test]
fn fill() {
    let allow = |options: &mut Options| options.fill_modifiers = true;
    let not = "binop fill modifiers are experimental and not enabled";
    check(allow, "a + fill (0) b", &format!("1:1: parse error: {not}"));
    check(allow, "c * (a + on (x) fill_left (-1) b)", &format!("1:6: parse error: {not}"));
    check(allow, "a + fill_right (1) fill_left (2) b", &format!("1:1: parse error: {not}"));
}

/// What is stable is allowed by the default, and so are durations.
#[test]
fn the_default() {
    for query in
        ["first_over_time(a[5m])", "a[5m * 2]", "a </ 1", "{\"a.b\"}", "a @ end() offset -1h", "anchored + fill"]
    {
        assert!(Parser::default().parse(query).is_ok(), "{query:?}");
    }
}
