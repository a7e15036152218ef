//! The real Prometheus, made to compact.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A server on a data directory; it is killed when this goes.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts it, with blocks from `shortest` to `longest` milliseconds, and waits until it is ready.
    pub(crate) fn start(program: &Path, data: &Path, shortest: i64, longest: i64) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (log, config) = (data.with_extension("log"), data.with_extension("yml"));
        File::create(&config).unwrap();
        let output = File::create(&log).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!("--storage.tsdb.min-block-duration={shortest}ms"))
            .arg(format!("--storage.tsdb.max-block-duration={longest}ms"))
            .args([
                "--storage.tsdb.retention.time=100y",
                "--web.enable-remote-write-receiver",
                "--web.enable-admin-api",
            ])
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let server = Self { child, port, log };
        server.wait_for("Server is ready", 1);
        server
    }

    /// Makes it compact blocks at once, and waits for `count` compactions to be logged. By itself it would look for something to
    /// compact once a minute, or when its head is full. So a sample is written and deleted again, then another one so much later
    /// that the head is full: the block of the head has nothing in it and is not written, and that of blocks follows.
    pub(crate) fn compact(&self, behind: i64, shortest: i64, count: usize) {
        let first = (behind / shortest + 2) * shortest;
        self.remote_write(first);
        let seconds = format!("{}.{:03}", first / 1000, first % 1000);
        let query = format!("match%5B%5D=trigger&start={seconds}&end={seconds}");
        self.post(&format!("/api/v1/admin/tsdb/delete_series?{query}"), "", &[]);
        self.remote_write(first + shortest + shortest / 2 + 1);
        self.wait_for("msg=\"compact blocks", count);
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn wait_for(&self, text: &str, count: usize) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.log().matches(text).count() < count {
            assert!(Instant::now() < end, "no {text:?} in:\n{}", self.log());
            std::thread::yield_now();
        }
    }

    /// Writes one sample of one series: protobuf by hand, in a snappy block that is one literal.
    fn remote_write(&self, t: i64) {
        let field = |number: u8, payload: &[u8]| [&[number << 3 | 2, payload.len() as u8], payload].concat();
        let mut sample = [&[0x09][..], &1f64.to_le_bytes(), &[0x10]].concat();
        let mut rest = t;
        while rest > 127 {
            sample.push((rest & 127) as u8 | 128);
            rest >>= 7;
        }
        sample.push(rest as u8);
        let label = [field(1, b"__name__"), field(2, b"trigger")].concat();
        let body = field(1, &[field(1, &label), field(2, &sample)].concat());
        assert!(body.len() < 60, "longer literals have another head");
        let packed = [&[body.len() as u8, (body.len() as u8 - 1) << 2], &body[..]].concat();
        let headers = "Content-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\n\
                       X-Prometheus-Remote-Write-Version: 0.1.0\r\n";
        self.post("/api/v1/write", headers, &packed);
    }

    fn post(&self, path: &str, headers: &str, body: &[u8]) {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        connection.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
