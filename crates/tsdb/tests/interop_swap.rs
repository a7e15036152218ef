//! The real Prometheus and this database take turns on one directory: each adds, and the other answers all of it.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod fixture;
mod real_server;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use answer::Answer;
use fixture::{copy, fixtures, injury, name};
use promd_fs::{EntryKind, FaultPlan, Fs, OpenMode, RealFs, SimFs};
use promd_model::{Histogram, Labels, Span};
use promd_storage::Batch;
use promd_testkit::{Server, peer};
use promd_tsdb::{Db, Options};
use real_server::{config, differences, end_of, everything_of, launch};
use support::{clock, everything, open_real};

/// Adds series that there are not, and goes on with one that there is: `count` samples at 15 seconds from `from` on.
fn append(db: &Db, known: &Labels, from: i64, count: i64, model: &mut Answer) {
    for n in 0..count {
        let t = from + n * 15_000;
        let mut appender = db.appender();
        let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
        let mut float = |labels: &Labels, v: f64| {
            let series = appender.series(labels.view()).unwrap();
            batch.float(series, t, v);
            model.entry(labels.clone()).or_default().insert(t, answer::number(v));
        };
        float(known, 4_000.0 + n as f64);
        for job in ["a", "b", "c"] {
            float(&Labels::from_pairs([("__name__", "swapped"), ("job", job)]).unwrap(), n as f64 * 0.5);
        }
        let of_histograms = Labels::from_pairs([("__name__", "swapped_seconds")]).unwrap();
        let series = appender.series(of_histograms.view()).unwrap();
        let observed = u64::try_from(n).unwrap() + 1;
        let histogram = Histogram {
            count: observed,
            sum: observed as f64,
            positive_spans: vec![Span { offset: 0, length: 1 }],
            positive_buckets: vec![n + 1],
            ..Histogram::default()
        };
        batch.histogram(series, t, &histogram).unwrap();
        let text = format!("count {observed} sum {observed} (0.5, 1): {observed}");
        model.entry(of_histograms).or_default().insert(t, text);
        appender.append(&batch, &mut verdicts);
        assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{verdicts:?}");
        appender.commit().unwrap();
    }
}

/// The server adds, too: to a series of its own, and to one that we have made.
fn add_there(server: &Server, from: i64, model: &mut Answer) {
    let series = [[("__name__", "of_prometheus"), ("job", "a")], [("__name__", "swapped"), ("job", "b")]];
    let samples: Vec<(i64, f64)> = (0..8).map(|n| (from + n * 15_000, n as f64 + 0.25)).collect();
    let written: Vec<_> = series.iter().map(|labels| (&labels[..], &samples[..])).collect();
    server.remote_write(&written);
    for labels in &series {
        let of_series = model.entry(Labels::from_pairs(*labels).unwrap()).or_default();
        of_series.extend(samples.iter().map(|(t, v)| (*t, answer::number(*v))));
    }
}

fn samples(answer: &Answer) -> usize {
    answer.values().map(BTreeMap::len).sum()
}

fn check(when: &str, fixture: &Path, got: &Answer, model: &Answer) {
    assert_eq!(differences(model, got), [""; 0], "{} {when}", name(fixture));
}

/// Prometheus wrote; we open it, append, stop or are killed; Prometheus opens it, and we again.
#[test]
fn the_two_take_turns() {
    let Some(program) = peer("prometheus") else { return };
    let (mut compared, mut directories) = (0, 0);
    for fixture in fixtures().into_iter().filter(|fixture| injury(fixture).is_none()) {
        let data = copy(&fixture);
        let (config, end) = (config(&fixture), end_of(&fixture));
        let mut model = answer::expected(&fixture.join("expect.jsonl.gz"));
        let newest = model.values().filter_map(|samples| samples.last_key_value()).map(|(t, _)| *t).max().unwrap();
        let known = model.iter().find(|(_, samples)| samples.values().all(|text| !text.starts_with("count")));
        let known = known.unwrap().0.clone();
        // Long enough that the head becomes a block on the way.
        for (turn, from) in [(0, newest + 60_000), (1, newest + 2 * 3_600_000), (2, newest + 5 * 3_600_000)] {
            let db = open_real(data.path());
            // Behind the blocks, which may end later than their samples.
            let behind = db.blocks().iter().map(|meta| meta.max_time).max();
            append(&db, &known, from.max(behind.unwrap_or(from)), 100, &mut model);
            db.tick().unwrap();
            check("here", &fixture, &everything(&db).0, &model);
            assert!(db.damage().is_empty(), "{}: {:?}", name(&fixture), db.damage());
            if turn == 1 {
                drop(db);
            } else {
                db.close().unwrap();
            }
            let server = launch(&program, data.path(), &config);
            check("there", &fixture, &everything_of(&server, end), &model);
            add_there(&server, from.max(behind.unwrap_or(from)) + 100 * 15_000, &mut model);
            check("added there", &fixture, &everything_of(&server, end), &model);
            if turn == 1 {
                drop(server);
            } else {
                assert!(server.stop().success());
            }
            compared += samples(&model);
        }
        let db = open_real(data.path());
        check("at last", &fixture, &everything(&db).0, &model);
        directories += 1;
    }
    println!("{directories} directories, {compared} samples compared");
    assert!(compared > 100_000, "{compared}");
}

/// Copies a folder from one file system to another, without the zeros of files that have room for more.
fn carry(from: &dyn Fs, to: &dyn Fs, (source, target): (&Path, &Path)) {
    const PIECE: usize = 64 << 10;
    to.create_dir_all(target).unwrap();
    for entry in from.read_dir(source).unwrap() {
        let (source, target) = (source.join(&entry.name), target.join(&entry.name));
        if entry.kind == EntryKind::Directory {
            carry(from, to, (&source, &target));
            continue;
        }
        let bytes = from.read_to_vec(&source, 1 << 30).unwrap();
        let file = to.open(&target, OpenMode::Truncate).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        for (number, piece) in bytes.chunks(PIECE).enumerate().filter(|(_, piece)| piece.iter().any(|byte| *byte != 0))
        {
            file.write_all_at(piece, (number * PIECE) as u64).unwrap();
        }
        file.sync_all().unwrap();
    }
    to.sync_dir(target).unwrap();
}

/// A scrape of a hundred series; says whether it was acknowledged.
fn scrape(db: &Db, t: i64) -> bool {
    let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
    for number in 0..100 {
        let labels = Labels::from_pairs([("__name__", "scraped"), ("n", &number.to_string())]).unwrap();
        batch.float(appender.series(labels.view()).unwrap(), t, (t % 1_000) as f64);
    }
    appender.append(&batch, &mut verdicts);
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{verdicts:?}");
    appender.commit().is_ok()
}

/// On a simulated machine the disk fills up and empties again, the process is killed, and a byte of the log is damaged and repaired. After each
/// of it the real server answers what we answer, and adds to it; and we go on from there.
#[test]
fn after_crash_repair_and_full_disk() {
    let Some(program) = peer("prometheus") else { return };
    let data = Path::new("/data");
    let chosen = ["blocks_float", "wal_snappy", "wal_zstd", "checkpoint", "ooo_wbl"];
    let mut compared = 0;
    for fixture in fixtures().into_iter().filter(|fixture| chosen.contains(&name(fixture))) {
        let (config, end, real) = (config(&fixture), end_of(&fixture), RealFs::new());
        let before = answer::expected(&fixture.join("expect.jsonl.gz"));
        let newest = before.values().filter_map(|samples| samples.last_key_value()).map(|(t, _)| *t).max().unwrap();
        let sim = SimFs::new(7);
        carry(&real, &sim, (&fixture.join("data"), data));
        let open = |sim: &SimFs| {
            let mut options = Options::default();
            // Ten scrapes do not fit into what is left of a block of the disk.
            options.log = promd_wal::Options::default().compression(promd_wal::Compression::None);
            Db::open(Arc::new(sim.clone()), clock(), data, options).unwrap()
        };
        let db = open(&sim);
        let behind = db.blocks().iter().map(|meta| meta.max_time).max().unwrap_or(newest).max(newest) + 60_000;
        let (mut acknowledged, mut refused) = (BTreeSet::new(), 0);
        for n in 0..90 {
            match n % 30 {
                10 => sim.set_plan(FaultPlan::new().capacity(1)),
                20 => sim.set_plan(FaultPlan::new()),
                _ => {}
            }
            let t = behind + n * 15_000;
            if scrape(&db, t) {
                acknowledged.insert(t);
            } else {
                refused += 1;
            }
            db.tick_log().ok();
        }
        assert!(refused > 0, "{}: the disk was never full", name(&fixture));
        // Killed, and then killed and damaged: once where nothing may be missing, once where a record may.
        for damaged in [false, true] {
            let killed = sim.crash_process();
            if damaged {
                let segments: Vec<PathBuf> = promd_wal::list_segments(&killed, &data.join("wal"))
                    .unwrap()
                    .iter()
                    .filter(|segment| segment.size > 200)
                    .map(|segment| data.join("wal").join(promd_wal::segment_name(segment.number)))
                    .collect();
                let last = segments.last().unwrap();
                // Only what is at rest can be damaged.
                let file = killed.open(last, OpenMode::Write).unwrap();
                file.sync_data().unwrap();
                killed.flip_bit(last, file.size().unwrap().min(20_000) / 2, 3).unwrap();
            }
            let db = open(&killed);
            let (mut model, _) = everything(&db);
            let scraped: BTreeSet<i64> = model
                .iter()
                .filter(|(labels, _)| labels.get("__name__") == Some("scraped"))
                .flat_map(|(_, samples)| samples.keys().copied())
                .collect();
            let lost = acknowledged.difference(&scraped).count();
            assert!(lost <= usize::from(damaged), "{}: {lost} scrapes are lost", name(&fixture));
            db.close().unwrap();
            drop(db);

            let place = tempfile::tempdir().unwrap();
            carry(&killed, &real, (data, place.path()));
            let server = launch(&program, place.path(), &config);
            check("after a crash", &fixture, &everything_of(&server, end), &model);
            add_there(&server, behind + 100 * 15_000, &mut model);
            assert!(server.stop().success());
            check("at last", &fixture, &everything(&open_real(place.path())).0, &model);
            compared += samples(&model);
        }
    }
    println!("{compared} samples compared");
    assert!(compared > 10_000, "{compared}");
}
