//! What a database has beside its blocks: the head, the files of its full chunks, its log, and what these have lost.

use std::path::Path;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use parking_lot::{Mutex, RwLock};
use promd_block::{Hole, LostSeries};
use promd_clock::Clock;
use promd_fs::Fs;
use promd_model::Interval;
use promd_storage::Position;
use promd_wal::record::Version;
use promd_wal::{Cause, Damage, Log, LogKind, RepairOptions, Report, SegmentId, SeriesCopy, list_segments};

use super::losses::{Losses, OF_LATE_LOG, OF_LOG};
use super::progress::ReplayProgress;
use super::{DbError, Options};
use crate::TsdbError;
use crate::chunks_head::{HeadChunks, HeadDamage, Recovered};
use crate::head::{Commit, CommitLog, Head, HeadOptions};
use crate::log::{HeadLog, LogDurability};
use crate::replay::{IntoHead, replay};
use crate::wbl::Wbl;

/// Where Prometheus has its log and its head chunks.
const WAL: &str = "wal";
const CHUNKS: &str = "chunks_head";

/// Where Prometheus has its log of samples that came out of order.
const WBL: &str = "wbl";

/// What Prometheus may keep beside the log, so as to know the last reference of a series without reading it (`tsdb/head_wal.go`).
const SERIES_STATE: &str = "series_state.json";

/// Where the originals of repaired segments go.
pub(super) const ASIDE: &str = "promd/aside";

/// Where the second copy of the series records is.
const SERIES: &str = "promd/series";

/// How many series a record of it has.
const SERIES_AT_ONCE: usize = 1_000;

/// How far somebody has read the log: promd-wal keeps it, and moves it where a repair moves records.
pub(super) const CURSORS: &str = "promd/cursors";

/// All of it.
pub(super) struct Live {
    pub(super) head: Head,
    pub(super) chunks: Arc<HeadChunks>,
    /// Nothing if the database was opened to be read.
    pub(super) log: Option<Arc<HeadLog>>,
    pub(super) durability: Option<LogDurability>,
    /// The log of samples that came out of order, from the moment on when there may be some.
    pub(super) late_log: Mutex<Option<Arc<Wbl>>>,
    pub(super) losses: RwLock<Arc<Losses>>,
    /// Damaged segments that a checkpoint has met, and that are not aside yet.
    pub(super) unkept: Mutex<Vec<SegmentId>>,
    /// What the head has, and would not have after another start: the log has lost it meanwhile. No answer speaks of it.
    latent: Mutex<Losses>,
    pub(super) expiries: Mutex<Expiries>,
    /// What was found at the start.
    pub(super) found: Mutex<Found>,
}

/// References that the head does not know, and until when the log may have samples by them: the records that name them stay that long.
pub(super) type Expiries = HashMap<u64, i64>;

/// What was found wrong at the start.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) log: Report,
    pub(super) late_log: Report,
    pub(super) chunks: Vec<HeadDamage>,
    /// Why the log could not be repaired. What is damaged is passed over all the same.
    pub(super) unrepaired: Option<String>,
}

impl Live {
    /// Opens all of it, the head empty. The log is repaired, so that Prometheus could replay it, too.
    pub(super) fn open(
        fs: &Arc<dyn Fs>,
        clock: &Arc<dyn Clock>,
        dir: &Path,
        options: &Options,
    ) -> Result<(Self, Recovered), DbError> {
        let wal = dir.join(WAL);
        let repair =
            RepairOptions::new(LogKind::Wal, dir.join(ASIDE)).cursors(dir.join(CURSORS)).series(dir.join(SERIES));
        let mut found = Found::default();
        match promd_wal::repair(fs, &wal, &repair) {
            Ok(report) => found.log = report,
            // The disk is full, say.
            Err(error) => found.unrepaired = Some(error.to_string()),
        }
        let wbl = dir.join(WBL);
        match promd_wal::repair(fs, &wbl, &RepairOptions::new(LogKind::Wbl, dir.join(ASIDE))) {
            Ok(report) => found.late_log = report,
            Err(error) => found.unrepaired = Some(error.to_string()),
        }
        let (chunks, recovered) = HeadChunks::open(Arc::clone(fs), &dir.join(CHUNKS)).map_err(TsdbError::from)?;
        // With it Prometheus 3.14 would take the references of series that are made here for free.
        match fs.remove_file(&wal.join(SERIES_STATE)) {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
        let log_options = options.log.clone().maintenance(options.maintenance.clone());
        let log = Log::open(Arc::clone(fs), Arc::clone(clock), &wal, log_options).map_err(TsdbError::from)?;
        // The database does without it, and ticks it itself.
        let copy_options = promd_wal::Options::default().compression(options.log.compression);
        let copy = SeriesCopy::open(Arc::clone(fs), Arc::clone(clock), &dir.join(SERIES), copy_options).ok();
        let log = Arc::new(HeadLog::new(log, copy, Version::V1));
        let live = Self::with(chunks, Some(log), options, Losses::read(&**fs, dir), found);
        Ok((live, recovered))
    }

    /// The same without a change to the directory.
    pub(super) fn open_read_only(
        fs: &Arc<dyn Fs>,
        dir: &Path,
        options: &Options,
    ) -> Result<(Self, Recovered), DbError> {
        let (chunks, recovered) =
            HeadChunks::open_read_only(Arc::clone(fs), &dir.join(CHUNKS)).map_err(TsdbError::from)?;
        let live = Self::with(chunks, None, options, Losses::read(&**fs, dir), Found::default());
        Ok((live, recovered))
    }

    fn with(chunks: HeadChunks, log: Option<Arc<HeadLog>>, options: &Options, losses: Losses, found: Found) -> Self {
        let chunks = Arc::new(chunks);
        let commits: Arc<dyn CommitLog> = match &log {
            Some(log) => Arc::clone(log) as _,
            None => Arc::new(NoLog),
        };
        Self {
            head: Head::new(options.head(), Arc::clone(&chunks) as _, commits),
            chunks,
            durability: log.as_ref().map(|log| log.durability()),
            log,
            late_log: Mutex::default(),
            losses: RwLock::new(Arc::new(losses)),
            latent: Mutex::default(),
            unkept: Mutex::default(),
            expiries: Mutex::default(),
            found: Mutex::new(found),
        }
    }

    /// Brings the head back. `valid` is the end of the blocks: what is older is not taken. What is known to be lost is remembered.
    pub(super) fn replay(
        &self,
        fs: &Arc<dyn Fs>,
        dir: &Path,
        recovered: Recovered,
        valid: Option<i64>,
        progress: &ReplayProgress,
    ) -> Result<(), DbError> {
        let head = &self.head;
        if let Some(valid) = valid {
            head.set_min_valid_time(valid);
        }
        let wal = dir.join(WAL);
        progress.begin(&**fs, &wal);
        let mut report = replay(fs, &wal, recovered, &mut IntoHead(head), &mut |segment| progress.reach(segment))?;
        let mut late = crate::wbl::replay(fs, &dir.join(WBL), head, &mut |_| {})?;
        if let Some(log) = &self.log {
            let mut copied = HashSet::new();
            let found = SeriesCopy::lookup(fs, &dir.join(SERIES), |series| {
                head.reserve(series.series);
                copied.insert(series.series);
            });
            // Of series that Prometheus has made there is none, nor of those for which there was no space. What it lacks it cannot
            // mislead about, so a copy that cannot be read, or written, stays as it is.
            if found.is_ok() {
                let mut series = Vec::new();
                head.each_series(|reference, labels| {
                    if !copied.contains(&reference) {
                        series.push((reference, labels()));
                    }
                    if series.len() == SERIES_AT_ONCE {
                        log.copy_series(&series);
                        series.clear();
                    }
                });
                log.copy_series(&series);
            }
        }
        let aliases = head.aliases();
        head.finish_replay();
        let mut expiries = self.expiries.lock();
        let newest = head.max_time().unwrap_or(i64::MIN);
        expiries.extend(aliases.into_iter().map(|reference| (reference, newest)));
        // Chunks that became a block before a crash, and series that have nothing.
        let valid = valid.unwrap_or(i64::MIN);
        expiries.extend(head.truncate(valid).into_iter().map(|reference| (reference, valid)));
        drop(expiries);

        let mut found = self.found.lock();
        found.chunks = std::mem::take(&mut report.chunk_damage);
        // What the repair has not mended is found again.
        found.log.damage.append(&mut report.log_damage);
        found.late_log.damage.append(&mut late.damage);
        // A write that was not finished was not acknowledged.
        let is_lost = |damage: &&Damage| damage.cause != Cause::Torn;
        let hole = |log: &str, damage: &Damage, interval| LostSeries {
            labels: None,
            hole: Hole { interval, cause: format!("{log}, {damage}").into() },
        };
        let mut holes = Vec::new();
        for damage in found.log.damage.iter().filter(is_lost) {
            let times = report.time_around(damage.segment).unwrap_or(Interval::new(valid, newest.max(valid)));
            holes.push(hole(OF_LOG, damage, Interval::new(times.min.max(valid), times.max.max(valid))));
        }
        for damage in found.late_log.damage.iter().filter(is_lost) {
            // Their times are nearly anything.
            let times = head.late_interval().unwrap_or(Interval::new(i64::MIN, newest));
            holes.push(hole(OF_LATE_LOG, damage, times));
        }
        drop(found);
        if !holes.is_empty() {
            let mut losses = Losses::clone(&self.losses.read());
            holes.into_iter().for_each(|hole| losses.add(hole));
            if self.log.is_some()
                && let Err(error) = losses.write(&**fs, dir)
            {
                // It is known as long as the database is open.
                self.found.lock().unrepaired.get_or_insert(error.to_string());
            }
            *self.losses.write() = Arc::new(losses);
        }
        progress.end();
        Ok(())
    }

    /// Remembers what the next start will not find in the log.
    pub(super) fn lose_at_restart(&self, fs: &dyn Fs, dir: &Path, lost: Vec<LostSeries>) -> Result<(), DbError> {
        if lost.is_empty() {
            return Ok(());
        }
        let mut latent = self.latent.lock();
        lost.into_iter().for_each(|lost| latent.add(lost));
        Ok(self.losses.read().write_with(&latent, fs, dir)?)
    }

    /// Forgets the losses of one log in a stretch of time, which has become a block.
    pub(super) fn settle_losses(&self, fs: &dyn Fs, dir: &Path, of: &str, range: Interval) -> Result<(), DbError> {
        let (losses, mut latent) = (Arc::clone(&self.losses.read()), self.latent.lock());
        if losses.within(range).next().is_some() || latent.within(range).next().is_some() {
            let (rest, rest_latent) = (losses.without(of, range), latent.without(of, range));
            rest.write_with(&rest_latent, fs, dir)?;
            *self.losses.write() = rest.into();
            *latent = rest_latent;
        }
        Ok(())
    }

    /// How many segments of the log were damaged when it was opened.
    pub(super) fn corruptions(&self) -> u64 {
        let found = self.found.lock();
        let damage = found.log.damage.iter().chain(&found.late_log.damage);
        damage.filter(|damage| damage.cause != Cause::Torn).map(|damage| damage.segment).collect::<HashSet<_>>().len()
            as u64
    }

    /// Whether the log may still need the record that names a series, if nothing before `mint` matters.
    pub(super) fn needs_record(&self, reference: u64, mint: i64) -> bool {
        self.head.has(reference) || self.expiries.lock().get(&reference).is_some_and(|until| *until >= mint)
    }

    /// Ends the log, with everything on the disk.
    pub(super) fn close(&self) -> Result<(), DbError> {
        let flushed = if self.log.is_some() { self.chunks.close().map_err(TsdbError::from) } else { Ok(()) };
        let late = self.late_log.lock().as_ref().map_or(Ok(()), |late| late.wal().close());
        if let Some(log) = &self.log {
            log.close()?;
        }
        late.map_err(TsdbError::from)?;
        Ok(flushed?)
    }

    /// Opens the log of late samples, if there may be some and it is not open.
    pub(super) fn log_late(
        &self,
        fs: &Arc<dyn Fs>,
        clock: &Arc<dyn Clock>,
        dir: &Path,
        options: &Options,
        window: i64,
    ) -> Result<(), DbError> {
        let folder = dir.join(WBL);
        let has_segments = || Ok::<_, DbError>(fs.exists(&folder)? && !list_segments(&**fs, &folder)?.is_empty());
        let mut late_log = self.late_log.lock();
        if late_log.is_some() || self.log.is_none() || (window <= 0 && !has_segments()?) {
            return Ok(());
        }
        let settings =
            options.log.clone().maintenance(options.maintenance.clone()).metrics(Arc::clone(&options.late_log));
        let opened = Wbl::open(Arc::clone(fs), Arc::clone(clock), &folder, settings, Version::V1)?;
        let opened = Arc::new(opened);
        self.head.set_late_log(Some(Arc::clone(&opened) as _));
        if self.found.lock().late_log.damage.iter().any(|damage| damage.cause != Cause::Torn) {
            self.supersede_late_log(&opened)?;
        }
        *late_log = Some(opened);
        Ok(())
    }

    /// Brings all late samples into chunks, and ends the log of them. With a record of it gone Prometheus would find other samples in a
    /// chunk than a marker behind them says, and drop them.
    fn supersede_late_log(&self, log: &Wbl) -> Result<(), DbError> {
        if self.head.late_blocks()?.is_some() && self.chunks.sync().is_ok() {
            log.wal().sync().map_err(TsdbError::from)?;
            if let Some((_, newest)) = log.wal().segments().map_err(TsdbError::from)? {
                log.wal().truncate(newest).map_err(TsdbError::from)?;
            }
        }
        Ok(())
    }
}

/// In the place of a log where nothing can be appended.
struct NoLog;

impl CommitLog for NoLog {
    fn log(&self, _: &Commit<'_>) -> Result<Position, TsdbError> {
        Err(TsdbError::ReadOnly)
    }
}

impl Options {
    /// How the head is to be.
    fn head(&self) -> HeadOptions {
        HeadOptions {
            chunk_range: self.min_block_duration,
            max_series: self.max_series,
            samples_per_chunk: self.samples_per_chunk,
            max_exemplars: self.max_exemplars,
            late_window: self.out_of_order_window,
            ..HeadOptions::default()
        }
    }
}
