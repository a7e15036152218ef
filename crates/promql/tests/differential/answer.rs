//! Answers in a form that both programs can be brought into, and how far they agree.

use std::collections::BTreeMap;
use std::fmt;

use promd_model::{FloatHistogram, Labels, float};
use promd_promql::{Answer, Number, QueryError, Value};
use serde_json::Value as Json;

/// How many warnings, and how many infos, the API shows.
const MOST_ANNOTATIONS: usize = 10;

/// What came of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Content, String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) infos: Vec<String>,
    /// How many samples were looked at in all (`totalQueryableSamples` of `stats=all`), if it is known.
    pub(crate) samples: Option<u64>,
}

impl Outcome {
    /// Brings the texts into order, each once.
    pub(crate) fn sort(&mut self) {
        for texts in [&mut self.warnings, &mut self.infos] {
            texts.sort();
            texts.dedup();
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Scalar(Sample),
    Text(String),
    /// In the order of the answer.
    Vector(Vec<(Names, Sample)>),
    Matrix(Vec<Series>),
}

/// Labels, and samples by time.
pub(crate) type Series = (Names, BTreeMap<i64, Sample>);

impl Content {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(_) | Self::Text(_) => false,
            Self::Vector(samples) => samples.is_empty(),
            Self::Matrix(series) => series.is_empty(),
        }
    }
}

/// Labels by their names.
pub(crate) type Names = BTreeMap<String, String>;

#[derive(Clone, PartialEq)]
pub(crate) enum Sample {
    Float(f64),
    Histogram { count: f64, sum: f64, buckets: Vec<Bucket> },
}

/// How the API shows a bucket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bucket {
    kind: u64,
    lower: f64,
    upper: f64,
    count: f64,
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => f.write_str(&float::g(*value)),
            Self::Histogram { count, sum, buckets } => {
                write!(f, "{{count {} sum {}", float::g(*count), float::g(*sum))?;
                for Bucket { kind, lower, upper, count } in buckets {
                    write!(f, " [{kind} {} {} {}]", float::g(*lower), float::g(*upper), float::g(*count))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// What the API of Prometheus said.
pub(crate) fn theirs(json: &Json) -> Outcome {
    let texts = |name: &str| {
        let texts = json[name].as_array().into_iter().flatten();
        let mut texts: Vec<String> = texts.map(|text| text.as_str().unwrap().to_owned()).collect();
        texts.sort();
        texts
    };
    let result = match json["error"].as_str() {
        Some(error) => Err(error.strip_prefix("invalid parameter \"query\": ").unwrap_or(error).to_owned()),
        None => Ok(content(&json["data"])),
    };
    let samples = json["data"]["stats"]["samples"]["totalQueryableSamples"].as_u64();
    Outcome { result, warnings: texts("warnings"), infos: texts("infos"), samples }
}

fn content(data: &Json) -> Content {
    let result = &data["result"];
    let series = || result.as_array().unwrap().iter();
    let names = |one: &Json| {
        let pairs = one["metric"].as_object().unwrap().iter();
        pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect::<Names>()
    };
    match data["resultType"].as_str().unwrap() {
        "scalar" => Content::Scalar(Sample::Float(number(&result[1]))),
        "string" => Content::Text(result[1].as_str().unwrap().to_owned()),
        "vector" => Content::Vector(series().map(|one| (names(one), points(one).pop_first().unwrap().1)).collect()),
        _ => Content::Matrix(series().map(|one| (names(one), points(one))).collect()),
    }
}

fn points(one: &Json) -> BTreeMap<i64, Sample> {
    let list = |name: &str| one[name].as_array().into_iter().flatten();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this century")]
    let time = |point: &Json| (point[0].as_f64().unwrap() * 1000.0).round() as i64;
    let float = |point: &Json| (time(point), Sample::Float(number(&point[1])));
    let histogram = |point: &Json| (time(point), histogram(&point[1]));
    let floats = one.get("value").into_iter().chain(list("values")).map(float);
    let histograms = one.get("histogram").into_iter().chain(list("histograms")).map(histogram);
    floats.chain(histograms).collect()
}

fn histogram(json: &Json) -> Sample {
    let bucket = |bucket: &Json| Bucket {
        kind: bucket[0].as_u64().unwrap(),
        lower: number(&bucket[1]),
        upper: number(&bucket[2]),
        count: number(&bucket[3]),
    };
    let buckets = json["buckets"].as_array().into_iter().flatten().map(bucket).collect();
    Sample::Histogram { count: number(&json["count"]), sum: number(&json["sum"]), buckets }
}

fn number(json: &Json) -> f64 {
    float::parse(json.as_str().unwrap().as_bytes()).unwrap()
}

/// What our engine said.
pub(crate) fn ours(answer: Result<Answer, QueryError>) -> Outcome {
    match answer {
        Err(error) => {
            Outcome { result: Err(error.to_string()), warnings: Vec::new(), infos: Vec::new(), samples: None }
        }
        Ok(answer) => Outcome {
            result: Ok(converted(&answer.value)),
            warnings: capped(answer.warnings, "warning"),
            infos: capped(answer.infos, "info"),
            samples: Some(answer.statistics.samples.total_queryable),
        },
    }
}

fn capped(mut texts: Vec<String>, kind: &str) -> Vec<String> {
    if texts.len() > MOST_ANNOTATIONS {
        let left = texts.len() - MOST_ANNOTATIONS;
        texts.truncate(MOST_ANNOTATIONS);
        texts.push(format!("{left} more {kind} annotations omitted"));
    }
    texts.sort();
    texts
}

fn converted(value: &Value) -> Content {
    let names =
        |labels: &Labels| labels.iter().map(|label| (label.name.to_owned(), label.value.to_owned())).collect::<Names>();
    match value {
        Value::Scalar { v, .. } => Content::Scalar(Sample::Float(*v)),
        Value::String { text, .. } => Content::Text(text.to_string()),
        Value::Vector(samples) => {
            let sample = |number: &Number| match number {
                Number::Float(value) => Sample::Float(*value),
                Number::Histogram(histogram) => shown(histogram),
            };
            Content::Vector(samples.iter().map(|one| (names(&one.labels), sample(&one.value))).collect())
        }
        Value::Matrix(series) => Content::Matrix(
            series
                .iter()
                .map(|one| {
                    let floats = one.floats.iter().map(|(t, value)| (*t, Sample::Float(*value)));
                    let histograms = one.histograms.iter().map(|(t, histogram)| (*t, shown(histogram)));
                    (names(&one.labels), floats.chain(histograms).collect())
                })
                .collect(),
        ),
    }
}

/// A histogram as the API shows it (`util/jsonutil/marshal.go`): upwards, without empty buckets.
fn shown(histogram: &FloatHistogram) -> Sample {
    let bucket = |bucket: promd_model::Bucket| Bucket {
        kind: match (bucket.lower_inclusive, bucket.upper_inclusive) {
            (false, true) => 0,
            (true, false) => 1,
            (false, false) => 2,
            (true, true) => 3,
        },
        lower: bucket.lower,
        upper: bucket.upper,
        count: bucket.count,
    };
    let buckets = histogram.all().filter(|bucket| bucket.count != 0.0).map(bucket).collect();
    Sample::Histogram { count: histogram.count, sum: histogram.sum, buckets }
}

/// How far two answers have to agree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    /// The greatest difference of two floats, relative to the greater one; 0 for the same bits.
    pub(crate) tolerance: f64,
    pub(crate) order: Order,
}

/// Which order a vector has to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Any,
    /// That of values; series with the same value may come in any order.
    Values,
    Labels,
}

impl Measure {
    /// What differs, or nothing.
    pub(crate) fn compare(self, theirs: &Outcome, ours: &Outcome) -> Option<String> {
        let difference = |what: &str, theirs: &dyn fmt::Debug, ours: &dyn fmt::Debug| {
            Some(format!("{what}\n    theirs: {theirs:?}\n    ours:   {ours:?}"))
        };
        match (&theirs.result, &ours.result) {
            (Ok(a), Ok(b)) if !self.same(a, b) => return difference("values", a, b),
            (Ok(_), Ok(_)) => {}
            (Err(a), Err(b)) if a == b => return None,
            (a, b) => return difference("errors", a, b),
        }
        if !same_texts(&theirs.warnings, &ours.warnings) {
            return difference("warnings", &theirs.warnings, &ours.warnings);
        }
        if !same_texts(&theirs.infos, &ours.infos) {
            return difference("infos", &theirs.infos, &ours.infos);
        }
        match (theirs.samples, ours.samples) {
            (Some(a), Some(b)) if a != b => difference("samples looked at", &a, &b),
            _ => None,
        }
    }

    fn same(self, a: &Content, b: &Content) -> bool {
        match (a, b) {
            (Content::Scalar(a), Content::Scalar(b)) => self.close(a, b),
            (Content::Text(a), Content::Text(b)) => a == b,
            (Content::Vector(a), Content::Vector(b)) => {
                if a.len() != b.len() {
                    return false;
                }
                let in_order = a.iter().zip(b).all(|(a, b)| match self.order {
                    Order::Any => true,
                    Order::Values => self.close(&a.1, &b.1),
                    Order::Labels => a.0 == b.0,
                });
                if !in_order {
                    return false;
                }
                let b: BTreeMap<&Names, &Sample> = b.iter().map(|(names, sample)| (names, sample)).collect();
                a.iter().all(|(names, a)| b.get(names).is_some_and(|b| self.close(a, b)))
            }
            (Content::Matrix(a), Content::Matrix(b)) => {
                let series = |(a, b): (&Series, &Series)| {
                    let points = |((t, a), (u, b)): ((&i64, &Sample), (&i64, &Sample))| t == u && self.close(a, b);
                    a.0 == b.0 && a.1.len() == b.1.len() && a.1.iter().zip(&b.1).all(points)
                };
                a.len() == b.len() && a.iter().zip(b).all(series)
            }
            _ => false,
        }
    }

    fn close(self, a: &Sample, b: &Sample) -> bool {
        match (a, b) {
            (Sample::Float(a), Sample::Float(b)) => self.near(*a, *b),
            (
                Sample::Histogram { count, sum, buckets },
                Sample::Histogram { count: count_b, sum: sum_b, buckets: buckets_b },
            ) => {
                let bucket = |(a, b): (&Bucket, &Bucket)| {
                    (a.kind, a.lower.to_bits(), a.upper.to_bits()) == (b.kind, b.lower.to_bits(), b.upper.to_bits())
                        && self.near(a.count, b.count)
                };
                self.near(*count, *count_b)
                    && self.near(*sum, *sum_b)
                    && buckets.len() == buckets_b.len()
                    && buckets.iter().zip(buckets_b).all(bucket)
            }
            _ => false,
        }
    }

    /// Whether two floats are the same, or near each other. A NaN is a NaN: the text of the API has no others.
    fn near(self, a: f64, b: f64) -> bool {
        a.to_bits() == b.to_bits()
            || (a.is_nan() && b.is_nan())
            || (a - b).abs() <= self.tolerance * a.abs().max(b.abs()) && a.is_finite() && b.is_finite()
    }
}

/// The same texts; which of more than ten are shown is not said.
fn same_texts(a: &[String], b: &[String]) -> bool {
    let omitted = |texts: &[String]| texts.iter().find(|text| text.ends_with("annotations omitted")).cloned();
    match (omitted(a), omitted(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}
