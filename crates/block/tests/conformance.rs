//! Blocks that the real Prometheus wrote, sound and damaged.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod answer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use answer::{Answer, Lost, may_be_missing};
use promd_block::postings::select;
use promd_block::{Block, BlockError, Damage, Meta, Part, Tombstones, scan};
use promd_fs::{Fs, RealFs};
use promd_model::{Labels, LabelsBuilder, MatchOp, Matcher};
use serde_json::Value;

fn real() -> Arc<dyn Fs> {
    Arc::new(RealFs::new())
}

fn fixtures() -> Option<Vec<PathBuf>> {
    let root = promd_testkit::conformance("tsdb")?;
    let mut all: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(all.len() >= 60, "{}", all.len());
    Some(all)
}

fn name(fixture: &Path) -> &str {
    fixture.file_name().unwrap().to_str().unwrap()
}

/// Those whose `promd.json` says what the damage may cost.
fn injured(fixture: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(fixture.join("promd.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn every_meta_json_is_rewritten_to_the_byte() {
    let Some(fixtures) = fixtures() else { return };
    let mut rewritten = 0;
    for fixture in fixtures {
        for block in scan(&*real(), &fixture.join("data")).unwrap().blocks {
            let Ok(bytes) = std::fs::read(block.dir.join("meta.json")) else { continue };
            let Ok(meta) = Meta::parse(&bytes) else { continue };
            assert_eq!(String::from_utf8(meta.to_json()).unwrap(), String::from_utf8(bytes).unwrap());
            rewritten += 1;
        }
    }
    assert!(rewritten >= 80, "{rewritten}");
}

#[test]
fn every_file_of_tombstones_is_rewritten_to_the_byte() {
    let Some(fixtures) = fixtures() else { return };
    let mut entries = 0;
    for fixture in fixtures.iter().filter(|fixture| injured(fixture).is_none()) {
        for block in scan(&*real(), &fixture.join("data")).unwrap().blocks {
            let Ok(bytes) = std::fs::read(block.dir.join("tombstones")) else { continue };
            let deleted = Tombstones::decode(&bytes).unwrap();
            let meta = Meta::read(&*real(), &block.dir).unwrap();
            assert_eq!(deleted.len() as u64, meta.stats.num_tombstones, "{}", block.dir.display());
            // Prometheus writes series in the order of a Go map.
            let again = Tombstones::decode(&deleted.encode()).unwrap();
            assert_eq!((again.encode().len(), again), (bytes.len(), deleted.clone()));
            entries += deleted.len();
        }
    }
    assert!(entries >= 8, "{entries}");
}

/// Also where there is a head: what was in a block was answered.
#[test]
fn the_blocks_of_sound_directories_hold_what_the_server_answered() {
    let Some(fixtures) = fixtures() else { return };
    let (mut blocks, mut samples) = (0, 0);
    for fixture in fixtures.iter().filter(|fixture| injured(fixture).is_none()) {
        let data = fixture.join("data");
        let found = scan(&*real(), &data).unwrap();
        assert!(found.without_index.is_empty() && found.leftovers.is_empty());
        if found.blocks.is_empty() {
            continue;
        }
        let everything = answer::expected(&fixture.join("expect.jsonl.gz"));
        for block in &found.blocks {
            let block = Block::open(&real(), &block.dir).unwrap();
            let (mut got, mut damage) = (Answer::new(), Vec::new());
            answer::add_block(&block, &mut got, &mut damage);
            assert_eq!(damage, [], "{}", fixture.display());
            let out_of_order = name(fixture).contains("ooo");
            let time = block.meta().interval();
            for (series, expected) in &everything {
                let empty = BTreeMap::new();
                let held = got.get(series).unwrap_or(&empty);
                let expected: BTreeMap<_, _> = expected.range(time.min..=time.max).collect();
                let held: BTreeMap<_, _> = held.iter().collect();
                // Samples that came late may lie in another block of the same time, or in the head.
                if out_of_order {
                    held.iter().for_each(|(t, value)| assert_eq!(expected.get(t), Some(value), "{series} at {t}"));
                } else {
                    assert_eq!(held, expected, "{series} in {}", block.dir().display());
                }
                samples += held.len();
            }
            assert!(got.keys().all(|series| everything.contains_key(series)));
            let (mut stats, said) = (block.meta().stats.clone(), Meta::read(&*real(), block.dir()).unwrap());
            stats.other.clear();
            assert_eq!(stats, said.stats);
            blocks += 1;
        }
    }
    assert!(blocks >= 20 && samples >= 20_000, "{blocks} blocks, {samples} samples");
}

/// Directories without a head: damage costs what `promd.json` allows, and is named.
#[test]
fn damage_costs_what_it_may_and_is_named() {
    let Some(fixtures) = fixtures() else { return };
    let mut checked = 0;
    for fixture in &fixtures {
        let Some(injury) = injured(fixture) else { continue };
        if !matches!(injury["made_from"].as_str(), Some("blocks_only" | "inj_blocks")) {
            continue;
        }
        let undamaged = answer::expected(&fixture.join("undamaged.jsonl.gz"));
        let (got, damage) = answer::of_directory(&real(), &fixture.join("data"));
        check(name(fixture), &undamaged, &got, &may_be_missing(&injury));
        let list: Vec<String> = damage.iter().map(Damage::to_string).collect();
        let list = list.join("\n");
        for injured in injury["damage"].as_array().unwrap() {
            if injury["must_report"] == true {
                let file = injured["file"].as_str().unwrap();
                assert!(list.contains(file), "{}: {file} is not among\n{list}", name(fixture));
            } else {
                assert_eq!(list, "", "{}", name(fixture));
            }
        }
        let warned = damage.iter().any(Damage::must_warn);
        if injury["must_warn"] == true {
            assert!(warned, "{}: no warning among\n{list}", name(fixture));
        }
        assert!(warned || got == undamaged, "{}: lost without a warning\n{list}", name(fixture));
        checked += 1;
    }
    assert!(checked >= 19, "{checked}");
}

/// With a damaged index, `label="value"` and `label!="value"` pick from the answer exactly what they should.
#[test]
fn matchers_pick_what_they_should_over_a_damaged_index() {
    let Some(fixtures) = fixtures() else { return };
    let mut picked = 0;
    for fixture in fixtures.iter().filter(|fixture| name(fixture).starts_with("bad_index")) {
        for found in scan(&*real(), &fixture.join("data")).unwrap().blocks {
            let Ok(block) = Block::open(&real(), &found.dir) else { continue };
            let (mut everything, mut damage) = (Answer::new(), Vec::new());
            answer::add_block(&block, &mut everything, &mut damage);
            if block.is_left_out() {
                continue;
            }
            let pairs: BTreeSet<(String, String)> = everything
                .keys()
                .flat_map(|series| series.iter())
                .map(|label| (label.name.to_owned(), label.value.to_owned()))
                .collect();
            // A block of its own, whose parts are first used by a matcher.
            let block = Block::open(&real(), &found.dir).unwrap();
            for (name, value) in &pairs {
                let is = |series: &&Labels| series.get(name) == Some(value.as_str());
                let (with, without): (BTreeSet<&Labels>, BTreeSet<&Labels>) = everything.keys().partition(is);
                for (op, expected) in [(MatchOp::Equal, with), (MatchOp::NotEqual, without)] {
                    let matcher = Matcher::new(op, name, value).unwrap();
                    let got = select_series(&block, &[matcher]);
                    assert_eq!(got.iter().collect::<BTreeSet<_>>(), expected, "{}: {name}, {value}", fixture.display());
                    picked += 1;
                }
            }
        }
    }
    assert!(picked >= 100, "{picked}");
}

/// The series that matchers pick, without those whose entry is damaged.
fn select_series(block: &Block, matchers: &[Matcher]) -> BTreeSet<Labels> {
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    let mut all = BTreeSet::new();
    for id in &select(block.index(), matchers).unwrap() {
        match block.index().series(id, &mut labels, &mut chunks) {
            Ok(()) => drop(all.insert(labels.build().unwrap())),
            Err(BlockError::Damaged(damage)) => assert_eq!(damage.part, Part::IndexSeries),
            Err(error) => panic!("{error}"),
        }
    }
    all
}

/// A part of the undamaged answer, equal in every value, that lacks nothing but what may be missing.
fn check(fixture: &str, undamaged: &Answer, got: &Answer, lost: &[Lost]) {
    for (series, samples) in got {
        for (t, value) in samples {
            let right = undamaged.get(series).and_then(|samples| samples.get(t));
            assert_eq!(right, Some(value), "{fixture}: {series} at {t}");
        }
    }
    for (series, samples) in undamaged {
        for t in samples.keys() {
            let may = |one: &Lost| one.interval.contains(*t) && one.series.as_ref().is_none_or(|lost| lost == series);
            let there = got.get(series).is_some_and(|samples| samples.contains_key(t));
            assert!(there || lost.iter().any(may), "{fixture}: {series} at {t} is missing");
        }
    }
}
