//! The real Prometheus on a data directory.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use promd_clock::{Clock, RealClock};
use serde_json::Value;

/// Series, by their labels as JSON, and their samples: by time in milliseconds the text of the value.
pub(crate) type Answer = BTreeMap<String, BTreeMap<i64, String>>;

/// A running Prometheus. It is killed when it goes out of scope.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts Prometheus on a data directory and asks it for everything.
pub(crate) fn ask(prometheus: &Path, home: &Path, config: &str) -> Answer {
    std::fs::write(home.join("prometheus.yml"), config).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let log = std::fs::File::create(home.join("log")).unwrap();
    let child = Command::new(prometheus)
        .arg(format!("--config.file={}", home.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", home.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(["--storage.tsdb.retention.time=100y", "--enable-feature=native-histograms"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut server = Server { child, port };
    server.wait(home);
    // From the year 2026 a hundred years back.
    let text = server.get("/api/v1/query?time=1798761600&query=%7B__name__%3D~%22.%2B%22%7D%5B100y%5D").unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    let json: Value = serde_json::from_str(body).unwrap();
    assert_eq!(json["status"], "success", "{body}");
    let said = std::fs::read_to_string(home.join("log")).unwrap();
    assert!(!said.contains("orrupt"), "Prometheus found damage:\n{said}");
    json["data"]["result"].as_array().unwrap().iter().map(series).collect()
}

impl Server {
    fn wait(&mut self, home: &Path) {
        let clock = RealClock::new();
        let deadline = clock.monotonic() + std::time::Duration::from_secs(60);
        while !self
            .get("/-/ready")
            .is_some_and(|text| text.starts_with("HTTP/1.0 200") || text.starts_with("HTTP/1.1 200"))
        {
            let log = || std::fs::read_to_string(home.join("log")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "Prometheus does not start:\n{}", log());
            assert!(clock.monotonic() < deadline, "Prometheus is not ready:\n{}", log());
            promd_clock::Signal::new().wait_until(&clock, clock.monotonic() + std::time::Duration::from_millis(50));
        }
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text)
    }
}

/// A series as the API and the fixtures show it.
pub(crate) fn series(json: &Value) -> (String, BTreeMap<i64, String>) {
    let mut samples = BTreeMap::new();
    for kind in ["values", "histograms"] {
        for pair in json[kind].as_array().into_iter().flatten() {
            #[expect(clippy::cast_possible_truncation, reason = "times of these years")]
            let time = (pair[0].as_f64().unwrap() * 1000.0).round() as i64;
            let value = pair[1].as_str().map_or_else(|| histogram(&pair[1]), ToOwned::to_owned);
            samples.insert(time, value);
        }
    }
    (json["metric"].to_string(), samples)
}

/// What two readers of a histogram are compared by.
fn histogram(json: &Value) -> String {
    let number = |name: &str| json[name].as_str().unwrap().parse::<f64>().unwrap();
    format!("count {:?} sum {:?}", number("count"), number("sum"))
}
