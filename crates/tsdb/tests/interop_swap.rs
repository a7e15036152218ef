//! The real Prometheus and this database take turns on one directory: each adds, and the other answers all of it.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod fixture;
mod real_server;
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use answer::Answer;
use fixture::{copy, fixtures, injury, name};
use promd_model::{Histogram, Labels, Span};
use promd_storage::Batch;
use promd_testkit::peer;
use promd_tsdb::Db;
use real_server::{config, differences, end_of, everything_of, launch};
use support::{everything, open_real};

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
