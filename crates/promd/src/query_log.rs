//! Queries on the record: those that run, in a file that outlives a crash, and those that have ended, in the query log.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use promd_api::{Finished, Watcher};
use promd_clock::WallTime;
use promd_fs::{Fs, OpenMode};
use promd_model::Millis;
use promd_promql::Query;
use serde_json::{Value, json};

use crate::log::{nanos_stamp, stamp};

/// The bytes that a running query has in the file.
const ENTRY: usize = 1000;

/// The name of the file, in the data directory.
const FILE: &str = "queries.active";

/// The largest file that is read: of more queries than anybody runs at once.
const MOST: u64 = 64 << 20;

/// The queries that run, each in a place of its own in a file: `[`, then 1000 bytes for each (`promql/query_logger.go`).
struct Active {
    file: Arc<dyn promd_fs::File>,
    free: Mutex<Vec<usize>>,
}

impl Active {
    /// Says which queries the last run of the server left behind, and begins anew.
    fn open(fs: &dyn Fs, folder: &Path, slots: usize) -> promd_fs::Result<Self> {
        fs.create_dir_all(folder)?;
        let path = folder.join(FILE);
        if fs.exists(&path)? {
            let left = left_behind(&fs.read_to_vec(&path, MOST)?);
            if !left.is_empty() {
                tracing::info!(
                    component = "activeQueryTracker",
                    queries = %format_args!("[{}]", left.join(",")),
                    "These queries didn't finish in prometheus' last run:"
                );
            }
        }
        let file = fs.open(&path, OpenMode::Create)?;
        file.set_len(0)?;
        let mut empty = vec![0; 1 + slots * ENTRY];
        if let Some(first) = empty.first_mut() {
            *first = b'[';
        }
        file.write_all_at(&empty, 0)?;
        Ok(Self { file, free: Mutex::new((0..slots).rev().collect()) })
    }

    fn write(&self, slot: usize, entry: &[u8]) -> bool {
        let mut place = entry.to_vec();
        place.resize(ENTRY, 0);
        let offset = u64::try_from(1 + slot * ENTRY).unwrap_or(u64::MAX);
        self.file.write_all_at(&place, offset).is_ok()
    }
}

/// The entries of queries that have not ended.
fn left_behind(file: &[u8]) -> Vec<String> {
    let entries = file.get(1..).unwrap_or_default().chunks(ENTRY);
    let texts = entries.filter_map(|entry| {
        let text: Vec<u8> = entry.iter().copied().take_while(|byte| *byte != 0).collect();
        let text = String::from_utf8(text).ok()?;
        let text = text.trim_end_matches(',');
        (!text.is_empty()).then(|| text.to_owned())
    });
    texts.collect()
}

/// What is written of a query, cut so that it fits its place.
fn entry(query: &str, at: WallTime) -> Vec<u8> {
    let seconds = at.millis().div_euclid(1000);
    let mut length = query.len().min(ENTRY - 40);
    loop {
        let cut = query.char_indices().map(|(at, _)| at).chain([query.len()]).rfind(|at| *at <= length).unwrap_or(0);
        let text = query.split_at(cut).0;
        let mut line = json!({ "query": text, "timestamp_sec": seconds }).to_string().into_bytes();
        line.push(b',');
        if line.len() <= ENTRY || length == 0 {
            return line;
        }
        // Escapes make a text longer than it is, each character by five bytes at most.
        length = length.saturating_sub((line.len() - ENTRY).div_ceil(6));
    }
}

/// Who writes queries down.
pub(crate) struct Recorder {
    active: Option<Active>,
    log: Mutex<Option<File>>,
}

impl Recorder {
    pub(crate) fn new(fs: &dyn Fs, folder: &Path, slots: usize) -> Self {
        let active = match Active::open(fs, folder, slots) {
            Ok(active) => Some(active),
            Err(error) => {
                tracing::error!(component = "activeQueryTracker", err = %error, "Failed to open the file of active queries");
                None
            }
        };
        Self { active, log: Mutex::default() }
    }

    /// Writes ended queries to this file from now on, opened anew; to none if the name is empty.
    pub(crate) fn log_to(&self, file: &str) -> std::io::Result<()> {
        let opened = match file {
            "" => None,
            name => Some(OpenOptions::new().create(true).append(true).open(name)?),
        };
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(())
    }
}

impl Watcher for Recorder {
    fn begins(&self, query: &Query, at: WallTime) -> Option<usize> {
        let active = self.active.as_ref()?;
        let slot = active.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        active.write(slot, &entry(query.expression.text(), at));
        Some(slot)
    }

    fn ended(&self, ticket: usize) {
        if let Some(active) = &self.active {
            active.write(ticket, &[]);
            active.free.lock().unwrap_or_else(PoisonError::into_inner).push(ticket);
        }
    }

    fn finished(&self, finished: &Finished<'_>) -> bool {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = log.as_mut() else { return true };
        file.write_all(format!("{}\n", record(finished)).as_bytes()).is_ok()
    }
}

/// A line of the query log, its fields in the order of Prometheus'. There are no spans, since nothing is traced.
fn record(finished: &Finished<'_>) -> String {
    let Finished { query, asker, at, result, .. } = finished;
    let params = json!({
        "query": query.expression.text(),
        "start": stamp(Millis(query.start)),
        "end": stamp(Millis(query.end)),
        "step": query.step.unwrap_or(0) / 1000,
    });
    let outcome = match result {
        Ok(answer) => {
            let (timings, samples) = (&answer.statistics.timings, &answer.statistics.samples);
            let stats = json!({
                "timings": {
                    "evalTotalTime": timings.eval_total.as_secs_f64(),
                    "resultSortTime": timings.result_sort.as_secs_f64(),
                    "queryPreparationTime": timings.query_preparation.as_secs_f64(),
                    "innerEvalTime": timings.inner_eval.as_secs_f64(),
                    "execQueueTime": timings.exec_queue.as_secs_f64(),
                    "execTotalTime": timings.exec_total.as_secs_f64(),
                },
                "samples": {
                    "totalQueryableSamples": samples.total_queryable,
                    "samplesRead": samples.read,
                    "peakSamples": samples.peak,
                },
            });
            format!("\"stats\":{stats}")
        }
        Err(error) => format!("\"error\":{}", Value::from(error.to_string())),
    };
    let request = json!({ "clientIP": asker.client, "method": asker.method, "path": asker.path });
    format!(
        "{{\"time\":\"{}\",\"level\":\"INFO\",\"source\":\"query_log.rs:{}\",\"msg\":\"promql query logged\",\
         \"params\":{params},{outcome},\"spanID\":\"0000000000000000\",\"httpRequest\":{request}}}",
        nanos_stamp(*at),
        line!(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use promd_fs::RealFs;

    #[test]
    fn queries_that_did_not_end_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::new(&RealFs::new(), folder.path(), 2);
        let begin = |text: &str| recorder.begins(&Query::instant(text, 0), WallTime::from_millis(5000));
        let (first, second) = (begin("up").unwrap(), begin("\"long\"\n").unwrap());
        assert_eq!(begin("there is no place for a third"), None);
        let file = || std::fs::read(folder.path().join(FILE)).unwrap();
        assert_eq!(file().len(), 2001);
        let expected = [r#"{"query":"up","timestamp_sec":5}"#, r#"{"query":"\"long\"\n","timestamp_sec":5}"#];
        assert_eq!(left_behind(&file()), expected);
        recorder.ended(first);
        assert_eq!(left_behind(&file()), expected[1..]);
        recorder.ended(second);
        assert!(left_behind(&file()).is_empty());
    }

    #[test]
    fn long_queries_are_cut() {
        for text in ["é".repeat(2000), "\"".repeat(2000), "a".repeat(970)] {
            let line = entry(&text, WallTime::from_millis(0));
            assert!(line.len() <= ENTRY);
            let line = line.strip_suffix(b",").unwrap();
            let value: Value = serde_json::from_slice(line).unwrap();
            assert!(text.starts_with(value["query"].as_str().unwrap()));
            assert!(line.len() > ENTRY - 64 || value["query"] == text.as_str());
        }
    }
}
