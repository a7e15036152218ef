//! The database over the blocks of a data directory.
//!
//! - `reload` finds blocks, opens them, and lets go of those that have had their time;
//! - `list` is what it found: immutable, and replaced as a whole, so that a reader is a snapshot;
//! - `reader` makes one store of a list;
//! - `delete`, `work` and `snapshot` change blocks, one thing at a time, under one lock that readers never take;
//! - `maintenance` does the work now and then.
//!
//! A damaged block never keeps the database from being opened. What can be read of it is answered, with a warning; one that must
//! not answer is moved to `promd/quarantine`, where Prometheus does not see it, and answers keep saying that it is missing.

mod damage;
mod delete;
mod error;
mod list;
mod maintenance;
mod metrics;
mod options;
mod reader;
mod reload;
mod snapshot;
mod work;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard, RwLock};
use promd_block::Meta;
use promd_clock::{Clock, Signal};
use promd_fs::{Fs, Lock};
use promd_model::{Interval, Matcher};
use promd_storage::Reader;

pub use damage::{DamageReport, LeftOut};
pub use error::DbError;
pub use metrics::DbMetrics;
pub use options::Options;

use list::List;
use work::Work;

/// The name of the file that keeps others out, Prometheus among them.
const LOCK: &str = "lock";

/// A database: the blocks of a data directory, of Prometheus or promd.
///
/// It reads blocks and takes care of them: deletes, compaction, retention, snapshots. It has no head: nothing can be appended,
/// and what lies in the write-ahead log is neither read nor touched.
///
/// ```
/// use std::sync::Arc;
/// use promd_clock::SimClock;
/// use promd_fs::{Fs, SimFs};
/// use promd_model::{Interval, Matcher};
/// use promd_storage::{Select, Series};
/// use promd_tsdb::{Db, Options};
///
/// let fs = Arc::new(SimFs::new(1));
/// let db = Db::open(fs, Arc::new(SimClock::default()), "/data", Options::default())?;
/// let reader = db.reader(Interval::ALL);
/// let mut found = reader.select(&Select::new(&[Matcher::equal("job", "node")], Interval::ALL))?;
/// assert!(!found.next(&mut Series::default())?, "there are no blocks yet");
/// assert!(db.damage().is_empty());
/// # drop(found);
/// db.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Db {
    inner: Arc<Inner>,
}

/// What a database and its maintenance share.
struct Inner {
    fs: Arc<dyn Fs>,
    clock: Arc<dyn Clock>,
    dir: PathBuf,
    options: Options,
    read_only: bool,
    metrics: Arc<DbMetrics>,
    /// Held for as long as it takes to copy or replace a pointer.
    list: RwLock<Arc<List>>,
    /// Held while blocks are changed. Taken before `list`.
    work: Mutex<Work>,
    /// Why the last round of maintenance failed.
    failure: Mutex<Option<String>>,
    closed: AtomicBool,
    /// Ends the wait of the maintenance task.
    wake: Signal,
    lock: Mutex<Option<Lock>>,
}

impl Db {
    /// Opens the database in the folder `dir`, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// If the folder cannot be locked or listed. Damage is no error.
    pub fn open(
        fs: Arc<dyn Fs>,
        clock: Arc<dyn Clock>,
        dir: impl Into<PathBuf>,
        options: Options,
    ) -> Result<Self, DbError> {
        let inner = Inner::new(fs, clock, dir.into(), options, false);
        inner.fs.create_dir_all(&inner.dir)?;
        inner.take_lock()?;
        inner.remove_leftovers()?;
        inner.reload(&[])?;
        let db = Self { inner: Arc::new(inner) };
        maintenance::start(&db.inner);
        Ok(db)
    }

    /// Opens the database in the folder `dir` and changes nothing there. Whoever has it open for writing goes on with that; what
    /// is new since then is seen after a [`reload`](Self::reload).
    ///
    /// # Errors
    ///
    /// If the folder cannot be listed.
    pub fn open_read_only(fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, dir: impl Into<PathBuf>) -> Result<Self, DbError> {
        let inner = Inner::new(fs, clock, dir.into(), Options::default(), true);
        inner.reload(&[])?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The database as it is at this moment, for questions about a stretch of time. What is deleted, compacted or removed later
    /// does not change what the reader answers, also if the database is closed.
    #[must_use]
    pub fn reader(&self, times: Interval) -> Box<dyn Reader> {
        Box::new(reader::reader(&self.inner.list(), times))
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The blocks that answer, by their first millisecond.
    #[must_use]
    pub fn blocks(&self) -> Vec<Meta> {
        self.inner.list().blocks.iter().map(|loaded| loaded.block.meta().clone()).collect()
    }

    /// What is known to be wrong.
    #[must_use]
    pub fn damage(&self) -> DamageReport {
        damage::report(&self.inner.list(), self.inner.failure.lock().clone())
    }

    /// What the database counts.
    #[must_use]
    pub fn metrics(&self) -> Arc<DbMetrics> {
        Arc::clone(&self.inner.metrics)
    }

    /// Looks for blocks again, and removes those that retention or a compaction has no use for.
    ///
    /// # Errors
    ///
    /// If the folder cannot be listed, or a block not be removed.
    pub fn reload(&self) -> Result<(), DbError> {
        let _work = self.inner.work.lock();
        self.inner.reload(&[])
    }

    /// Does what is to be done now and then: looks for blocks, repairs what is damaged, compacts. With
    /// [`Maintenance::Manual`](promd_wal::Maintenance::Manual) the caller does this, every
    /// [`reload_interval`](Options::reload_interval).
    ///
    /// # Errors
    ///
    /// If any of it fails. It is tried again in the next round; [`damage`](Self::damage) keeps the error until then.
    pub fn tick(&self) -> Result<(), DbError> {
        let mut work = self.change()?;
        self.inner.round(&mut work)
    }

    /// Merges blocks for as long as there is something to merge.
    ///
    /// # Errors
    ///
    /// If a merge fails. Unless the disk is full its blocks are marked, and not tried again.
    pub fn compact(&self) -> Result<(), DbError> {
        let mut work = self.change()?;
        self.inner.compact_blocks(&mut work)
    }

    /// Writes blocks again whose damage would keep Prometheus from opening them, and moves the damaged ones aside.
    ///
    /// # Errors
    ///
    /// If one cannot be written.
    pub fn repair(&self) -> Result<(), DbError> {
        let mut work = self.change()?;
        self.inner.repair(&mut work)
    }

    /// Deletes the samples of matching series in a stretch of time, both ends included. On return they are gone for good from the
    /// answers of readers taken from here on, with label values that only they had; their space is freed by the next
    /// compaction, or by [`clean_tombstones`](Self::clean_tombstones). Blocks in quarantine are not looked at.
    ///
    /// # Errors
    ///
    /// If a block cannot be changed. The others are.
    pub fn delete(&self, times: Interval, matchers: &[Matcher]) -> Result<(), DbError> {
        let _work = self.change()?;
        self.inner.delete(times, matchers)
    }

    /// Writes every block again from which something was deleted.
    ///
    /// # Errors
    ///
    /// If a block cannot be written.
    pub fn clean_tombstones(&self) -> Result<(), DbError> {
        let mut work = self.change()?;
        self.inner.clean_tombstones(&mut work)
    }

    /// Links every block into the folder `to`, on the same file system, which is then a data directory of its own.
    ///
    /// # Errors
    ///
    /// If `to` is the data directory, is called like a block, or has a block of the same name.
    pub fn snapshot(&self, to: &Path) -> Result<(), DbError> {
        let _work = self.inner.work.lock();
        self.inner.snapshot(to)
    }

    /// Ends maintenance, waits for what is under way, and gives the lock back.
    ///
    /// # Errors
    ///
    /// If the lock file cannot be removed.
    pub fn close(self) -> Result<(), DbError> {
        self.inner.stop();
        let _work = self.inner.work.lock();
        match self.inner.lock.lock().take() {
            Some(lock) => Ok(lock.release()?),
            None => Ok(()),
        }
    }

    /// The right to change blocks.
    fn change(&self) -> Result<MutexGuard<'_, Work>, DbError> {
        if self.inner.read_only { Err(DbError::ReadOnly) } else { Ok(self.inner.work.lock()) }
    }
}

impl Inner {
    fn new(fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, dir: PathBuf, options: Options, read_only: bool) -> Self {
        let metrics = Arc::new(DbMetrics::new(&options.retention));
        let nanos = u64::from_ne_bytes(clock.wall().nanos().to_ne_bytes());
        let work = Mutex::new(Work::new(options.seed ^ nanos));
        Self {
            fs,
            clock,
            dir,
            options,
            read_only,
            metrics,
            list: RwLock::default(),
            work,
            failure: Mutex::default(),
            closed: AtomicBool::new(false),
            wake: Signal::new(),
            lock: Mutex::default(),
        }
    }

    fn list(&self) -> Arc<List> {
        Arc::clone(&self.list.read())
    }

    fn take_lock(&self) -> Result<(), DbError> {
        if !self.options.lockfile {
            self.metrics.clean_start.set(-1);
            return Ok(());
        }
        let lock = self.fs.lock(&self.dir.join(LOCK)).map_err(DbError::Lock)?;
        self.metrics.clean_start.set(i64::from(!lock.existed()));
        *self.lock.lock() = Some(lock);
        Ok(())
    }

    /// Lets no further work begin, and asks what is under way to end.
    fn stop(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.wake.notify();
    }
}

impl Drop for Db {
    /// As a crash of the process would: the lock is given up, and its file stays.
    fn drop(&mut self) {
        self.inner.stop();
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}
