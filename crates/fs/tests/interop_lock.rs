//! The lock of a data directory, between promd and the real Prometheus.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use promd_fs::{Fs, RealFs};

#[test]
fn prometheus_and_we_do_not_open_one_directory_at_once() {
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    let dir = tempfile::tempdir().unwrap();
    let fs = RealFs::new();
    fs.create_dir_all(&dir.path().join("data")).unwrap();
    let path = dir.path().join("data/lock");

    let lock = fs.lock(&path).unwrap();
    let mut refused = prometheus(&program, dir.path());
    wait_for(BufReader::new(refused.stderr.take().unwrap()), "lock DB directory: resource temporarily unavailable");
    assert!(!refused.wait().unwrap().success());
    lock.release().unwrap();

    let mut running = prometheus(&program, dir.path());
    let mut log = BufReader::new(running.stderr.take().unwrap());
    wait_for(&mut log, "TSDB started");
    let ours = fs.lock(&path);
    running.kill().unwrap();
    running.wait().unwrap();
    let error = ours.unwrap_err();
    assert_eq!(error.to_string(), format!("flock {}: resource temporarily unavailable", path.display()));
    assert!(fs.lock(&path).unwrap().existed(), "it was killed");
}

fn prometheus(program: &Path, dir: &Path) -> Child {
    fs::write(dir.join("prometheus.yml"), "").unwrap();
    let mut command = Command::new(program);
    command.arg("--config.file").arg(dir.join("prometheus.yml")).arg("--storage.tsdb.path").arg(dir.join("data"));
    command.args(["--web.listen-address", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_for(lines: impl BufRead, what: &str) {
    let mut seen = String::new();
    for line in lines.lines().map(Result::unwrap) {
        seen = seen + &line + "\n";
        if line.contains(what) {
            return;
        }
    }
    panic!("it ended without {what:?}:\n{seen}");
}
