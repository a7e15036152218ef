//! promd as a process: without a configuration, asked to reload, asked to end.

#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::process::Command;
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_testkit::Server;

use support::promd;

#[test]
fn it_ends_in_time_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&promd(), folder.path()).start();
    assert_eq!(server.get("/-/ready").text(), "Prometheus Server is Ready.\n");
    let clock = RealClock::new();
    let began = clock.monotonic();
    assert!(server.stop().success());
    assert!(clock.monotonic().since(began) < Duration::from_secs(5));
}

#[test]
fn a_configuration_is_taken_over_or_left() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&promd(), folder.path()).flags(["--web.enable-lifecycle"]).start();
    let config = |text: &str| std::fs::write(folder.path().join("prometheus.yml"), text).unwrap();
    config("global: {scrape_interval: 7s}\n");
    assert_eq!(server.post("/-/reload", &[], b"").status, 200);
    let yaml = || server.get("/api/v1/status/config").data().unwrap()["yaml"].as_str().unwrap().to_owned();
    assert!(yaml().contains("scrape_interval: 7s"), "{}", yaml());
    config("global: {scrape_intervall: 7s}\n");
    let answer = server.post("/-/reload", &[], b"");
    assert_eq!(answer.status, 500);
    assert!(answer.text().starts_with("failed to reload config: couldn't load configuration"), "{}", answer.text());
    assert!(yaml().contains("scrape_interval: 7s"));
    let told = server.get("/api/v1/notifications").data().unwrap();
    assert_eq!(told[0]["text"], "Configuration reload has failed.");
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("\nprometheus_config_last_reload_successful 0\n"), "{metrics}");
    assert_eq!(server.post("/-/quit", &[], b"").text(), "Requesting termination... Goodbye!");
}

#[test]
fn help_and_version_are_printed() {
    let run = |argument: &str| Command::new(promd()).arg(argument).output().unwrap();
    let help = run("--help");
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--storage.tsdb.path"));
    let version = run("--version");
    assert!(String::from_utf8(version.stdout).unwrap().starts_with("prometheus, version 3.14"));
    let tool = Command::new(promd()).args(["tool", "tsdb", "list", "/no/such/directory"]).output().unwrap();
    assert_eq!(tool.status.code(), Some(1));
}

/// As Prometheus' documentation writes such commands, for `curl -g`; 3.5.3 answers these so.
#[test]
fn urls_may_have_quotes_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&promd(), folder.path()).start();
    for path in ["/api/v1/series?match[]=up{job=\"a<b>\"}", "/api/v1/query?query={a=\"`\"}>\"b\""] {
        let answer = server.get(path);
        assert!(
            answer.status == 200 || answer.text().contains("parse error"),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
    }
    assert_eq!(server.get("/api/v1/query?query=\"a<b\"").data().unwrap()["result"][1], "a<b");
}

#[test]
fn queries_are_logged_as_prometheus_logs_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&promd(), folder.path()).config("global: {query_log_file: q.log}\n").start();
    assert!(server.get("/metrics").text().contains("\nprometheus_engine_query_log_enabled 1\n"));
    assert_eq!(server.get("/api/v1/query_range?query=up&start=1&end=20&step=7.5").status, 200);
    assert_eq!(server.get("/api/v1/query?query=topk(1e40,vector(1))&time=1").status, 422);
    let text = std::fs::read_to_string(folder.path().join("q.log")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // Fields in the order, and times with the digits, of Prometheus 3.5.3.
    let places = [
        "{\"time\":\"",
        "\"level\":\"INFO\"",
        "\"source\":\"",
        "\"msg\":\"promql query logged\"",
        "\"params\":",
        "\"stats\":",
        "\"spanID\":\"0000000000000000\"",
        "\"httpRequest\":",
    ]
    .map(|part| lines[0].find(part).unwrap());
    assert!(places.is_sorted(), "{}", lines[0]);
    for part in ["\"start\":\"1970-01-01T00:00:01.000Z\"", "\"end\":\"1970-01-01T00:00:20.000Z\"", "\"step\":7"] {
        assert!(lines[0].contains(part), "{}", lines[0]);
    }
    assert!(lines[1].contains("\"error\":\"Scalar value 1e+40 overflows int64\""), "{}", lines[1]);
}

/// As Prometheus 3.5.3: what cannot be brought into force at the start is no start.
#[test]
fn a_configuration_that_cannot_be_applied_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = "global: {query_log_file: /no/such/folder/q.log}\n";
    let log = Server::launch(&promd(), folder.path()).config(config).try_start().unwrap_err();
    assert!(log.contains("reloader=query_engine") && log.contains("Fatal error"), "{log}");
}

#[test]
fn what_does_nothing_is_told_loudly() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("r.yml"), "groups: [{name: g, rules: [{record: a, expr: '1'}]}]\n").unwrap();
    let config = "rule_files: [r.yml]\nremote_write: [{url: 'http://127.0.0.1:1/'}]\n";
    let server = Server::launch(&promd(), folder.path()).config(config).flags(["--web.enable-lifecycle"]).start();
    let told = server.get("/api/v1/notifications").text();
    assert!(told.contains("do nothing in promd yet: rule_files, remote_write."), "{told}");
    assert!(server.log().contains("section=rule_files"), "{}", server.log());
    let rules = server.get("/api/v1/rules").json();
    assert_eq!(
        (&rules["data"]["groups"], rules["warnings"].as_array().map(Vec::len)),
        (&serde_json::json!([]), Some(1))
    );
    std::fs::write(folder.path().join("prometheus.yml"), "global: {}\n").unwrap();
    assert_eq!(server.post("/-/reload", &[], b"").status, 200);
    assert_eq!(server.get("/api/v1/notifications").data().unwrap(), serde_json::json!([]));
    assert!(server.get("/api/v1/rules").json().get("warnings").is_none());
    std::fs::write(folder.path().join("prometheus.yml"), "tracing: {endpoint: 'localhost:4317'}\n").unwrap();
    let refused = server.post("/-/reload", &[], b"");
    assert!(refused.status == 500 && refused.text().contains("tracing: promd exports no traces"), "{}", refused.text());
}

#[test]
fn it_ends_in_time_with_many_series() {
    let body: String = (0..50_000).map(|number| format!("m{{i=\"{number}\"}} {number}\n")).collect();
    let target = support::serve(move |_, stream| support::answer(stream, "", body.as_bytes()));
    let folder = tempfile::tempdir().unwrap();
    let config = support::config("2s", &[("many", &target.to_string(), "")]);
    let server = Server::launch(&promd(), folder.path()).config(config).start();
    support::value(&server, "count(m) == 50000");
    let clock = RealClock::new();
    let began = clock.monotonic();
    assert!(server.stop().success());
    assert!(clock.monotonic().since(began) < Duration::from_secs(5));
}
