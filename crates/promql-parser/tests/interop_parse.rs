//! The running Prometheus reads what this crate reads: 10 000 queries out of a seed, through `/api/v1/parse_query` and
//! `/api/v1/format_query`, and what is wrong by hand, alone and in pairs. `PROMD_SEED` gives another seed.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test may fail, and says why")]

#[path = "support/errors.rs"]
mod errors;
mod support;

use std::{env, fs};

use errors::{SEVERAL, WRONG};
use promd_promql_parser::{Expr, Formatter, Options, Parser};
use promd_testkit::{Connection, Server};
use serde_json::Value;
use support::Generator;

const QUERIES: usize = 10_000;
/// How many of each query of Prometheus' tests are made.
const VARIANTS: usize = 20;

/// A difference: since which version there is one, and which answers it excuses.
type Excuse = (&'static str, fn(&Case<'_>) -> bool);

/// What 3.5.3, which answers, does otherwise than 3.14, which counts. Versions are those of the first release that has the
/// change, by the history of `promql/parser`.
const EXCUSED: [Excuse; 12] = [
    // `@@` was `"<Item 57400>" <op:@>`.
    ("3.8: the operator @ has a name", |case| case.theirs.contains("<Item 57")),
    // 3.6 added step(), 3.10 range(), 3.13 min_of() and max_of(), and the texts say what is expected.
    ("3.6: durations have calls", |case| {
        let place = |text: &'static str| move |said: &str| said.split(text).next().map(ToOwned::to_owned);
        let same = |text| place(text)(case.ours) == place(text)(case.theirs);
        case.ours.contains("step()") && (same(" in subquery") || same(" in offset"))
            || case.theirs.ends_with("in duration expression: ','")
    }),
    // A call or an aggregation took the first closing parenthesis that none had taken before it for its end, and an operator
    // behind it was taken to begin there.
    ("3.7: where calls and aggregations end", |case| {
        let said = |text: &str| text.split_once(": parse error: ").map(|(_, said)| said.to_owned());
        let ours = said(case.ours).unwrap_or_default();
        let of_operator = ["bool modifier", "comparisons between", "must not occur in ON"];
        let mut calls = false;
        let parsed = Parser::new(Options::all()).parse_recovering(case.query);
        parsed.expr.walk(&mut |expr, _| calls |= matches!(expr, Expr::Aggregate(_) | Expr::Call(_)));
        calls && of_operator.iter().any(|text| ours.contains(text)) && said(case.theirs) == Some(ours)
    }),
    ("3.6: step and its like are keywords", |case| {
        let words = ["step", "range", "min_of", "max_of"];
        words.iter().any(|word| case.ours.ends_with(&format!("unexpected \"{word}\"")))
            && case.theirs.replace("identifier ", "") == case.ours
    }),
    ("3.7: anchored and smoothed are keywords", |case| {
        ["anchored", "smoothed"].iter().any(|word| case.query.contains(word))
    }),
    ("3.11: </ and >/ are operators", |case| {
        ["</", ">/"].iter().any(|op| case.query.contains(op)) && case.theirs.ends_with("unexpected <op:/>")
    }),
    // In brackets a word was taken for a colon.
    ("3.6: words in brackets", |case| {
        let both = |text| case.ours.contains(text) && case.theirs.contains(text);
        case.ours.ends_with("expected ':'") || both("in duration expression: ")
    }),
    ("3.9: ignoring () is printed", |case| {
        case.ours.contains("ignoring () group_") && !case.theirs.contains("ignoring () group_")
    }),
    // Where 3.5.3 panics and says so.
    ("3.8: info() of an expression", |case| case.theirs.contains("unexpected error")),
    // Names that need quotes had none in on(), ignoring() and group_left().
    ("3.10: quotes in groupings", |case| {
        let plain = |text: &str| text.replace(['"', ' ', '\n'], "");
        plain(case.ours) == plain(case.theirs)
    }),
    // No version: Prometheus turns it into whatever number the processor makes of it.
    ("an offset of NaN is refused", |case| case.ours.ends_with("duration out of range") && case.query.contains("NaN")),
    ("3.12: start() and end() are functions", |case| {
        case.theirs.contains("unexpected \"(\"") && (case.query.contains("start") || case.query.contains("end"))
    }),
];

struct Case<'a> {
    query: &'a str,
    ours: &'a str,
    theirs: &'a str,
}

/// What the server says of a query: the data of the answer, or else the error.
fn ask(server: &mut Connection, path: &str, query: &str) -> Result<Value, String> {
    let answer = server.ask(&format!("/api/v1/{path}"), &[("query", query)]);
    answer.map_err(|error| error.strip_prefix("invalid parameter \"query\": ").unwrap_or(&error).to_owned())
}

/// Takes away what 3.5.3 has no key for.
fn without_new_keys(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for key in ["fillValues", "rangeExpr", "offsetExpr", "stepExpr", "anchored", "smoothed"] {
                object.remove(key);
            }
            object.values_mut().for_each(without_new_keys);
        }
        Value::Array(values) => values.iter_mut().for_each(without_new_keys),
        _ => {}
    }
}

/// What came of the queries so far.
struct Comparison {
    connection: Connection,
    parser: Parser,
    valid: usize,
    invalid: usize,
    wrong: usize,
    excused: [usize; EXCUSED.len()],
}

impl Comparison {
    fn new(server: &Server) -> Self {
        let parser = Parser::new(Options::all());
        let excused = [0; EXCUSED.len()];
        Self { connection: server.connect(), parser, valid: 0, invalid: 0, wrong: 0, excused }
    }

    /// What each says of a query: of its tree, and how it is formatted. With the path that was asked.
    fn answers(&mut self, query: &str) -> [(&'static str, String, Result<String, String>); 2] {
        let ours = self.parser.parse(query);
        let tree = match &ours {
            Ok(expr) => {
                let mut tree = serde_json::to_value(expr).unwrap();
                without_new_keys(&mut tree);
                tree.to_string()
            }
            Err(errors) => errors.to_string(),
        };
        let pretty = ours.as_ref().map_or_else(ToString::to_string, |expr| Formatter::default().format(expr));
        let as_text = |value: Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        [("parse_query", tree), ("format_query", pretty)]
            .map(|(path, ours)| (path, ours, ask(&mut self.connection, path, query).map(as_text)))
    }

    fn check(&mut self, query: &str) {
        for (path, ours, theirs) in self.answers(query) {
            *(if theirs.is_ok() { &mut self.valid } else { &mut self.invalid }) += 1;
            let theirs = theirs.unwrap_or_else(|error| error);
            if ours == theirs {
                continue;
            }
            let case = Case { query, ours: &ours, theirs: &theirs };
            match EXCUSED.iter().position(|(_, excuses)| excuses(&case)) {
                Some(excuse) => self.excused[excuse] += 1,
                None => {
                    self.wrong += 1;
                    println!("{path} of {query:?}\n    ours {ours}\n  theirs {theirs}");
                }
            }
        }
    }

    fn report(&self, seed: u64) {
        let Self { valid, invalid, wrong, .. } = self;
        println!("seed {seed}: {valid} valid and {invalid} invalid answers, {wrong} differ");
        for ((excuse, _), count) in EXCUSED.iter().zip(self.excused) {
            println!("excused {count}: {excuse}");
        }
        assert_eq!(self.wrong, 0);
    }
}

fn start() -> Option<(tempfile::TempDir, Server)> {
    let binary = promd_testkit::peer("prometheus")?;
    let folder = tempfile::tempdir().unwrap();
    let features = "--enable-feature=promql-experimental-functions,promql-duration-expr";
    let server = Server::launch(&binary, folder.path()).flags([features]).start();
    Some((folder, server))
}

fn seed() -> u64 {
    env::var("PROMD_SEED").map_or(0x5eed, |seed| seed.parse().unwrap())
}

#[test]
fn prometheus_parses_the_same() {
    let Some((_folder, server)) = start() else { return };
    let mut comparison = Comparison::new(&server);
    let mut generator = Generator::new(seed());
    let generated = (0..QUERIES).map(|index| if index % 2 == 0 { generator.query() } else { generator.broken() });
    let pairs = WRONG.iter().enumerate().flat_map(|(index, left)| {
        let joint = [" + ", ", ", " or "][index % 3];
        WRONG.iter().map(move |right| format!("{left}{joint}{right}"))
    });
    let several = SEVERAL.iter().map(|(query, _)| (*query).to_owned());
    several.chain(pairs).chain(generated).for_each(|query| comparison.check(&query));
    comparison.report(seed());
    assert!(comparison.valid > QUERIES / 2 && comparison.invalid > QUERIES / 2, "too little of one kind is made");
}

/// The queries of Prometheus' own tests with tokens lost, doubled, swapped and replaced.
#[test]
fn prometheus_parses_what_is_near_its_own_tests_the_same() {
    let Some((_folder, server)) = start() else { return };
    let Some(folder) = promd_testkit::conformance("promql-parser") else { return };
    let mut comparison = Comparison::new(&server);
    let mut generator = Generator::new(seed());
    let mut known = 0;
    for line in fs::read_to_string(folder.join("expr.jsonl")).unwrap().lines() {
        let row: Value = serde_json::from_str(&line.replace("\\udcff", "\\ufffd")).unwrap();
        let query = row["input"].as_str().unwrap();
        // What 3.5.3 does not know, and what is too long to be broken.
        let answers = comparison.answers(query);
        if query.len() > 500 || answers.iter().any(|(_, ours, theirs)| theirs.as_ref().unwrap_or_else(|e| e) != ours) {
            continue;
        }
        known += 1;
        for _ in 0..VARIANTS {
            let variant = generator.near(query);
            comparison.check(&variant);
        }
    }
    comparison.report(seed());
    assert!(known > 200, "only {known} queries are the same");
}
