//! The same samples, one after the other, written to the real Prometheus and to a database of ours: both must say the same of each, and
//! show the same in the end.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by a panic, and counts")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod real_server;
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use promd_codec::Writer;
use promd_codec::compress::{Compression, Encoder};
use promd_fs::SimFs;
use promd_model::{Labels, LabelsRef};
use promd_storage::{Batch, Storage, Verdict};
use promd_testkit::{Connection, Server, peer};
use promd_tsdb::{Db, Options};
use real_server::everything_of;
use support::{clock, everything};

const MINUTE: i64 = 60_000;
/// A day in 2025, at the begin of a block's range.
const BASE: i64 = 1_736_035_200_000;

/// A field of a protobuf message that has a length.
fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.put_u8(number << 3 | 2);
    writer.put_uvarint_bytes(bytes);
}

/// A remote-write request (version 1) with one sample.
fn request(labels: LabelsRef<'_>, t: i64, v: f64) -> Vec<u8> {
    let (mut series, mut body) = (Vec::new(), Vec::new());
    for label in labels {
        let mut pair = Vec::new();
        field(1, label.name.as_bytes(), &mut pair);
        field(2, label.value.as_bytes(), &mut pair);
        field(1, &pair, &mut series);
    }
    let mut sample = vec![1 << 3 | 1];
    sample.extend(v.to_le_bytes());
    let mut writer = Writer::new(&mut sample);
    writer.put_u8(2 << 3);
    writer.put_uvarint(t.cast_unsigned());
    field(2, &sample, &mut series);
    field(1, &series, &mut body);
    let mut compressed = Vec::new();
    Encoder::new().encode(Compression::Snappy, &body, &mut compressed).unwrap();
    compressed
}

/// What the server says of a sample: a verdict by its text.
fn write(connection: &mut Connection, labels: LabelsRef<'_>, t: i64, v: f64) -> Option<String> {
    let headers = [
        ("Content-Encoding", "snappy"),
        ("Content-Type", "application/x-protobuf"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ];
    let answer = connection.send("POST", "/api/v1/write", &headers, &request(labels, t, v)).unwrap();
    if answer.status / 100 == 2 { None } else { Some(answer.text()) }
}

fn append(db: &Db, labels: LabelsRef<'_>, t: i64, v: f64) -> Verdict {
    let (mut appender, mut batch, mut verdicts) = (Storage::appender(db), Batch::new(), Vec::new());
    batch.float(appender.series(labels).unwrap(), t, v);
    appender.append(&batch, &mut verdicts);
    appender.commit().unwrap();
    verdicts[0]
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % end).unwrap()
    }
}

fn compare(window: i64, seed: u64) {
    let Some(program) = peer("prometheus") else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = format!("storage:\n  tsdb:\n    out_of_order_time_window: {}m\n", window / MINUTE);
    let server = Server::launch(&program, folder.path())
        .config(config)
        .flags(["--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver"])
        .start();
    let mut connection = server.connect();
    let mut options = Options::default();
    options.out_of_order_window = window;
    let db = Db::open(Arc::new(SimFs::new(1)), clock(), Path::new("/data"), options).unwrap();
    let mut numbers = Numbers(seed);
    let all: Vec<Labels> =
        (0..4).map(|n| Labels::from_pairs([("__name__", "m"), ("n", &n.to_string())]).unwrap()).collect();
    let (mut newest, mut sent, mut seen) = (BASE, Vec::new(), BTreeMap::new());
    let mut last = [i64::MIN; 4];
    for step in 0..500 {
        let number = usize::try_from(numbers.below(4)).unwrap();
        let labels = &all[number];
        // All within less than what makes the real head a block.
        let t = match numbers.below(10) {
            0..5 if newest < BASE + 150 * MINUTE => newest + numbers.below(30) * 1000 + 1,
            // Sometimes at a time that is taken.
            5 if !sent.is_empty() => sent[usize::try_from(numbers.below(1 << 20)).unwrap() % sent.len()],
            6 => newest - window,
            7 => newest - window - 1,
            _ => newest - numbers.below(130 * 60) * 1000,
        };

        // Of late samples at one time it would depend on the fill of chunks which of them stays: only beside the newest sample of a series,
        // where it is refused, another value is tried.
        let t = if numbers.below(12) == 0 { last[number].max(BASE) } else { t };
        let is_newest = t == last[number] && t > newest - 50 * MINUTE;
        let v =
            if is_newest && numbers.below(2) == 0 { -1.0 } else { f64::from(i32::try_from(t % 1_000_003).unwrap()) };
        let (theirs, ours) = (write(&mut connection, labels.view(), t, v), append(&db, labels.view(), t, v));
        match &theirs {
            None => assert_eq!(ours, Verdict::Accepted, "step {step}: {labels} at {t}"),
            Some(text) => assert!(text.contains(ours.as_str()), "step {step}: {labels} at {t}: {ours}, but {text}"),
        }
        *seen.entry(ours.as_str()).or_insert(0) += 1;
        if ours.is_accepted() {
            sent.push(t);
            newest = newest.max(t);
            last[number] = last[number].max(t);
        }
    }
    println!("window {window}: {seen:?}");
    let theirs = everything_of(&server, BASE / 1000 + 6 * 3600);
    let (ours, warnings) = everything(&db);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(ours == theirs, "ours: {ours:?}, theirs: {theirs:?}");
    let expected: &[&str] = if window > 0 { &["accepted", "too old sample"] } else { &["accepted", "out of bounds"] };
    assert!(expected.iter().all(|text| seen.get(text).is_some_and(|count| *count > 20)), "{seen:?}");
}

#[test]
fn with_a_window_the_same_samples_are_taken() {
    compare(90 * MINUTE, 1);
    compare(30 * MINUTE, 2);
}

#[test]
fn without_a_window_the_same_samples_are_taken() {
    compare(0, 3);
}
