//! What several tests of the program do: wait, look at a process, serve something to be scraped.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_testkit::Server;
use serde_json::Value;

/// How long a thing may take that takes a second on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// The program under test.
pub(crate) fn promd() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_promd"))
}

/// Asks again and again until there is an answer.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let clock = RealClock::new();
    let start = clock.monotonic();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(clock.monotonic().since(start) < PATIENCE, "{what} did not come");
        thread::yield_now();
    }
}

/// The value of a query now, once it has one.
#[track_caller]
pub(crate) fn value(server: &Server, query: &str) -> Value {
    let mut connection = server.connect();
    until(query, || {
        let data = connection.ask("/api/v1/query", &[("query", query)]).ok()?;
        Some(data["result"].clone()).filter(|result| result.as_array().is_some_and(|list| !list.is_empty()))
    })
}

/// A configuration: an interval, and jobs of one target each with more lines of theirs.
pub(crate) fn config(interval: &str, jobs: &[(&str, &str, &str)]) -> String {
    let mut text = format!("global:\n  scrape_interval: {interval}\n  scrape_timeout: {interval}\nscrape_configs:\n");
    for (job, address, more) in jobs {
        text.push_str(&format!("- job_name: {job}\n  static_configs: [{{targets: ['{address}']}}]\n{more}"));
    }
    text
}

/// A node_exporter on a port of its own.
pub(crate) struct Node {
    process: Child,
    pub(crate) address: String,
}

impl Node {
    pub(crate) fn start(program: PathBuf) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new(program)
            .arg(format!("--web.listen-address={free}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = Self { process, address: free.to_string() };
        until("node_exporter", || promd_testkit::Connection::open(&node.address).ok());
        node
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Serves HTTP on a port of its own, in threads that end with the test: what is written to a stream when the head of a
/// request has come.
pub(crate) fn serve(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let Some(head) = read_head(&stream) else { return };
                let mut stream = stream;
                answer(&head, &mut stream);
            });
        }
    });
    address
}

fn read_head(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// An answer that is complete, after which the connection ends; in the format of Prometheus, unless the headers say
/// another.
pub(crate) fn answer(stream: &mut TcpStream, headers: &str, body: &[u8]) {
    let kind = if headers.contains("Content-Type") { "" } else { "Content-Type: text/plain; version=0.0.4\r\n" };
    let head = format!("HTTP/1.1 200 OK\r\n{kind}{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // A client that goes away early is no concern of the target's.
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok();
}

/// A line of `/proc/PID/status` that counts kilobytes, in bytes.
pub(crate) fn memory(server: &Server, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

/// The most that a server has had in memory since it began, or since this was last forgotten.
pub(crate) fn peak(server: &Server) -> u64 {
    memory(server, "VmHWM")
}

/// Makes the kernel forget the peak.
pub(crate) fn forget_peak(server: &Server) {
    std::fs::write(format!("/proc/{}/clear_refs", server.process_id()), "5").unwrap();
}
