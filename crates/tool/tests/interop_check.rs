//! `check` beside the real promtool, started on the same files at the same time: exit codes and lines.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use promd_tool::{Context, Tool};
use tempfile::TempDir;

/// Files by name, and what is asked of them.
struct Case {
    arguments: &'static [&'static str],
    /// The last one is checked; the others lie beside it.
    files: &'static [(&'static str, &'static str)],
}

const fn case(arguments: &'static [&'static str], files: &'static [(&'static str, &'static str)]) -> Case {
    Case { arguments, files }
}

const CONFIG: &[&str] = &["check", "config"];
const SYNTAX: &[&str] = &["check", "config", "--syntax-only"];
const AGENT: &[&str] = &["check", "config", "--agent"];
const LONG: &[&str] = &["check", "config", "--lint=too-long-scrape-interval", "--lint-fatal"];
const RULES: &[&str] = &["check", "rules"];
const FATAL: &[&str] = &["check", "rules", "--lint-fatal"];
const NO_LINT: &[&str] = &["check", "rules", "--lint=none"];
const UNKNOWN: &[&str] = &["check", "rules", "--ignore-unknown-fields"];
const WEB: &[&str] = &["check", "web-config"];

const TWICE: &str = "groups: [{name: g, rules: [{record: r, expr: a}, {record: r, expr: b}]}]";
const RIGHT: &str = "groups: [{name: g, rules: [{record: r, expr: a}, {alert: A, expr: up == 0, for: 5m}]}]";

const CASES: &[Case] = &[
    case(CONFIG, &[("p.yml", "")]),
    case(CONFIG, &[("p.yml", "global: {scrape_interval: 15s}")]),
    case(CONFIG, &[("p.yml", "globl: {}")]),
    case(CONFIG, &[("p.yml", "global:\n  scrape_interval: soon")]),
    case(CONFIG, &[("p.yml", "global: {scrape_interval: 5s, scrape_timeout: 10s}")]),
    case(CONFIG, &[("p.yml", "rule_files: [none.yml]")]),
    case(CONFIG, &[("p.yml", "rule_files: [none*.yml]")]),
    case(SYNTAX, &[("p.yml", "rule_files: [none.yml]")]),
    case(CONFIG, &[("r.yml", RIGHT), ("p.yml", "rule_files: [r.yml]")]),
    case(CONFIG, &[("r.yml", TWICE), ("p.yml", "rule_files: [r.yml]")]),
    case(
        CONFIG,
        &[("r.yml", "groups: [{name: g, rules: [{record: r, expr: a b}]}]"), ("p.yml", "rule_files: [r*.yml]")],
    ),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a}, {job_name: a}]")]),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a, static_configs: [{targets: ['http://a']}]}]")]),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a, bearer_token_file: none}]")]),
    case(SYNTAX, &[("p.yml", "scrape_configs: [{job_name: a, bearer_token_file: none}]")]),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a, tls_config: {cert_file: c}}]")]),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a, tls_config: {cert_file: c, key_file: k}}]")]),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a, file_sd_configs: [{files: [none.json]}]}]")]),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a, relabel_configs: [{action: nothing}]}]")]),
    case(CONFIG, &[("p.yml", "scrape_configs: [{job_name: a, relabel_configs: [{regex: '('}]}]")]),
    case(CONFIG, &[("s.yml", "scrape_configs: [{job_name: b}]"), ("p.yml", "scrape_config_files: [s.yml]")]),
    case(CONFIG, &[("p.yml", "alerting: {alertmanagers: [{static_configs: [{targets: ['a/b']}]}]}")]),
    case(CONFIG, &[("p.yml", "remote_write: [{url: 'http://a', name: n}, {url: 'http://b', name: n}]")]),
    case(AGENT, &[("p.yml", "rule_files: [r.yml]")]),
    case(AGENT, &[("p.yml", "remote_write: [{url: 'http://a'}]")]),
    case(LONG, &[("p.yml", "scrape_configs: [{job_name: a, scrape_interval: 10m}]")]),
    case(LONG, &[("p.yml", "scrape_configs: [{job_name: a, scrape_interval: 4m}]")]),
    case(RULES, &[("r.yml", "")]),
    case(RULES, &[("r.yml", RIGHT)]),
    case(RULES, &[("r.yml", TWICE)]),
    case(FATAL, &[("r.yml", TWICE)]),
    case(NO_LINT, &[("r.yml", TWICE)]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{record: r, expr: a, alert: b}]}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{expr: a}]}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{record: r}]}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g}, {name: g}]")]),
    case(RULES, &[("r.yml", "groups: [{name: ''}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{record: 'a b', expr: sum(}]}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{record: r, expr: a b + no_such(1)}]}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{record: r, expr: a, for: 1m}]}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{alert: r, expr: a, for: x}]}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, other: 1}]")]),
    case(UNKNOWN, &[("r.yml", "groups: [{name: g, other: 1}]")]),
    case(RULES, &[("r.yml", "groups: [{name: g, rules: [{alert: A, expr: a, annotations: {x: '{{ $labels. }}'}}]}]")]),
    case(WEB, &[("w.yml", "")]),
    case(WEB, &[("w.yml", "basic_auth_users: {a: b}")]),
    case(WEB, &[("w.yml", "http_server_config: {http2: 1}")]),
    case(WEB, &[("w.yml", "tls_server_config: {cert_file: c}")]),
    case(WEB, &[("w.yml", "tls_server_config: {cert_file: c, key_file: k}")]),
    case(WEB, &[("w.yml", "tls_server: {}")]),
];

/// Where we differ, by a part of the text that is checked, and why.
const EXCUSED: [(&str, &str); 1] = [("$labels. ", "templates are not looked at")];

/// The exit code, what is printed, and what is complained about.
type Said = (i32, String, String);

fn ours(arguments: &[&str], file: &str) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = Tool::run(arguments.iter().copied().chain([file]), &mut Context::new(&mut out, &mut err));
    (code.into(), String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn theirs(promtool: &Path, arguments: &[&str], file: &str) -> Said {
    let output = Command::new(promtool).args(arguments).arg(file).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn write(files: &[(&str, &str)]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut last = String::new();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().clone_into(&mut last);
    }
    (folder, last)
}

#[test]
fn promtool_says_the_same() {
    let Some(promtool) = promd_testkit::peer("promtool") else { return };
    let (mut same, mut excused, mut differ) = (0, 0, Vec::new());
    for Case { arguments, files } in CASES {
        let (_folder, file) = write(files);
        let (got, expect) = (ours(arguments, &file), theirs(&promtool, arguments, &file));
        let text = files.last().map_or("", |(_, text)| text);
        let trimmed = |(code, out, err): &Said| (*code, out.trim().to_owned(), err.trim().to_owned());
        if trimmed(&got) == trimmed(&expect) {
            same += 1;
        } else if EXCUSED.iter().any(|(part, _)| text.contains(part)) {
            excused += 1;
        } else {
            differ.push(format!("{arguments:?} {text}\n  ours {got:?}\n  real {expect:?}"));
        }
    }
    println!("{same} the same, {excused} excused, {} differ", differ.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert_eq!(excused, EXCUSED.len(), "an excuse is not needed");
}
