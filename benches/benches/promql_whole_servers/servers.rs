//! The servers, each with the data in its own directory.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use promd_testkit::{Connection, Server, peer, workspace};

use crate::links::copy_links;

/// A server that runs.
pub(super) struct Running {
    name: &'static str,
    process: Process,
    connection: Connection,
}

enum Process {
    Known(Server),
    Other(Killed),
}

/// A process that is killed when this value goes.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Running {
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn process_id(&self) -> u32 {
        match &self.process {
            Process::Known(server) => server.process_id(),
            Process::Other(child) => child.0.id(),
        }
    }

    /// What it answers.
    pub(super) fn get(&mut self, path: &str) -> Vec<u8> {
        let answer = self.connection.send("GET", path, &[], b"").unwrap();
        assert_eq!(answer.status, 200, "{} {path}: {}", self.name, String::from_utf8_lossy(&answer.body));
        answer.body
    }
}

/// Starts the servers that there are over the blocks in `data`.
pub(super) fn start_all(work: &Path, data: &Path) -> Vec<Running> {
    let promd = std::env::var_os("PROMD_SERVER").map_or(workspace().join("target/release/promd"), PathBuf::from);
    let mut all = Vec::new();
    for (name, program) in [("prometheus", peer("prometheus")), ("promd", Some(promd).filter(|path| path.exists()))] {
        let Some(program) = program else {
            println!("{name} is left out: there is no such program");
            continue;
        };
        let folder = work.join(name);
        copy_links(data, &folder.join("data"));
        // Nothing is to be merged meanwhile.
        let flags = [
            "--storage.tsdb.retention.time=100y",
            "--storage.tsdb.min-block-duration=8h",
            "--storage.tsdb.max-block-duration=8h",
        ];
        let server = Server::launch(&program, &folder).flags(flags).start();
        let connection = server.connect();
        all.push(Running { name, process: Process::Known(server), connection });
    }
    all.extend(victoria(work, data));
    all
}

fn victoria(work: &Path, data: &Path) -> Option<Running> {
    let (program, import) = (peer("victoria-metrics")?, peer("vmctl")?);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let child = Command::new(program)
        .arg(format!("-storageDataPath={}", work.join("victoria").display()))
        .arg(format!("-httpListenAddr={address}"))
        .args(["-retentionPeriod=100y", "-search.maxUniqueTimeseries=2000000", "-search.latencyOffset=0s"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child = Killed(child);
    let connection = loop {
        match Connection::open(&address) {
            Ok(connection) => break connection,
            Err(_) => std::thread::yield_now(),
        }
    };
    let mut server = Running { name: "victoria-metrics", process: Process::Other(child), connection };
    let status = Command::new(import)
        .args(["prometheus", "-s", "--disable-progress-bar"])
        .arg(format!("--prom-snapshot={}", data.display()))
        .arg(format!("--vm-addr=http://{address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "the blocks were imported");
    server.get("/internal/force_flush");
    Some(server)
}
