//! What the scenarios share: opening, and asking for everything.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(dead_code, reason = "each scenario takes what it needs")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use promd_clock::{Clock, SimClock, WallTime};
use promd_fs::{Fs, RealFs};
use promd_model::{Columns, Interval, MatchOp, Matcher};
use promd_storage::{Decoder, Reader, Select, Series};
use promd_tsdb::{Db, Options};

use crate::answer::{self, Answer};

pub(crate) fn real() -> Arc<dyn Fs> {
    Arc::new(RealFs::new())
}

/// A clock on which it is some day in 2025.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SimClock::new(WallTime::from_millis(1_736_035_200_000)))
}

pub(crate) fn open_real(dir: &Path) -> Db {
    let mut options = Options::default();
    options.max_exemplars = 100_000;
    Db::open(real(), clock(), dir, options).unwrap()
}

/// All samples of all series, with the warnings of the answer.
pub(crate) fn everything(db: &Db) -> (Answer, Vec<String>) {
    // As the real server was asked.
    select(db, &[Matcher::new(MatchOp::Regex, "__name__", ".+").unwrap()])
}

pub(crate) fn select(db: &Db, matchers: &[Matcher]) -> (Answer, Vec<String>) {
    select_from(&*db.reader(Interval::ALL), matchers)
}

pub(crate) fn select_from(reader: &dyn Reader, matchers: &[Matcher]) -> (Answer, Vec<String>) {
    let mut set = reader.select(&Select::new(matchers, Interval::ALL)).unwrap();
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    let mut answer = Answer::new();
    let mut warnings = Vec::new();
    while set.next(&mut series).unwrap() {
        columns.clear();
        if let Err(damaged) = decoder.decode(&series, Interval::ALL, &mut columns) {
            warnings.push(damaged.to_string());
        }
        let samples = answer.entry(series.labels.clone()).or_default();
        answer::for_each_sample(&columns, |t, text| {
            assert_eq!(samples.insert(t, text), None, "{} at {t} comes twice", series.labels);
        });
    }
    warnings.extend(set.warnings().texts().map(str::to_owned));
    answer.retain(|_, samples| !samples.is_empty());
    (answer, warnings)
}

/// The folders below `dir` that are called by a ULID. None if there is no such folder.
pub(crate) fn ulids(dir: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.parse::<promd_block::BlockId>().is_ok()).collect()
}
