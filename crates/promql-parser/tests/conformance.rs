//! Inputs from Prometheus' own tests with what Prometheus 3.14 makes of them, and what the running 3.5.3 answered.
#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![expect(clippy::print_stdout, reason = "the counts are of interest when all is well, too")]

use std::fs;

use promd_promql_parser::{Options, Parser};
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
