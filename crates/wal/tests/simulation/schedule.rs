//! One schedule: a log on a machine with faults, decided by a seed.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use promd_clock::{Clock, SimClock, WallTime};
use promd_fs::{Failure, FaultPlan, Faults, Fs, Op, SimFs, Tear};
use promd_testkit::Random;
use promd_wal::{Compression, Log, LogKind, Options, RepairOptions, SyncPolicy, list_segments, repair, segment_name};

use crate::model::{Accident, Found, Model};
use crate::sabotage::{Sabotage, Sabotaged};

pub(crate) const DIR: &str = "/data/wal";

/// What happened in a schedule.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) faults: Faults,
    pub(crate) appends: u64,
    pub(crate) refused: u64,
    pub(crate) rotations: u64,
    pub(crate) syncs: u64,
}

struct Schedule {
    random: Random,
    fs: SimFs,
    clock: SimClock,
    model: Model,
    options: Options,
    sabotage: Sabotage,
    outcome: Outcome,
    /// A sync or a cut has failed in this life: a power loss, or a crash, may fall before the damage is cut off.
    sync_failed: bool,
    cut_failed: bool,
    /// The accident comes at once.
    over: bool,
    /// A process was killed after a failed sync, and the page cache still shows what that sync has lost: whoever opens the log
    /// cannot know, and syncs in vain.
    cache_lies: bool,
}

/// Runs the schedule of a seed. The error says what was broken.
pub(crate) fn run(seed: u64, sabotage: Sabotage) -> Result<Outcome, String> {
    let mut random = Random::new(seed);
    let sync = match random.below(4) {
        0 => SyncPolicy::Segment,
        1 => SyncPolicy::Always,
        _ => SyncPolicy::Interval(Duration::from_millis(100)),
    };
    let options = Options::default()
        .segment_size(32_768 * (1 + random.below(3)))
        .compression(random.pick(&Compression::ALL))
        .sync(sync)
        .max_unsynced(random.pick(&[2_000, 20_000, 1_000_000]));
    let mut schedule = Schedule {
        random,
        fs: SimFs::new(seed),
        clock: SimClock::new(WallTime::from_millis(1_700_000_000_000)),
        model: Model::new(seed),
        options,
        sabotage,
        outcome: Outcome::default(),
        sync_failed: false,
        cut_failed: false,
        over: false,
        cache_lies: false,
    };
    // The data directory itself is the caller's business.
    schedule.fs.create_dir(Path::new("/data")).and_then(|()| schedule.fs.sync_dir(Path::new("/"))).unwrap();
    let lives = 1 + schedule.random.below(3);
    for life in 0..lives {
        schedule.live().map_err(|error| {
            format!("seed {seed}, {sabotage:?}, life {life}: {error}\n{:?}\n{}", schedule.options, schedule.fs.log())
        })?;
    }
    schedule.outcome.faults += schedule.fs.faults();
    Ok(schedule.outcome)
}

impl Schedule {
    /// From the opening of the log to an accident, and what is found after it.
    fn live(&mut self) -> Result<(), String> {
        (self.sync_failed, self.cut_failed, self.over) = (false, false, false);
        self.plan();
        let fs = Arc::new(Sabotaged::new(self.fs.clone(), self.sabotage));
        // Metrics of this life alone.
        let metrics = Arc::new(promd_wal::LogMetrics::new(promd_wal::LogMetrics::WAL));
        let options = self.options.clone().metrics(metrics);
        let before = self.fs.faults().sync_errors;
        if let Ok(log) = Log::open(fs, Arc::new(self.clock.clone()), Path::new(DIR), options) {
            self.model.begin(!self.cache_lies && self.fs.faults().sync_errors == before);
            let steps = 5 + self.random.below(40);
            for _ in 0..steps {
                self.step(&log)?;
                self.model.safe_to(log.durability().synced_to());
                if self.over || self.fs.is_stopped() {
                    break;
                }
            }
            self.end(log)?;
        }
        self.accident()
    }

    fn plan(&mut self) {
        let tear = self.random.pick(&[Tear::Sector, Tear::Sector, Tear::Sector4K, Tear::Byte]);
        let mut plan = FaultPlan::new().tear(tear).short_reads(8);
        if self.random.one_in(2) {
            plan = plan.short_writes(6);
        }
        if self.random.one_in(3) {
            plan = plan.write_errors(12);
        }
        if self.random.one_in(4) {
            plan = plan.sync_errors(15);
        }
        if self.random.one_in(5) {
            plan = plan.stop_at(self.fs.ops() + 10 + self.random.below(80));
        }
        self.fs.set_plan(plan);
    }

    fn step(&mut self, log: &Log) -> Result<(), String> {
        match self.random.below(21) {
            0..9 => self.append(log),
            9..12 => {
                self.clock.advance(Duration::from_millis(self.random.below(150)));
                self.tick(log)
            }
            12 => self.tick(log),
            13..15 => {
                // As a blocking caller, or as an asynchronous one with a maintenance that ticks.
                let position = log.position();
                if self.random.one_in(2) {
                    let synced = log.durability().synced(position).block();
                    self.synced(log, position, synced.is_ok())
                } else {
                    let mut waiting = pin!(log.durability().synced(position));
                    let mut context = Context::from_waker(Waker::noop());
                    if waiting.as_mut().poll(&mut context).is_pending() {
                        let ticked = log.tick();
                        let ready = waiting.as_mut().poll(&mut context);
                        self.synced(log, position, ticked.is_ok())?;
                        if ready.is_pending() {
                            return Err("a wait goes on after a tick".to_owned());
                        }
                    }
                    Ok(())
                }
            }
            15 => {
                // An error is an append's business, which comes to the same place.
                log.next_segment().ok();
                Ok(())
            }
            16 => {
                let current = log.position().segment;
                let before = current.saturating_sub(self.random.below(3));
                self.model.truncated(before);
                log.truncate(before).ok();
                Ok(())
            }
            17 => {
                self.fill_disk();
                self.append(log)
            }
            18 => {
                self.fs.set_plan(FaultPlan::new().short_reads(8));
                self.append(log)
            }
            _ => self.inject(log),
        }
    }

    fn append(&mut self, log: &Log) -> Result<(), String> {
        let count = 1 + self.random.below(5);
        let records: Vec<(usize, Vec<u8>)> = (0..count)
            .map(|_| {
                let fill = match self.random.below(12) {
                    0 => self.random.below(40_000),
                    1..3 => self.random.below(6_000),
                    _ => self.random.below(300),
                };
                self.model.attempt(usize::try_from(fill).unwrap())
            })
            .collect();
        let from = log.position();
        let bytes: Vec<&[u8]> = records.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        let ids: Vec<usize> = records.iter().map(|(id, _)| *id).collect();
        match log.append(&bytes) {
            Ok(to) => {
                self.outcome.appends += 1;
                self.outcome.rotations += to.segment - from.segment;
                self.model.acknowledged(&ids, from, to, self.clock.monotonic());
                if self.options.sync == SyncPolicy::Always {
                    let acknowledged = log.durability().wait(to).block().is_ok();
                    self.synced(log, to, acknowledged)?;
                }
            }
            Err(_) => self.outcome.refused += 1,
        }
        Ok(())
    }

    /// What a sync that succeeded has to mean.
    fn synced(&mut self, log: &Log, position: promd_wal::Position, succeeded: bool) -> Result<(), String> {
        self.outcome.syncs += u64::from(succeeded);
        if succeeded && log.durability().synced_to() < position {
            return Err(format!("synced to {}, but told that {position} is", log.durability().synced_to()));
        }
        Ok(())
    }

    fn tick(&mut self, log: &Log) -> Result<(), String> {
        if log.tick().is_err() {
            return Ok(());
        }
        self.model.safe_to(log.durability().synced_to());
        match self.options.sync {
            SyncPolicy::Interval(interval) => self.model.check_interval(self.clock.monotonic(), interval),
            SyncPolicy::Segment => self.model.check_sealed(log.position().segment),
            SyncPolicy::Always => self.model.check_interval(self.clock.monotonic(), Duration::ZERO),
        }
    }

    /// Leaves little space on the disk, or frees it.
    fn fill_disk(&mut self) {
        let plan = FaultPlan::new().short_reads(8);
        let used = self.fs.space(Path::new("/")).map_or(0, |space| space.total - space.free);
        self.fs.set_plan(match self.random.below(2) {
            0 => plan,
            _ => plan.capacity(used + 4096 * self.random.below(4)),
        });
    }

    /// A fault at a chosen place.
    fn inject(&mut self, log: &Log) -> Result<(), String> {
        match self.random.below(8) {
            // A failed sync, and the way out of it barred at one of its steps.
            0..5 => {
                self.fs.inject(Failure::of(Op::Sync).on("wal/0"));
                let op = self.random.pick(&[Op::SyncDir, Op::SyncDir, Op::SyncDir, Op::Rename, Op::Sync, Op::Write]);
                let text = if op == Op::Sync || op == Op::Write { ".tmp" } else { "wal" };
                self.fs.inject(Failure::of(op).on(text).times(1 + self.random.below(2)));
                self.append(log)?;
                let failed = log.sync().is_err();
                self.sync_failed |= failed;
                self.over = failed && self.random.one_in(2);
            }
            5 => {
                self.cut_failed = true;
                self.fs.inject(Failure::of(Op::Truncate).on("wal/0"));
            }
            6 => self.fs.inject(Failure::of(Op::Remove).on("wal/0")),
            _ => self.fs.inject(Failure::of(Op::Open).on("wal/0")),
        }
        Ok(())
    }

    fn end(&mut self, log: Log) -> Result<(), String> {
        if self.random.one_in(6) && !self.fs.is_stopped() {
            let position = log.position();
            let durability = log.durability();
            if log.close().is_ok() && durability.synced_to() < position {
                return Err("closed without being synced".to_owned());
            }
            self.model.safe_to(durability.synced_to());
        }
        Ok(())
    }

    /// Ends the life of the machine, and looks at what is left.
    fn accident(&mut self) -> Result<(), String> {
        let accident = if self.random.one_in(3) { Accident::ProcessCrash } else { Accident::PowerLoss };
        self.outcome.faults += self.fs.faults();
        let lost_by_a_sync = self.sync_failed || self.fs.faults().sync_errors > 0 || self.cache_lies;
        self.cache_lies = accident == Accident::ProcessCrash && lost_by_a_sync;
        let next = match accident {
            Accident::ProcessCrash => self.fs.crash_process(),
            Accident::PowerLoss => self.fs.power_loss(),
        };
        self.fs = next;
        self.fs.set_plan(FaultPlan::new().short_reads(8));
        let dir = Path::new(DIR);
        if !self.fs.exists(dir).map_err(|error| error.to_string())? {
            return self.model.check(&Found::default(), None, accident);
        }
        let sabotaged = Arc::new(Sabotaged::new(self.fs.clone(), self.sabotage));
        let found = self.model.read(sabotaged.clone(), dir)?;
        let as_prometheus = self.model.read_as_prometheus(&self.fs, dir)?;
        let may_be_damaged = self.cut_failed || lost_by_a_sync && accident == Accident::PowerLoss;
        self.model.check(&found, Some(&as_prometheus).filter(|_| !may_be_damaged), accident)?;
        if accident == Accident::PowerLoss && self.random.one_in(2) {
            self.flip(&found)?;
            let found = self.model.read(sabotaged.clone(), dir)?;
            self.model.check(&found, None, accident)?;
        }
        self.repair(sabotaged, accident)
    }

    /// Repairs the log. What was there before is there, and Prometheus finds all of it.
    fn repair(&mut self, fs: Arc<dyn Fs>, accident: Accident) -> Result<(), String> {
        let dir = Path::new(DIR);
        let options = RepairOptions::new(LogKind::Wal, "/data/aside");
        let report = repair(&fs, dir, &options).map_err(|error| error.to_string())?;
        let found = self.model.read(fs, dir)?;
        let as_prometheus = self.model.read_as_prometheus(&self.fs, dir)?;
        let checked = self.model.check(&found, Some(&as_prometheus), accident);
        checked.map_err(|broken| format!("{broken}, after {report:?}"))
    }

    /// Flips bits at rest.
    fn flip(&mut self, found: &Found) -> Result<(), String> {
        let dir = Path::new(DIR);
        let mut offsets: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for _ in 0..1 + self.random.below(3) {
            let segments = list_segments(&self.fs, dir).map_err(|error| error.to_string())?;
            let Some(segment) = segments.iter().filter(|segment| segment.size > 0).max_by_key(|_| self.random.next())
            else {
                break;
            };
            let offset = self.random.below(segment.size);
            offsets.entry(segment.number).or_default().push(offset);
            let bit = u32::try_from(self.random.below(8)).unwrap();
            self.fs
                .flip_bit(&dir.join(segment_name(segment.number)), offset, bit)
                .map_err(|error| error.to_string())?;
        }
        offsets.iter().for_each(|(segment, offsets)| self.model.damaged(found, *segment, offsets));
        Ok(())
    }
}
