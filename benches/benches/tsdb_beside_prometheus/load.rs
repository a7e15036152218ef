//! A database under the load of scrapes of 2 000 series, every `interval` of a simulated clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::{Clock, SimClock, WallTime};
use promd_fs::RealFs;
use promd_model::LabelsBuilder;
use promd_storage::{Batch, SeriesRef, Verdict};
use promd_tsdb::{Db, Options};

use crate::anonymous;
use crate::series::{SCRAPE, labels, value};

pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const MINUTE: i64 = 60_000;
/// The beginning of a block.
const START: i64 = 1_736_035_200_000;

/// What is loaded.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) series: usize,
    pub(crate) per_value: usize,
    /// In milliseconds.
    pub(crate) interval: i64,
}

impl Plan {
    pub(crate) fn of_environment(series: usize) -> Self {
        let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
        let interval = i64::try_from(number("PROMD_INTERVAL", 15)).unwrap() * 1000;
        Self { series: number("PROMD_SERIES", series), per_value: number("PROMD_PER_VALUE", 40), interval }
    }
}

pub(crate) struct Load {
    pub(crate) db: Db,
    clock: SimClock,
    plan: Plan,
    /// One a series; how often it was replaced.
    series: Vec<SeriesRef>,
    generations: Vec<u8>,
    next_replaced: usize,
    /// How many samples of each series there are.
    scrapes: u64,
    /// The memory of the process and of this generator.
    own: u64,
    batch: Batch,
    verdicts: Vec<Verdict>,
}

impl Load {
    pub(crate) fn open(dir: &Path, plan: Plan) -> Self {
        let clock = SimClock::new(WallTime::from_millis(START));
        let db = Db::open(Arc::new(RealFs::new()), Arc::new(clock.clone()), dir, Options::default()).unwrap();
        let (mut batch, series, generations) = (Batch::new(), vec![SeriesRef(0); plan.series], vec![0; plan.series]);
        // The buffers of a scrape are not the database's either.
        (0..SCRAPE).for_each(|_| batch.float(SeriesRef(0), 0, 0.0));
        batch.clear();
        let mut load = Self {
            db,
            clock,
            plan,
            series,
            generations,
            next_replaced: 0,
            scrapes: 0,
            own: anonymous(),
            batch,
            verdicts: Vec::with_capacity(SCRAPE),
        };
        load.name(0..load.plan.series);
        load
    }

    /// Asks for series by their labels, ten each.
    fn name(&mut self, which: std::ops::Range<usize>) {
        let mut builder = LabelsBuilder::new();
        for chunk in which.collect::<Vec<_>>().chunks(SCRAPE) {
            let mut appender = self.db.appender();
            for index in chunk {
                let labels = labels(&mut builder, *index, self.generations[*index], self.plan.per_value);
                self.series[*index] = appender.series(labels.view()).unwrap();
            }
            appender.commit().unwrap();
        }
    }

    /// Ends the next `count` series, and begins as many others.
    pub(crate) fn replace(&mut self, count: usize) {
        for _ in 0..count {
            let index = self.next_replaced % self.plan.series;
            self.next_replaced += 1;
            self.generations[index] = self.generations[index].wrapping_add(1);
            self.name(index..index + 1);
        }
    }

    /// Runs for a while, and calls `each_minute` after each minute with the time that has passed in this run.
    pub(crate) fn run(&mut self, time: i64, mut each_minute: impl FnMut(&Self, i64)) {
        self.run_watched(time, |load, passed, work| {
            work(load);
            each_minute(load, passed);
        });
    }

    /// The same, with the database's work of a minute in the hands of the caller.
    pub(crate) fn run_watched(&mut self, time: i64, mut each_minute: impl FnMut(&mut Self, i64, fn(&mut Self))) {
        let begin = self.clock.wall().millis();
        let mut minute = begin;
        loop {
            let passed = self.clock.wall().millis() - begin;
            if passed >= time {
                return;
            }
            self.scrape();
            self.db.tick_log().unwrap();
            self.clock.advance(Duration::from_millis(self.plan.interval.unsigned_abs()));
            while minute + MINUTE <= self.clock.wall().millis() {
                minute += MINUTE;
                each_minute(self, minute - begin, Self::work);
            }
        }
    }

    fn work(&mut self) {
        self.db.tick().unwrap();
    }

    fn scrape(&mut self) {
        let now = self.clock.wall().millis();
        let targets = self.plan.series.div_ceil(SCRAPE);
        for target in 0..targets {
            // Targets are scraped one after the other.
            let t = now + i64::try_from(target).unwrap() * self.plan.interval / i64::try_from(targets).unwrap();
            let range = target * SCRAPE..((target + 1) * SCRAPE).min(self.plan.series);
            self.batch.clear();
            self.verdicts.clear();
            for index in range {
                self.batch.float(self.series[index], t, value(index, self.scrapes));
            }
            let mut appender = self.db.appender();
            appender.append(&self.batch, &mut self.verdicts);
            appender.commit().unwrap();
            assert!(self.verdicts.iter().all(|verdict| verdict.is_accepted()), "{:?}", self.verdicts[0]);
        }
        self.scrapes += 1;
    }

    /// Waits until the allocator may give back what was freed before. A few series are only a check that all this runs.
    pub(crate) fn settle(&self) {
        if self.plan.series >= 20_000 {
            std::thread::park_timeout(Duration::from_millis(1_050));
        }
    }

    /// The memory of the database, in bytes a series.
    pub(crate) fn memory(&self) -> f64 {
        self.per_series(anonymous())
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    pub(crate) fn per_series(&self, bytes: u64) -> f64 {
        bytes.saturating_sub(self.own) as f64 / self.plan.series as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    pub(crate) fn per_own(&self, bytes: usize) -> f64 {
        bytes as f64 / self.plan.series as f64
    }

    pub(crate) fn head_series(&self) -> usize {
        self.db.stats(0).series
    }

    /// What a sample takes in the chunks of blocks.
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    pub(crate) fn bytes_per_sample(&self) -> f64 {
        let (mut bytes, mut samples) = (0, 0);
        for meta in self.db.blocks() {
            let chunks = self.db.dir().join(meta.id.to_string()).join("chunks");
            let segments = std::fs::read_dir(chunks).unwrap();
            bytes += segments.map(|segment| segment.unwrap().metadata().unwrap().len()).sum::<u64>();
            samples += meta.stats.num_samples;
        }
        bytes as f64 / samples as f64
    }
}
