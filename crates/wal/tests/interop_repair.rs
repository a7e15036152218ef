//! The real Prometheus starts on what the repair leaves, finds no damage, and answers with the same samples.
//!
//! Expected values: of the fixtures, what the real server answered on the undamaged copy, and what `promd.json` says may be
//! missing of it; of injuries at random places, what the records mean that the reader finds.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

#[path = "reading/mod.rs"]
mod reading;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use promd_codec::compress::{Compression, Decoder};
use promd_fs::{Fs, RealFs};
use promd_wal::{LogKind, RepairOptions, Report, repair};
use reading::peer::{Answer, ask, series};
use reading::replay::{normalise, replay};
use reading::{copy, kind_of, read_real};
use serde_json::Value;

/// Repairs the logs of a data directory.
fn repair_all(data: &Path) -> Vec<Report> {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let mut reports = Vec::new();
    for log in ["wal", "wbl"] {
        let dir = data.join(log);
        let options = RepairOptions::new(kind_of(&dir), data.join("promd/aside"));
        reports.push(repair(&fs, &dir, &options).unwrap());
        assert!(repair(&fs, &dir, &options).unwrap().is_clean(), "a second repair finds nothing to do");
    }
    reports
}

fn undamaged(fixture: &Path) -> Answer {
    let (mut text, bytes) = (Vec::new(), std::fs::read(fixture.join("undamaged.jsonl.gz")).unwrap());
    Decoder::new().decode(Compression::Gzip, &bytes, 64 << 20, &mut text).unwrap();
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| series(&serde_json::from_slice(line).unwrap()))
        .collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What may be missing of each series: intervals in milliseconds.
fn may_be_missing(promd: &Value) -> BTreeMap<String, Vec<(i64, i64)>> {
    let mut all: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for row in promd["may_be_missing"].as_array().unwrap() {
        let interval = (row["mint"].as_i64().unwrap(), row["maxt"].as_i64().unwrap());
        all.entry(row["labels"].to_string()).or_default().push(interval);
    }
    all
}

#[test]
fn damaged_fixtures_are_served_without_what_is_lost() {
    let (Some(prometheus), Some(fixtures)) = (promd_testkit::peer("prometheus"), reading::fixtures()) else { return };
    let mut tested = 0;
    for fixture in fixtures {
        let Ok(text) = std::fs::read_to_string(fixture.join("promd.json")) else { continue };
        let promd: Value = serde_json::from_str(&text).unwrap();
        let in_a_log = |damage: &Value| {
            damage["file"].as_str().is_some_and(|file| file.starts_with("wal/") || file.starts_with("wbl/"))
        };
        if !promd["damage"].as_array().unwrap().iter().all(in_a_log) {
            continue;
        }
        let name = fixture.file_name().unwrap().to_string_lossy().into_owned();
        let home = tempfile::tempdir().unwrap();
        copy(&fixture.join("data"), &home.path().join("data"));
        let reports = repair_all(&home.path().join("data"));
        assert!(reports.iter().any(|report| !report.damage.is_empty()), "{name}: nothing is told");
        let config = json(&fixture.join("expect.json"))["config"].as_str().unwrap().to_owned();
        let answer = ask(&prometheus, home.path(), &config);
        let (expected, missing) = (undamaged(&fixture), may_be_missing(&promd));
        for (series, samples) in &answer {
            for (time, value) in samples {
                assert_eq!(
                    expected.get(series).and_then(|expected| expected.get(time)),
                    Some(value),
                    "{name}: made up: {series} at {time}"
                );
            }
        }
        for (series, samples) in &expected {
            for time in samples.keys() {
                let there = answer.get(series).is_some_and(|found| found.contains_key(time));
                let may_miss =
                    missing.get(series).is_some_and(|all| all.iter().any(|(min, max)| (min..=max).contains(&time)));
                assert!(there || may_miss, "{name}: lost: {series} at {time}");
            }
        }
        tested += 1;
    }
    assert!(tested >= 14, "only {tested} fixtures");
}

/// A generator of Knuth's (MMIX), so that a failure can be repeated.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap() % below
}

/// Copies the log of a fixture, injures its only segment, repairs it, and compares Prometheus with the reader.
fn check(fixture: &str, injure: impl Fn(&mut Vec<u8>)) {
    let (Some(prometheus), Some(root)) = (promd_testkit::peer("prometheus"), promd_testkit::conformance("tsdb")) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    copy(&root.join(fixture).join("data"), &data);
    let path = data.join("wal/00000000");
    let mut bytes = std::fs::read(&path).unwrap();
    injure(&mut bytes);
    std::fs::write(&path, &bytes).unwrap();
    let (before, damage) = read_real(&data.join("wal"), LogKind::Wal);
    assert!(!damage.is_empty(), "{fixture}: the injury is not found");
    repair_all(&data);
    let (after, _) = read_real(&data.join("wal"), LogKind::Wal);
    let bytes_of = |records: &[reading::Found]| records.iter().map(|record| record.bytes.clone()).collect::<Vec<_>>();
    assert_eq!(bytes_of(&after), bytes_of(&before), "{fixture}: the repair keeps what the reader finds");
    let expected = normalise(replay(&after));
    assert!(expected.len() > 10);
    assert_eq!(normalise(ask(&prometheus, home.path(), "global: {}\n")), expected, "{fixture}");
}

#[test]
fn injuries_at_random_places() {
    for (seed, fixture) in [(1, "wal_none"), (2, "wal_snappy"), (3, "wal_zstd"), (4, "wal_none")] {
        check(fixture, |bytes| {
            let mut state = seed;
            for _ in 0..3 {
                let at = random(&mut state, bytes.len());
                bytes[at] ^= 0xff;
            }
        });
    }
}

#[test]
fn a_log_cut_in_the_middle_of_a_record() {
    for fixture in ["wal_none", "wal_snappy", "wal_zstd"] {
        check(fixture, |bytes| bytes.truncate(bytes.len() - 5));
    }
}

#[test]
fn a_zeroed_sector() {
    check("wal_none", |bytes| bytes[33_280..33_792].fill(0));
}
