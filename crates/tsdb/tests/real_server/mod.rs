//! The real Prometheus on a data directory, and all that it answers.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(dead_code, reason = "each scenario takes what it needs")]

use std::collections::BTreeSet;
use std::path::Path;

use promd_testkit::Server;
use serde_json::Value;

use crate::answer::{self, Answer};

fn expectation(fixture: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture.join("expect.json")).unwrap()).unwrap()
}

/// The configuration that a directory was made with.
pub(crate) fn config(fixture: &Path) -> String {
    expectation(fixture)["config"].as_str().unwrap().to_owned()
}

/// The time, in seconds, at which a query over the 26 hours before it sees everything.
pub(crate) fn end_of(fixture: &Path) -> i64 {
    expectation(fixture)["t0"].as_i64().unwrap() + 86_400
}

pub(crate) fn launch(program: &Path, data: &Path, config: &str) -> Server {
    // Beside the data: a directory that is compared has no file but its own.
    let folder = data.join("promd");
    std::fs::create_dir_all(&folder).unwrap();
    Server::launch(program, &folder)
        .data(data)
        .config(config)
        .flags([
            "--storage.tsdb.retention.time=100y",
            "--enable-feature=exemplar-storage,native-histograms",
            "--web.enable-remote-write-receiver",
        ])
        .start()
}

/// All that it has of the 26 hours before `end`, in seconds.
pub(crate) fn everything_of(server: &Server, end: i64) -> Answer {
    let found = server.query("{__name__=~\".+\"}[93600s]", &end.to_string()).unwrap();
    let mut answer = Answer::new();
    for series in found["result"].as_array().unwrap() {
        answer::add_series(series, &mut answer);
    }
    answer
}

/// The first samples that only one of two answers has, or that differ.
pub(crate) fn differences(ours: &Answer, theirs: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    let all: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    for series in all {
        let (a, b) = (ours.get(series), theirs.get(series));
        let times: BTreeSet<_> = a.into_iter().chain(b).flat_map(|samples| samples.keys()).collect();
        for t in times {
            let (a, b) = (a.and_then(|samples| samples.get(t)), b.and_then(|samples| samples.get(t)));
            if a != b {
                found.push(format!("{series} at {t}: {a:?} here, {b:?} there"));
            }
        }
    }
    found.truncate(20);
    found
}
