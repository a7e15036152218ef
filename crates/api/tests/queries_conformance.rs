//! Every call of the conformance data, with the answer that a real server gave (Prometheus 3.5.3).
#![expect(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

mod support;

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use promd_api::Api;
use promd_clock::RealClock;
use promd_fs::RealFs;
use promd_storage::MemStorage;
use promd_tsdb::Db;
use serde_json::Value;

use support::{api, ask, compare::compare, data};

/// Cases that 3.14 answers in another way, and why.
const EXCUSED: &[(&str, &str)] = &[
    ("s0119", "since 3.12 a sort in a range query warns (promql/functions.go)"),
    ("s0181", "since 3.7 the syntax tree says whether a selector is anchored or smoothed, and since 3.10 what fills"),
];

struct Outcome {
    passed: usize,
    left_out: usize,
    failed: Vec<String>,
}

async fn run(api: &Api, folder: &Path, without: &[&str]) -> Outcome {
    let cases = BufReader::new(std::fs::File::open(folder.join("cases.jsonl")).unwrap());
    let mut outcome = Outcome { passed: 0, left_out: 0, failed: Vec::new() };
    for line in cases.lines() {
        let case: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let (id, how) = (case["id"].as_str().unwrap(), case["cmp"].as_str().unwrap());
        if without.contains(&how) || EXCUSED.iter().any(|(excused, _)| *excused == id) {
            outcome.left_out += 1;
            continue;
        }
        let pair = |pair: &Value| format!("{}={}", encoded(&pair[0]), encoded(&pair[1]));
        let params: Vec<_> = case["params"].as_array().unwrap().iter().map(pair).collect();
        let params = params.join("&");
        let (method, path) = (case["method"].as_str().unwrap(), case["path"].as_str().unwrap());
        let answer = ask(api, method, path, &params).await;
        let expected = &case["expect"];
        let result = if expected["http"] != answer.status {
            Err(format!("expected the status {}, got {} {}", expected["http"], answer.status, answer.text()))
        } else if answer.status != 404 && answer.header("content-type") != Some("application/json") {
            Err("it is not called JSON".to_owned())
        } else {
            compare(how, &expected["body"], &answer.json())
        };
        match result {
            Ok(()) => outcome.passed += 1,
            Err(error) => outcome.failed.push(format!("{id} {path}?{params} ({how}): {error:.1000}")),
        }
    }
    let report =
        format!("queries: {} passed, {} failed, {} left out\n", outcome.passed, outcome.failed.len(), outcome.left_out);
    io::stderr().write_all(report.as_bytes()).ok();
    outcome
}

fn encoded(text: &Value) -> String {
    promd_testkit::encode(text.as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_memory_answers_as_the_real_server() {
    let Some(folder) = promd_testkit::conformance("queries") else { return };
    let storage = Arc::new(MemStorage::new());
    assert_eq!(data::load(&*storage, &folder), 292);
    let api = api(storage, |_| {});
    // What a database says of itself is asked of one.
    let outcome = run(&api, &folder, &["tsdb"]).await;
    assert!(outcome.failed.is_empty(), "{}", outcome.failed.join("\n"));
    assert_eq!((outcome.passed, outcome.left_out), (195, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_answers_as_the_real_server() {
    let Some(data) = promd_testkit::conformance("queries") else { return };
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let mut options = promd_tsdb::Options::default();
        options.max_exemplars = 100_000;
        let db = Db::open(Arc::new(RealFs::new()), Arc::new(RealClock::new()), folder.path(), options);
        Arc::new(db.unwrap())
    };
    let db = open();
    assert_eq!(data::load(&*db, &data), 292);
    db.close().unwrap();
    drop(db);
    // After a restart everything comes from the log.
    let db = open();
    let api = api(Arc::clone(&db) as _, |_| {});
    api.open_database(db);
    let outcome = run(&api, &data, &[]).await;
    assert!(outcome.failed.is_empty(), "{}", outcome.failed.join("\n"));
    assert_eq!((outcome.passed, outcome.left_out), (197, 2));
}
