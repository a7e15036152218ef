//! The queries of the conformance data, on their data.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "differential/answer.rs"]
#[allow(dead_code, reason = "another test asks for more of it")]
mod answer;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use answer::{Measure, Order};
use promd_codec::compress::InflateReader;
use promd_model::{CounterResetHint, Duration, FloatHistogram, Labels, Millis, STALE_NAN, Span, float};
use promd_promql::{Engine, EngineOptions, Query, QueryError};
use promd_storage::{Batch, MemStorage, Storage};
use serde_json::Value as Json;

fn storage(file: &Path) -> MemStorage {
    let storage = MemStorage::new();
    let mut appender = storage.appender();
    let mut batch = Batch::new();
    for line in BufReader::new(InflateReader::gzip(BufReader::new(File::open(file).unwrap()), 1 << 30)).lines() {
        let json: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let pairs = json["labels"].as_object().unwrap().iter().map(|(name, value)| (name, value.as_str().unwrap()));
        let labels = Labels::from_pairs(pairs).unwrap();
        let series = appender.series(labels.view()).unwrap();
        // Floats and histograms by time.
        let mut samples: BTreeMap<i64, &Json> = BTreeMap::new();
        for list in ["samples", "histograms"] {
            samples.extend(json[list].as_array().into_iter().flatten().map(|one| (one[0].as_i64().unwrap(), &one[1])));
        }
        for (t, sample) in samples {
            match sample.as_str() {
                Some("stale") => batch.float(series, t, STALE_NAN),
                Some(value) => batch.float(series, t, float::parse(value.as_bytes()).unwrap()),
                None => batch.float_histogram(series, t, &histogram(sample)).unwrap(),
            }
        }
    }
    let mut verdicts = Vec::new();
    appender.append(&batch, &mut verdicts);
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "everything is in order");
    appender.commit().unwrap();
    storage
}

fn histogram(json: &Json) -> FloatHistogram {
    let number = |name: &str| match &json[name] {
        Json::String(text) => float::parse(text.as_bytes()).unwrap(),
        other => other.as_f64().unwrap_or_default(),
    };
    let side = |name: &str| {
        let counts = json[name].as_object().into_iter().flatten();
        let counts: BTreeMap<i32, f64> =
            counts.map(|(index, count)| (index.parse().unwrap(), count.as_f64().unwrap())).collect();
        let mut spans: Vec<Span> = Vec::new();
        let mut next = 0;
        for index in counts.keys() {
            match spans.last_mut() {
                Some(last) if *index == next => last.length += 1,
                _ => spans.push(Span::new(index - next, 1)),
            }
            next = index + 1;
        }
        (spans, counts.into_values().collect::<Vec<f64>>())
    };
    let ((positive_spans, positive_buckets), (negative_spans, negative_buckets)) = (side("pos"), side("neg"));
    FloatHistogram {
        counter_reset_hint: match json["hint"].as_i64() {
            Some(3) => CounterResetHint::Gauge,
            _ => CounterResetHint::Unknown,
        },
        schema: i32::try_from(json["schema"].as_i64().unwrap()).unwrap(),
        zero_threshold: number("zt"),
        zero_count: number("zc"),
        count: number("count"),
        sum: number("sum"),
        positive_spans,
        negative_spans,
        positive_buckets,
        negative_buckets,
        custom_values: json["custom"].as_array().into_iter().flatten().map(|bound| bound.as_f64().unwrap()).collect(),
    }
}

/// Seconds, a duration, or a time. What is none is the API's to refuse.
fn millis(text: &str) -> Option<i64> {
    let seconds = text.parse::<f64>().ok().and_then(Duration::from_secs_f64);
    let duration = seconds.or_else(|| text.parse().ok()).map(Duration::as_millis);
    duration.or_else(|| Millis::parse_rfc3339(text).ok().map(|time| time.0))
}

#[test]
fn answers_of_the_real_server() {
    let Some(folder) = promd_testkit::conformance("queries") else { return };
    let storage = storage(&folder.join("data.jsonl.gz"));
    let mut options = EngineOptions::default();
    for feature in ["promql-experimental-functions", "promql-delayed-name-removal", "promql-duration-expr"] {
        assert!(options.enable(feature));
    }
    let engine = Engine::new(options);
    let (mut passed, mut failed) = (0, Vec::new());
    for line in fs::read_to_string(folder.join("cases.jsonl")).unwrap().lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let path = case["path"].as_str().unwrap();
        let pairs = case["params"].as_array().into_iter().flatten();
        let parameter = |name: &str| {
            let value = pairs.clone().find(|pair| pair[0].as_str() == Some(name));
            value.map(|pair| pair[1].as_str().unwrap().to_owned())
        };
        let Some(text) = parameter("query").filter(|_| matches!(path, "/api/v1/query" | "/api/v1/query_range")) else {
            continue;
        };
        let body = &case["expect"]["body"];
        // What is wrong with a parameter is the API's to say.
        let kind = body["errorType"].as_str();
        let expected_error = body["error"].as_str();
        if expected_error.is_some_and(|error| !error.contains("parse error") && kind == Some("bad_data")) {
            continue;
        }
        let times = ["time", "start", "end", "step"].map(|name| parameter(name).map(|text| millis(&text)));
        if times.contains(&Some(None)) {
            continue;
        }
        // Without a time it is evaluated at the present one, where there are no data.
        let [at, start, end, step] = times.map(|time| time.flatten().unwrap_or(4_000_000_000_000));
        let mut query = if path == "/api/v1/query" {
            Query::instant(text.as_str(), at)
        } else {
            Query::range(text.as_str(), start, end, step)
        };
        query.lookback = parameter("lookback_delta").and_then(|delta| millis(&delta));
        let answer = engine.run(&query, &storage);
        let outcome = match (kind, &answer) {
            (Some("bad_data"), Err(QueryError::Parse(_))) => None,
            (Some("execution"), Err(QueryError::Execution(_))) => None,
            (Some(kind), other) => Some(format!("expected an error of type {kind}, got {other:?}")),
            (None, _) => {
                let order = if case["cmp"] == "ordered" { Order::Labels } else { Order::Any };
                let (mut theirs, mut ours) = (answer::theirs(body), answer::ours(answer));
                // Prometheus 3.5.3 does not warn of sorting in a range query.
                ours.warnings.retain(|text| !text.contains("sort is ineffective"));
                // Annotations are there or not in both; their texts are those of another version.
                for outcome in [&mut theirs, &mut ours] {
                    for texts in [&mut outcome.warnings, &mut outcome.infos] {
                        texts.drain(1.min(texts.len())..);
                        texts.iter_mut().for_each(|text| *text = "some".to_owned());
                    }
                }
                Measure { tolerance: 1e-9, order }.compare(&theirs, &ours)
            }
        };
        match outcome {
            None => passed += 1,
            Some(difference) => failed.push(format!("{} {text}: {difference}", case["id"])),
        }
    }
    assert!(failed.is_empty(), "{passed} passed, {} failed:\n{}", failed.len(), failed.join("\n"));
    assert!(passed >= 150, "{passed} cases");
}
