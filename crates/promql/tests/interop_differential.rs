//! Queries made up over data made up, answered by the real Prometheus and by this crate.
//!
//! Per series the bits are the same; where values of several series are added up, they may differ by 1e-12 of
//! themselves, since Prometheus adds in an order that it does not keep. Warnings, infos and errors have the same text.
//!
//! `PROMD_DIFFERENTIAL_PAIRS` and `PROMD_DIFFERENTIAL_SEED` ask for more, or others. A difference is printed as small as it
//! could be made. Each that was a mistake of ours became a script under `testdata/promql`.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod differential;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use differential::answer::{self, Measure, Order, Outcome};
use differential::data::{self, Data};
use differential::excuses;
use differential::expression::{Generator, Node};
use differential::random::Random;
use differential::remote_write;
use promd_promql::{Engine, EngineOptions, Query};
use promd_storage::MemStorage;
use promd_testkit::{Connection, Server, encode};

/// How many data sets there are; each has a server of its own.
const SETS: usize = 6;
/// Queries that run at once.
const THREADS: usize = 2;
/// How many differences are printed.
const MOST_SHOWN: usize = 40;

const FEATURES: &str = "promql-experimental-functions,native-histograms,promql-duration-expr";

fn variable(name: &str, default: usize) -> usize {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A query: what, and when.
#[derive(Debug, Clone)]
struct Case {
    expression: Node,
    start: i64,
    end: i64,
    /// 0 for an instant query.
    step: i64,
}

impl Case {
    fn generate(seed: u64) -> Self {
        let mut generator = Generator { random: Random::new(seed), range: false };
        let range = generator.random.one_in(2);
        generator.range = range;
        let span = usize::try_from(data::END - data::START).unwrap();
        let start = data::START + generator.random.below(span) as i64;
        let (end, step) = if range {
            let step = [15_000, 60_000, 61_001, 120_000, 300_000][generator.random.below(5)];
            (start + step * generator.random.below(9) as i64, step)
        } else {
            (start, 0)
        };
        Self { expression: generator.any(), start, end, step }
    }

    fn measure(&self) -> Measure {
        let folds = ["sum", "avg", "stddev", "stdvar"];
        let folds = folds
            .iter()
            .any(|name| [" ", "("].iter().any(|behind| self.expression.mentions(&format!("{name}{behind}"))));
        let head = self.expression.head();
        let order = match head {
            _ if self.step > 0 => Order::Any,
            "sort_by_label(" | "sort_by_label_desc(" => Order::Labels,
            "sort(" | "sort_desc(" => Order::Values,
            _ => Order::Any,
        };
        Measure { tolerance: if folds { 1e-12 } else { 0.0 }, order }
    }
}

struct Set {
    storage: MemStorage,
    engine: Engine,
}

impl Set {
    fn difference(&self, connection: &mut Connection, case: &Case) -> (Option<String>, Outcome, Outcome) {
        let text = case.expression.to_string();
        let seconds = |millis: i64| format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000));
        let (start, end, step) = (seconds(case.start), seconds(case.end), seconds(case.step));
        let (path, times, query) = if case.step == 0 {
            ("query", format!("time={start}"), Query::instant(text.as_str(), case.start))
        } else {
            let times = format!("start={start}&end={end}&step={step}");
            ("query_range", times, Query::range(text.as_str(), case.start, case.end, case.step))
        };
        let form = format!("query={}&{times}&stats=all", encode(&text));
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = connection.send("POST", &format!("/api/v1/{path}"), &headers, form.as_bytes()).unwrap();
        let json = answer.json();
        let mut theirs = answer::theirs(&json);
        let mut ours = answer::ours(self.engine.run(&query, &self.storage));
        // Histograms weigh other than they did, and so does what info() reads.
        if excuses::has_histograms(&case.expression) || case.expression.mentions("info(") {
            (theirs.samples, ours.samples) = (None, None);
        }
        (case.measure().compare(&theirs, &ours), theirs, ours)
    }

    /// Whether Prometheus itself answers one thing now and another then, since it adds up in any order.
    fn is_unsteady(&self, connection: &mut Connection, case: &Case, first: &Outcome) -> bool {
        let exact = Measure { tolerance: 0.0, ..case.measure() };
        (0..8).any(|_| exact.compare(first, &self.difference(connection, case).1).is_some())
    }

    /// The smallest case that still differs and is not excused.
    fn shrink(&self, connection: &mut Connection, mut case: Case, mut difference: String) -> (Case, String) {
        for _ in 0..40 {
            let mut candidates: Vec<Case> = Vec::new();
            if case.step > 0 && case.end > case.start {
                for at in [case.start, case.end] {
                    candidates.push(Case { start: at, end: at, ..case.clone() });
                }
                candidates.push(Case { end: case.end - case.step, ..case.clone() });
            }
            let simpler = case.expression.simpler().into_iter();
            candidates.extend(simpler.map(|expression| Case { expression, ..case.clone() }));
            let smaller = candidates.into_iter().find_map(|candidate| {
                let (difference, theirs, ours) = self.difference(connection, &candidate);
                difference?;
                // A text that is no query says nothing of evaluation.
                let parses = !ours.result.as_ref().is_err_and(|error| error.contains("parse error"));
                let excuse = excuses::find(&candidate.expression, candidate.measure(), &theirs, &ours);
                if excuse.is_err() && self.is_unsteady(connection, &candidate, &theirs) {
                    return None;
                }
                excuse.err().filter(|_| parses).map(|difference| (candidate, difference))
            });
            match smaller {
                Some(smaller) => (case, difference) = smaller,
                None => break,
            }
        }
        (case, difference)
    }
}

#[test]
fn as_the_real_prometheus() {
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    let pairs = variable("PROMD_DIFFERENTIAL_PAIRS", 60_000);
    let seed = variable("PROMD_DIFFERENTIAL_SEED", 1) as u64;
    let excused: Mutex<BTreeMap<&'static str, usize>> = Mutex::default();
    let found: Mutex<BTreeMap<String, String>> = Mutex::default();
    let (compared, errors, empty, samples, unsteady) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    for set_number in 0..SETS {
        let delayed = set_number % 2 == 0;
        let folder = tempfile::tempdir().unwrap();
        let features = if delayed { format!("{FEATURES},promql-delayed-name-removal") } else { FEATURES.to_owned() };
        let flags = [
            format!("--enable-feature={features}"),
            "--storage.tsdb.retention.time=100y".to_owned(),
            "--web.enable-remote-write-receiver".to_owned(),
        ];
        let peer = Server::launch(&program, folder.path()).flags(flags).start();
        let data = Data::generate(seed * 1000 + set_number as u64);
        for request in data.requests() {
            let answer = peer.post("/api/v1/write", &remote_write::HEADERS, &request);
            assert!(answer.status == 204, "{}: {}", answer.status, answer.text());
        }
        samples.fetch_add(data.sample_count(), Ordering::Relaxed);
        let mut options = EngineOptions::everything();
        options.delayed_name_removal = delayed;
        options.start_timestamps = false;
        let set = Set { storage: data.storage(), engine: Engine::new(options) };
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let mut connection = peer.connect();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= pairs / SETS {
                            break;
                        }
                        let case = Case::generate(seed << 40 | (set_number as u64) << 32 | at as u64);
                        compared.fetch_add(1, Ordering::Relaxed);
                        let (difference, theirs, ours) = set.difference(&mut connection, &case);
                        match &theirs.result {
                            Err(_) => errors.fetch_add(1, Ordering::Relaxed),
                            Ok(content) => empty.fetch_add(usize::from(content.is_empty()), Ordering::Relaxed),
                        };
                        if difference.is_none() {
                            continue;
                        }
                        let difference = match excuses::find(&case.expression, case.measure(), &theirs, &ours) {
                            Ok(excuses) => {
                                let mut excused = excused.lock().unwrap();
                                excuses.into_iter().for_each(|what| *excused.entry(what).or_default() += 1);
                                continue;
                            }
                            Err(_) if set.is_unsteady(&mut connection, &case, &theirs) => {
                                unsteady.fetch_add(1, Ordering::Relaxed);
                                continue;
                            }
                            Err(difference) => difference,
                        };
                        if found.lock().unwrap().len() >= MOST_SHOWN {
                            continue;
                        }
                        let (case, difference) = set.shrink(&mut connection, case, difference);
                        let key = format!(
                            "{} {}..{} step {} (set {set_number})",
                            case.expression, case.start, case.end, case.step
                        );
                        found.lock().unwrap().insert(key, difference);
                    }
                });
            }
        });
    }
    let mut text = String::new();
    let found = found.into_inner().unwrap();
    for (case, difference) in &found {
        writeln!(text, "{case}\n  {difference}").unwrap();
    }
    for (what, times) in excused.into_inner().unwrap() {
        writeln!(text, "excused {times} times: {what}").unwrap();
    }
    writeln!(
        text,
        "{} pairs of query and data, {} samples: {} answered with errors, {} with nothing, {} by Prometheus now so and then so; \
         {} differences",
        compared.into_inner(),
        samples.into_inner(),
        errors.into_inner(),
        empty.into_inner(),
        unsteady.into_inner(),
        found.len()
    )
    .unwrap();
    // Past the harness, which swallows what a passing test prints through the macros.
    io::stderr().write_all(text.as_bytes()).unwrap();
    assert!(found.is_empty(), "{} differences", found.len());
}
