//! Series streamed by give what plain evaluation of each step gives, whoever works on them.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "another test needs more of it")]
#[path = "differential/random.rs"]
mod random;

mod naive;

use std::collections::BTreeMap;
use std::sync::Arc;

use naive::{Naive, Names, Refused, Samples};
use promd_model::{Labels, STALE_NAN};
use promd_promql::{Engine, MatrixSeries, Number, Query, ScopedThreads, Value};
use promd_promql_parser::Parser;
use promd_storage::MemStorage;
use random::Random;

const QUERIES: usize = 10_000;
const MINUTE: i64 = 60_000;
const METRICS: [&str; 4] = ["a_total", "b_total", "gauge", "limit"];

/// Makes expressions up.
struct Generator {
    random: Random,
}

impl Generator {
    fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        self.random.pick(from)
    }

    fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.selector() + self.modifier();
        }
        match self.below(12) {
            0 => self.selector() + self.modifier(),
            1..=4 => {
                let name = self.pick(&[
                    "rate",
                    "increase",
                    "delta",
                    "irate",
                    "idelta",
                    "sum_over_time",
                    "avg_over_time",
                    "min_over_time",
                    "max_over_time",
                    "count_over_time",
                    "present_over_time",
                    "last_over_time",
                    "stddev_over_time",
                    "stdvar_over_time",
                    "changes",
                    "resets",
                ]);
                match self.below(8) {
                    0 => format!("quantile_over_time(0.{}, {})", self.below(10), self.range(depth)),
                    _ => format!("{name}({})", self.range(depth)),
                }
            }
            5 | 6 => {
                let operator = self.pick(&["sum", "avg", "min", "max", "count", "group", "stddev"]);
                let (operator, parameter) = match self.below(6) {
                    0 => ("topk", "2, "),
                    1 => ("bottomk", "3, "),
                    2 => ("quantile", "0.3, "),
                    _ => (operator, ""),
                };
                // Which of equal values are chosen is not said, and no two of a selector are.
                let chooses = operator.ends_with('k');
                let inner = if chooses { self.selector() + self.modifier() } else { self.vector(depth - 1) };
                let grouping =
                    self.pick(&["", " by (job)", " by (job, i)", " without (i)", " without ()", " by (none)"]);
                format!("{operator}{grouping} ({parameter}{inner})")
            }
            7 => {
                let function = self.pick(&["abs", "sqrt", "absent", "-"]);
                format!("{function}({})", self.vector(depth - 1))
            }
            8 => {
                let operator = self.pick(&["+", "-", "*", "/", "%", "<", ">=", "!=", "== bool", "> bool"]);
                let (vector, scalar) = (self.vector(depth - 1), self.scalar(depth - 1));
                if self.below(2) == 0 {
                    format!("({vector}) {operator} {scalar}")
                } else {
                    format!("{scalar} {operator} ({vector})")
                }
            }
            _ => {
                let left = self.vector(depth - 1);
                let right = if self.below(3) == 0 { left.clone() } else { self.vector(depth - 1) };
                let operator =
                    self.pick(&["+", "-", "*", "/", "==", ">", "<= bool", "and", "or", "unless", "and", "or"]);
                let is_set = operator.starts_with(['a', 'o', 'u']);
                let mut matching = self.pick(&["", " on (job)", " on (job, i)", " ignoring (i)"]).to_owned();
                if !matching.is_empty() && !is_set {
                    matching += self.pick(&["", " group_left ()", " group_left (extra)", " group_right ()"]);
                }
                format!("({left}) {operator}{matching} ({right})")
            }
        }
    }

    fn scalar(&mut self, depth: usize) -> String {
        match self.below(5) {
            0 if depth > 0 => format!("scalar({})", self.vector(depth - 1)),
            1 => "time()".to_owned(),
            _ => self.pick(&["1.5", "100.5", "-3.25", "0.5", "2"]).to_owned(),
        }
    }

    fn selector(&mut self) -> String {
        let name = self.pick(&METRICS);
        match self.below(8) {
            0 => "{__name__=~\"a_total|gauge\"}".to_owned(),
            1 => format!("{name}{{job=\"x\"}}"),
            2 => format!("{name}{{i=~\"0|2\", job!=\"\"}}"),
            3 => "nothing".to_owned(),
            _ => name.to_owned(),
        }
    }

    fn range(&mut self, depth: usize) -> String {
        let range = self.pick(&["1m", "2m", "5m", "7m30s", "40s", "15m"]);
        let modifier = self.modifier();
        if depth > 1 && self.below(3) == 0 {
            let step = self.pick(&["", "30s", "1m", "47s"]);
            return format!("({})[{range}:{step}]{modifier}", self.vector(depth - 1));
        }
        format!("{}[{range}]{modifier}", self.selector())
    }

    fn modifier(&mut self) -> &'static str {
        let modifiers = [" offset 1m", " offset -90s", " @ 1200", " @ start()", " @ end()", " @ end() offset 3m"];
        if self.below(4) == 0 { modifiers[self.below(modifiers.len())] } else { "" }
    }
}

/// Counters that are reset and gauges, with gaps and stale markers. Values are whole numbers, no two of which are the same at
/// one time, so that no comparison hangs on the last bit.
fn data(random: &mut Random) -> Vec<(Names, Samples)> {
    let mut all = Vec::new();
    for (metric, name) in METRICS.iter().enumerate() {
        for number in 0..6 {
            let mut names: Names = [("__name__", *name), ("job", ["x", "y"][number % 2])]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
            if *name != "limit" {
                names.insert("i".to_owned(), (number / 2).to_string());
            } else if number >= 2 {
                // One for each job.
                continue;
            } else {
                names.insert("extra".to_owned(), format!("e{number}"));
            }
            let (mut count, unique) = (0, (metric * 6 + number) as f64);
            let (first, apart) = (random.below(15_000), [15_000, 30_000, 47_000][random.below(3)]);
            let mut samples = Samples::new();
            for at in 0..3_600_000 / apart {
                count = if random.below(30) == 0 { 0 } else { count + random.below(50) };
                let v = if metric < 2 { count } else { random.below(200) };
                let v = match random.below(40) {
                    0 => STALE_NAN,
                    _ => v as f64 * 32.0 + unique,
                };
                if random.below(9) != 0 && !(at > 40 && at < 60 && number == 1) {
                    samples.push((i64::try_from(first + at * apart).unwrap(), v));
                }
            }
            all.push((names, samples));
        }
    }
    all
}

/// Points by time, by labels.
type Answer = BTreeMap<Names, BTreeMap<i64, f64>>;

fn names(labels: &Labels) -> Names {
    labels.iter().map(|label| (label.name.to_owned(), label.value.to_owned())).collect()
}

/// An answer of the engine.
fn converted(value: Value) -> Answer {
    let float = |value: &Number| match value {
        Number::Float(v) => *v,
        Number::Histogram(_) => panic!("there are no histograms"),
    };
    match value {
        Value::Vector(samples) => samples.iter().map(|s| (names(&s.labels), [(s.t, float(&s.value))].into())).collect(),
        Value::Matrix(all) => {
            let points = |series: &MatrixSeries| (names(&series.labels), series.floats.iter().copied().collect());
            all.iter().map(points).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn same(a: &Answer, b: &Answer) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|((names, points), (other, others))| {
            names == other
                && points.len() == others.len()
                && points.iter().zip(others).all(|((t, a), (u, b))| t == u && near(*a, *b))
        })
}

#[test]
fn as_a_naive_evaluator() {
    let (alone, helped) = (Engine::default(), Engine::default().with_executor(Arc::new(ScopedThreads::new(2))));
    let (mut wrong, mut refused, mut empty) = (0, 0, 0);
    let mut generator = Generator { random: Random::new(0) };
    let mut series = Vec::new();
    let mut storage = MemStorage::new();
    for number in 0..QUERIES {
        if number % 500 == 0 {
            generator.random = Random::new(number as u64);
            series = data(&mut generator.random);
            storage = MemStorage::new();
            for (names, samples) in &series {
                storage.load(&Labels::from_pairs(names).unwrap(), samples.iter().copied()).unwrap();
            }
        }
        let text = generator.vector(3);
        let start = i64::try_from(generator.below(60)).unwrap() * MINUTE + 17;
        let step = [0, 15_000, MINUTE, 5 * MINUTE][generator.below(4)];
        let end = start + step * 9;
        let query = if step == 0 {
            Query::instant(text.as_str(), start)
        } else {
            Query::range(text.as_str(), start, end, step)
        };
        let expr = Parser::default().parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let naive = Naive { series: &series, start, end };
        let mut expected: Result<Answer, Refused> = Ok(Answer::new());
        for t in (start..=end).step_by(usize::try_from(step.max(1)).unwrap()) {
            match (naive.vector(&expr, t), &mut expected) {
                (Ok(vector), Ok(answer)) => {
                    for (names, v) in vector {
                        answer.entry(names).or_default().insert(t, v);
                    }
                }
                _ => expected = Err(Refused),
            }
        }
        let got = alone.run(&query, &storage);
        let parallel = helped.run(&query, &storage);
        let bits =
            |answer: &Result<_, _>| format!("{:?}", answer.as_ref().map(|answer: &promd_promql::Answer| &answer.value));
        assert_eq!(bits(&got), bits(&parallel), "{text}");
        let got = got.map(|answer| converted(answer.value));
        refused += usize::from(got.is_err());
        empty += usize::from(got.as_ref().is_ok_and(BTreeMap::is_empty));
        let right = match (&expected, &got) {
            (Ok(expected), Ok(got)) => same(expected, got),
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if !right {
            wrong += 1;
            println!("{text} from {start} to {end} by {step}\n  expected {expected:?}\n  got {got:?}");
        }
    }
    println!("{QUERIES} queries, {refused} refused, {empty} with nothing, {wrong} wrong");
    assert_eq!(wrong, 0);
    assert!(refused < QUERIES / 2 && empty < QUERIES / 3, "{refused} refused, {empty} with nothing");
}
