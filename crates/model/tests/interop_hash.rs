//! The hash of a label set against the real Prometheus, which shows it through `limit_ratio`.
//!
//! `limit_ratio(r, v)` keeps the series of which hash / 2^64 is below `r`. So if a hash is right, its series is absent at
//! that very ratio and present at the next float above it: two queries fix 53 bits of the hash.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use promd_model::Labels;

/// A Prometheus with the series of a text in OpenMetrics, on a port of its choice. It ends with the value.
struct Prometheus {
    process: Child,
    address: String,
    _data: tempfile::TempDir,
}

impl Prometheus {
    fn with_series(prometheus: &Path, promtool: &Path, openmetrics: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("series.txt"), openmetrics).unwrap();
        std::fs::write(path("prometheus.yml"), "").unwrap();
        let created = Command::new(promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .args([path("series.txt"), path("data")])
            .output()
            .unwrap();
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));

        let mut process = Command::new(prometheus)
            .arg(format!("--config.file={}", path("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", path("data").display()))
            .args(["--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0"])
            .arg("--enable-feature=promql-experimental-functions")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = process.stderr.take().unwrap();
        // From here on a panic ends the process.
        let mut server = Self { process, address: String::new(), _data: folder };
        server.address = address_when_ready(log);
        server
    }

    /// What `GET path` answers.
    fn get(&self, path: &str) -> serde_json::Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// The label sets that the query finds.
    fn query(&self, query: &str, time: &str) -> BTreeSet<Labels> {
        let encoded = query.bytes().fold(String::new(), |mut encoded, b| {
            write!(encoded, "%{b:02x}").unwrap();
            encoded
        });
        let answer = self.get(&format!("/api/v1/query?query={encoded}&time={time}"));
        let result = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
        let labels = |series: &serde_json::Value| {
            let metric = series["metric"].as_object().unwrap();
            Labels::from_pairs(metric.iter().map(|(name, value)| (name, value.as_str().unwrap()))).unwrap()
        };
        result.iter().map(labels).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Reads the log to its end, aside, so that the server can go on writing it; returns where the server listens as soon as it
/// answers.
fn address_when_ready(log: impl Read + Send + 'static) -> String {
    let (found, address) = mpsc::channel();
    std::thread::spawn(move || {
        let mut address = None;
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if line.contains("msg=\"Listening on\"") {
                address = line.split_once(" address=").map(|(_, address)| address.trim().to_owned());
            }
            if line.contains("Server is ready to receive web requests") {
                found.send(address.take()).ok();
            }
        }
    });
    address.recv_timeout(Duration::from_secs(60)).expect("Prometheus starts within a minute").unwrap()
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
    let server = Prometheus::with_series(&prometheus, &promtool, &openmetrics(&sets));
    assert_eq!(server.query("{__name__!=\"\"}", TIME), sets, "what was stored is what was written");

    for labels in &sets {
        for ratio in [offset(labels), offset(labels).next_up()] {
            let kept = server.query(&format!("limit_ratio({ratio}, {{__name__!=\"\"}})"), TIME);
            let expect = sets.iter().filter(|labels| offset(labels) < ratio).cloned().collect();
            assert_eq!(kept, expect, "limit_ratio({ratio})");
        }
    }
}
