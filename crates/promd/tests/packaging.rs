//! What is packaged starts what is built: paths, flags and keys, as far as they can be looked at without building an image.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::promd;

fn packaged(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Whether the program takes such flags: they are followed by one that it does not, of which alone it complains.
fn takes(flags: &[&str]) -> bool {
    let output = Command::new(promd()).args(flags).arg("--nope").output().unwrap();
    String::from_utf8_lossy(&output.stderr).contains("unknown long flag '--nope'")
}

/// Paths, user, port and entry point of the image `prom/prometheus` (`Dockerfile` of Prometheus).
#[test]
fn the_image_is_laid_out_as_prometheus_is() {
    let text = packaged("Dockerfile").replace("\\\n", " ");
    let stage = text.rsplit("\nFROM ").next().unwrap();
    let lines: Vec<(&str, &str)> = stage.lines().filter_map(|line| line.split_once(' ')).collect();
    let last = |instruction: &str| lines.iter().rfind(|(name, _)| *name == instruction).unwrap().1;
    assert_eq!(last("USER"), "nobody");
    assert_eq!(last("EXPOSE"), "9090");
    assert_eq!(last("WORKDIR"), "/prometheus");
    assert_eq!(last("VOLUME"), "[\"/prometheus\"]");
    assert_eq!(last("ENTRYPOINT"), "[\"/bin/prometheus\"]");
    let command: Vec<String> = serde_json::from_str(last("CMD")).unwrap();
    assert_eq!(command, ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]);
    assert!(takes(&command.iter().map(String::as_str).collect::<Vec<_>>()));
    // What is copied is what a build leaves, under the name that the entry point has.
    assert!(last("COPY").ends_with("/src/target/release/promd /bin/promd"), "{}", last("COPY"));
    assert!(last("RUN").contains("ln -s promd /bin/prometheus"), "{}", last("RUN"));
    // The configuration in the image is one.
    let config = last("RUN").split("printf '").nth(1).unwrap().split('\'').next().unwrap().replace("\\n", "\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    std::fs::write(&file, config).unwrap();
    let check = Command::new(promd()).args(["tool", "check", "config"]).arg(&file).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn the_unit_starts_a_server_that_tells_when_it_is_ready() {
    let text = packaged("promd.service");
    let mut section = String::new();
    let mut keys: BTreeMap<(String, String), String> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => name.clone_into(&mut section),
            None => {
                let (key, value) = line.split_once('=').unwrap();
                keys.insert((section.clone(), key.to_owned()), value.to_owned());
            }
        }
    }
    let key = |section: &str, key: &str| keys.get(&(section.to_owned(), key.to_owned())).map(String::as_str);
    // It says READY=1 (`sd_notify(3)`), and reads its configuration again at SIGHUP.
    assert_eq!(key("Service", "Type"), Some("notify"));
    assert_eq!(key("Service", "ExecReload"), Some("/bin/kill -HUP $MAINPID"));
    assert_eq!(key("Install", "WantedBy"), Some("multi-user.target"));
    // Where samples are kept is a folder that systemd makes for the user of the unit.
    let state = key("Service", "StateDirectory").unwrap();
    let command: Vec<&str> = key("Service", "ExecStart").unwrap().split(' ').collect();
    let data = command.iter().find_map(|flag| flag.strip_prefix("--storage.tsdb.path=")).unwrap();
    assert!(PathBuf::from(data).starts_with(Path::new("/var/lib").join(state)), "{data}");
    assert_eq!(command[0], "/usr/bin/promd");
    assert!(takes(&command[1..]));
    // A log takes longer to read than systemd waits for a start by itself, and a stop less.
    assert_eq!(key("Service", "TimeoutStartSec"), Some("infinity"));
    assert_eq!(key("Service", "TimeoutStopSec"), Some("20s"));
}
