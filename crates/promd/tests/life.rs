//! promd as a process: without a configuration, asked to reload, asked to end.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_testkit::Server;

fn promd() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_promd"))
}

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
