//! The real Prometheus on damaged directories that maintenance has been over: it starts, and answers all that we answer.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod fixture;
mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use answer::Answer;
use fixture::{copy, fixtures, injury, name, without_a_head};
use promd_testkit::peer;
use support::{everything, open_real};

#[test]
fn the_real_server_answers_what_we_do() {
    let Some(program) = peer("prometheus") else { return };
    let mut compared = 0;
    for fixture in fixtures() {
        let Some(injury) = injury(&fixture).filter(without_a_head) else { continue };
        let data = copy(&fixture);
        let db = open_real(data.path());
        db.tick().unwrap();
        // What is found by reading is repaired by the next round.
        everything(&db);
        db.tick().unwrap();
        let (ours, _) = everything(&db);
        assert!(!ours.is_empty());
        db.close().unwrap();

        let expect: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(fixture.join("expect.json")).unwrap()).unwrap();
        let end = expect["t0"].as_i64().unwrap() + 86_400;
        let server = Server::start(&program, data.path());
        let theirs = server.everything(end);
        assert!(theirs == ours, "{}: {}", name(&fixture), injury["damage"]);
        compared += ours.values().map(BTreeMap::len).sum::<usize>();
    }
    assert!(compared > 50_000, "{compared} samples");
}

/// A server on a data directory; it is killed when this goes.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(program: &Path, data: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = data.join("empty.yml");
        File::create(&config).unwrap();
        let mut child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--storage.tsdb.retention.time=100y")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let (mut before, mut line) = (String::new(), String::new());
        while !line.contains("Server is ready") {
            before.push_str(&line);
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it does not start:\n{before}");
        }
        // Or it would stand still when the pipe is full.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, port }
    }

    /// All that it has of the 26 hours before `end`, in seconds.
    fn everything(&self, end: i64) -> Answer {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let query = "%7B__name__%3D~%22.%2B%22%7D%5B93600s%5D";
        let request = format!("GET /api/v1/query?query={query}&time={end} HTTP/1.0\r\nHost: x\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        connection.read_to_string(&mut text).unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let found: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{text}"));
        assert_eq!(found["status"], "success", "{body}");
        let series = found["data"]["result"].as_array().unwrap().iter();
        let mut answer = Answer::new();
        series.for_each(|series| answer::add_series(series, &mut answer));
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
