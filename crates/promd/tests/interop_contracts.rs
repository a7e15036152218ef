//! Clients that promd must not surprise: what Grafana's data source and KEDA's scaler ask, beside the real Prometheus over the
//! same data.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use promd_testkit::{Answer, Server};
use serde_json::Value;

use support::{answer, config, promd, serve, value};

const TARGET: &[u8] = b"# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n\
    http_requests_total{code=\"200\",handler=\"/a<b\"} 7\nhttp_requests_total{code=\"500\",handler=\"/\"} 1\n\
    # TYPE latency_seconds histogram\nlatency_seconds_bucket{le=\"0.5\"} 1\nlatency_seconds_bucket{le=\"+Inf\"} 2\n\
    latency_seconds_sum 1.5\nlatency_seconds_count 2\n";

/// Requests as Grafana 12 sends them (its data source in `packages/grafana-prometheus`), and KEDA 2 (`pkg/scalers/prometheus_scaler.go`):
/// method, path, parameters. `NOW`, `AGO` and `DATE` are times for which there are samples.
const REQUESTS: &[(&str, &str, &str)] = &[
    // Whether there is somebody, and who.
    ("POST", "/api/v1/query", "query=1%2B1&time=NOW"),
    ("GET", "/api/v1/query", "query=1%2B1&time=NOW"),
    // Panels.
    (
        "POST",
        "/api/v1/query_range",
        "query=sum+by+%28code%29+%28rate%28http_requests_total%5B5m%5D%29%29&start=AGO&end=NOW&step=1",
    ),
    (
        "POST",
        "/api/v1/query_range",
        "query=histogram_quantile%280.9%2C+latency_seconds_bucket%29&start=AGO&end=NOW&step=1",
    ),
    ("POST", "/api/v1/query_range", "query=nothing&start=AGO&end=NOW&step=15&timeout=60"),
    ("POST", "/api/v1/query_range", "query=sum%28&start=AGO&end=NOW&step=15"),
    ("POST", "/api/v1/query", "query=http_requests_total&time=NOW"),
    ("POST", "/api/v1/query", "query=topk%281%2C+http_requests_total%29&time=NOW"),
    // Variables and the query builder.
    ("GET", "/api/v1/labels", "start=AGO&end=NOW"),
    ("GET", "/api/v1/labels", "start=AGO&end=NOW&match%5B%5D=http_requests_total&limit=40000"),
    ("POST", "/api/v1/labels", "start=AGO&end=NOW&match%5B%5D=%7B__name__%3D%22http_requests_total%22%7D"),
    ("GET", "/api/v1/label/__name__/values", "start=AGO&end=NOW&limit=40000"),
    ("GET", "/api/v1/label/code/values", "start=AGO&end=NOW&match%5B%5D=http_requests_total%7Bhandler%3D%22%2F%22%7D"),
    ("GET", "/api/v1/label/handler/values", "start=AGO&end=NOW"),
    ("GET", "/api/v1/series", "match%5B%5D=http_requests_total&start=AGO&end=NOW"),
    ("POST", "/api/v1/series", "match%5B%5D=http_requests_total&match%5B%5D=up&start=AGO&end=NOW"),
    ("GET", "/api/v1/metadata", "limit=1000"),
    ("GET", "/api/v1/metadata", "metric=http_requests_total"),
    ("GET", "/api/v1/targets/metadata", "metric=http_requests_total"),
    ("GET", "/api/v1/query_exemplars", "query=http_requests_total&start=AGO&end=NOW"),
    ("POST", "/api/v1/query_exemplars", "query=latency_seconds_bucket&start=AGO&end=NOW"),
    // Alerting, and the check of expressions.
    ("GET", "/api/v1/rules", ""),
    ("GET", "/api/v1/rules", "type=alert"),
    ("GET", "/api/v1/alerts", ""),
    ("GET", "/api/v1/alertmanagers", ""),
    ("GET", "/api/v1/format_query", "query=sum%28http_requests_total%29"),
    ("GET", "/api/v1/status/walreplay", ""),
    // KEDA.
    ("GET", "/api/v1/query", "query=sum%28rate%28http_requests_total%5B2m%5D%29%29&time=DATE"),
    ("GET", "/api/v1/query", "query=absent%28http_requests_total%29&time=DATE"),
];

fn ask(server: &Server, (method, path, parameters): (&str, &str, &str)) -> Answer {
    let form = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept-Encoding", "identity")];
    match method {
        "POST" => server.post(path, &form, parameters.as_bytes()),
        _ => server.get(&format!("{path}?{parameters}")),
    }
}

/// An answer whose lists without an order are in one. Segments of logs are numbered by each on its own.
fn settled(answer: &Answer, path: &str) -> Value {
    let mut json = answer.json();
    if path.ends_with("walreplay") {
        return json["data"].as_object().unwrap().keys().cloned().collect();
    }
    let list = match path {
        "/api/v1/query" => &mut json["data"]["result"],
        _ => &mut json["data"],
    };
    if let Some(list) = list.as_array_mut().filter(|list| list.iter().all(Value::is_object)) {
        list.sort_by_key(Value::to_string);
    }
    json
}

#[test]
fn grafana_and_keda_get_what_prometheus_gives_them() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let target = serve(|_, stream| answer(stream, "Content-Type: text/plain; version=0.0.4\r\n", TARGET));
    let text = config("1s", &[("web", &target.to_string(), "")]);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let launch = |program: &std::path::Path, number: usize| {
        let launch = Server::launch(program, folders[number].path()).config(&*text);
        launch.flags(["--enable-feature=exemplar-storage"]).start()
    };
    let first = launch(&prometheus, 0);
    value(&first, "count_over_time(http_requests_total[1h]) > 4");
    let now = value(&first, "max(timestamp(http_requests_total))")[0]["value"][1].as_str().unwrap().to_owned();
    let now: f64 = now.parse::<f64>().unwrap().floor();
    assert!(first.stop().success());
    // The second has a copy of the data; both go on scraping, so that they know targets and metadata.
    let copied = std::process::Command::new("cp")
        .args(["-r".as_ref(), folders[0].path().join("data").as_os_str(), folders[1].path().as_os_str()])
        .status();
    assert!(copied.unwrap().success());
    let (real, own) = (launch(&prometheus, 0), launch(&promd(), 1));
    for server in [&real, &own] {
        value(server, &format!("http_requests_total and timestamp(http_requests_total) > {now}"));
    }
    let date = promd_model::Millis::from_secs_f64(now).rfc3339().to_string();
    let mut failed = Vec::new();
    for (method, path, parameters) in REQUESTS {
        let parameters =
            parameters.replace("NOW", &now.to_string()).replace("AGO", &(now - 3.0).to_string()).replace("DATE", &date);
        let (wanted, given) = (ask(&real, (method, path, &parameters)), ask(&own, (method, path, &parameters)));
        let type_of = |answer: &Answer| answer.header("content-type").map(str::to_owned);
        let same = (wanted.status, type_of(&wanted), settled(&wanted, path))
            == (given.status, type_of(&given), settled(&given, path));
        if !same {
            failed.push(format!("{method} {path}?{parameters}\n  {}\n  {}", wanted.text(), given.text()));
        }
    }
    assert!(failed.is_empty(), "{} of {} differ:\n{}", failed.len(), REQUESTS.len(), failed.join("\n"));
    // Grafana takes the first numbers of this for what it may ask.
    let build = own.get("/api/v1/status/buildinfo").data().unwrap();
    let mut numbers = build["version"].as_str().unwrap().split('.').map(str::parse::<u32>);
    assert!(
        matches!((numbers.next(), numbers.next(), numbers.next()), (Some(Ok(3)), Some(Ok(_)), Some(Ok(_)))),
        "{build}"
    );
    assert!(build["revision"].as_str().unwrap().starts_with("promd-"), "{build}");
}
