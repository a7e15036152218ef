//! What blocks answer, and what they should.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its data fails")]
#![allow(dead_code, reason = "each scenario takes what it needs")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use promd_block::{Block, BlockError, BlockSource, Damage, SourceSeries, scan};
use promd_fs::Fs;
use promd_model::{Columns, FloatHistogram, Interval, Labels, Run, float, is_stale};
use serde_json::Value;

/// Samples as the HTTP API shows them, by series and time. It shows no stale markers.
pub(crate) type Answer = BTreeMap<Labels, BTreeMap<i64, String>>;

/// All that the blocks of a data directory hold but for what was deleted, and what was found wrong with them.
pub(crate) fn of_directory(fs: &Arc<dyn Fs>, data: &Path) -> (Answer, Vec<Damage>) {
    let mut answer = Answer::new();
    let mut damage = Vec::new();
    for found in scan(&**fs, data).unwrap().blocks {
        match Block::open(fs, &found.dir) {
            Ok(block) => add_block(&block, &mut answer, &mut damage),
            Err(BlockError::Damaged(found)) => damage.push(*found),
            Err(error) => panic!("{error}"),
        }
    }
    (answer, damage)
}

/// All that a block holds but for what was deleted, within its times.
pub(crate) fn add_block(block: &Block, answer: &mut Answer, damage: &mut Vec<Damage>) {
    read_all(block, answer, damage);
    // A posting list is looked at when somebody asks for it; here, all are asked for.
    block.index().verify().ok();
    for found in block.damage() {
        if !damage.contains(&found) {
            damage.push(found);
        }
    }
}

fn read_all(block: &Block, answer: &mut Answer, damage: &mut Vec<Damage>) {
    if block.is_left_out() {
        return;
    }
    let mut source = block.source();
    let mut series = SourceSeries::default();
    let mut columns = Columns::new();
    loop {
        match source.next_series(&mut series) {
            Ok(true) => {}
            Ok(false) => break,
            // The index could not name its series: this comes before the first.
            Err(BlockError::Damaged(_)) => {
                assert!(block.is_left_out());
                return;
            }
            Err(error) => panic!("{error}"),
        }
        let samples = answer.entry(series.labels.clone()).or_default();
        for chunk in &series.chunks {
            columns.clear();
            chunk.chunk().decode_into(&mut columns).unwrap();
            assert_eq!(columns.times().first(), Some(&chunk.min));
            assert_eq!(columns.times().last(), Some(&chunk.max));
            for_each_sample(&columns, |t, text| {
                if !series.deleted.contains(t) && block.meta().interval().contains(t) {
                    let twice = samples.insert(t, text);
                    assert_eq!(twice, None, "{} at {t} comes twice", series.labels);
                }
            });
        }
    }
    answer.retain(|_, samples| !samples.is_empty());
    damage.extend(source.damage().iter().cloned());
}

/// A float as the HTTP API has it.
pub(crate) fn number(v: f64) -> String {
    float::json(v).trim_matches('"').to_owned()
}

pub(crate) fn for_each_sample(columns: &Columns, mut take: impl FnMut(i64, String)) {
    for run in columns.runs() {
        match run {
            Run::Floats(run) => {
                let samples = run.t.iter().zip(run.v).filter(|(_, v)| !is_stale(**v));
                samples.for_each(|(t, v)| take(*t, number(*v)));
            }
            Run::Histograms(run) => {
                (0..run.len()).for_each(|row| histogram(run.t[row], &run.float_histogram(row), &mut take));
            }
            Run::FloatHistograms(run) => {
                (0..run.len()).for_each(|row| histogram(run.t[row], &run.float_histogram(row), &mut take));
            }
        }
    }
}

/// Count, sum, and the observations of each bucket that has some.
fn histogram(t: i64, histogram: &FloatHistogram, take: &mut impl FnMut(i64, String)) {
    if is_stale(histogram.sum) {
        return;
    }
    let buckets = histogram
        .all()
        .filter(|bucket| bucket.count != 0.0)
        .map(|bucket| format!("({}, {}): {}", number(bucket.lower), number(bucket.upper), number(bucket.count)));
    let buckets: Vec<_> = buckets.collect();
    take(t, text(&number(histogram.count), &number(histogram.sum), &buckets));
}

fn text(count: &str, sum: &str, buckets: &[String]) -> String {
    format!("count {count} sum {sum} {}", buckets.join(" "))
}

/// The answers that a real server gave: a file `*.jsonl.gz` of the conformance data.
pub(crate) fn expected(path: &Path) -> Answer {
    let mut answer = Answer::new();
    for line in gunzip(path).lines() {
        add_series(&serde_json::from_str(line).unwrap(), &mut answer);
    }
    answer
}

/// Adds a series of an answer of the HTTP API.
pub(crate) fn add_series(series: &Value, answer: &mut Answer) {
    let samples = answer.entry(labels(&series["metric"])).or_default();
    for sample in series["values"].as_array().into_iter().flatten() {
        samples.insert(millis(&sample[0]), sample[1].as_str().unwrap().to_owned());
    }
    for sample in series["histograms"].as_array().into_iter().flatten() {
        let histogram = &sample[1];
        let buckets = histogram["buckets"].as_array().into_iter().flatten().map(|bucket| {
            let part = |at: usize| bucket[at].as_str().unwrap();
            format!("({}, {}): {}", part(1), part(2), part(3))
        });
        let part = |name: &str| histogram[name].as_str().unwrap().to_owned();
        samples.insert(millis(&sample[0]), text(&part("count"), &part("sum"), &buckets.collect::<Vec<_>>()));
    }
}

pub(crate) fn gunzip(path: &Path) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

pub(crate) fn labels(object: &Value) -> Labels {
    let pairs = object.as_object().unwrap().iter();
    Labels::from_pairs(pairs.map(|(name, value)| (name, value.as_str().unwrap()))).unwrap()
}

/// Seconds with at most three digits behind the point, as milliseconds.
pub(crate) fn millis(seconds: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "times of this millennium")]
    let millis = (seconds.as_f64().unwrap() * 1000.0).round() as i64;
    millis
}

/// What may be missing, by `promd.json`.
pub(crate) struct Lost {
    pub(crate) series: Option<Labels>,
    pub(crate) interval: Interval,
}

/// All that may be missing.
pub(crate) fn may_be_missing(injury: &Value) -> Vec<Lost> {
    let entry = |entry: &Value| Lost {
        series: entry.get("labels").map(labels),
        interval: Interval::new(entry["mint"].as_i64().unwrap(), entry["maxt"].as_i64().unwrap()),
    };
    injury["may_be_missing"].as_array().unwrap().iter().map(entry).collect()
}
