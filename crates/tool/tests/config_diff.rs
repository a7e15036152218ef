//! `config diff`: what is found, and what is no difference. What a job inherits and what is filled in is documented for
//! `prometheus.yml`; the rest is read off the two texts.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;

use promd_tool::{Context, Tool};
use serde_json::{Value, json};
use tempfile::TempDir;

const OLD: &str = "\
global: {scrape_interval: 30s, external_labels: {site: a}}
rule_files: [rules/*.yml]
scrape_configs:
- job_name: api
  static_configs:
  - targets: [a:80, b:80]
    labels: {env: prod}
- job_name: gone
  static_configs: [{targets: [x:1]}]
- job_name: same
  scrape_interval: 10s
  static_configs: [{targets: [s:1]}]
";

const NEW: &str = "\
global: {scrape_interval: 15s, external_labels: {site: b}}
rule_files: [rules/*.yml, more.yml]
scrape_configs:
- job_name: came
  static_configs: [{targets: [y:1, z:1]}]
- job_name: same
  scrape_timeout: 10s     # what it is anyway
  scrape_interval: 10s
  static_configs: [{targets: [s:1]}]
- job_name: api
  sample_limit: 100
  static_configs:
  - targets: [a:80]
    labels: {env: prod}
  - targets: [b:80]
    labels: {env: test}
";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn run(folder: &TempDir, old: &str, new: &str, options: &[&str]) -> (u8, String, String) {
    // Not in one folder: it is no difference where a file is.
    let old = write(folder.path(), "old/prometheus.yml", old);
    let new = write(folder.path(), "new/prometheus.yml", new);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["config", "diff", &old, &new].into_iter().chain(options.iter().copied());
    let code = Tool::run(arguments, &mut Context::new(&mut out, &mut err));
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn check(old: &str, new: &str, expect: &str) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&folder, old, new, &[]), (0, expect.to_owned(), String::new()), "{old}\n{new}");
    let code = if expect == "no differences\n" { 0 } else { 3 };
    assert_eq!(run(&folder, old, new, &["--exit-code"]).0, code, "{old}\n{new}");
}

#[test]
fn jobs_fields_and_targets() {
    check(
        OLD,
        NEW,
        "\
global.external_labels.site: a -> b
global.scrape_interval: 30s -> 15s
rule_files: [\"rules/*.yml\"] -> [\"rules/*.yml\",\"more.yml\"]
job \"came\" added: 2 static targets
  + y:1
  + z:1
job \"gone\" removed: 1 static target
  - x:1
job \"api\" changed: 3 static targets affected
  sample_limit: added 100
  scrape_interval: 30s -> 15s
  - b:80 {env=\"prod\"}
  + b:80 {env=\"test\"}
",
    );
}

#[test]
fn as_json() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = run(&folder, OLD, NEW, &["--json"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    assert_eq!(value["settings"][0], json!({"field": "global.external_labels.site", "old": "a", "new": "b"}));
    let target = |address: &str, labels: Value| json!({"address": address, "labels": labels});
    assert_eq!(
        value["jobs"],
        json!({
            "added": [{"job": "came", "targets": [target("y:1", json!({})), target("z:1", json!({}))]}],
            "removed": [{"job": "gone", "targets": [target("x:1", json!({}))]}],
            "changed": [{
                "job": "api",
                "fields": [
                    {"field": "sample_limit", "old": null, "new": 100},
                    {"field": "scrape_interval", "old": "30s", "new": "15s"},
                ],
                "targets": {
                    "added": [target("b:80", json!({"env": "test"}))],
                    "removed": [target("b:80", json!({"env": "prod"}))],
                    "affected": 3,
                },
            }],
        })
    );
}

#[test]
fn what_means_the_same_is_no_difference() {
    let job = |rest: &str| format!("scrape_configs: [{{job_name: a{rest}}}]");
    for (old, new) in [
        ("global: {evaluation_interval: 1m}", "global: {scrape_interval: 1m}  # the default"),
        ("", "global: {}"),
        ("{}", "global: {metric_name_escaping_scheme: allow-utf-8}"),
        (&*job(""), &*job(", metrics_path: /metrics")),
        (
            &*job(", static_configs: [{targets: [a:1, b:1]}]"),
            &*job(", static_configs: [{targets: [b:1]}, {targets: [a:1]}]"),
        ),
        (&*job(", bearer_token: x"), &*job(", authorization: {credentials: x}")),
        ("rule_files: [a.yml]", "rule_files:\n- ./a.yml"),
    ] {
        check(old, new, "no differences\n");
    }
}

#[test]
fn secrets_are_compared_and_not_shown() {
    let job = |rest: &str| format!("scrape_configs: [{{job_name: a, {rest}, static_configs: [{{targets: [t:1]}}]}}]");
    for (field, old, new) in [
        ("basic_auth.password", "basic_auth: {username: u, password: one}", "basic_auth: {username: u, password: two}"),
        ("authorization.credentials", "authorization: {credentials: one}", "authorization: {credentials: two}"),
        ("http_headers", "http_headers: {X: {secrets: [one]}}", "http_headers: {X: {secrets: [two]}}"),
    ] {
        let expect = format!("job \"a\" changed: 1 static target affected\n  {field}: <secret> changed\n");
        check(&job(old), &job(new), &expect);
    }
}

#[test]
fn parts_of_lists_have_their_place() {
    let job = |regex: &str| {
        format!(
            "scrape_configs: [{{job_name: a, relabel_configs: [{{action: labeldrop, regex: x}}, {{action: labeldrop, regex: {regex}}}]}}]"
        )
    };
    check(&job("y"), &job("z"), "job \"a\" changed: 0 static targets affected\n  relabel_configs[1].regex: y -> z\n");
}

/// Jobs of other files are jobs, too.
#[test]
fn jobs_of_other_files() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "new/jobs/a.yml", "scrape_configs: [{job_name: a, static_configs: [{targets: [t:1]}]}]");
    let (old, new) =
        ("scrape_configs: [{job_name: a, static_configs: [{targets: [t:1]}]}]", "scrape_config_files: [jobs/*.yml]");
    let (code, out, err) = run(&folder, old, new, &[]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "scrape_config_files: added [\"jobs/*.yml\"]\n", ""));
}

#[test]
fn what_is_no_configuration_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(&folder, "", "globl: {}", &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("new/prometheus.yml") && err.contains("field globl not found"), "{err}");
}
