//! Whoever appends or reads does not wait for work on blocks: the work is stopped in its middle, and stays there until others have
//! appended and read.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod support;

use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use promd_fs::{Access, Entry, File, Fs, FsKind, Lock, Map, Metadata, OpenMode, Result, SimFs, Space};
use promd_model::{Interval, Labels, Matcher};
use promd_storage::Batch;
use promd_tsdb::{Db, Options};
use support::{clock, everything};

const DATA: &str = "/data";
/// The width of a block, in milliseconds.
const WINDOW: i64 = 1_000;
/// Long enough for a loaded machine: it is waited for only where something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where somebody who opens a file waits until he is let go.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    /// The path of such a file contains this.
    watched: Option<&'static str>,
    reached: bool,
}

impl Gate {
    fn close(&self, watched: &'static str) {
        *self.state.lock().unwrap() = GateState { watched: Some(watched), reached: false };
    }

    fn open(&self) {
        self.state.lock().unwrap().watched = None;
        self.changed.notify_all();
    }

    fn pass(&self, path: &Path) {
        let mut state = self.state.lock().unwrap();
        while state.watched.is_some_and(|watched| path.to_str().unwrap().contains(watched)) {
            state.reached = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap();
        }
    }

    fn wait_until_reached(&self) -> bool {
        let state = self.state.lock().unwrap();
        self.changed.wait_timeout_while(state, PATIENCE, |state| !state.reached).unwrap().0.reached
    }
}

/// A file system with a gate before files.
#[derive(Debug)]
struct Gated {
    fs: SimFs,
    gate: Arc<Gate>,
}

impl Fs for Gated {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn File>> {
        self.gate.pass(path);
        self.fs.open(path, mode)
    }

    fn map(&self, path: &Path, access: Access) -> Result<Map> {
        self.fs.map(path, access)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.fs.rename(from, to)
    }

    fn hard_link(&self, original: &Path, link: &Path) -> Result<()> {
        self.gate.pass(link);
        self.fs.hard_link(original, link)
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        self.fs.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        self.fs.remove_dir(path)
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        self.fs.create_dir(path)
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<Entry>> {
        self.fs.read_dir(path)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.fs.metadata(path)
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        self.fs.sync_dir(path)
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        self.fs.lock(path)
    }

    fn space(&self, path: &Path) -> Result<Space> {
        self.fs.space(path)
    }

    fn kind(&self, path: &Path) -> Result<FsKind> {
        self.fs.kind(path)
    }
}

struct World {
    gate: Arc<Gate>,
    db: Db,
}

impl World {
    /// A head of three windows, in a log of several segments.
    fn new() -> Self {
        let gate = Arc::new(Gate::default());
        let fs: Arc<dyn Fs> = Arc::new(Gated { fs: SimFs::new(1), gate: Arc::clone(&gate) });
        let mut options = Options::default();
        options.min_block_duration = WINDOW;
        options.max_block_duration = Some(WINDOW * 9);
        options.samples_per_chunk = 8;
        options.log = promd_wal::Options::default().segment_size(32 << 10).compression(promd_wal::Compression::None);
        let world = Self { gate, db: Db::open(fs, clock(), DATA, options).unwrap() };
        (0..300).for_each(|n| world.commit(n * 10));
        world
    }

    /// A sample for each of thirty series, and of one that there was not.
    fn commit(&self, t: i64) {
        let (mut appender, mut batch, mut verdicts) = (self.db.appender(), Batch::new(), Vec::new());
        for name in (0..30).map(|number| number.to_string()).chain([format!("at {t}")]) {
            let labels = Labels::from_pairs([("__name__", "up"), ("n", &name)]).unwrap();
            batch.float(appender.series(labels.view()).unwrap(), t, 1.0);
        }
        appender.append(&batch, &mut verdicts);
        assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{t}: {verdicts:?}");
        appender.commit().unwrap();
    }

    fn samples(&self) -> usize {
        everything(&self.db).0.values().map(std::collections::BTreeMap::len).sum()
    }

    /// Stops some work at a file whose path contains `at`, and appends and reads meanwhile.
    fn check(&self, at: &'static str, from: i64, work: impl Fn(&Db) + Sync) {
        const COMMITS: i64 = 60;
        let before = self.samples();
        self.gate.close(at);
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| work(&self.db));
            let is_reached = self.gate.wait_until_reached();
            let (sender, done) = channel();
            scope.spawn(move || {
                (0..COMMITS).for_each(|n| self.commit(from + n));
                sender.send(self.samples()).unwrap();
            });
            let seen = done.recv_timeout(PATIENCE);
            assert!(!worker.is_finished() || !is_reached, "{at}: the work was done before others had appended");
            // First of all: whoever waits would keep this test from its end.
            self.gate.open();
            assert!(is_reached, "{at}: the work never came there");
            assert_eq!(seen, Ok(before + usize::try_from(COMMITS).unwrap() * 31), "{at}");
        });
    }
}

#[test]
fn while_the_head_becomes_a_block() {
    let world = World::new();
    world.check("chunks/000001", 3_000, |db| db.tick().unwrap());
    assert!(!world.db.blocks().is_empty());
}

#[test]
fn while_a_checkpoint_is_made() {
    let world = World::new();
    world.check("wal/checkpoint.", 3_000, |db| db.tick().unwrap());
}

/// As a compaction does; here there is one block.
#[test]
fn while_blocks_are_merged() {
    let world = World::new();
    world.db.tick().unwrap();
    world.db.delete(Interval::new(0, 500), &[Matcher::equal("n", "1")]).unwrap();
    world.check("tmp-for-creation/index", 3_000, |db| db.clean_tombstones().unwrap());
}

#[test]
fn while_a_snapshot_is_taken() {
    let world = World::new();
    world.db.tick().unwrap();
    world.check("snapshots/one", 3_000, |db| db.snapshot(Path::new("/data/snapshots/one"), true).unwrap());
}
