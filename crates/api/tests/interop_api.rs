//! The same requests to the real Prometheus and to the API over promd's database, with the same data.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its data fails")]

mod support;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use promd_api::Api;
use promd_clock::RealClock;
use promd_fs::RealFs;
use promd_testkit::Server;
use promd_tsdb::Db;
use serde_json::Value;

use support::{api, ask, compare::compare, data};

/// The time of the data's last quarter.
const AT: &str = "1766365217";

/// How two answers are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    /// As the conformance data would, by this word.
    Word(&'static str),
    /// Status, error type and text.
    Error,
    /// Status and text.
    Text,
}

/// A request: method, path, parameters as they stand in a URL, and how its answers compare.
type Case = (&'static str, &'static str, &'static str, By);

const CASES: &[Case] = &[
    // Times, durations and limits that are none.
    ("GET", "/api/v1/query", "query=up&time=abc", By::Error),
    ("GET", "/api/v1/query", "query=up&timeout=abc", By::Error),
    ("GET", "/api/v1/query", "query=up&limit=abc", By::Error),
    ("GET", "/api/v1/query", "query=up&limit=-1", By::Error),
    ("GET", "/api/v1/query", "query=up&lookback_delta=abc", By::Error),
    ("GET", "/api/v1/query", "query=up&timeout=1e30", By::Error),
    ("GET", "/api/v1/query", "query=", By::Error),
    ("GET", "/api/v1/query", "", By::Error),
    ("GET", "/api/v1/query", "query=up%5B5m&time=1", By::Error),
    ("GET", "/api/v1/query_range", "query=up", By::Error),
    ("GET", "/api/v1/query_range", "query=up&start=1&end=x&step=1", By::Error),
    ("GET", "/api/v1/query_range", "query=up&start=2&end=1&step=1", By::Error),
    ("GET", "/api/v1/query_range", "query=up&start=1&end=2&step=-1", By::Error),
    ("GET", "/api/v1/query_range", "query=up&start=1&end=2&step=x", By::Error),
    ("GET", "/api/v1/query_range", "query=up&start=0&end=11001&step=1", By::Error),
    ("GET", "/api/v1/query_range", "query=up%5B5m%5D&start=1&end=2&step=1", By::Error),
    ("GET", "/api/v1/query_range", "query=%22a%22&start=1&end=2&step=1", By::Error),
    ("GET", "/api/v1/query_exemplars", "query=up&start=2&end=1", By::Error),
    ("GET", "/api/v1/query_exemplars", "query=up(", By::Error),
    ("GET", "/api/v1/query_exemplars", "query=1", By::Text),
    ("GET", "/api/v1/labels", "start=x", By::Error),
    ("GET", "/api/v1/labels", "match[]=%7B", By::Error),
    ("GET", "/api/v1/labels", "match[]=%7Ba=%22%22%7D", By::Error),
    ("GET", "/api/v1/label/a%20b/values", "", By::Word("list")),
    ("GET", "/api/v1/label/job/values", "limit=x", By::Error),
    ("GET", "/api/v1/series", "", By::Error),
    ("GET", "/api/v1/series", "match[]=%7B", By::Error),
    ("GET", "/api/v1/series", "match[]=up&start=x", By::Error),
    ("GET", "/api/v1/format_query", "query=", By::Error),
    ("GET", "/api/v1/metadata", "limit=x", By::Error),
    ("GET", "/api/v1/metadata", "limit_per_metric=x", By::Error),
    ("GET", "/api/v1/targets/metadata", "limit=x", By::Error),
    ("GET", "/api/v1/targets/metadata", "match_target=%7B", By::Error),
    ("GET", "/api/v1/status/tsdb", "limit=0", By::Error),
    ("GET", "/api/v1/status/tsdb", "limit=x", By::Error),
    ("GET", "/api/v1/rules", "type=x", By::Error),
    ("GET", "/api/v1/rules", "match[]=(", By::Error),
    ("GET", "/api/v1/rules", "match[]=", By::Error),
    ("GET", "/api/v1/rules", "exclude_alerts=x", By::Error),
    ("GET", "/api/v1/rules", "group_limit=x", By::Error),
    ("GET", "/api/v1/rules", "group_limit=99999999999", By::Error),
    ("GET", "/api/v1/rules", "group_limit=0", By::Error),
    ("GET", "/api/v1/rules", "group_next_token=x", By::Error),
    ("GET", "/api/v1/rules", "group_next_token=x&group_limit=1", By::Error),
    ("GET", "/api/v1/rules", "a;b", By::Error),
    ("DELETE", "/api/v1/series", "match[]=up", By::Error),
    ("POST", "/api/v1/admin/tsdb/snapshot", "", By::Error),
    ("POST", "/api/v1/admin/tsdb/delete_series", "match[]=up", By::Error),
    ("PUT", "/api/v1/admin/tsdb/clean_tombstones", "", By::Error),
    // Answers.
    ("GET", "/api/v1/query", "query=up&time=1766365217&limit=1", By::Word("promql")),
    ("POST", "/api/v1/query", "query=up&time=1766365217", By::Word("promql")),
    ("GET", "/api/v1/query", "query=1.5&time=1.25", By::Word("promql")),
    ("GET", "/api/v1/query", "query=%22a%3Cb%22&time=1.25", By::Word("promql")),
    ("GET", "/api/v1/query", "query=1e-7&time=1.25", By::Text),
    ("GET", "/api/v1/query", "query=-1e21&time=1.25", By::Text),
    ("GET", "/api/v1/query", "query=demo_nh_seconds&time=1766365217", By::Word("promql")),
    ("GET", "/api/v1/query", "query=demo_nh_gauge&time=1766365217", By::Word("promql")),
    ("GET", "/api/v1/query", "query=up%5B5m%5D&time=1766365217", By::Word("promql")),
    ("GET", "/api/v1/query", "query=up&time=2025-12-22T01:00:17Z", By::Word("promql")),
    (
        "POST",
        "/api/v1/query_range",
        "query=rate(demo_cpu_usage_seconds_total[5m])&start=1766363400&end=1766364600&step=60",
        By::Word("promql"),
    ),
    ("GET", "/api/v1/query_range", "query=up&start=1766363400&end=1766364600&step=1m&limit=2", By::Word("promql")),
    ("POST", "/api/v1/labels", "match[]=up&match[]=build_info", By::Word("list")),
    ("GET", "/api/v1/labels", "limit=3", By::Word("list")),
    ("GET", "/api/v1/label/job/values", "match[]=up&match[]=escapes", By::Word("list")),
    // Prometheus takes the first that it comes across in a hash table.
    ("GET", "/api/v1/label/__name__/values", "limit=5", By::Word("count")),
    ("GET", "/api/v1/label/job/values", "start=1&end=2", By::Word("list")),
    ("POST", "/api/v1/series", "match[]=up&match[]=%7Bjob=%22demo%22,__name__=~%22demo_num.*%22%7D", By::Word("set")),
    ("GET", "/api/v1/series", "match[]=up&start=1&end=2", By::Word("set")),
    ("GET", "/api/v1/format_query", "query=sum(rate(a%5B5m%5D))by(b)", By::Word("json")),
    ("GET", "/api/v1/scrape_pools", "", By::Word("json")),
    ("GET", "/api/v1/targets", "", By::Word("json")),
    ("GET", "/api/v1/targets", "state=dropped", By::Word("json")),
    ("GET", "/api/v1/targets/metadata", "", By::Word("json")),
    ("GET", "/api/v1/metadata", "", By::Word("json")),
    ("GET", "/api/v1/alertmanagers", "", By::Word("json")),
    ("GET", "/api/v1/alerts", "", By::Word("json")),
    ("GET", "/api/v1/rules", "", By::Word("json")),
    ("GET", "/api/v1/notifications", "", By::Word("json")),
    ("GET", "/api/v1/status/buildinfo", "", By::Word("keys")),
    ("GET", "/api/v1/status/runtimeinfo", "", By::Word("keys")),
    ("GET", "/api/v1/status/walreplay", "", By::Word("keys")),
    ("GET", "/api/v1/status/tsdb", "", By::Word("tsdb")),
    // What is not part of the API.
    ("GET", "/-/healthy", "", By::Text),
    ("HEAD", "/-/healthy", "", By::Text),
    ("GET", "/-/ready", "", By::Text),
    ("POST", "/-/reload", "", By::Text),
    ("GET", "/-/reload", "", By::Text),
    ("PUT", "/-/quit", "", By::Text),
    ("GET", "/-/quit", "", By::Text),
    ("GET", "/nothing", "", By::Text),
    ("GET", "/api/v1/nothing", "", By::Text),
    ("DELETE", "/api/v1/query", "", By::Text),
    ("OPTIONS", "/api/v1/query", "", By::Text),
    ("GET", "/metrics/", "", By::Text),
    ("OPTIONS", "/metrics", "", By::Text),
    // Ways around.
    ("GET", "//", "", By::Text),
    ("GET", "/./metrics", "a=b", By::Text),
    ("GET", "/metrics/../metrics", "", By::Text),
    ("GET", "/METRICS", "", By::Text),
    ("POST", "/METRICS", "", By::Text),
    ("GET", "/Federate/", "match[]=up", By::Text),
    ("GET", "/-/Healthy", "", By::Text),
    ("POST", "/-/reload/", "", By::Text),
    ("GET", "/api/v1", "", By::Text),
    ("GET", "/api/v1/label//values", "match[]=up", By::Text),
    ("GET", "/api/v1/label/a%2Fb/values", "", By::Text),
    ("GET", "/api/v1/label/%2F/values", "", By::Text),
    ("GET", "/%2e%2e/x", "", By::Text),
    ("POST", "/a%2f..%2fmetrics", "", By::Text),
    ("GET", "/federate", "match[]=%7B%7D", By::Text),
    ("GET", "/federate", "match[]=%7B", By::Text),
    ("GET", "/federate", "match[]=up", By::Text),
];

/// Requests that are answered in another way, and why.
const OTHERWISE: &[(Case, &str)] = &[
    (("GET", "/api/v1/query", "query=1&time=NaN", By::Error), "Go makes of NaN whichever number the processor gives"),
    (("GET", "/api/v1/query", "query=1&time=Inf", By::Text), "the same"),
    (("GET", "/api/v1/query", "query=1&timeout=NaN", By::Error), "the same"),
    (("GET", "/api/v1/query_range", "query=1&start=1&end=2&step=NaN", By::Error), "the same"),
    (
        ("GET", "/api/v1/query_range", "query=1&start=1&end=2&step=1e-4", By::Error),
        "Prometheus fails with a division by zero",
    ),
    (
        (
            "GET",
            "/api/v1/query_range",
            "query=1&start=-9223372036854775&end=9223372036854775&step=9223372036",
            By::Error,
        ),
        "the number of points does not fit Go's durations",
    ),
    (("GET", "/api/v1/label/%ff/values", "", By::Error), "what is no UTF-8 is shown as the sign for that"),
    (("GET", "/api/v1/query/", "query=1", By::Text), "Prometheus leads to /query, since it has forgotten the prefix"),
    (("GET", "/consoles/x", "", By::Text), "there are no console templates"),
    (("GET", "/api/v1/features", "", By::Word("keys")), "since 3.9"),
    (("GET", "/api/v1/scrape_pools/config", "", By::Error), "since 3.10"),
    (("GET", "/api/v1/status/tsdb", "limit=99999", By::Error), "since 3.9 no more than 10000"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_answers_as_prometheus() {
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    let Some(data) = promd_testkit::conformance("queries") else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&program, folder.path())
        .flags(["--enable-feature=promql-experimental-functions,native-histograms,promql-delayed-name-removal"])
        .flags(["--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver"])
        .start();
    write(&server, &data);
    let open = Db::open(
        Arc::new(RealFs::new()),
        Arc::new(RealClock::new()),
        folder.path().join("own"),
        promd_tsdb::Options::default(),
    );
    let db = Arc::new(open.unwrap());
    data::load(&*db, &data);
    let api = api(Arc::clone(&db) as _, |_| {});
    api.open_database(db);
    let mut failed = Vec::new();
    for case in CASES {
        if let Err(error) = differ(&server, &api, *case).await {
            failed.push(format!("{case:?}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{} of {} differ:\n{}", failed.len(), CASES.len(), failed.join("\n"));
    for (case, reason) in OTHERWISE {
        assert!(differ(&server, &api, *case).await.is_err(), "{case:?} is answered alike: {reason} is no reason");
    }
    assert_eq!(server.query("count(up)", AT).unwrap()["result"][0]["value"][1], "3");
}

/// Loads the data by remote write.
fn write(server: &Server, data: &Path) {
    let mut files: Vec<_> = std::fs::read_dir(data.join("rw1")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let headers = [
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "snappy"),
        ("x-prometheus-remote-write-version", "0.1.0"),
    ];
    for file in files {
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap()).read_to_end(&mut body).unwrap();
        let answer = server.post("/api/v1/write", &headers, &body);
        assert_eq!(answer.status, 204, "{}: {}", file.display(), answer.text());
    }
}

async fn differ(server: &Server, api: &Api, (method, path, query, by): Case) -> Result<(), String> {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let real = if method == "POST" && !query.is_empty() {
        server.post(path, &form, query.as_bytes())
    } else {
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        server.connect().send(method, &path, &[], b"").unwrap()
    };
    let own = ask(api, method, path, query).await;
    if real.status != own.status {
        return Err(format!("expected the status {}, got {}: {}", real.status, own.status, own.text()));
    }
    for header in ["content-type", "location", "allow"] {
        let (wanted, given) = (real.header(header), own.header(header));
        if wanted != given {
            return Err(format!("{header}: expected {wanted:?}, got {given:?}"));
        }
    }
    let body = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap_or_default();
    match by {
        By::Word(word) => compare(word, &body(&real.body), &body(&own.body)),
        By::Error => {
            let fields = |value: &Value| (value["status"].clone(), value["errorType"].clone(), value["error"].clone());
            let (wanted, given) = (fields(&body(&real.body)), fields(&body(&own.body)));
            if wanted == given { Ok(()) } else { Err(format!("expected {wanted:?}, got {given:?}")) }
        }
        By::Text => {
            if real.body == own.body {
                Ok(())
            } else {
                Err(format!("expected {:?}, got {:?}", real.text(), own.text()))
            }
        }
    }
}
