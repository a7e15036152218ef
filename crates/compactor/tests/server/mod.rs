//! The real Prometheus, made to compact.

use std::cell::Cell;
use std::path::Path;

/// A server on a data directory; it is killed when this goes.
#[derive(Debug)]
pub(crate) struct Server {
    server: promd_testkit::Server,
    shortest: i64,
    /// How much of its log has been looked at.
    read: Cell<usize>,
}

impl Server {
    /// Starts it, with blocks from `shortest` to `longest` milliseconds, and waits until it is ready.
    pub(crate) fn start(program: &Path, data: &Path, shortest: i64, longest: i64) -> Self {
        let server = promd_testkit::Server::launch(program, data.parent().unwrap())
            .data(data)
            .flags([
                format!("--storage.tsdb.min-block-duration={shortest}ms"),
                format!("--storage.tsdb.max-block-duration={longest}ms"),
            ])
            .flags([
                "--storage.tsdb.retention.time=100y",
                "--web.enable-remote-write-receiver",
                "--web.enable-admin-api",
            ])
            .start();
        Self { server, shortest, read: Cell::new(0) }
    }

    /// Where it listens.
    #[allow(dead_code, reason = "only a bench asks it questions")]
    pub(crate) fn port(&self) -> u16 {
        self.server.address().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// The number of its process.
    #[allow(dead_code, reason = "only a bench asks what it has taken")]
    pub(crate) fn id(&self) -> u32 {
        self.server.process_id()
    }

    /// Makes it compact blocks that end before `end`, at once, and returns the name of the first one that it makes. By itself it would
    /// look for something to compact once a minute, or when its head is full. So a sample is written and deleted again,
    /// then another one so much later that the head is full: the block of the head has nothing in it and is not written,
    /// and that of blocks follows.
    pub(crate) fn compact(&self, end: i64) -> String {
        let first = (end / self.shortest + 2) * self.shortest;
        let write = |t| self.server.remote_write(&[(&[("__name__", "trigger")], &[(t, 1.0)])]);
        write(first);
        let seconds = format!("{}.{:03}", first / 1000, first % 1000);
        let query = format!("match%5B%5D=trigger&start={seconds}&end={seconds}");
        let deleted = self.server.post(&format!("/api/v1/admin/tsdb/delete_series?{query}"), &[], b"");
        assert!((200..300).contains(&deleted.status), "{}", deleted.text());
        write(first + self.shortest + self.shortest / 2 + 1);
        let mut read = self.read.get();
        let line = self.server.wait_for_line(&mut read, "msg=\"compact blocks");
        self.read.set(read);
        let name = line.split(" ulid=").nth(1).unwrap_or_else(|| panic!("no block: {line}"));
        name.split(' ').next().unwrap().to_owned()
    }
}
