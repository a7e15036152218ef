//! The database: opened while the server answers already that it starts.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use promd_api::{Cost, Database, HeadStats, RefusedSeries, ReplayProgress};
use promd_budget::Account;
use promd_clock::Clock;
use promd_config::Config;
use promd_fs::Fs;
use promd_model::{ByteSize, Interval, Matcher};
use promd_tsdb::{Db, Maintenance, Options, Retention};
use promd_wal::{Compression, SyncPolicy};

use crate::flags::Flags;
use crate::settings::{Settings, WalSync};

/// How long samples are kept if nobody says so.
const RETENTION: i64 = 15 * 24 * 60 * 60 * 1000;

/// A database that may not be open yet.
#[derive(Default)]
pub(crate) struct Store {
    progress: Arc<promd_tsdb::ReplayProgress>,
    db: OnceLock<Arc<Db>>,
}

impl Store {
    /// Opens the database. This takes as long as it takes to read the write-ahead log.
    pub(crate) fn open(
        &self,
        settings: &Settings,
        config: &Config,
        fs: Arc<dyn Fs>,
        clock: Arc<dyn Clock>,
        memory: Account,
    ) -> Result<Arc<Db>, String> {
        let mut options = options(settings, config);
        options.progress = Arc::clone(&self.progress);
        options.account = Some(memory);
        options.seed = u64::try_from(clock.wall().nanos()).unwrap_or(0) ^ u64::from(std::process::id());
        let db = Db::open(fs, clock, &settings.data_dir, options).map_err(|error| chain(&error))?;
        Ok(Arc::clone(self.db.get_or_init(|| Arc::new(db))))
    }

    fn db(&self) -> Result<&Db, String> {
        self.db.get().map(|db| &**db).ok_or_else(|| "TSDB not ready".to_owned())
    }
}

impl Database for Store {
    fn head_stats(&self, limit: usize) -> Result<HeadStats, String> {
        self.db()?.head_stats(limit)
    }

    fn blocks(&self) -> Result<Vec<serde_json::Value>, String> {
        Database::blocks(self.db()?)
    }

    fn replay_progress(&self) -> ReplayProgress {
        let (min, max, current) = self.progress.segments();
        ReplayProgress { min, max, current }
    }

    fn damage(&self) -> serde_json::Value {
        self.db().map(Database::damage).unwrap_or_default()
    }

    fn cost(&self, label: &str, limit: usize) -> Option<Vec<Cost>> {
        Database::cost(self.db().ok()?, label, limit)
    }

    fn refused(&self) -> Vec<RefusedSeries> {
        self.db().map(Database::refused).unwrap_or_default()
    }

    fn delete(&self, times: Interval, matchers: &[Matcher]) -> Result<(), String> {
        Database::delete(self.db()?, times, matchers)
    }

    fn clean_tombstones(&self) -> Result<(), String> {
        Database::clean_tombstones(self.db()?)
    }

    fn snapshot(&self, to: &Path, with_head: bool) -> Result<(), String> {
        Database::snapshot(self.db()?, to, with_head)
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let mut text = error.to_string();
    for cause in causes.map(ToString::to_string) {
        // Some say already what their cause says.
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn options(settings: &Settings, config: &Config) -> Options {
    let flags = &settings.flags;
    let mut options = Options::default();
    options.out_of_order_window = out_of_order_window(config);
    options.max_exemplars = max_exemplars(settings, config);
    options.lockfile = !flags.is_on("storage.tsdb.no-lockfile");
    options.retention = retention(flags, config);
    let most = flags.integer("promd.head.max-series").and_then(|most| usize::try_from(most).ok());
    options.max_series = most.filter(|most| *most > 0);
    options.min_block_duration = millis(flags.duration("storage.tsdb.min-block-duration")).unwrap_or(7_200_000);
    options.max_block_duration = millis(flags.duration("storage.tsdb.max-block-duration"));
    if let Some(size) = flags.bytes("storage.tsdb.max-block-chunk-segment-size") {
        options.segment_size = u32::try_from(size).unwrap_or(u32::MAX);
    }
    let interval = flags.duration("storage.tsdb.block-reload-interval").unwrap_or(Duration::from_mins(1));
    options.reload_interval = interval.max(Duration::from_secs(1));
    options.maintenance = Maintenance::background(|task| {
        // Without a thread there is no maintenance, and the head grows; that is seen in the log.
        let spawned = std::thread::Builder::new().name("tsdb".to_owned()).spawn(task);
        if let Err(error) = spawned {
            tracing::error!(component = "tsdb", err = %error, "Starting a thread failed");
        }
    });
    let log = options.log.clone().sync(match settings.wal_sync {
        WalSync::Segment => SyncPolicy::Segment,
        WalSync::Interval(duration) => SyncPolicy::Interval(duration),
        WalSync::Always => SyncPolicy::Always,
    });
    let compression = match flags.text("storage.tsdb.wal-compression-type") {
        _ if !flags.is_on("storage.tsdb.wal-compression") => Compression::None,
        "zstd" => Compression::Zstd,
        _ => Compression::Snappy,
    };
    options.log = log.compression(compression);
    if let Some(size) = flags.bytes("storage.tsdb.wal-segment-size") {
        options.log = options.log.clone().segment_size(size);
    }
    options
}

/// What a reload of the configuration changes of an open database.
pub(crate) fn reconfigure(db: &Db, settings: &Settings, config: &Config) -> Result<(), String> {
    db.set_retention(retention(&settings.flags, config));
    db.set_max_exemplars(max_exemplars(settings, config));
    db.set_out_of_order_window(out_of_order_window(config)).map_err(|error| chain(&error))
}

fn out_of_order_window(config: &Config) -> i64 {
    config.storage.tsdb.as_ref().map_or(0, |tsdb| tsdb.out_of_order_time_window.as_millis())
}

/// How many exemplars are kept: none without the feature.
fn max_exemplars(settings: &Settings, config: &Config) -> usize {
    /// What Prometheus keeps if the configuration does not say.
    const DEFAULT: i64 = 100_000;
    if !settings.features.has("exemplar-storage") {
        return 0;
    }
    let said = config.storage.exemplars.as_ref().map_or(DEFAULT, |exemplars| exemplars.max_exemplars);
    usize::try_from(said).unwrap_or(0)
}

/// How much is kept: what the configuration says goes before the flags.
fn retention(flags: &Flags, config: &Config) -> Retention {
    let said = config.storage.tsdb.as_ref().and_then(|tsdb| tsdb.retention.clone());
    let said = said.map(|said| (said.time.as_millis(), said.size.bytes(), said.percentage));
    let (time, size, percentage) = said.unwrap_or((0, 0, 0.0));
    let mut retention = Retention::default();
    if time == 0 && size == 0 && percentage == 0.0 {
        retention.time = millis(flags.duration("storage.tsdb.retention.time")).filter(|time| *time > 0);
        retention.size = flags.bytes("storage.tsdb.retention.size").filter(|size| *size > 0);
        if retention.time.is_none() && retention.size.is_none() {
            retention.time = Some(RETENTION);
        }
        return retention;
    }
    retention.time = Some(time).filter(|time| *time > 0);
    retention.size = u64::try_from(size).ok().filter(|size| *size > 0);
    retention.percentage = Some(percentage).filter(|share| *share > 0.0);
    retention
}

/// How much is kept, in words.
pub(crate) fn retention_text(flags: &Flags, config: &Config) -> String {
    let Retention { time, size, percentage, .. } = retention(flags, config);
    let mut parts = Vec::new();
    parts.extend(time.and_then(promd_model::Duration::from_millis).map(|time| time.to_string()));
    parts.extend(size.and_then(|size| i64::try_from(size).ok()).map(|size| ByteSize::from_bytes(size).to_string()));
    parts.extend(percentage.map(|share| format!("{}%", promd_model::float::g(share))));
    parts.join(" or ")
}

fn millis(duration: Option<Duration>) -> Option<i64> {
    duration.and_then(|duration| i64::try_from(duration.as_millis()).ok())
}
