//! What the commands about queries print, and how they exit.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;

use promd_tool::{Context, Tool};
use serde_json::Value;

/// The exit code, what was printed, and what was complained about.
fn run(input: &str, arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut context = Context::new(&mut out, &mut err);
    context.input = Box::new(input.as_bytes());
    let code = Tool::run(["promql"].iter().chain(arguments), &mut context);
    drop(context);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn json(arguments: &[&str]) -> (u8, Value) {
    let (code, out, err) = run("", arguments);
    assert_eq!(err, "");
    (code, serde_json::from_str(&out).unwrap())
}

#[test]
fn every_error_is_pointed_at() {
    let (code, out, err) = run("", &["parse", "sum(rate(a[5m]) / ) + (foo bar)\n\t+ no_such(1)"]);
    assert_eq!((code, out.as_str()), (1, ""));
    let expect = "\
1:19: parse error: unexpected \")\" in aggregation
  |
1 | sum(rate(a[5m]) / ) + (foo bar)
  |                   ^
1:28: parse error: unexpected identifier \"bar\"
  |
1 | sum(rate(a[5m]) / ) + (foo bar)
  |                            ^^^
2:4: parse error: unknown function with name \"no_such\"
  |
2 | \t+ no_such(1)
  | \t  ^^^^^^^
";
    assert_eq!(err, expect);
}

#[test]
fn queries_come_from_files_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("query.promql");
    fs::write(&file, "# requests\nsum(rate(a_total[5m]))\n  / b c\n").unwrap();
    let file = file.to_str().unwrap();
    let (code, _, err) = run("", &["format", file]);
    assert_eq!(code, 1);
    assert!(err.starts_with(&format!("{file}:3:7: parse error: unexpected identifier \"c\"")), "{err}");
    let (code, out, err) = run("a  +b # why\n", &["format", "-"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "a + b\n# why\n", ""));
    let (code, _, err) = run("a +", &["lint", "-"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("standard input:1:4: parse error: unexpected end of input"), "{err}");
}

#[test]
fn lint() {
    let query = "rate(memory_bytes{job=~\"api\"}[5m])";
    let (code, out, err) = run("", &["lint", query]);
    let expect = "\
1:6: rate() is for counters, and memory_bytes is none by its name (rate-of-gauge)
  |
1 | rate(memory_bytes{job=~\"api\"}[5m])
  |      ^^^^^^^^^^^^^^^^^^^^^^^^
1:19: job=~\"api\" is matched by one text only: job=\"api\" (literal-regex)
  |
1 | rate(memory_bytes{job=~\"api\"}[5m])
  |                   ^^^^^^^^^^
";
    assert_eq!((code, out.as_str(), err.as_str()), (3, expect, ""));
    assert_eq!(run("", &["lint", "--fix", "((a{b=~\".*\",c=~\".*\"}))"]), (0, "a{}\n".to_owned(), String::new()));
    assert_eq!(run("", &["lint", "a > 1"]), (0, String::new(), String::new()));
    assert_eq!(run("", &["lint", "--alert", "a"]).0, 3);
    assert_eq!(run("", &["lint", "--rules", "short-range", query]).0, 0);
    assert_eq!(run("", &["lint", "rate(a_total[1m])"]).0, 3);
    assert_eq!(run("", &["lint", "--scrape-interval=15s", "rate(a_total[1m])"]).0, 0);
    let (code, _, err) = run("", &["lint", "--rules", "no-such-rule", query]);
    assert_eq!(code, 1);
    assert!(err.contains("there is no such rule; known are rate-of-gauge, "), "{err}");
}

#[test]
fn lint_as_json() {
    let (code, value) = json(&["lint", "--json", "a{b=~\"c\"}"]);
    assert_eq!(code, 3);
    let finding = &value["findings"][0];
    assert_eq!(
        (finding["rule"].as_str(), finding["line"].as_u64(), finding["column"].as_u64()),
        (Some("literal-regex"), Some(1), Some(3))
    );
    assert_eq!((finding["start"].as_u64(), finding["end"].as_u64()), (Some(2), Some(8)));
    assert_eq!(finding["fix"]["replacement"], "b=\"c\"");
    let (code, value) = json(&["lint", "--json", "a{"]);
    assert_eq!(code, 1);
    assert_eq!(value["errors"][0]["message"], "unexpected end of input inside braces");
}

#[test]
fn format() {
    let query = "sum by (job) (rate(requests_total{code=\"500\"}[5m])) / sum by (job) (rate(requests_total[5m])) > 0.1";
    let (code, out, _) = run("", &["format", "--width", "60", query]);
    let expect = "    sum by (job) (rate(requests_total{code=\"500\"}[5m]))\n  /\n    sum by (job) (rate(requests_total[5m]))\n>\n  0.1\n";
    assert_eq!((code, out.as_str()), (0, expect));
    let (code, value) = json(&["format", "--json", "a+b"]);
    assert_eq!((code, value["formatted"].as_str()), (0, Some("a + b")));
}

#[test]
fn parse() {
    let (code, out, _) = run("", &["parse", "sum(rate(a_total[5m])) > 1"]);
    let expect = "\
operator > (instant vector) at 1:1: sum(rate(a_total[5m])) > 1
  aggregation sum (instant vector) at 1:1: sum(rate(a_total[5m]))
    call rate (instant vector) at 1:5: rate(a_total[5m])
      range selector (range vector) at 1:10: a_total[5m]
  number (scalar) at 1:26: 1
";
    assert_eq!((code, out.as_str()), (0, expect));
    let (code, value) = json(&["parse", "--json", "a+1"]);
    assert_eq!((code, value["type"].as_str(), value["string"].as_str()), (0, Some("vector"), Some("a + 1")));
    assert_eq!(value["tree"]["type"], "binaryExpr");
    // What a server without feature flags refuses.
    assert_eq!(run("", &["parse", "limitk(1, a)"]).0, 0);
    assert_eq!(run("", &["parse", "--stable", "limitk(1, a)"]).0, 1);
}
