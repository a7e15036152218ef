//! The answer of a query as JSON.

use std::vec;

use promd_model::{Millis, float};
use promd_promql::{MatrixSeries, Number, Value, VectorSample};

use crate::json;
use crate::reply::{Pieces, Reply};

/// How many samples of a series are written at once.
const SAMPLES: usize = 1024;

/// The answer of a query; `extra` is further fields, each with a comma before it.
pub(crate) fn query_data(value: Value, extra: Vec<u8>) -> Reply {
    let mut tail = extra;
    tail.push(b'}');
    match value {
        Value::Scalar { t, v } => {
            let mut point = br#"{"resultType":"scalar","result":["#.to_vec();
            json::value(&mut point, &Millis(t).as_secs_f64());
            // A scalar has no exponent, however large or small it is (`promql/value.go`).
            point.extend_from_slice(b",\"");
            float::write_f(&mut point, v);
            point.extend_from_slice(b"\"]");
            Reply::pieces(&point, Nothing, tail)
        }
        Value::String { t, text } => {
            let mut point = br#"{"resultType":"string","result":"#.to_vec();
            json::value(&mut point, &(Millis(t).as_secs_f64(), &*text));
            Reply::pieces(&point, Nothing, tail)
        }
        Value::Vector(samples) => {
            tail.insert(0, b']');
            let pieces = Vector { samples: samples.into_iter(), first: true };
            Reply::pieces(br#"{"resultType":"vector","result":["#, pieces, tail)
        }
        Value::Matrix(series) => {
            tail.insert(0, b']');
            let pieces = Matrix { series: series.into_iter(), current: None, first: true };
            Reply::pieces(br#"{"resultType":"matrix","result":["#, pieces, tail)
        }
    }
}

struct Nothing;

impl Pieces for Nothing {
    fn next(&mut self, _: &mut Vec<u8>) -> bool {
        false
    }
}

struct Vector {
    samples: vec::IntoIter<VectorSample>,
    first: bool,
}

impl Pieces for Vector {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(VectorSample { labels, t, value }) = self.samples.next() else { return false };
        begin(out, &mut self.first, labels.view());
        match value {
            Number::Float(v) => {
                out.extend_from_slice(br#","value":"#);
                json::float_point(out, t, v);
            }
            Number::Histogram(histogram) => {
                out.extend_from_slice(br#","histogram":"#);
                json::histogram_point(out, t, &histogram);
            }
        }
        out.push(b'}');
        true
    }
}

struct Matrix {
    series: vec::IntoIter<MatrixSeries>,
    /// The series that is being written, with how many of its floats and histograms are.
    current: Option<(MatrixSeries, usize, usize)>,
    first: bool,
}

impl Pieces for Matrix {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some((series, floats, histograms)) = &mut self.current else {
            let Some(series) = self.series.next() else { return false };
            begin(out, &mut self.first, series.labels.view());
            self.current = Some((series, 0, 0));
            return true;
        };
        let left = |done: usize, all: usize| all.saturating_sub(done).min(SAMPLES);
        if *floats < series.floats.len() {
            let count = left(*floats, series.floats.len());
            let points = series.floats.iter().skip(*floats).take(count);
            part(out, "values", floats, series.floats.len(), points, |out, (t, v)| json::float_point(out, *t, *v));
        } else if *histograms < series.histograms.len() {
            let count = left(*histograms, series.histograms.len()).min(SAMPLES / 64);
            let points = series.histograms.iter().skip(*histograms).take(count);
            let all = series.histograms.len();
            part(out, "histograms", histograms, all, points, |out, (t, h)| json::histogram_point(out, *t, h));
        } else {
            out.push(b'}');
            self.current = None;
        }
        true
    }
}

/// Opens an object with labels in it.
fn begin(out: &mut Vec<u8>, first: &mut bool, labels: promd_model::LabelsRef<'_>) {
    if !std::mem::take(first) {
        out.push(b',');
    }
    out.extend_from_slice(br#"{"metric":"#);
    json::labels(out, labels);
}

/// Writes some points of a list that has `all` of them, `done` of which are written.
fn part<'a, T: 'a>(
    out: &mut Vec<u8>,
    key: &str,
    done: &mut usize,
    all: usize,
    points: impl Iterator<Item = &'a T>,
    write: impl Fn(&mut Vec<u8>, &T),
) {
    for point in points {
        if *done == 0 {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(b"\":[");
        } else {
            out.push(b',');
        }
        write(out, point);
        *done += 1;
    }
    if *done == all {
        out.push(b']');
    }
}
