//! Inputs from Prometheus' own tests with what Prometheus 3.14 makes of them, and what the running 3.5.3 answered.
#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![expect(clippy::print_stdout, reason = "the counts are of interest when all is well, too")]

use std::fs;

use promd_promql_parser::{Formatter, Options, Parser};
use serde_json::Value;

fn rows(file: &str) -> Vec<Value> {
    let Some(folder) = promd_testkit::conformance("promql-parser") else { return Vec::new() };
    let text = fs::read_to_string(folder.join(file)).unwrap();
    // Bytes that are no UTF-8 are written as lone surrogates; a query that has them is read with U+FFFD in their place.
    let rows = text.lines().map(|line| serde_json::from_str(&line.replace("\\udcff", "\\ufffd")).unwrap());
    let rows: Vec<Value> = rows.collect();
    assert!(!rows.is_empty(), "{file} is empty");
    rows
}

/// Counts what passes, says what does not, and fails at the end.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn check(&mut self, what: &str, input: &str, got: &str, expect: &str) {
        if got == expect {
            self.passed += 1;
        } else {
            self.failed += 1;
            println!("{what} of {input:.200?}\n     got {got:?}\n  expect {expect:?}");
        }
    }

    fn report(&self, what: &str) {
        println!("{what}: {} passed, {} failed", self.passed, self.failed);
        assert_eq!(self.failed, 0, "{what}");
    }
}

#[test]
fn validity_and_error_text() {
    let parser = Parser::new(Options::all());
    let (mut validity, mut errors) = (Tally::default(), Tally::default());
    for row in rows("expr.jsonl") {
        let input = row["input"].as_str().unwrap();
        let result = parser.parse(input);
        let error = result.as_ref().err().map(ToString::to_string);
        let valid = row["valid"].as_bool().unwrap();
        let verdict = |valid, text: &str| if valid { "valid".to_owned() } else { format!("invalid: {text}") };
        let expect = row["error"].as_str().unwrap_or_default();
        if valid {
            validity.check("verdict", input, &verdict(error.is_none(), error.as_deref().unwrap_or_default()), "valid");
        } else {
            errors.check("error", input, error.as_deref().unwrap_or("valid"), expect);
        }
    }
    println!("error: {} passed, {} failed", errors.passed, errors.failed);
    validity.report("valid");
    errors.report("error");
}

#[test]
fn series_notation() {
    let mut tally = Tally::default();
    for row in rows("series.jsonl") {
        let input = row["input"].as_str().unwrap();
        let got = promd_promql_parser::series::parse(input);
        let said = got.map_or_else(|error| error.to_string(), |_| "valid".to_owned());
        match (row["valid"].as_bool().unwrap(), row["error"].as_str()) {
            (true, _) => tally.check("series", input, &said, "valid"),
            // One row has the error without its place.
            (false, Some(error)) => {
                let end = said.len().saturating_sub(error.len());
                tally.check("series", input, said.get(end..).unwrap_or(&said), error);
            }
            (false, None) => tally.check("series", input, if said == "valid" { "valid" } else { "wrong" }, "wrong"),
        }
    }
    tally.report("series");
}

/// Rows that are valid, with their input and tree.
fn valid() -> Vec<(Value, String, promd_promql_parser::Expr)> {
    let parser = Parser::new(Options::all());
    let rows = rows("expr.jsonl").into_iter().filter(|row| row["valid"] == true);
    let parsed = rows.map(|row| {
        let input = row["input"].as_str().unwrap().to_owned();
        let expr = parser.parse(&input).unwrap();
        (row, input, expr)
    });
    parsed.collect()
}

#[test]
fn canonical_form() {
    let mut tally = Tally::default();
    for (row, input, expr) in valid() {
        let Some(expect) = row["string"].as_str() else { continue };
        tally.check("string", &input, &expr.to_string(), expect);
    }
    tally.report("string");
}

#[test]
fn pretty_form() {
    let mut tally = Tally::default();
    for (row, input, expr) in valid() {
        for (key, value) in row.as_object().unwrap() {
            let formatter = match key.strip_prefix("pretty_w") {
                Some(width) => Formatter::with_width(width.parse().unwrap()),
                None if key == "v353_pretty" && row["v353_string"].is_null() => Formatter::default(),
                None => continue,
            };
            tally.check(key, &input, &formatter.format(&expr), value.as_str().unwrap());
        }
    }
    tally.report("pretty");
}

/// What 3.5.3 has no key for, since it does not know the feature.
const NEW_KEYS: [&str; 8] =
    ["fillValues", "rangeExpr", "offsetExpr", "stepExpr", "anchored", "smoothed", "duration", "wrapped"];

/// `got` without the keys that are too new for `expect`.
fn as_old_as(expect: &Value, got: &Value) -> Value {
    match (expect, got) {
        (Value::Object(expect), Value::Object(got)) => {
            let known = got.iter().filter(|(key, _)| expect.contains_key(*key) || !NEW_KEYS.contains(&key.as_str()));
            let null = Value::Null;
            known.map(|(key, value)| (key.clone(), as_old_as(expect.get(key).unwrap_or(&null), value))).collect()
        }
        (Value::Array(expect), Value::Array(got)) if expect.len() == got.len() => {
            expect.iter().zip(got).map(|(expect, got)| as_old_as(expect, got)).collect()
        }
        _ => got.clone(),
    }
}

#[test]
fn tree_as_json() {
    let mut tally = Tally::default();
    for (row, input, expr) in valid() {
        let expect = &row["v353_ast"];
        // Since 3.13 a duration keeps its parentheses, which shows in the canonical form too.
        if expect.is_null() || !row["v353_string"].is_null() {
            continue;
        }
        let got = as_old_as(expect, &serde_json::to_value(&expr).unwrap());
        tally.check("tree", &input, &got.to_string(), &expect.to_string());
    }
    tally.report("tree");
}
