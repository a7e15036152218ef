//! The running Prometheus reads what this crate reads: 10 000 queries out of a seed, through `/api/v1/parse_query` and
//! `/api/v1/format_query`. `PROMD_SEED` gives another seed.

mod support;

use std::env;

use promd_promql_parser::{Formatter, Options, Parser};
use promd_testkit::{Connection, Server};
use serde_json::Value;
use support::Generator;

const QUERIES: usize = 10_000;

/// A difference: since which version there is one, and which answers it excuses.
type Excuse = (&'static str, fn(&Case<'_>) -> bool);

/// What 3.5.3, which answers, does otherwise than 3.14, which counts.
const EXCUSED: [Excuse; 9] = [
    // `@@` was `"<Item 57400>" <op:@>`.
    ("3.6: the operator @ has a name", |case| case.theirs.contains("<Item 57")),
    // 3.6 added step(), 3.13 min_of() and max_of(), and the texts say what is expected.
    ("3.6: durations have calls", |case| {
        let place = |text: &'static str| move |said: &str| said.split(text).next().map(ToOwned::to_owned);
        let same = |text| place(text)(case.ours) == place(text)(case.theirs);
        case.ours.contains("step()") && (same(" in subquery") || same(" in offset"))
            || case.theirs.ends_with("in duration expression: ','")
    }),
    // A call was sometimes taken to end at an earlier parenthesis, and an operator behind it to begin there.
    ("3.6: where a call ends", |case| {
        let said = |text: &str| text.split_once(": parse error: ").map(|(_, said)| said.to_owned());
        let ours = said(case.ours).unwrap_or_default();
        let of_operator = ["bool modifier", "comparisons between", "must not occur in ON"];
        of_operator.iter().any(|text| ours.contains(text)) && said(case.theirs) == Some(ours)
    }),
    // In brackets a word was taken for a colon.
    ("3.6: words in brackets", |case| {
        let both = |text| case.ours.contains(text) && case.theirs.contains(text);
        case.ours.ends_with("expected ':'") || both("in duration expression: ")
    }),
    ("3.6: ignoring () is printed", |case| {
        case.ours.contains("ignoring () group_") && !case.theirs.contains("ignoring () group_")
    }),
    // Where 3.5.3 panics and says so.
    ("3.7: info() of an expression", |case| case.theirs.contains("unexpected error")),
    // Names that need quotes had none in on(), ignoring() and group_left().
    ("3.9: quotes in groupings", |case| {
        let plain = |text: &str| text.replace(['"', ' ', '\n'], "");
        plain(case.ours) == plain(case.theirs)
    }),
    // Prometheus turns it into whatever number the processor makes of it.
    ("no version: an offset of NaN is refused", |case| {
        case.ours.ends_with("duration out of range") && case.query.contains("NaN")
    }),
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

#[test]
fn prometheus_parses_the_same() {
    let Some(binary) = promd_testkit::peer("prometheus") else { return };
    let folder = tempfile::tempdir().unwrap();
    let features = "--enable-feature=promql-experimental-functions,promql-duration-expr";
    let server = Server::launch(&binary, folder.path()).flags([features]).start();
    let mut connection = server.connect();
    let seed = env::var("PROMD_SEED").map_or(0x5eed, |seed| seed.parse().unwrap());
    let mut generator = Generator::new(seed);
    let parser = Parser::new(Options::all());
    let (mut valid, mut invalid, mut wrong) = (0, 0, 0);
    let mut excused = [0; EXCUSED.len()];
    for index in 0..QUERIES {
        let query = if index % 2 == 0 { generator.query() } else { generator.broken() };
        let ours = parser.parse(&query);
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
        for (path, ours) in [("parse_query", tree), ("format_query", pretty)] {
            let theirs = ask(&mut connection, path, &query);
            *(if theirs.is_ok() { &mut valid } else { &mut invalid }) += 1;
            let theirs = theirs.map_or_else(|error| error, as_text);
            if ours == theirs {
                continue;
            }
            let case = Case { query: &query, ours: &ours, theirs: &theirs };
            match EXCUSED.iter().position(|(_, excuses)| excuses(&case)) {
                Some(excuse) => excused[excuse] += 1,
                None => {
                    wrong += 1;
                    println!("{path} of {query:?}\n    ours {ours}\n  theirs {theirs}");
                }
            }
        }
    }
    println!("seed {seed}: {valid} valid and {invalid} invalid answers, {wrong} differ");
    for ((excuse, _), count) in EXCUSED.iter().zip(excused) {
        println!("excused {count}: {excuse}");
    }
    assert!(valid > QUERIES / 2 && invalid > QUERIES / 2, "the generator makes too little of one kind");
    assert_eq!(wrong, 0);
}
