//! Data directories that the real Prometheus wrote, sound and damaged, opened as a whole.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod fixture;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use answer::{Answer, Lost, may_be_missing};
use fixture::{copy, fixtures, injury, name};
use promd_model::{Interval, Labels, MatchOp, Matcher};
use promd_storage::SeriesExemplars;
use promd_tsdb::Db;
use serde_json::Value;
use support::{everything, open_real, ulids};

/// Sound directories: what is answered is what the server answered, again after restarts and ticks.
#[test]
fn sound_directories_answer_as_the_server_did() {
    let (mut samples, mut directories, mut kept) = (0, 0, 0);
    for fixture in fixtures().iter().filter(|fixture| injury(fixture).is_none()) {
        let data = copy(fixture);
        let expected = answer::expected(&fixture.join("expect.jsonl.gz"));
        let exemplars = expected_exemplars(&fixture.join("exemplars.json"));
        kept += exemplars.len();
        let check = |db: &Db, when: &str| {
            let (got, warnings) = everything(db);
            assert_eq!(warnings, [""; 0], "{} {when}", name(fixture));
            assert_same(&got, &expected, &format!("{} {when}", name(fixture)));
            assert_eq!(exemplars_of(db), exemplars, "{} {when}", name(fixture));
        };
        let before = files(data.path());
        check(&Db::open_read_only(support::real(), support::clock(), data.path()).unwrap(), "read-only");
        assert!(before == files(data.path()), "{}: nothing is changed", name(fixture));
        for when in ["first start", "second start", "third start"] {
            let db = open_real(data.path());
            assert!(db.damage().is_empty(), "{}: {:?}", name(fixture), db.damage());
            check(&db, when);
            db.tick().unwrap();
            check(&db, "after a tick");
            // Stopped, and killed.
            if when != "second start" {
                db.close().unwrap();
            }
        }
        samples += expected.values().map(BTreeMap::len).sum::<usize>();
        directories += 1;
    }
    println!("{directories} sound directories, {samples} samples, {kept} exemplars");
    assert!(kept > 300 || fixtures().is_empty(), "{kept}");
    assert!(samples > 60_000 || fixtures().is_empty(), "{samples}");
}

/// Exemplars with the labels of their series.
type Exemplars = BTreeSet<(Labels, Labels, String, i64)>;

fn exemplars_of(db: &Db) -> Exemplars {
    let all = vec![Matcher::new(MatchOp::Regex, "__name__", ".+").unwrap()];
    let found = db.reader(Interval::ALL).exemplars(&[all], Interval::ALL).unwrap();
    let of_series = |series: SeriesExemplars| {
        let SeriesExemplars { labels, exemplars } = series;
        exemplars.into_iter().map(move |one| (labels.clone(), one.labels, answer::number(one.value), one.timestamp.0))
    };
    found.into_iter().flat_map(of_series).collect()
}

/// What `/api/v1/query_exemplars` answered; nothing if it was not asked.
fn expected_exemplars(path: &Path) -> Exemplars {
    let Ok(text) = std::fs::read_to_string(path) else { return Exemplars::new() };
    let mut all = Exemplars::new();
    for series in serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap() {
        for one in series["exemplars"].as_array().unwrap() {
            let value = one["value"].as_str().unwrap().to_owned();
            let of = answer::labels(&series["seriesLabels"]);
            all.insert((of, answer::labels(&one["labels"]), value, answer::millis(&one["timestamp"])));
        }
    }
    all
}

/// All files below a folder.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![dir.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.insert(path.clone(), Vec::new());
                folders.push(path);
            } else {
                files.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[track_caller]
fn assert_same(got: &Answer, expected: &Answer, when: &str) {
    for (series, samples) in expected {
        let found = got.get(series).unwrap_or_else(|| panic!("{when}: {series} is missing"));
        for (t, value) in samples {
            assert_eq!(found.get(t), Some(value), "{when}: {series} at {t}");
        }
        let more: Vec<_> = found.iter().filter(|(t, _)| !samples.contains_key(t)).collect();
        assert!(more.is_empty(), "{when}: {series} has {more:?}");
    }
    let more: Vec<_> = got.keys().filter(|series| !expected.contains_key(series)).collect();
    assert!(more.is_empty(), "{when}: {more:?}");
}

/// Damaged directories: `promd.json` says what damage may cost. Again after a restart, and after maintenance.
#[test]
fn damage_costs_what_it_may_and_is_named() {
    let mut checked = 0;
    for fixture in &fixtures() {
        let Some(injury) = injury(fixture) else { continue };
        let undamaged = answer::expected(&fixture.join("undamaged.jsonl.gz"));
        let lost = may_be_missing(&injury);
        let exemplars = expected_exemplars(&fixture.join("undamaged_exemplars.json"));
        let check_exemplars = |db: &Db, when: &str| {
            let found = exemplars_of(db);
            let is_right = if injury["exemplars"] == "all" { found == exemplars } else { found.is_subset(&exemplars) };
            assert!(is_right, "{} {when}: {found:?}", name(fixture));
        };
        let data = copy(fixture);
        let before = ulids(data.path());
        let untouched = files(data.path());

        let read_only = Db::open_read_only(support::real(), support::clock(), data.path()).unwrap();
        check(fixture, "read-only", &read_only, &injury, &undamaged, &lost);
        check_matchers(fixture, &read_only, &everything(&read_only).0);
        check(fixture, "read-only, all looked at", &read_only, &injury, &undamaged, &lost);
        assert!(files(data.path()) == untouched, "{}: nothing is changed", name(fixture));
        drop(read_only);

        for start in ["first start", "second start"] {
            let db = open_real(data.path());
            let got = check(fixture, start, &db, &injury, &undamaged, &lost);
            check_matchers(fixture, &db, &got);
            check_exemplars(&db, start);
            if injury["must_report"] == true && start == "first start" {
                assert!(!db.damage().is_empty(), "{}", name(fixture));
            }
            db.close().unwrap();
        }
        let db = open_real(data.path());
        db.tick().unwrap();
        check(fixture, "after maintenance", &db, &injury, &undamaged, &lost);
        // What only a query finds.
        db.tick().unwrap();
        check(fixture, "after maintenance", &db, &injury, &undamaged, &lost);
        assert_eq!(db.damage().blocks, [], "{}: what is damaged is repaired or moved aside", name(fixture));
        db.close().unwrap();

        let mut after = ulids(data.path());
        after.extend(ulids(&data.path().join("promd/quarantine")));
        assert!(after.is_superset(&before), "{}: no block is deleted", name(fixture));
        checked += 1;
    }
    println!("{checked} damaged directories");
    assert!(checked >= 43 || fixtures().is_empty(), "{checked}");
}

/// A part of the undamaged answer, equal in every value, that lacks nothing but what may be missing, and never in silence.
fn check(fixture: &Path, when: &str, db: &Db, injury: &Value, undamaged: &Answer, lost: &[Lost]) -> Answer {
    let fixture = format!("{} ({when})", name(fixture));
    let (got, warnings) = everything(db);
    for (series, samples) in &got {
        for (t, value) in samples {
            let right = undamaged.get(series).and_then(|samples| samples.get(t));
            assert_eq!(right, Some(value), "{fixture}: {series} at {t}");
        }
    }
    for (series, samples) in undamaged {
        for t in samples.keys() {
            let may = |one: &Lost| one.interval.contains(*t) && one.series.as_ref().is_none_or(|lost| lost == series);
            let there = got.get(series).is_some_and(|samples| samples.contains_key(t));
            assert!(there || lost.iter().any(may), "{fixture}: {series} at {t} is missing; {warnings:?}");
        }
    }
    // A section of an index that was written again is as it was: there is nothing left to warn of.
    let repaired = when == "after maintenance" && got == *undamaged;
    // A posting list is looked at by those who ask for it, and a query over everything asks for the list of all series.
    let unseen = injury["damage"][0]["part"] == "index-postings" && !when.contains("all looked at");
    if injury["must_warn"] == true && !repaired && !unseen {
        assert!(!warnings.is_empty(), "{fixture}: no warning");
    }
    let silent = injury["loss_may_be_silent"] == true;
    assert!(silent || !warnings.is_empty() || got == *undamaged, "{fixture}: lost without a warning");
    got
}

/// `label="value"` and `label!="value"` pick from the answer exactly what they should.
fn check_matchers(fixture: &Path, db: &Db, everything: &Answer) {
    let pairs: BTreeSet<(&str, &str)> =
        everything.keys().flat_map(|series| series.iter()).map(|label| (label.name, label.value)).collect();
    for (label, value) in pairs {
        let is = |series: &&Labels| series.get(label) == Some(value);
        let (with, without): (BTreeSet<&Labels>, BTreeSet<&Labels>) = everything.keys().partition(is);
        for (op, expected) in [(MatchOp::Equal, with), (MatchOp::NotEqual, without)] {
            let (got, _) = support::select(db, &[Matcher::new(op, label, value).unwrap()]);
            assert_eq!(got.keys().collect::<BTreeSet<_>>(), expected, "{}: {label}, {value}", name(fixture));
        }
    }
}
