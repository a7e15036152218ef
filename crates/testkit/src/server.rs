//! Servers in the background: the real Prometheus, or whatever is started and spoken to as it is.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::remote_write::{self, Written};
use crate::web::{Answer, Connection, encode};

/// How long a server may take to start; it has a machine with others on it.
const START: Duration = Duration::from_mins(2);

/// A server that is about to be started.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    folder: PathBuf,
    config: String,
    data: PathBuf,
}

impl Launch {
    /// A server with flags of one's own.
    #[must_use]
    pub fn flags<S: AsRef<OsStr>>(mut self, flags: impl IntoIterator<Item = S>) -> Self {
        self.command.args(flags);
        self
    }

    /// The text of its configuration; an empty one if nothing is said.
    #[must_use]
    pub fn config(mut self, text: impl Into<String>) -> Self {
        self.config = text.into();
        self
    }

    /// Its data directory; `data` in its folder if nothing is said.
    #[must_use]
    pub fn data(mut self, path: impl Into<PathBuf>) -> Self {
        self.data = path.into();
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without a variable of this environment.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or ends.
    #[must_use]
    pub fn start(self) -> Server {
        self.try_start().unwrap_or_else(|log| panic!("the server did not start:\n{log}"))
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Errors
    ///
    /// What it wrote to its log, if it ended instead.
    ///
    /// # Panics
    ///
    /// If there is no such program, or it neither ends nor becomes ready.
    pub fn try_start(mut self) -> Result<Server, String> {
        let file = self.folder.join("prometheus.yml");
        fs::write(&file, &self.config).expect("the folder of the server can be written");
        let flag = |name: &str, path: &Path| [OsStr::new(name), path.as_os_str()].join(OsStr::new("="));
        self.command
            .arg(flag("--config.file", &file))
            .arg(flag("--storage.tsdb.path", &self.data))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = self.command.spawn().expect("the program can be started");
        let log = process.stderr.take().expect("its log is a pipe");
        // From here on a panic ends the process.
        let mut server = Server { process, address: String::new(), log: Arc::default() };
        let ready = follow(log, Arc::clone(&server.log));
        match ready.recv_timeout(START) {
            Ok(Some(address)) => server.address = address,
            Ok(None) => return Err(server.log()),
            Err(_) => panic!("the server neither ends nor becomes ready:\n{}", server.log()),
        }
        Ok(server)
    }
}

/// Reads a log to its end, aside, so that the server can go on writing it. Says where the server listens as soon as it
/// answers, and nothing if it ends before.
fn follow(log: impl Read + Send + 'static, seen: Arc<Log>) -> Receiver<Option<String>> {
    let (found, ready) = mpsc::channel();
    thread::spawn(move || listen(log, &seen, &found));
    ready
}

fn listen(log: impl Read, seen: &Log, found: &Sender<Option<String>>) {
    // The two lines come in either order.
    let (mut address, mut ready) = (None, false);
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        if line.contains("Listening on") {
            address = line.split_once(" address=").map(|(_, address)| address.trim().to_owned());
        }
        ready |= line.contains("Server is ready to receive web requests");
        if let Ok(mut text) = seen.text.lock() {
            text.push_str(&line);
            text.push('\n');
            seen.grown.notify_all();
        }
        if ready && let Some(address) = address.take() {
            found.send(Some(address)).ok();
        }
    }
    found.send(None).ok();
}

/// What a server has logged.
#[derive(Debug, Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

/// A server that runs. It is killed when this value goes.
#[derive(Debug)]
pub struct Server {
    process: Child,
    address: String,
    log: Arc<Log>,
}

impl Server {
    /// A Prometheus, or what takes the same flags, whose files lie in `folder`. It listens on a port of its own choice.
    #[must_use]
    pub fn launch(program: &Path, folder: &Path) -> Launch {
        Launch {
            command: Command::new(program),
            folder: folder.to_owned(),
            config: String::new(),
            data: folder.join("data"),
        }
    }

    /// Where it listens: `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The number of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text.lock().map(|log| log.clone()).unwrap_or_default()
    }

    /// The next line of its log that contains a text, from the byte `from` on, which is moved behind it. It is waited for.
    ///
    /// # Panics
    ///
    /// If there is none for a long time.
    pub fn wait_for_line(&self, from: &mut usize, text: &str) -> String {
        let mut log = self.log.text.lock().expect("nobody fails with the log in hand");
        loop {
            let begin = *from;
            let found = log.get(begin..).unwrap_or_default().split_inclusive('\n').find_map(|line| {
                *from += line.len();
                line.contains(text).then(|| line.trim_end().to_owned())
            });
            if let Some(line) = found {
                return line;
            }
            let waited = self.log.grown.wait_timeout(log, START).expect("nobody fails with the log in hand");
            assert!(!waited.1.timed_out(), "no {text:?} in:\n{}", waited.0);
            log = waited.0;
        }
    }

    /// A connection for many questions.
    ///
    /// # Panics
    ///
    /// If the server does not take it.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(&self.address).expect("the server takes connections")
    }

    /// What `GET path` answers.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.connect().send("GET", path, &[], b"").expect("the server answers")
    }

    /// What `POST path` answers to a body.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.connect().send("POST", path, headers, body).expect("the server answers")
    }

    /// Sends series with their samples by remote write, which it must have been started to take.
    ///
    /// # Panics
    ///
    /// If it refuses them.
    pub fn remote_write(&self, series: &[Written<'_>]) {
        let headers = [
            ("Content-Encoding", "snappy"),
            ("Content-Type", "application/x-protobuf"),
            ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ];
        let answer = self.post("/api/v1/write", &headers, &remote_write::body(series));
        assert!((200..300).contains(&answer.status), "{}: {}", answer.status, answer.text());
    }

    /// The `data` of an instant query at a time, in the API's notation.
    ///
    /// # Errors
    ///
    /// The `error` of the answer.
    pub fn query(&self, query: &str, time: &str) -> Result<Value, String> {
        self.get(&format!("/api/v1/query?query={}&time={time}", encode(query))).data()
    }

    /// Asks it to end, and waits for that.
    ///
    /// # Panics
    ///
    /// If it cannot be asked.
    #[must_use]
    pub fn stop(mut self) -> ExitStatus {
        let id = OsString::from(self.process.id().to_string());
        let asked = Command::new("kill").arg("-TERM").arg(id).status().expect("there is a program `kill`");
        assert!(asked.success(), "the server is still there");
        self.process.wait().expect("a child can be waited for")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
