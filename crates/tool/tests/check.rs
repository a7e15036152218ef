//! The files of the conformance data, checked as promtool 3.5.3 checked them: the same lines, the same exit codes.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::print_stdout, reason = "the counts are of interest when all is well, too")]

use std::fs;

use promd_tool::{Context, Tool};
use serde_json::Value;

/// Where we differ, by file and reason.
const EXCUSED: [(&str, &str); 6] = [
    ("config/scrape_config_local_infer_escaping.yml", "3.14 infers the escaping of names from their validation"),
    ("promtool/prometheus-aws-sd-empty-region.good.yml", "3.5.3 asks Amazon for the region"),
    ("promtool/features.yml", "3.14 has duration expressions without a flag"),
    ("promtool/rules-bad.yml", "templates are not looked at"),
    ("own/r_tmpl_bad.yml", "templates are not looked at"),
    ("own/r_tmpl_bad_annot.yml", "templates are not looked at"),
];

/// What 3.5.3 says and 3.14 says otherwise, by a part of both.
const REWORDED: [(&str, &str); 2] = [
    ("oauth2, or sigv4 parameter", "oauth2, sigv4, azuread or google_iam parameter"),
    ("oauth2, or sigv4 must be configured", "oauth2, sigv4, azuread or google_iam must be configured"),
];

/// Everything that was printed, and the exit code.
fn run(arguments: &[&str], file: &str) -> (i64, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = Tool::run(arguments.iter().copied().chain([file]), &mut Context::new(&mut out, &mut err));
    (code.into(), String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap())
}

fn check(kind: &str, least: usize) {
    // What is printed has no `..` in it.
    let Some(folder) = promd_testkit::conformance("config").map(|folder| folder.canonicalize().unwrap()) else {
        return;
    };
    let lines = fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let (mut same, mut excused, mut differ) = (0, 0, Vec::new());
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if case["kind"] != kind || case["known_to_353"] == false {
            continue;
        }
        let name = case["file"].as_str().unwrap();
        let path = folder.join(name);
        let parent = format!("{}/", path.parent().unwrap().display());
        for (command, expect) in case["promtool353"].as_object().unwrap() {
            let arguments: Vec<&str> = command.split(' ').collect();
            let (code, mut said) = run(&arguments, path.to_str().unwrap());
            said = said.replace(&parent, "");
            REWORDED.iter().for_each(|(old, new)| said = said.replace(new, old));
            let expect = (expect["rc"].as_i64().unwrap(), expect["out"].as_str().unwrap());
            if (code, said.trim()) == (expect.0, expect.1.trim()) {
                same += 1;
            } else if EXCUSED.iter().any(|(file, _)| *file == name) {
                excused += 1;
            } else {
                differ.push(format!("{command} {name}\n  ours {code}: {said:?}\n  real {}: {:?}", expect.0, expect.1));
            }
        }
    }
    println!("{kind}: {same} the same, {excused} excused, {} differ", differ.len());
    let shown = differ.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
    assert!(differ.is_empty() && same >= least, "{} differ:\n{shown}", differ.len());
}

#[test]
fn configurations() {
    check("config", 500);
}

#[test]
fn rule_files() {
    check("rules", 120);
}

#[test]
fn web_configurations() {
    check("webconfig", 5);
}
