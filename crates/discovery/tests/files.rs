//! Targets in files that change.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::RealClock;
use promd_discovery::{CancelSource, Context, FileMechanism, FileMetrics, Mechanism as _, TargetGroup};
use promd_metrics::{Registry, Sample, Sink, Value};
use tokio::sync::mpsc;

/// A discovery that runs, with what it has said so far.
struct Running {
    updates: mpsc::Receiver<Vec<TargetGroup>>,
    known: std::collections::BTreeMap<String, TargetGroup>,
    metrics: Arc<FileMetrics>,
    _stop: CancelSource,
}

/// Watches `*.json` and `*.yml` of a folder. The interval is far away: what is seen, the watch has seen.
fn watch(folder: &Path, interval: &str) -> Running {
    let text = format!(
        "scrape_configs: [{{job_name: a, file_sd_configs: [{{files: ['{0}/*.json', '{0}/*.yml'], refresh_interval: {interval}}}]}}]",
        folder.display()
    );
    let config = promd_config::Config::parse(text.as_bytes(), &promd_config::Options::default()).unwrap();
    let metrics = Arc::new(FileMetrics::default());
    let mechanism = FileMechanism::new(config.scrape_configs[0].discovery.file[0].clone(), Arc::clone(&metrics));
    let discoverer = mechanism.discoverer(&Context::new(Arc::new(RealClock::new()), "a")).unwrap();
    let (sender, updates) = mpsc::channel(1);
    let stop = CancelSource::new();
    tokio::spawn(discoverer.run(sender, stop.signal()));
    Running { updates, known: std::collections::BTreeMap::new(), metrics, _stop: stop }
}

impl Running {
    /// Waits until exactly these addresses are known.
    async fn expect(&mut self, addresses: &[&str]) {
        let wait = async {
            loop {
                let known: Vec<&str> =
                    self.known.values().flat_map(|group| &group.targets).filter_map(|t| t.get("__address__")).collect();
                if known == addresses {
                    return;
                }
                for group in self.updates.recv().await.unwrap() {
                    if group.targets.is_empty() {
                        self.known.remove(&*group.source);
                    } else {
                        self.known.insert(group.source.to_string(), group);
                    }
                }
            }
        };
        let known = tokio::time::timeout(Duration::from_secs(20), wait).await;
        assert!(known.is_ok(), "{addresses:?} did not come");
    }

    fn metric(&self, name: &'static str) -> Vec<f64> {
        struct Find(&'static str, bool, Vec<f64>);
        impl Sink for Find {
            fn family(&mut self, desc: &promd_metrics::Desc) {
                self.1 = desc.name() == self.0;
            }
            fn sample(&mut self, sample: &Sample<'_>) {
                match &sample.value {
                    Value::Gauge(value) if self.1 => self.2.push(*value),
                    Value::Counter(counter) if self.1 => self.2.push(counter.value),
                    _ => {}
                }
            }
        }
        let registry = Registry::new();
        registry.register(Arc::clone(&self.metrics)).unwrap();
        let mut find = Find(name, false, Vec::new());
        let mut snapshot = promd_metrics::Snapshot::default();
        registry.gather(std::time::SystemTime::UNIX_EPOCH, &mut snapshot).unwrap();
        snapshot.visit(&mut find);
        find.2
    }
}

fn json(addresses: &[&str]) -> String {
    serde_json::json!([{"targets": addresses, "labels": {"env": "prod"}}]).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_come_change_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a.json"), folder.path().join("b.yml"));
    fs::write(&first, json(&["a:1"])).unwrap();
    let mut running = watch(folder.path(), "1h");
    running.expect(&["a:1"]).await;
    let group = running.known.values().next().unwrap();
    // As `discovery/file/file.go` names them.
    assert_eq!(*group.source, format!("{}:0", first.display()));
    assert_eq!(group.labels.get("__meta_filepath"), first.to_str());
    assert_eq!(group.labels.get("env"), Some("prod"));

    fs::write(&second, "- targets: ['b:1']\n- targets: ['b:2', 'b:3']\n").unwrap();
    running.expect(&["a:1", "b:1", "b:2", "b:3"]).await;
    assert_eq!(running.metric("prometheus_sd_file_mtime_seconds").len(), 2);
    // One group less: its source is removed.
    fs::write(&second, "- targets: ['b:1']\n").unwrap();
    running.expect(&["a:1", "b:1"]).await;
    fs::remove_file(&first).unwrap();
    running.expect(&["b:1"]).await;
    assert_eq!(running.metric("prometheus_sd_file_mtime_seconds").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_file_keeps_its_targets() {
    let folder = tempfile::tempdir().unwrap();
    let (wrong, other) = (folder.path().join("a.json"), folder.path().join("b.json"));
    fs::write(&wrong, json(&["a:1"])).unwrap();
    let mut running = watch(folder.path(), "1h");
    running.expect(&["a:1"]).await;
    // The last two are what a writer that is interrupted leaves.
    let texts = ["[{\"targets\": 1}]", "[null]", "[{\"hosts\": []}]", "[{\"labels\": {\"\": \"x\"}}]", "[{\"targ", ""];
    for (at, text) in texts.into_iter().enumerate() {
        fs::write(&wrong, text).unwrap();
        let address = format!("b:{at}");
        fs::write(&other, json(&[&address])).unwrap();
        running.expect(&["a:1", &address]).await;
    }
    assert!(running.metric("prometheus_sd_file_read_errors_total")[0] >= 6.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_may_be_replaced_and_links_may_be_swapped() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // A volume of Kubernetes: the file is a link through `..data`, which is a link that is replaced.
    for (version, address) in [("..v1", "k:1"), ("..v2", "k:2")] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("k.json"), json(&[address])).unwrap();
    }
    symlink("..v1", path("..data")).unwrap();
    symlink("..data/k.json", path("k.json")).unwrap();
    fs::write(path("a.json"), json(&["a:1"])).unwrap();
    let mut running = watch(folder.path(), "1h");
    running.expect(&["a:1", "k:1"]).await;

    fs::write(path("a.tmp"), json(&["a:2"])).unwrap();
    fs::rename(path("a.tmp"), path("a.json")).unwrap();
    running.expect(&["a:2", "k:1"]).await;
    symlink("..v2", path("..data_tmp")).unwrap();
    fs::rename(path("..data_tmp"), path("..data")).unwrap();
    running.expect(&["a:2", "k:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_may_be_there_later() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("later");
    let mut running = watch(&folder, "50ms");
    running.expect(&[]).await;
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.json"), json(&["a:1"])).unwrap();
    running.expect(&["a:1"]).await;
}
