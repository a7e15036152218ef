//! Comparisons by the field `cmp` of a case.

use std::collections::BTreeMap;

use serde_json::Value;

/// What differs, if anything does.
pub(crate) fn compare(how: &str, expected: &Value, got: &Value) -> Result<(), String> {
    match how {
        "error" => fields(expected, got, &["status", "errorType"]),
        "list" | "json" => equal(expected, got),
        "set" => equal(&sorted(expected), &sorted(got)),
        "count" => {
            let count = |value: &Value| value["data"].as_array().map(Vec::len);
            equal(&count(expected).into(), &count(got).into())?;
            same_notes(expected, got)
        }
        "keys" => shape(expected, got, "$"),
        "promql" | "ordered" | "stats" => {
            if expected["status"] != "success" {
                return fields(expected, got, &["status", "errorType", "error"]);
            }
            let (wanted, given) = (&expected["data"], &got["data"]);
            fields(wanted, given, &["resultType"])?;
            let ordered = how == "ordered" || wanted["resultType"] == "matrix";
            results(&wanted["result"], &given["result"], ordered)?;
            if how == "stats" {
                // `samplesRead` is there since 3.13.
                let count = |value: &Value| value["stats"]["samples"]["totalQueryableSamples"].clone();
                equal(&count(wanted), &count(given))?;
                shape(&wanted["stats"]["timings"], &given["stats"]["timings"], "$.stats.timings")?;
                let steps = |value: &Value| value["stats"]["samples"]["totalQueryableSamplesPerStep"].clone();
                equal(&steps(wanted), &steps(given))?;
            }
            same_notes(expected, got)
        }
        "exemplars" => {
            if expected["status"] != "success" {
                return fields(expected, got, &["status", "errorType", "error"]);
            }
            equal(&sorted(expected), &sorted(got))
        }
        "tsdb" => {
            let (wanted, given) = (&expected["data"], &got["data"]);
            // Chunks are cut by size and time; how many there are is not promised.
            fields(&wanted["headStats"], &given["headStats"], &["numSeries", "numLabelPairs", "minTime", "maxTime"])?;
            for list in ["seriesCountByMetricName", "labelValueCountByLabelName", "memoryInBytesByLabelName"] {
                equal(&values(&wanted[list]), &values(&given[list])).map_err(|error| format!("{list}: {error}"))?;
            }
            Ok(())
        }
        other => Err(format!("no such comparison: {other}")),
    }
}

fn equal(expected: &Value, got: &Value) -> Result<(), String> {
    if same(expected, got) { Ok(()) } else { Err(format!("expected {expected}, got {got}")) }
}

/// The same, if `1` and `1.0` are.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

fn fields(expected: &Value, got: &Value, names: &[&str]) -> Result<(), String> {
    names.iter().try_for_each(|name| equal(&expected[name], &got[name]).map_err(|error| format!("{name}: {error}")))
}

fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(data) = value["data"].as_array_mut() {
        data.sort_by_key(Value::to_string);
    }
    value
}

/// The numbers of a list, whose equal ones may be in any order.
fn values(list: &Value) -> Value {
    list.as_array().into_iter().flatten().map(|entry| entry["value"].clone()).collect()
}

/// The same keys with values of the same types.
fn shape(expected: &Value, got: &Value, place: &str) -> Result<(), String> {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let keys = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            if keys(expected) != keys(got) {
                return Err(format!("{place}: expected the keys {:?}, got {:?}", keys(expected), keys(got)));
            }
            expected.iter().try_for_each(|(key, value)| shape(value, &got[key], &format!("{place}.{key}")))
        }
        _ if std::mem::discriminant(expected) == std::mem::discriminant(got) => Ok(()),
        _ => Err(format!("{place}: expected something like {expected}, got {got}")),
    }
}

/// Warnings are there or not, and infos too.
fn same_notes(expected: &Value, got: &Value) -> Result<(), String> {
    ["warnings", "infos"].iter().try_for_each(|kind| {
        if expected[kind].is_null() == got[kind].is_null() {
            return Ok(());
        }
        Err(format!("{kind}: expected {}, got {}", expected[kind], got[kind]))
    })
}

fn results(expected: &Value, got: &Value, ordered: bool) -> Result<(), String> {
    let (Some(wanted), Some(given)) = (expected.as_array(), got.as_array()) else { return equal(expected, got) };
    let is_series = |list: &[Value]| list.iter().all(|entry| entry.get("metric").is_some());
    if !is_series(wanted) || !is_series(given) {
        return close(expected, got).then_some(()).ok_or_else(|| format!("expected {expected}, got {got}"));
    }
    if wanted.len() != given.len() {
        return Err(format!("expected {} series, got {}: {got}", wanted.len(), given.len()));
    }
    if ordered {
        let mut pairs = wanted.iter().zip(given);
        return pairs.try_for_each(|(wanted, given)| series(wanted, given));
    }
    let by_labels = |list: &[Value]| -> BTreeMap<String, Value> {
        list.iter().map(|entry| (entry["metric"].to_string(), entry.clone())).collect()
    };
    let given = by_labels(given);
    by_labels(wanted).iter().try_for_each(|(labels, entry)| {
        let other = given.get(labels).ok_or_else(|| format!("there is no {labels} in {got}"))?;
        series(entry, other)
    })
}

fn series(wanted: &Value, given: &Value) -> Result<(), String> {
    if close(wanted, given) { Ok(()) } else { Err(format!("expected {wanted}, got {given}")) }
}

/// Equal but for the last digits of numbers in strings.
fn close(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) if a == b => true,
        (Value::String(a), Value::String(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
            _ => false,
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| close(value, other)))
        }
        _ => same(a, b),
    }
}
