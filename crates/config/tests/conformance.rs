//! Every configuration, rule file, web configuration and unit-test file of the conformance data: is it accepted, and if
//! not, what is said?
//!
//! Verdicts called upstream are those of the tests of Prometheus 3.14; the others are what promtool 3.5.3 printed.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use promd_config::{Config, Options, RuleFile, RuleOptions, UnitTestFile, WebConfig};
use promd_fs::RealFs;
use serde_json::Value;

struct Case {
    kind: String,
    name: String,
    path: PathBuf,
    json: Value,
}

impl Case {
    /// The exit status and what was printed for the command.
    fn printed(&self, command: &str) -> Option<(i64, &str)> {
        let run = &self.json["promtool353"][command];
        Some((run["rc"].as_i64()?, run["out"].as_str()?))
    }
}

fn cases(kind: &str) -> Option<Vec<Case>> {
    let folder = promd_testkit::conformance("config")?;
    let lines = std::fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let case = |line: &str| {
        let json: Value = serde_json::from_str(line).unwrap();
        let name = json["file"].as_str().unwrap().to_owned();
        Case { kind: json["kind"].as_str().unwrap().to_owned(), path: folder.join(&name), name, json }
    };
    Some(lines.lines().map(case).filter(|case| case.kind == kind).collect())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What loads in 3.14: promtool also looks at targets, and at Amazon; and 3.5.3 does not yet infer the escaping of names
/// from the validation of the job.
const LOADS: [&str; 4] = [
    "config/scrape_config_local_infer_escaping.yml",
    "promtool/url_in_alert_targetgroup_with_relabel_config.bad.yml",
    "promtool/url_in_scrape_targetgroup_with_relabel_config.bad.yml",
    "promtool/prometheus-aws-sd-empty-region.good.yml",
];

/// What 3.5.3 says and 3.14 says otherwise (authentication by Google and Azure came in between), by a part of both.
const REWORDED: [(&str, &str); 2] = [
    ("oauth2, or sigv4 parameter", "oauth2, sigv4, azuread or google_iam parameter"),
    ("oauth2, or sigv4 must be configured", "oauth2, sigv4, azuread or google_iam must be configured"),
];

#[test]
fn configurations() {
    let Some(cases) = cases("config") else { return };
    let (mut valid, mut refused, mut failures) = (0, 0, Vec::new());
    for case in &cases {
        let ours =
            Config::load(&RealFs::new(), text(&case.path), &Options::default()).map_err(|error| error.to_string());
        let upstream = &case.json["upstream"];
        let expect = if let Some(valid) = upstream["valid"].as_bool() {
            if valid { Ok(()) } else { Err(upstream["error"].as_str().unwrap_or_default().to_owned()) }
        } else if LOADS.contains(&case.name.as_str()) {
            Ok(())
        } else {
            let (status, out) = case.printed("check config --syntax-only").unwrap();
            if status == 0 { Ok(()) } else { Err(out.split_once("FAILED: ").unwrap().1.trim().to_owned()) }
        };
        let folder = format!("{}/", text(case.path.parent().unwrap()));
        let (mut shown, said) = match (&ours, &expect) {
            (Ok(_), Ok(())) => {
                valid += 1;
                continue;
            }
            (Err(shown), Err(said)) => (shown.replace(&folder, ""), said.replace("testdata/", "")),
            _ => {
                failures.push(format!("{}: {:?} instead of {expect:?}", case.name, ours.err()));
                continue;
            }
        };
        let whole = upstream["valid"].is_null();
        for (old, new) in REWORDED.iter().filter(|_| whole) {
            shown = shown.replace(new, old);
        }
        if whole && shown == said || !whole && shown.contains(&said) {
            refused += 1;
        } else {
            failures.push(format!("{}:\n  ours {shown}\n  real {said}", case.name));
        }
    }
    println!("{} configurations: {valid} accepted, {refused} refused with the same text", cases.len());
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn configurations_of_agents() {
    let Some(cases) = cases("config") else { return };
    let mut options = Options::default();
    options.agent = true;
    let (mut compared, mut failures) = (0, Vec::new());
    for case in &cases {
        let known = case.json["known_to_353"] != Value::Bool(false);
        let Some((_, out)) = case.printed("check config --agent").filter(|_| known) else { continue };
        let ours = Config::load(&RealFs::new(), text(&case.path), &options).map_err(|error| error.to_string());
        let expect = out.lines().find(|line| line.contains("not allowed in agent mode"));
        compared += 1;
        let shown = ours.err().filter(|text| text.contains("in agent mode"));
        let said = expect.map(|line| line.trim().trim_start_matches("FAILED: ").to_owned());
        if shown != said {
            failures.push(format!("{}: {shown:?} instead of {said:?}", case.name));
        }
    }
    println!("{compared} configurations for agents");
    assert!(failures.is_empty() && compared > 100, "{} differ:\n{}", failures.len(), failures.join("\n"));
}

/// What only a parser of expressions, or of templates, can find.
const BEYOND_YAML: [&str; 2] = ["could not parse expression", ": template: "];

#[test]
fn rule_files() {
    let Some(cases) = cases("rules") else { return };
    let (mut valid, mut refused, mut beyond, mut failures) = (0, 0, 0, Vec::new());
    for case in &cases {
        let (_, out) = case.printed("check rules").unwrap();
        let prefix = format!("{}: ", text(Path::new(case.path.file_name().unwrap())));
        let errors = out.split_once("FAILED:\n").map_or("", |(_, errors)| errors);
        let lint = errors.starts_with("lint error");
        let bytes = std::fs::read(&case.path).unwrap();
        let ours = RuleFile::parse(&bytes, &RuleOptions::default()).err().unwrap_or_default();
        let ours: Vec<String> = ours.iter().map(|error| format!("{prefix}{error}")).collect();
        if BEYOND_YAML.iter().any(|part| errors.contains(part)) {
            beyond += 1;
        } else if ours.join("\n") == if lint { "" } else { errors.trim() } {
            *(if ours.is_empty() { &mut valid } else { &mut refused }) += 1;
        } else {
            failures.push(format!("{}:\n  ours {}\n  real {errors}", case.name, ours.join("\n")));
        }
    }
    println!(
        "{} rule files: {valid} accepted, {refused} refused with the same text, {beyond} need parsers of other crates",
        cases.len()
    );
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn unit_tests() {
    let Some(cases) = cases("unittest") else { return };
    let mut warnings = 0;
    for case in &cases {
        let (_, out) = case.printed("test rules").unwrap();
        let (_, unmatched) = UnitTestFile::load(&RealFs::new(), text(&case.path)).unwrap();
        let expect = out.matches("WARNING: no file match pattern").count();
        assert_eq!(unmatched.len(), expect, "{}", case.name);
        warnings += expect;
    }
    println!("{} files with unit tests, {warnings} warnings", cases.len());
}

#[test]
fn web_configurations() {
    let Some(cases) = cases("webconfig") else { return };
    for case in &cases {
        let (status, out) = case.printed("check web-config").unwrap();
        let ours = WebConfig::load(&RealFs::new(), text(&case.path)).err().map(|error| error.to_string());
        // Certificates are read by who uses them.
        let expect = out.split_once("FAILED: ").map(|(_, text)| text.trim().to_owned());
        let expect = expect.filter(|text| !text.contains("failed to read cert_file"));
        assert!(status != 0 || expect.is_none());
        assert_eq!(ours, expect, "{}", case.name);
    }
    println!("{} web configurations", cases.len());
}
