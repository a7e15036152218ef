//! Targets of `promd-promql-parser` and `promd-promql`.

use promd_model::{Labels, STALE_NAN};
use promd_promql::test::run_with;
use promd_promql::{Engine, EngineOptions, Query};
use promd_promql_parser::{Formatter, Options, Parser};
use promd_storage::MemStorage;

/// An engine that gives up soon.
fn engine() -> Engine {
    let mut options = EngineOptions::everything();
    options.max_samples = 10_000;
    Engine::new(options)
}

/// Any text is a script, or is said to be none.
pub fn promql_script(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // What stands for millions of samples is slow, not wrong.
    if text.contains("00") {
        return;
    }
    let report = run_with("fuzz", &text, &engine());
    assert!(report.to_string().starts_with("fuzz: "));
}

/// Any query over any data has an answer or an error, and the same one each time. The first bytes are data: each makes a sample
/// of one of four series.
pub fn promql_evaluate(bytes: &[u8]) {
    let (data, text) = bytes.split_at(bytes.len().min(32));
    let storage = MemStorage::new();
    for series in 0..4u8 {
        let labels = [("__name__", ["a", "b_total", "c_bucket", "d"][usize::from(series)]), ("le", "1"), ("job", "x")];
        let labels = Labels::from_pairs(labels).expect("valid labels");
        let value = |byte: u8| match byte >> 2 {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => STALE_NAN,
            3 => -0.0,
            4 => f64::MAX,
            5 => f64::MIN_POSITIVE / 4.0,
            other => f64::from(other) - 20.0,
        };
        let own = data.iter().enumerate().filter(|(_, byte)| *byte & 3 == series);
        storage.load(&labels, own.map(|(at, byte)| (at as i64 * 20_000, value(*byte)))).expect("samples in order");
    }
    let text = String::from_utf8_lossy(text);
    let engine = engine();
    let queries = [Query::instant(&*text, 300_000), Query::range(&*text, 0, 600_000, 45_000)];
    for query in queries {
        let answer =
            || engine.run(&query, &storage).map(|answer| format!("{:?}", answer.value)).map_err(|e| e.to_string());
        assert_eq!(answer(), answer());
    }
}

/// Any text gives a tree, its errors lie in it, and what is right is printed as something that means the same.
pub fn promql_parse(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parser = Parser::new(Options::all());
    let parsed = parser.parse_recovering(&text);
    for error in &parsed.errors {
        assert!(error.span().end as usize <= text.len(), "{error}");
    }
    parsed.expr.walk(&mut |node, _| assert!(node.span().slice(&text).is_some()));
    let _ = parser.parse_selector(&text);
    // Prometheus prints infinity as `+Inf`, where the sign binds less than `^`, and U+FFFD as it is, which it does not read.
    if !parsed.errors.is_empty() || parsed.expr.to_string().contains(['^', '\u{fffd}']) {
        return;
    }
    let printed = parsed.expr.to_string();
    let again = parser.parse(&printed).unwrap_or_else(|error| panic!("{text:?} is printed as {printed:?}: {error}"));
    assert_eq!(again.to_string(), printed);
    let pretty = Formatter::default().format(&parsed.expr);
    assert_eq!(parser.parse(&pretty).map(|expr| expr.to_string()), Ok(printed));
}
