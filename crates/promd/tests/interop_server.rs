//! promd beside the real programs: it scrapes them, takes over their data, and hands it back.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use promd_testkit::{Launch, Server, encode};
use serde_json::Value;

use support::{Node, config, promd, value};

fn launch(program: &Path, folder: &Path, config: &str) -> Launch {
    Server::launch(program, folder).config(config)
}

/// All samples of a selector up to now, by series.
fn samples(server: &Server, selector: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let data = server.get(&format!("/api/v1/query?query={}", encode(&format!("{selector}[1h]")))).data().unwrap();
    let point = |point: &Value| (point[0].to_string(), point[1].to_string());
    let series = |series: &Value| {
        let points = series["values"].as_array().into_iter().flatten().map(point).collect();
        (series["metric"].to_string(), points)
    };
    data["result"].as_array().unwrap().iter().map(series).collect()
}

/// Nothing of `before` is missing in `after`.
#[track_caller]
fn nothing_is_missing(
    before: &BTreeMap<String, Vec<(String, String)>>,
    after: &BTreeMap<String, Vec<(String, String)>>,
) {
    assert!(!before.is_empty());
    for (series, points) in before {
        let kept = after.get(series).unwrap_or_else(|| panic!("{series} is gone"));
        assert!(points.iter().all(|point| kept.contains(point)), "{series} had {points:?} and has {kept:?}");
    }
}

#[test]
fn it_scrapes_a_node_and_answers_about_it() {
    let Some(node) = promd_testkit::peer("node_exporter").map(Node::start) else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = launch(&promd(), folder.path(), &config("1s", &[("node", &node.address, "")])).start();
    let parts = ["MemFree", "Cached", "Buffers"].map(|part| format!("avg_over_time(node_memory_{part}_bytes[10m])"));
    let total = "avg_over_time(node_memory_MemTotal_bytes[10m])";
    let query = format!("100 * (1 - (({}) / {total}))", parts.join(" + "));
    let result = value(&server, &query);
    let percent: f64 = result[0]["value"][1].as_str().unwrap().parse().unwrap();
    assert!((0.0..=100.0).contains(&percent), "{result}");
    assert_eq!(result[0]["metric"]["job"], "node");
    let targets = server.get("/api/v1/targets").data().unwrap();
    assert_eq!(targets["activeTargets"][0]["health"], "up");
    assert_eq!(targets["activeTargets"][0]["scrapeUrl"], format!("http://{}/metrics", node.address));
    let metadata = server.get("/api/v1/metadata?metric=node_memory_MemFree_bytes").data().unwrap();
    assert_eq!(metadata["node_memory_MemFree_bytes"][0]["type"], "gauge");
    assert!(server.stop().success());
}

#[test]
fn a_killed_server_loses_nothing_that_it_showed() {
    let Some(node) = promd_testkit::peer("node_exporter").map(Node::start) else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = config("100ms", &[("node", &node.address, "")]);
    let mut shown = BTreeMap::new();
    for round in 0..4 {
        let server = launch(&promd(), folder.path(), &text).start();
        if round > 0 {
            nothing_is_missing(&shown, &samples(&server, "{job=\"node\"}"));
        }
        let more = shown.values().map(Vec::len).max().unwrap_or(0) + 3;
        value(&server, &format!("count_over_time(up[1h]) >= {more}"));
        shown = samples(&server, "{job=\"node\"}");
        // Dropping it kills it, while it scrapes.
    }
}

#[test]
fn a_data_directory_goes_from_prometheus_to_promd_and_back() {
    let Some(node) = promd_testkit::peer("node_exporter").map(Node::start) else { return };
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = config("200ms", &[("node", &node.address, "")]);
    let mut shown = BTreeMap::new();
    for program in [&prometheus, &promd(), &prometheus, &promd()] {
        let server = launch(program, folder.path(), &text).start();
        if !shown.is_empty() {
            nothing_is_missing(&shown, &samples(&server, "node_load1"));
        }
        let more = shown.values().map(Vec::len).max().unwrap_or(0) + 3;
        value(&server, &format!("count_over_time(node_load1[1h]) >= {more}"));
        shown = samples(&server, "node_load1");
        assert!(server.stop().success());
    }
}

#[test]
fn federation_works_both_ways() {
    let Some(node) = promd_testkit::peer("node_exporter").map(Node::start) else { return };
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let own = promd();
    for (child, parent) in [(&prometheus, &own), (&own, &prometheus)] {
        let (below, above) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let child = launch(child, below.path(), &config("1s", &[("node", &node.address, "")])).start();
        value(&child, "node_load1");
        let more = "  honor_labels: true\n  metrics_path: /federate\n  params: {'match[]': ['{__name__=~\"node_(load|cpu).*\"}']}\n";
        let parent = launch(parent, above.path(), &config("1s", &[("federate", child.address(), more)])).start();
        value(&parent, "count_over_time(node_load1[1h]) >= 3");
        let (taken, given) = (samples(&parent, "{__name__=~\"node_.*\"}"), samples(&child, "{__name__=~\"node_.*\"}"));
        assert!(taken.len() > 8, "{taken:?}");
        // Staleness markers are not shown, so all that is shown was federated.
        nothing_is_missing(&taken, &given);
    }
}

#[test]
fn every_flag_of_prometheus_is_known() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let help = Command::new(prometheus).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    let flags = text.lines().filter_map(|line| line.strip_prefix("      --"));
    let names: Vec<_> = flags
        .filter_map(|flag| flag.trim_start_matches("[no-]").split(['=', ' ']).next())
        // Debian's package has a flag of its own for where it puts files.
        .filter(|name| *name != "web.local-assets")
        .collect();
    assert!(names.len() > 50, "{names:?}");
    let unknown = |name: &&str| {
        // Whatever is wrong with the value, or that there is none, the first thing to be said is that there is no such flag.
        let output = Command::new(promd()).args([format!("--{name}"), "--nope".to_owned()]).output().unwrap();
        String::from_utf8_lossy(&output.stderr).contains(&format!("unknown long flag '--{name}'"))
    };
    let missing: Vec<_> = names.into_iter().filter(unknown).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Exit codes, texts and streams of mistakes, as the real program has them.
#[test]
fn mistakes_end_as_they_do_there() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.yml");
    std::fs::write(&bad, "nonsense: 1\n").unwrap();
    let bad = format!("--config.file={}", bad.display());
    let cases: [&[&str]; 7] = [
        &["--nope"],
        &["stray"],
        &["--config.file"],
        &["--query.timeout=x"],
        &["--storage.agent.path=x"],
        &["--web.cors.origin=("],
        &[&bad],
    ];
    for arguments in cases {
        let run = |program: &Path| {
            let output = Command::new(program).args(arguments).current_dir(folder.path()).output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), text.lines().next().unwrap_or_default().to_owned())
        };
        let (wanted, given) = (run(&prometheus), run(&promd()));
        assert_eq!(wanted.0, given.0, "{arguments:?}: {} / {}", wanted.1, given.1);
        if wanted.1.starts_with("Error parsing command line") {
            assert_eq!(wanted.1, given.1);
        }
    }
}
