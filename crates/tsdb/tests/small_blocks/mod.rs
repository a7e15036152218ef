//! Blocks of twenty milliseconds, and a map that knows what they should answer.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(dead_code, reason = "each scenario takes what it needs")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use promd_block::{BlockId, Interval, Meta, WriteOptions};
use promd_fs::Fs;
use promd_model::Labels;
use promd_tsdb::{Db, Options};

use crate::answer::{self, Answer};
use crate::made::{self, Made, Random, go_on};
use crate::support::clock;

pub(crate) const DATA: &str = "/data";

/// The length of a block.
pub(crate) const WINDOW: i64 = 20;

pub(crate) fn options() -> Options {
    let mut options = Options::default();
    options.min_block_duration = WINDOW;
    options.max_block_duration = Some(WINDOW * 9);
    options
}

pub(crate) fn open(fs: &Arc<dyn Fs>, options: Options) -> Db {
    Db::open(Arc::clone(fs), clock(), DATA, options).unwrap()
}

/// What should be answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model(Answer);

impl Model {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn answer(&self) -> Answer {
        self.0.clone()
    }

    pub(crate) fn delete(&mut self, times: Interval, job: &str) {
        let of_job = self.0.iter_mut().filter(|(labels, _)| labels.get("job") == Some(job));
        of_job.for_each(|(_, samples)| samples.retain(|t, _| !times.contains(*t)));
        self.0.retain(|_, samples| !samples.is_empty());
    }

    /// Forgets samples, and says how many.
    pub(crate) fn keep(&mut self, keep: impl Fn(i64) -> bool) -> usize {
        let count = |answer: &Answer| answer.values().map(BTreeMap::len).sum::<usize>();
        let before = count(&self.0);
        self.0.values_mut().for_each(|samples| samples.retain(|t, _| keep(*t)));
        self.0.retain(|_, samples| !samples.is_empty());
        before - count(&self.0)
    }

    pub(crate) fn jobs(&self) -> Vec<String> {
        let jobs: BTreeSet<_> = self.0.keys().filter_map(|labels| labels.get("job")).collect();
        jobs.into_iter().map(str::to_owned).collect()
    }
}

/// Writes a block of the jobs a, b and c for the window number `at`. Each series has a value that depends on the time alone, so
/// that it does not matter which of two overlapping blocks is believed, and samples at times that depend on `seed`.
pub(crate) fn add_block(fs: &Arc<dyn Fs>, at: u64, seed: u64, model: &mut Model) {
    let mut random = Random::new(seed);
    let min = i64::try_from(at).unwrap() * WINDOW;
    let value = |t: i64| (t % 13) as f64;
    let mut series = Vec::new();
    for job in ["a", "b", "c"] {
        let times: Vec<i64> = (min..min + WINDOW).filter(|_| random.below(3) > 0).collect();
        let chunks: Vec<_> = times.chunks(7).map(|times| made::floats(times.iter().copied(), value)).collect();
        let labels = Labels::from_pairs([("__name__", "up"), ("job", job)]).unwrap();
        let samples = model.0.entry(labels).or_default();
        times.iter().for_each(|t| drop(samples.insert(*t, answer::number(value(*t)))));
        series.push(made::series("up", job, chunks));
    }
    model.0.retain(|_, samples| !samples.is_empty());
    fs.create_dir_all(Path::new(DATA)).unwrap();
    fs.sync_dir(Path::new("/")).unwrap();
    let id = BlockId::new(at, (u128::from(seed) << 64) | u128::from(random.next()));
    let meta = {
        let mut meta = Meta::new(id, min, min + WINDOW);
        meta.compaction.level = 1;
        meta.compaction.sources = vec![id];
        meta
    };
    let options = WriteOptions::default();
    promd_block::write(fs, Path::new(DATA), meta, &mut Made::new(series), &options, &mut go_on).unwrap().unwrap();
}
