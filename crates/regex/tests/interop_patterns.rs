//! The same patterns to Prometheus' own tool: which are refused, and in which words. Expected values are promtool's.

#![expect(clippy::unwrap_used, reason = "a tool that cannot be run fails the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use promd_regex::{Anchored, Error};

/// Patterns without quotes and line breaks, so that they fit into a query and a line of YAML.
const PATTERNS: &[&str] = &[
    "",
    "a",
    "a|b",
    "[",
    "[a",
    "[]a",
    "[b-a]",
    "[[:foo:]]",
    "(",
    ")",
    "a)(b",
    "a)|(?:b",
    "(?",
    "(?i",
    "(?i)a",
    "(?x)a",
    "(?P<",
    "(?P<n",
    "(?P<n>a)",
    "(?P<n>a)(?P<n>b)",
    "(?P<n m>a)",
    "(?<",
    "(?<n",
    "(?<n>a)",
    "(?<n>",
    "(?<>a)",
    "(?P=n)",
    "a**",
    "a*+",
    "a{2}{3}",
    "*",
    "|*",
    "a{1001}",
    "a{2,1}",
    "(a{100}){11}",
    "a{,5}",
    "x{",
    r"\",
    r"a\",
    r"\8",
    r"\C",
    r"\Z",
    r"\x{110000}",
    r"\x4",
    r"\Qa",
    r"\Qa\E",
    r"\pX",
    r"\p{Greek}",
    r"\p{greek}",
    r"\p{LC}",
    r"\p{Cn}",
    r"\p{ASCII}",
    r"\p{Letter}",
    r"\p{Garay}",
    r"\p",
    "[a&&b]",
    r"\<a\>",
    "(?s-i:a.b)",
    "é",
    "(?i)ſ",
    "^a$",
    "a$|^b",
];

/// The error that we give, or an empty text.
fn ours(result: Result<Anchored, Error>) -> String {
    result.err().map_or_else(String::new, |error| error.to_string())
}

/// Differences are collected, so that one run shows them all.
#[track_caller]
fn compare(theirs: impl Fn(&str) -> String, ours: impl Fn(&str) -> String) {
    let differences: Vec<String> = PATTERNS
        .iter()
        .map(|pattern| (pattern, theirs(pattern), ours(pattern)))
        .filter(|(_, theirs, ours)| theirs != ours)
        .map(|(pattern, theirs, ours)| format!("{pattern:?}: promtool says {theirs:?}, we say {ours:?}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn run(promtool: &Path, arguments: &[&str]) -> Output {
    Command::new(promtool).args(arguments).output().unwrap()
}

/// What follows `marker` on its line, if the tool failed.
fn failure(output: &Output, marker: &str) -> String {
    if output.status.success() {
        return String::new();
    }
    let text = [&*output.stdout, &*output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let (_, message) = text.split_once(marker).unwrap_or_else(|| panic!("no {marker:?} in {text}"));
    message.lines().next().unwrap_or_default().into()
}

#[test]
fn matchers_are_refused_in_the_same_words() {
    let Some(promtool) = promd_testkit::peer("promtool") else { return };
    let theirs = |pattern: &str| {
        let query = format!("{{a=~\"{}\",b=\"c\"}}", pattern.replace('\\', r"\\"));
        let output = run(&promtool, &["--experimental", "promql", "format", &query]);
        failure(&output, "parse error: ")
    };
    compare(theirs, |pattern| ours(Anchored::new(pattern)));
}

#[test]
fn relabelling_is_refused_in_the_same_words() {
    let Some(promtool) = promd_testkit::peer("promtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let theirs = |pattern: &str| {
        let rule = format!("{{action: drop, source_labels: [b], regex: '{pattern}'}}");
        fs::write(&file, format!("scrape_configs:\n- job_name: a\n  relabel_configs:\n  - {rule}\n")).unwrap();
        let output = run(&promtool, &["check", "config", file.to_str().unwrap()]);
        failure(&output, "prometheus.yml: ")
    };
    compare(theirs, |pattern| ours(Anchored::wrapped(pattern)));
}
