//! The database: blocks and a head in one data directory.
//!
//! - `live` is the head with its files and its log, brought back at the start; `losses` is what they are known to have lost;
//! - `reload` finds blocks, opens them, and lets go of those that have had their time;
//! - `list` is what it found: immutable, and replaced as a whole, so that a reader is a snapshot;
//! - `reader` makes one store of a list and the head, `storage` hands it out;
//! - `flush` makes blocks of the head, and `shorten` shortens the log then; with `delete`, `work` and `snapshot` they change blocks, one thing
//!   at a time, under one lock
//!   that neither readers nor appenders ever take;
//! - `maintenance` does the work now and then.
//!
//! # Start
//!
//! The lock; leftovers; the log repaired, the files of head chunks read and mended, the log opened; the blocks, which say where
//! the head begins; only then the log is replayed (`tsdb/db.go`).
//!
//! A damaged block never keeps the database from being opened. What can be read of it is answered, with a warning; one that must
//! not answer is moved to `promd/quarantine`, where Prometheus does not see it, and answers keep saying that it is missing.

mod appender;
mod damage;
mod delete;
mod error;
mod flush;
mod head_metrics;
mod list;
mod live;
mod losses;
mod maintenance;
mod metrics;
mod options;
mod progress;
mod reader;
mod refused;
mod reload;
mod resources;
mod shorten;
mod snapshot;
mod stats;
mod storage;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard, RwLock};
use promd_block::Meta;
use promd_clock::{Clock, Signal};
use promd_compactor::Retention;
use promd_fs::{Fs, Lock};
use promd_model::{Interval, Matcher, Metadata};
use promd_storage::{Appender, Durability, Reader};

pub use damage::{DamageReport, LeftOut};
pub use error::DbError;
pub use metrics::DbMetrics;
pub use options::Options;
pub use progress::ReplayProgress;
pub use refused::RefusedSeries;
pub use resources::Resources;
pub use stats::HeadStats;

use crate::chunks_head::Recovered;
use crate::head::Cost;
use appender::CountedAppender;
use list::List;
use live::Live;
use refused::Refusals;
use reload::remove_leftovers;
use work::Work;

/// How many exemplars are read where nobody says: what Prometheus keeps by default, if it keeps any.
const READ_ONLY_EXEMPLARS: usize = 100_000;

/// The name of the file that keeps others out, Prometheus among them.
const LOCK: &str = "lock";

/// A database in a data directory, of Prometheus or promd.
///
/// What is appended is logged, and kept in memory until it becomes a block. It can be shared by threads as it is; as a
/// [`Storage`](promd_storage::Storage) it is one to whoever evaluates or scrapes.
///
/// ```
/// use std::sync::Arc;
/// use promd_clock::SimClock;
/// use promd_fs::SimFs;
/// use promd_model::{Interval, Labels, Matcher};
/// use promd_storage::{Batch, Select, Series};
/// use promd_tsdb::{Db, Options};
///
/// let fs = Arc::new(SimFs::new(1));
/// let db = Db::open(fs, Arc::new(SimClock::default()), "/data", Options::default())?;
///
/// let mut appender = db.appender();
/// let up = appender.series(Labels::from_pairs([("__name__", "up"), ("job", "node")])?.view())?;
/// let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
/// batch.float(up, 1_000, 1.0);
/// appender.append(&batch, &mut verdicts);
/// assert!(verdicts[0].is_accepted());
/// appender.commit()?;
///
/// let reader = db.reader(Interval::ALL);
/// let mut found = reader.select(&Select::new(&[Matcher::equal("job", "node")], Interval::ALL))?;
/// let mut series = Series::default();
/// assert!(found.next(&mut series)?);
/// assert_eq!(series.labels.get("__name__"), Some("up"));
/// assert!(db.damage().is_empty());
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
    metrics: Arc<DbMetrics>,
    /// Held for as long as it takes to copy it.
    retention: Mutex<Retention>,
    refusals: Refusals,
    live: Live,
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
    /// Opens the database in the folder `dir`, which is made if it is missing, and brings back what was appended.
    ///
    /// # Errors
    ///
    /// If the folder cannot be locked or listed, or the log cannot be written to. Damage is no error.
    pub fn open(
        fs: Arc<dyn Fs>,
        clock: Arc<dyn Clock>,
        dir: impl Into<PathBuf>,
        options: Options,
    ) -> Result<Self, DbError> {
        let (dir, metrics) = (dir.into(), Arc::new(DbMetrics::new(&options)));
        fs.create_dir_all(&dir)?;
        let lock = take_lock(&*fs, &dir, &options, &metrics)?;
        remove_leftovers(&*fs, &dir)?;
        let (live, recovered) = Live::open(&fs, &clock, &dir, &options)?;
        let inner = Inner::new(fs, clock, dir, options, metrics, live);
        *inner.lock.lock() = lock;
        Self::start(inner, recovered)
    }

    /// Opens the database in the folder `dir` and changes nothing there. Whoever has it open for writing goes on with that; blocks
    /// that are new since then are seen after a [`reload`](Self::reload).
    ///
    /// # Errors
    ///
    /// If the folder cannot be listed.
    pub fn open_read_only(fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, dir: impl Into<PathBuf>) -> Result<Self, DbError> {
        let (dir, options) = (dir.into(), Options { max_exemplars: READ_ONLY_EXEMPLARS, ..Options::default() });
        let metrics = Arc::new(DbMetrics::new(&options));
        let (live, recovered) = Live::open_read_only(&fs, &dir, &options)?;
        Self::start(Inner::new(fs, clock, dir, options, metrics, live), recovered)
    }

    fn start(inner: Inner, recovered: Recovered) -> Result<Self, DbError> {
        inner.reload(&[])?;
        let Inner { fs, dir, options, .. } = &inner;
        let begun = inner.clock.monotonic();
        inner.live.replay(fs, dir, recovered, inner.end_of_blocks(), &options.progress)?;
        inner.metrics.replay_duration.set_duration(inner.clock.monotonic().since(begun));
        inner.metrics.log_corruptions.add(inner.live.corruptions());
        inner.live.log_late(fs, &inner.clock, dir, options, options.out_of_order_window)?;
        if let Some(account) = &options.account {
            inner.live.head.charge_to(account);
        }
        let db = Self { inner: Arc::new(inner) };
        db.inner.metrics.head.attach(Arc::downgrade(&db.inner));
        if !db.inner.read_only() {
            maintenance::start(&db.inner);
        }
        Ok(db)
    }

    /// The database as it is at this moment, for questions about a stretch of time. What is appended, deleted, compacted or
    /// removed later does not change what the reader answers, also if the database is closed. For as long as it
    /// lives, what it reads stays in memory.
    #[must_use]
    pub fn reader(&self, times: Interval) -> Box<dyn Reader + '_> {
        let Inner { live, .. } = &*self.inner;
        let head = live.head.reader(times);
        let losses = Arc::clone(&live.losses.read());
        Box::new(reader::reader(&self.inner.list(), head, losses, times))
    }

    /// Something to append with. Of a database that was opened to be read nothing can be committed.
    #[must_use]
    pub fn appender(&self) -> Box<dyn Appender + '_> {
        let Inner { live, metrics, refusals, .. } = &*self.inner;
        Box::new(CountedAppender::new(live.head.appender(), metrics, refusals))
    }

    /// What to wait on until a commit is safe from a loss of power. Without waiting it is safe from a crash of the process.
    #[must_use]
    pub fn durability(&self) -> Option<&dyn Durability> {
        self.inner.live.durability.as_ref().map(|durability| durability as _)
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
        damage::report(&self.inner.list(), &self.inner.live, self.inner.failure.lock().clone())
    }

    /// What the database takes of what the operating system limits.
    #[must_use]
    pub fn resources(&self) -> Resources {
        self.inner.resources()
    }

    /// What the head looks like, with the largest `limit` of each kind of label and metric. This looks at all of it.
    #[must_use]
    pub fn stats(&self, limit: usize) -> HeadStats {
        HeadStats::of(&self.inner.live.head, limit)
    }

    /// What series take in memory by the values of a label, the dearest first. This looks at all of them.
    #[must_use]
    pub fn cost_by(&self, label: &str) -> Vec<Cost> {
        self.inner.live.head.cost_by(label)
    }

    /// Whose new series were refused at a limit of series or memory, the most refused first.
    #[must_use]
    pub fn refused_series(&self) -> Vec<RefusedSeries> {
        self.inner.refusals.list()
    }

    /// What is said of metrics, of one or of all of them, by name.
    #[must_use]
    pub fn metadata(&self, metric: Option<&str>) -> BTreeMap<String, Vec<Metadata>> {
        self.inner.live.head.metadata(metric)
    }

    /// Changes how late samples may be, in milliseconds: see [`Options::out_of_order_window`].
    ///
    /// # Errors
    ///
    /// If there is no log for them yet, and it cannot be made. They are refused then, as before.
    pub fn set_out_of_order_window(&self, window: i64) -> Result<(), DbError> {
        let Inner { live, fs, clock, dir, options, .. } = &*self.inner;
        live.log_late(fs, clock, dir, options, window)?;
        live.head.set_late_window(window);
        Ok(())
    }

    /// Changes how much is kept, from the next look at the directory on: see [`Options::retention`]. The lengths of blocks stay as they are.
    pub fn set_retention(&self, retention: Retention) {
        *self.inner.retention.lock() = retention;
        self.inner.metrics.show_retention(&retention);
    }

    /// Changes how many exemplars there may be: see [`Options::max_exemplars`].
    pub fn set_max_exemplars(&self, most: usize) {
        self.inner.live.head.set_max_exemplars(most);
    }

    /// How far the log has been replayed: all of it.
    #[must_use]
    pub fn replay_progress(&self) -> &Arc<ReplayProgress> {
        &self.inner.options.progress
    }

    /// What the database and its log count.
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

    /// Does what is to be done now and then: looks for blocks, makes blocks of the head, repairs what is damaged, compacts. With
    /// [`Maintenance::Manual`](promd_wal::Maintenance::Manual) the caller does this, every
    /// [`reload_interval`](Options::reload_interval), and [`tick_log`](Self::tick_log) more often.
    ///
    /// Whoever appends does not wait for it. What readers and appenders hold at this moment is left to the next call.
    ///
    /// # Errors
    ///
    /// If any of it fails. It is tried again in the next round; [`damage`](Self::damage) keeps the error until then.
    pub fn tick(&self) -> Result<(), DbError> {
        let mut work = self.change()?;
        self.inner.round(&mut work)
    }

    /// Brings to the disk what the sync policy of the log says is due, and says whether there was anything. With
    /// [`Maintenance::Manual`](promd_wal::Maintenance::Manual) the caller does this as often as the policy says.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn tick_log(&self) -> Result<bool, DbError> {
        self.inner.tick_log()
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
    /// If a block cannot be changed, or the log not be written. What can be deleted elsewhere is.
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

    /// Links every block into the folder `to`, on the same file system, which is then a data directory of its own. With the
    /// head, what was committed until now becomes a block there; who appends does not wait for it.
    ///
    /// # Errors
    ///
    /// If `to` is the data directory, is called like a block, or has a block of the same name.
    pub fn snapshot(&self, to: &Path, with_head: bool) -> Result<(), DbError> {
        let mut work = self.inner.work.lock();
        self.inner.snapshot(&mut work, to, with_head)
    }

    /// Ends maintenance, waits for what is under way, brings everything to the disk, and gives the lock back. Nothing can be
    /// appended from here on. As in Prometheus, the head does not become a block: the log has it.
    ///
    /// # Errors
    ///
    /// If something cannot be written, or the lock file not be removed.
    pub fn close(&self) -> Result<(), DbError> {
        self.inner.stop();
        let _work = self.inner.work.lock();
        let closed = self.inner.live.close();
        match self.inner.lock.lock().take() {
            Some(lock) => closed.and(Ok(lock.release()?)),
            None => closed,
        }
    }

    /// The right to change blocks.
    fn change(&self) -> Result<MutexGuard<'_, Work>, DbError> {
        if self.inner.read_only() { Err(DbError::ReadOnly) } else { Ok(self.inner.work.lock()) }
    }
}

impl Inner {
    fn new(
        fs: Arc<dyn Fs>,
        clock: Arc<dyn Clock>,
        dir: PathBuf,
        options: Options,
        metrics: Arc<DbMetrics>,
        live: Live,
    ) -> Self {
        let nanos = u64::from_ne_bytes(clock.wall().nanos().to_ne_bytes());
        let (work, retention) = (Mutex::new(Work::new(options.seed ^ nanos)), options.retention);
        Self {
            fs,
            clock,
            dir,
            options,
            metrics,
            retention: Mutex::new(retention),
            refusals: Refusals::default(),
            live,
            list: RwLock::default(),
            work,
            failure: Mutex::default(),
            closed: AtomicBool::new(false),
            wake: Signal::new(),
            lock: Mutex::default(),
        }
    }

    /// Whether the directory must not be changed.
    fn read_only(&self) -> bool {
        self.live.log.is_none()
    }

    fn list(&self) -> Arc<List> {
        Arc::clone(&self.list.read())
    }

    /// Lets no further work begin, and asks what is under way to end.
    fn stop(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.wake.notify();
    }
}

/// Keeps others out, if that is wanted.
fn take_lock(fs: &dyn Fs, dir: &Path, options: &Options, metrics: &DbMetrics) -> Result<Option<Lock>, DbError> {
    if !options.lockfile {
        metrics.clean_start.set(-1);
        return Ok(None);
    }
    let lock = fs.lock(&dir.join(LOCK)).map_err(DbError::Lock)?;
    metrics.clean_start.set(i64::from(!lock.existed()));
    Ok(Some(lock))
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
