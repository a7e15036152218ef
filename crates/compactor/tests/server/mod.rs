//! The real Prometheus, made to compact.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// A server on a data directory; it is killed when this goes.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    /// Lines of its log, as they come.
    lines: Receiver<String>,
    shortest: i64,
}

impl Server {
    /// Starts it, with blocks from `shortest` to `longest` milliseconds, and waits until it is ready.
    pub(crate) fn start(program: &Path, data: &Path, shortest: i64, longest: i64) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = data.with_extension("yml");
        File::create(&config).unwrap();
        let mut child = Command::new(program)
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
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let server = Self { child, port, lines, shortest };
        server.wait_for("Server is ready");
        server
    }

    /// Where it listens.
    #[allow(dead_code, reason = "only a bench asks it questions")]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process.
    #[allow(dead_code, reason = "only a bench asks what it has taken")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Makes it compact blocks that end before `end`, at once, and returns the name of the first one that it makes. By itself it would
    /// look for something to compact once a minute, or when its head is full. So a sample is written and deleted again,
    /// then another one so much later that the head is full: the block of the head has nothing in it and is not written,
    /// and that of blocks follows.
    pub(crate) fn compact(&self, end: i64) -> String {
        let first = (end / self.shortest + 2) * self.shortest;
        self.remote_write(first);
        let seconds = format!("{}.{:03}", first / 1000, first % 1000);
        let query = format!("match%5B%5D=trigger&start={seconds}&end={seconds}");
        self.post(&format!("/api/v1/admin/tsdb/delete_series?{query}"), "", &[]);
        self.remote_write(first + self.shortest + self.shortest / 2 + 1);
        let line = self.wait_for("msg=\"compact blocks");
        let name = line.split(" ulid=").nth(1).unwrap_or_else(|| panic!("no block: {line}"));
        name.split(' ').next().unwrap().to_owned()
    }

    /// The next line of the log that contains a text.
    fn wait_for(&self, text: &str) -> String {
        let mut before = Vec::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(Duration::from_secs(120)) else {
                panic!("no {text:?} in:\n{}", before.join("\n"))
            };
            if line.contains(text) {
                return line;
            }
            before.push(line);
        }
    }

    /// Writes one sample of one series: protobuf by hand, in a snappy block that is one literal.
    fn remote_write(&self, t: i64) {
        let byte = |length: usize| u8::try_from(length).unwrap();
        let field = |number: u8, payload: &[u8]| [&[number << 3 | 2, byte(payload.len())], payload].concat();
        let mut sample = [&[0x09][..], &1f64.to_le_bytes(), &[0x10]].concat();
        let mut rest = t;
        while rest > 127 {
            sample.push(u8::try_from(rest & 127).unwrap() | 128);
            rest >>= 7;
        }
        sample.push(u8::try_from(rest).unwrap());
        let label = [field(1, b"__name__"), field(2, b"trigger")].concat();
        let body = field(1, &[field(1, &label), field(2, &sample)].concat());
        assert!(body.len() < 60, "longer literals have another head");
        let packed = [&[byte(body.len()), byte(body.len() - 1) << 2], &body[..]].concat();
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
