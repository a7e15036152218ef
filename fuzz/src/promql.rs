//! Targets of `promd-promql-parser`.

use promd_promql_parser::{Formatter, Options, Parser};

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
