//! The scripts of `testdata/promql`.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::fs;

use promd_promql::test::{run, run_with};
use promd_promql::{Engine, EngineOptions};
use promd_promql_parser::ast::{AggregateOp, At, BinaryOp, Cardinality, DurationArg, DurationExpr, VectorSelector};
use promd_promql_parser::{Expr, Function, Options, Parser};

#[test]
fn all_pass() {
    let (mut passed, mut failed) = (0, Vec::new());
    for entry in fs::read_dir(promd_testkit::testdata("promql")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "test") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let script = fs::read_to_string(&path).unwrap();
        // The first line of a script may name features; then those alone are on.
        let features = script.lines().next().and_then(|line| line.strip_prefix("# features: "));
        let report = match features {
            None => run(name, &script),
            Some(features) => {
                let mut options = EngineOptions::default();
                features.split(',').for_each(|feature| assert!(options.enable(feature.trim()), "{feature}"));
                run_with(name, &script, &Engine::new(options))
            }
        };
        passed += report.passed;
        if !report.failures.is_empty() {
            failed.push(report.to_string());
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(passed >= 100, "{passed} evaluations");
}

/// The queries of all scripts.
fn queries() -> Vec<String> {
    let mut queries = Vec::new();
    for entry in fs::read_dir(promd_testkit::testdata("promql")).unwrap() {
        let script = fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in script.lines().filter(|line| line.starts_with("eval")) {
            // `eval instant at TIME QUERY`, `eval range from TIME to TIME step TIME QUERY`
            let words = if line.split_whitespace().nth(1) == Some("range") { 8 } else { 4 };
            let mut rest = line;
            for _ in 0..words {
                rest = rest.split_once(char::is_whitespace).unwrap().1.trim_start();
            }
            queries.push(rest.to_owned());
        }
    }
    queries
}

/// What is used of the language, by how it is written.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl Used {
    fn add(&mut self, what: impl Into<String>) {
        self.0.insert(what.into());
    }

    fn node(&mut self, node: &Expr) {
        match node {
            Expr::Aggregate(e) => {
                self.add(e.op.as_str());
                if let Some(grouping) = &e.grouping {
                    self.add(if grouping.without { "without" } else { "by" });
                }
            }
            Expr::Binary(e) => {
                self.add(e.op.as_str());
                if e.return_bool {
                    self.add("bool");
                }
                let Some(matching) = &e.matching else { return };
                if !matching.labels.is_empty() {
                    self.add(if matching.on { "on" } else { "ignoring" });
                }
                match matching.cardinality {
                    Cardinality::ManyToOne => self.add("group_left"),
                    Cardinality::OneToMany => self.add("group_right"),
                    _ => {}
                }
                match (matching.fill.left, matching.fill.right) {
                    (Some(_), None) => self.add("fill_left"),
                    (None, Some(_)) => self.add("fill_right"),
                    (Some(_), Some(_)) => self.add("fill"),
                    (None, None) => {}
                }
            }
            Expr::Call(e) => self.add(format!("{}()", e.function.name)),
            Expr::Matrix(e) => {
                self.duration(&e.range);
                self.selector(&e.vector);
            }
            Expr::Vector(e) => self.selector(e),
            Expr::Subquery(e) => {
                self.add(if e.step.is_some() { "[:step]" } else { "[:]" });
                self.duration(&e.range);
            }
            Expr::Unary(e) => self.add(format!("sign {}", e.op)),
            _ => {}
        }
    }

    fn selector(&mut self, selector: &VectorSelector) {
        selector.matchers.iter().for_each(|matcher| self.add(format!("{{{}}}", matcher.matcher.op().as_str())));
        if let Some(offset) = &selector.offset {
            self.add("offset");
            self.duration(offset);
        }
        if let Some(at) = selector.at {
            self.add(match at.at {
                At::Time(_) => "@",
                At::Start => "@ start()",
                At::End => "@ end()",
            });
        }
        if let Some(mode) = selector.mode {
            self.add(mode.mode.as_str());
        }
    }

    fn duration(&mut self, duration: &DurationArg) {
        let DurationArg::Expr(duration) = duration else { return };
        match **duration {
            DurationExpr::Step(_) => self.add("step() of a duration"),
            DurationExpr::Range(_) => self.add("range() of a duration"),
            DurationExpr::Number(_) => {}
            _ => self.add("arithmetic of durations"),
        }
    }
}

/// Every function, aggregation, operator and modifier that the parser knows.
#[test]
fn cover_the_language() {
    let mut used = Used::default();
    for query in queries() {
        // Some are wrong on purpose.
        if let Ok(expr) = Parser::new(Options::all()).parse(&query) {
            expr.walk(&mut |node, _| used.node(node));
        }
    }
    let functions = Function::all().iter().map(|function| format!("{}()", function.name));
    let aggregations = AggregateOp::ALL.iter().map(|op| op.as_str().to_owned());
    let operators = BinaryOp::ALL.iter().map(|op| op.as_str().to_owned());
    let others = [
        "by",
        "without",
        "bool",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "fill",
        "fill_left",
        "fill_right",
        "sign -",
        "offset",
        "@",
        "@ start()",
        "@ end()",
        "anchored",
        "smoothed",
        "[:step]",
        "[:]",
        "{=}",
        "{!=}",
        "{=~}",
        "{!~}",
        "arithmetic of durations",
        "step() of a duration",
        "range() of a duration",
    ];
    let all = functions.chain(aggregations).chain(operators).chain(others.map(ToOwned::to_owned));
    let missing: Vec<String> = all.filter(|name| !used.0.contains(name)).collect();
    assert!(missing.is_empty(), "no script has {missing:?}");
}
