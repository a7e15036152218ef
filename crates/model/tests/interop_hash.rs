//! The hash of a label set against the real Prometheus, which shows it through `limit_ratio`.
//!
//! `limit_ratio(r, v)` keeps the series of which hash / 2^64 is below `r`. So if a hash is right, its series is absent at
//! that very ratio and present at the next float above it: two queries fix 53 bits of the hash.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use promd_model::Labels;
use promd_testkit::Server;

/// A Prometheus with the series of a text in OpenMetrics.
fn with_series(prometheus: &Path, promtool: &Path, openmetrics: &str, folder: &Path) -> Server {
    std::fs::write(folder.join("series.txt"), openmetrics).unwrap();
    let created = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .args([folder.join("series.txt"), folder.join("data")])
        .output()
        .unwrap();
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let flags = ["--storage.tsdb.retention.time=100y", "--enable-feature=promql-experimental-functions"];
    Server::launch(prometheus, folder).flags(flags).start()
}

/// The label sets that a query finds.
fn query(server: &Server, query: &str) -> BTreeSet<Labels> {
    let labels = |series: &serde_json::Value| {
        let metric = series["metric"].as_object().unwrap();
        Labels::from_pairs(metric.iter().map(|(name, value)| (name, value.as_str().unwrap()))).unwrap()
    };
    let answer = server.query(query, TIME).unwrap();
    answer["result"].as_array().unwrap().iter().map(labels).collect()
}

const TIME: &str = "1700000000";

fn sets() -> BTreeSet<Labels> {
    let long = |len: usize| "v".repeat(len);
    let set = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied()).unwrap();
    let mut sets = BTreeSet::from([
        set(&[("__name__", "up")]),
        set(&[("__name__", "up"), ("job", "a")]),
        set(&[("__name__", "requests:rate5m"), ("code", "200"), ("instance", "host-1.example:9100"), ("job", "api")]),
        set(&[("__name__", "http.server.duration"), ("service.name", "a b")]),
        set(&[("__name__", "größe"), ("日本", "語\\\"\n"), ("zone", "ü")]),
    ]);
    for len in [254, 255, 256, 65_536, 70_000] {
        sets.insert(set(&[("__name__", "long"), ("value", &long(len))]));
        sets.insert(set(&[("__name__", &long(len)), ("a", "b")]));
        sets.insert(set(&[("__name__", "long"), (&long(len), "1"), ("w", "x")]));
    }
    sets
}

fn openmetrics(sets: &BTreeSet<Labels>) -> String {
    let mut text = String::new();
    for labels in sets {
        let quoted =
            |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
        let pairs = labels.iter().map(|label| match label.name {
            "__name__" => quoted(label.value),
            name => format!("{}={}", quoted(name), quoted(label.value)),
        });
        writeln!(text, "{{{}}} 1 {TIME}", pairs.collect::<Vec<_>>().join(",")).unwrap();
    }
    text + "# EOF\n"
}

/// Where `limit_ratio` sees a label set between 0 and 1 (`promql/engine.go`, `RatioSampler`).
fn offset(labels: &Labels) -> f64 {
    labels.hash() as f64 / u64::MAX as f64
}

#[test]
fn limit_ratio_keeps_the_series_that_our_hashes_say() {
    let (Some(prometheus), Some(promtool)) = (promd_testkit::peer("prometheus"), promd_testkit::peer("promtool"))
    else {
        return;
    };
    let sets = sets();
    let folder = tempfile::tempdir().unwrap();
    let server = with_series(&prometheus, &promtool, &openmetrics(&sets), folder.path());
    assert_eq!(query(&server, "{__name__!=\"\"}"), sets, "what was stored is what was written");

    for labels in &sets {
        for ratio in [offset(labels), offset(labels).next_up()] {
            let kept = query(&server, &format!("limit_ratio({ratio}, {{__name__!=\"\"}})"));
            let expect = sets.iter().filter(|labels| offset(labels) < ratio).cloned().collect();
            assert_eq!(kept, expect, "limit_ratio({ratio})");
        }
    }
}
