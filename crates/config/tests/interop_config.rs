//! What `/api/v1/status/config` of the real Prometheus shows of configurations, against what we print.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use promd_config::{Config, Options};
use promd_fs::RealFs;
use promd_testkit::Server;
use serde_json::Value;

/// What the server shows after it has read the configuration again; the error if it refuses it.
fn show(server: &Server) -> Result<String, String> {
    let refusal = server.post("/-/reload", &[], b"").text();
    if !refusal.is_empty() {
        return Err(refusal);
    }
    let answer = server.get("/api/v1/status/config").data()?;
    Ok(answer["yaml"].as_str().unwrap().to_owned())
}

/// Lines that 3.14 prints and 3.5.3 does not: settings that 3.5.3 lacks and that have a default that is shown.
const LATER: [&str; 4] = [
    "scrape_native_histograms: false",
    "extra_scrape_metrics: false",
    "label_name_underscore_sanitization: true",
    "label_name_preserve_multiple_underscores: true",
];

/// Our text without what only 3.14 prints; there the retention can be given in the configuration too, and the empty
/// expression is shown as such (`MarshalYAML` in `model/relabel/relabel.go`).
fn as_of_353(text: &str) -> String {
    let kept = |line: &&str| !LATER.contains(&line.trim_start()) && line.trim_start() != "retention: {}";
    let text: String = text.lines().filter(kept).flat_map(|line| [line, "\n"]).collect();
    let text = text.replace("regex: \"\"\n", "regex: null\n");
    match text.split_once("storage:\n  tsdb:\n") {
        Some((before, after)) if !after.starts_with(' ') => before.to_owned() + after,
        Some((before, after)) if after.starts_with("  exemplars") => format!("{before}storage:\n{after}"),
        _ => text,
    }
}

/// The text without the protocols and the validation of `global`: 3.5.3 fills in the first there, 3.14 only in jobs, and
/// the second is filled in by 3.14 also where there is a section `global` that does not give it.
fn without_global_defaults(text: &str) -> String {
    let (mut in_global, mut inside) = (false, false);
    let mut keep = |line: &str| {
        if !line.is_empty() && !line.starts_with([' ', '-']) {
            in_global = line == "global:";
        }
        inside = in_global && (line == "  scrape_protocols:" || inside && line.starts_with("  - "));
        let validation = in_global && line == "  metric_name_validation_scheme: utf8";
        !(inside || validation)
    };
    text.lines().filter(|line| keep(line)).flat_map(|line| [line, "\n"]).collect()
}

fn ours(file: &Path) -> Option<String> {
    let mut options = Options::default();
    options.environment = &|name| match name {
        "PROMD_TEST_ZONE" => Some("eu-1".to_owned()),
        "GOGC" => None,
        name => std::env::var(name).ok(),
    };
    Config::load(&RealFs::new(), file.to_str().unwrap(), &options).ok().map(|config| config.to_string())
}

#[test]
fn configurations_are_shown_as_by_prometheus() {
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    let Some(conformance) = promd_testkit::conformance("config") else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&program, folder.path())
        .flags(["--web.enable-lifecycle"])
        .env("PROMD_TEST_ZONE", "eu-1")
        // It would be shown.
        .without_env("GOGC")
        .start();
    let file = folder.path().join("prometheus.yml");

    let mut texts = vec![("texts".to_owned(), TEXTS.to_owned())];
    for line in std::fs::read_to_string(conformance.join("cases.jsonl")).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["file"].as_str().unwrap();
        let accepted = case["promtool353"]["check config --syntax-only"]["rc"] == 0;
        // Files that are sent somewhere, or that name rules, are the server's business.
        if case["kind"] == "config" && accepted && case["known_to_353"] != Value::Bool(false) {
            let text = std::fs::read_to_string(conformance.join(name)).unwrap();
            texts.push((name.to_owned(), text));
        }
    }
    let (mut same, mut left_out, mut failures) = (0, 0, Vec::new());
    for (name, text) in &texts {
        std::fs::write(&file, text).unwrap();
        let Ok(theirs) = show(&server) else {
            left_out += 1;
            continue;
        };
        let ours = ours(&file).map(|text| without_global_defaults(&as_of_353(&text)));
        let theirs = without_global_defaults(&theirs);
        match ours {
            Some(ours) if ours == theirs => same += 1,
            ours => {
                let ours = ours.unwrap_or_default();
                let pair = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
                failures.push(format!("{name}: first difference {pair:?}\n{ours}---\n{theirs}"));
            }
        }
    }
    println!("{same} configurations shown alike; {left_out} that the server does not start with");
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n=====\n"));
    assert!(same > 60);
}

/// Texts that are hard to print.
const TEXTS: &str = r##"
global:
  external_labels:
    zone: ${PROMD_TEST_ZONE}
    dollars: $$x
    empty: ""
    truth: "true"
    number: "12"
    sixty: "1:30"
    day: "2020-01-02"
    colon: "a: b"
    hash: "a #b"
    quote: "'it's"
    blank: " a "
    tab: "a\tb"
    lines: "a\nb\n\n"
    begins: " a\nb"
    inner: "a \nb"
    letters: größe
    del: "\x7f"
    nbsp: "a\u00a0b"
    merge: "<<"
    question: "? x"
    dash: "-"
    percent: "%x"
    long: a long text that goes on and on until it is more than eighty characters wide and must be broken somewhere
    quoted: "a: long text that goes on and on until it is more than eighty characters wide and must be broken somewhere"
    twice: "a \"long\"\t text that goes on and on until it is more than eighty  characters wide  and must be  broken"
    a10: x
    a2: x
    A: x
    _x: x
    a_b: x
scrape_configs:
- job_name: "yes"
  params: {b: [x, "", "1"], a: []}
  relabel_configs:
  - source_labels: [a, b, "c d", "e,f"]
    regex: a b
    target_label: x
  - action: labeldrop
    regex: very_long_name_number_one|very_long_name_number_two|very_long_name_number_three|four
  metric_relabel_configs:
  - source_labels: [aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccc, dddddddddddddd, eeeeeeeeeeeee]
    action: drop
    regex: ""
  http_headers: {X: {values: [a], secrets: [b]}}
  proxy_url: http://user:pass@host:1
  static_configs:
  - targets: [a:1, "[::1]:2"]
    labels: {b: "1", a: ""}
"##;
