//! Answers as the JSON of Prometheus' API.

use promd_model::{Labels, float};
use promd_promql::{Answer, MatrixSeries, Number, Value, VectorSample};

pub(super) fn write(out: &mut Vec<u8>, answer: &Answer) {
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":\"");
    match &answer.value {
        Value::Vector(all) => {
            out.extend_from_slice(b"vector\",\"result\":[");
            list(out, all, |out, VectorSample { labels, t, value, .. }| {
                metric(out, labels);
                out.extend_from_slice(b",\"value\":");
                match value {
                    Number::Float(v) => point(out, *t, *v),
                    Number::Histogram(_) => out.extend_from_slice(b"null"),
                }
                out.push(b'}');
            });
        }
        Value::Matrix(all) => {
            out.extend_from_slice(b"matrix\",\"result\":[");
            list(out, all, |out, MatrixSeries { labels, floats, .. }| {
                metric(out, labels);
                out.extend_from_slice(b",\"values\":[");
                list(out, floats, |out, (t, v)| point(out, *t, *v));
                out.extend_from_slice(b"]}");
            });
        }
        other => panic!("not in the set of queries: {other:?}"),
    }
    out.extend_from_slice(b"]}}");
}

fn list<T>(out: &mut Vec<u8>, all: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    for (number, one) in all.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        write(out, one);
    }
}

fn metric(out: &mut Vec<u8>, labels: &Labels) {
    out.extend_from_slice(b"{\"metric\":{");
    for (number, label) in labels.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        // Nothing in the data has to be escaped.
        for (text, after) in [(label.name, &b":"[..]), (label.value, b"")] {
            out.push(b'"');
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
            out.extend_from_slice(after);
        }
    }
    out.push(b'}');
}

fn point(out: &mut Vec<u8>, t: i64, v: f64) {
    out.push(b'[');
    let seconds = t / 1000;
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = seconds;
    while rest > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    out.extend_from_slice(&digits[at..]);
    if t % 1000 != 0 {
        out.extend_from_slice(format!(".{:03}", t % 1000).as_bytes());
    }
    out.extend_from_slice(b",\"");
    float::write_f(out, v);
    out.extend_from_slice(b"\"]");
}

/// Whether two answers have the same series, in any order, with values that differ by no more than 1e-12 of themselves.
pub(super) fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let series = |body: &[u8]| {
        let text = String::from_utf8_lossy(body).into_owned();
        let result = text.split_once("\"result\":[").map_or(String::new(), |(_, rest)| rest.to_owned());
        let mut all: Vec<String> = result.split("{\"metric\":").skip(1).map(str::to_owned).collect();
        all.sort();
        all
    };
    let (ours, theirs) = (series(ours), series(theirs));
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| nearly(a, b))
}

fn nearly(a: &str, b: &str) -> bool {
    let numbers = |text: &'_ str| -> Vec<String> {
        text.trim_end_matches([',', ']', '}'])
            .split(['"', '[', ']', ',', '}'])
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (a, b) = (numbers(a), numbers(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| {
            a == b
                || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() <= 1e-12 * a.abs().max(b.abs()))
        })
}
