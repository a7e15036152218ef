//! `queries/data.jsonl.gz`: one series a line.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use promd_model::{CounterResetHint, Exemplar, FloatHistogram, Histogram, Labels, Millis, STALE_NAN, Span, float};
use promd_storage::{Batch, SeriesRef, Storage};
use serde_json::Value;

/// Everything that is loaded, in order of time: a store in memory would take it in any order, a database would not.
pub(crate) fn load(storage: &dyn Storage, folder: &Path) -> usize {
    let file = std::fs::File::open(folder.join("data.jsonl.gz")).unwrap();
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    let mut entries: BTreeMap<i64, Vec<(Labels, Value)>> = BTreeMap::new();
    let mut series = 0;
    for line in lines {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let labels = labels(&line["labels"]);
        series += 1;
        for key in ["samples", "histograms"] {
            for sample in line[key].as_array().into_iter().flatten() {
                let at = sample[0].as_i64().unwrap();
                entries.entry(at).or_default().push((labels.clone(), sample[1].clone()));
            }
        }
        for exemplar in line["exemplars"].as_array().into_iter().flatten() {
            let at = exemplar["ts"].as_i64().unwrap();
            entries.entry(at).or_default().push((labels.clone(), exemplar.clone()));
        }
    }
    for (at, values) in entries {
        let mut appender = storage.appender();
        let mut batch = Batch::new();
        for (labels, value) in values {
            let series = appender.series(labels.view()).unwrap();
            push(&mut batch, series, at, &value);
        }
        let mut verdicts = Vec::new();
        appender.append(&batch, &mut verdicts);
        assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{verdicts:?} at {at}");
        appender.commit().unwrap();
    }
    series
}

fn labels(json: &Value) -> Labels {
    let pairs = json.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    Labels::from_pairs(pairs).unwrap()
}

fn push(batch: &mut Batch, series: SeriesRef, at: i64, value: &Value) {
    match value {
        Value::String(text) if text == "stale" => batch.float(series, at, STALE_NAN),
        Value::String(text) => batch.float(series, at, float::parse(text.as_bytes()).unwrap()),
        exemplar if exemplar.get("labels").is_some() => {
            let exemplar = Exemplar {
                labels: labels(&exemplar["labels"]),
                value: exemplar["value"].as_f64().unwrap(),
                timestamp: Millis(at),
                has_timestamp: true,
            };
            batch.exemplar(series, exemplar);
        }
        histogram if histogram["float"] == true => {
            batch.float_histogram(series, at, &float_histogram(histogram)).unwrap();
        }
        histogram => batch.histogram(series, at, &integer_histogram(histogram)).unwrap(),
    }
}

fn hint(json: &Value) -> CounterResetHint {
    match json["hint"].as_i64() {
        Some(1) => CounterResetHint::Reset,
        Some(2) => CounterResetHint::NotReset,
        Some(3) => CounterResetHint::Gauge,
        _ => CounterResetHint::Unknown,
    }
}

/// Spans and counts of buckets by index.
fn buckets(json: &Value) -> (Vec<Span>, Vec<f64>) {
    let map: BTreeMap<i32, f64> = json
        .as_object()
        .into_iter()
        .flatten()
        .map(|(index, count)| (index.parse().unwrap(), count.as_f64().unwrap()))
        .collect();
    let (mut spans, mut end): (Vec<Span>, Option<i32>) = (Vec::new(), None);
    for index in map.keys() {
        match (spans.last_mut(), end) {
            (Some(span), Some(end)) if end == *index => span.length += 1,
            _ => spans.push(Span::new(index - end.unwrap_or(0), 1)),
        }
        end = Some(index + 1);
    }
    (spans, map.into_values().collect())
}

fn customs(json: &Value) -> Vec<f64> {
    json["custom"].as_array().into_iter().flatten().map(|bound| bound.as_f64().unwrap()).collect()
}

fn float_histogram(json: &Value) -> FloatHistogram {
    let (positive_spans, positive_buckets) = buckets(&json["pos"]);
    let (negative_spans, negative_buckets) = buckets(&json["neg"]);
    FloatHistogram {
        counter_reset_hint: hint(json),
        schema: i32::try_from(json["schema"].as_i64().unwrap()).unwrap(),
        zero_threshold: json["zt"].as_f64().unwrap_or(0.0),
        zero_count: json["zc"].as_f64().unwrap_or(0.0),
        count: json["count"].as_f64().unwrap(),
        sum: json["sum"].as_f64().unwrap(),
        positive_spans,
        negative_spans,
        positive_buckets,
        negative_buckets,
        custom_values: customs(json),
    }
}

fn integer_histogram(json: &Value) -> Histogram {
    let float = float_histogram(json);
    let deltas = |counts: &[f64]| {
        let mut before = 0;
        let mut deltas = Vec::new();
        for count in counts {
            #[expect(clippy::cast_possible_truncation, reason = "the counts of the data are small whole numbers")]
            let count = *count as i64;
            deltas.push(count - before);
            before = count;
        }
        deltas
    };
    Histogram {
        counter_reset_hint: float.counter_reset_hint,
        schema: float.schema,
        zero_threshold: float.zero_threshold,
        zero_count: json["zc"].as_u64().unwrap_or(0),
        count: json["count"].as_u64().unwrap(),
        sum: float.sum,
        positive_buckets: deltas(&float.positive_buckets),
        negative_buckets: deltas(&float.negative_buckets),
        positive_spans: float.positive_spans,
        negative_spans: float.negative_spans,
        custom_values: float.custom_values,
    }
}
