//! What holds of every query, on queries out of seeds.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use promd_promql_parser::lint::{self, Linter, Rule};
use promd_promql_parser::series;
use promd_promql_parser::{Expr, Formatter, Options, Parser, Span};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use support::Generator;

const QUERIES: usize = 5_000;

fn parser() -> Parser {
    Parser::new(Options::all())
}

/// Queries that are right, with their trees.
fn right(seed: u64) -> impl Iterator<Item = (String, Expr)> {
    let mut generator = Generator::new(seed);
    let queries = std::iter::repeat_with(move || generator.query()).take(QUERIES);
    // Prometheus prints infinity with a sign, which binds less than `^`.
    let queries = queries.filter(|query| !(query.contains("Inf") && query.contains('^')));
    queries.filter_map(|query| parser().parse(&query).ok().map(|expr| (query, expr)))
}

fn shape(expr: &Expr) -> Value {
    serde_json::to_value(expr).unwrap()
}

#[test]
fn what_is_printed_parses_to_the_same_tree() {
    let mut count = 0;
    for (query, expr) in right(1) {
        let printed = expr.to_string();
        let again =
            parser().parse(&printed).unwrap_or_else(|error| panic!("{query:?} is printed as {printed:?}: {error}"));
        // Matchers are printed in the order of their text, so what is printed is compared after that.
        assert_eq!(again.to_string(), printed, "{query:?}");
        let pretty = Formatter::default().format(&expr);
        assert_eq!(shape(&parser().parse(&pretty).unwrap()), shape(&again), "{query:?}");
        count += 1;
    }
    assert!(count > QUERIES / 2, "only {count} queries are right");
}

#[test]
fn formatting_twice_is_formatting_once() {
    for (query, expr) in right(2) {
        for width in [20, 100] {
            let formatter = Formatter::with_width(width);
            let once = formatter.format(&expr);
            assert_eq!(formatter.format(&parser().parse(&once).unwrap()), once, "{query:?}");
        }
    }
}

#[test]
fn a_span_is_the_text_of_its_node() {
    for (query, expr) in right(3) {
        expr.walk(&mut |node, path| {
            let text = node.span().slice(&query).unwrap();
            if let Some(outer) = path.last() {
                assert!(outer.span().contains(node.span()), "{text:?} of {query:?}");
            }
            // The second argument of info() selects nothing by itself.
            if !query.contains("info") {
                let alone = parser().parse(text).unwrap_or_else(|error| panic!("{text:?} of {query:?}: {error}"));
                assert_eq!(shape(&alone), shape(node), "{text:?} of {query:?}");
                assert_eq!(alone.span(), Span::new(0, u32::try_from(text.len()).unwrap()), "{text:?} of {query:?}");
            }
        });
    }
}

#[test]
fn whatever_is_wrong_there_is_a_tree_and_errors_in_the_text() {
    let mut generator = Generator::new(4);
    for _ in 0..QUERIES {
        let query = generator.broken();
        let parsed = parser().parse_recovering(&query);
        assert_eq!(parsed.errors.is_empty(), parser().parse(&query).is_ok());
        let end = u32::try_from(query.len()).unwrap();
        for error in &parsed.errors {
            assert!(error.span().start <= error.span().end && error.span().end <= end, "{error} of {query:?}");
        }
        parsed.expr.walk(&mut |node, _| assert!(node.span().slice(&query).is_some(), "{query:?}"));
    }
}

#[test]
fn comments_are_kept_and_formatting_stays_where_it_is() {
    let mut count = 0;
    // Not into texts.
    for (query, _) in right(5).filter(|(query, _)| !query.contains(['"', '\'', '`'])).take(500) {
        for place in ["#a\n", " # b\n"] {
            let query = query.replace([' ', '\n'], " ").replacen(' ', place, 2) + "# end";
            let parsed = parser().parse_recovering(&query);
            // Right behind a bracket no comment is allowed.
            if !parsed.errors.is_empty() {
                continue;
            }
            count += 1;
            let once = Formatter::default().format_with_comments(&query, &parsed);
            let again = parser().parse_recovering(&once);
            assert_eq!(again.errors, [], "{query:?} became {once:?}");
            assert_eq!(again.comments.len(), parsed.comments.len(), "{query:?} became {once:?}");
            assert_eq!(again.expr.to_string(), parsed.expr.to_string(), "{query:?} became {once:?}");
            assert_eq!(Formatter::default().format_with_comments(&once, &again), once, "{query:?}");
        }
    }
    assert!(count > 500, "only {count} queries can have comments");
}

/// Nesting of every kind, as deep as it goes: no overflow of the stack, and an error that says why.
#[test]
fn depth_is_limited() {
    let deep = 200_000;
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("-", "a", ""),
        ("1+", "1", ""),
        ("1^", "1", ""),
        ("abs(", "a", ")"),
        ("sum(", "a", ")"),
        ("a+(", "1", ")"),
        ("", "a", "[1m:]"),
        ("", "a", " offset 0"),
        ("", "a[", "1^"),
    ] {
        for count in [900, deep] {
            let query = format!("{}{inner}{}", open.repeat(count), close.repeat(count));
            let parsed = parser().parse_recovering(&query);
            if count == deep && !close.contains("offset") {
                assert!(!parsed.errors.is_empty(), "{open:?}");
            }
            assert!(parsed.expr.to_string().len() <= 2 * query.len() + 100);
        }
    }
    let options = parser().options();
    let at_limit =
        format!("{}1{}", "(".repeat(options.max_depth as usize - 1), ")".repeat(options.max_depth as usize - 1));
    assert!(parser().parse(&at_limit).is_ok());
    let above = parser().parse(&format!("({at_limit})")).unwrap_err();
    assert_eq!(above.to_string(), "1:2: parse error: expression is nested too deeply");
}

/// Fixes are texts that parse; those that are certain not to change the meaning do not.
#[test]
fn fixes_leave_queries_right() {
    let bare = |expr: Expr| {
        expr.rewrite(&mut |expr| match expr {
            Expr::Paren(paren) => paren.expr,
            other => other,
        })
    };
    let mut fixed = 0;
    for (query, expr) in right(6) {
        let linter = Linter::default().for_alerts(true).with_scrape_interval("10m".parse().unwrap());
        let findings = linter.lint(&query, &expr);
        for finding in &findings {
            assert_eq!(finding.place, finding.span.line_column(&query), "{query:?}");
            let Some(fix) = &finding.fix else { continue };
            let text = lint::apply(&query, std::slice::from_ref(finding));
            let again = parser().parse(&text).unwrap_or_else(|error| panic!("{fix:?} of {query:?}: {error}"));
            fixed += 1;
            if finding.rule == Rule::RedundantParentheses {
                assert_eq!(bare(again).to_string(), bare(expr.clone()).to_string(), "{fix:?} of {query:?}");
            }
        }
        let all = lint::apply(&query, &findings);
        assert!(parser().parse(&all).is_ok(), "{query:?} became {all:?}");
    }
    assert!(fixed > 1_000, "only {fixed} fixes");
}

/// How long this thread has had a processor: what others do at the same time does not count.
fn on_processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// How long a run on a text of about so many bytes has a processor.
fn time(piece: &str, bytes: usize, run: impl Fn(&str)) -> Duration {
    let text = piece.repeat(bytes / piece.len());
    let start = on_processor();
    run(&text);
    on_processor() - start
}

type Run<'a> = &'a dyn Fn(&str);

/// A text of eight times the size takes eight times as long, not sixty-four times.
#[test]
fn time_is_linear_in_the_text() {
    const BYTES: usize = 20_000;
    let parse = |text: &str| drop(parser().parse_recovering(text));
    let lint = |text: &str| {
        let parsed = parser().parse_recovering(text);
        drop(Linter::default().lint(text, &parsed.expr));
        drop(Formatter::default().format_with_comments(text, &parsed));
    };
    let series = |text: &str| drop(series::parse(text));
    let of_calls: Run<'_> = &|text| lint(&format!("label_join({text} a)"));
    let of_matchers: Run<'_> = &|text| lint(&format!("{{{text} b=\"c\"}}"));
    let of_labels: Run<'_> = &|text| lint(&format!("sum by ({text} a) (b)"));
    let cases: [(&str, Run<'_>); 29] = [
        ("a + ", &parse),
        ("(", &parse),
        (")", &parse),
        ("a b ", &parse),
        ("a ) ", &parse),
        ("a b + c d + ", &parse),
        ("a, b ^ ", &parse),
        ("(a b ", &parse),
        ("sum(", &parse),
        ("{", &parse),
        ("a[", &parse),
        ("1 == ", &parse),
        ("#\n", &parse),
        ("a #\n +", &parse),
        ("\"a\" ", &parse),
        ("\\", &parse),
        ("5m1", &parse),
        ("\u{fffd}'", &parse),
        (",", &parse),
        ("\n", &parse),
        ("(1 == 1), ", of_calls),
        // As many prefixes as tokens that have no place behind them.
        ("-", &|text| parse(&format!("{text}{}", "]".repeat(text.len())))),
        ("no_such(1), ", of_calls),
        ("(a{x=~\"y\"}), ", of_calls),
        ("x=~\".*\", ", of_matchers),
        ("x,", of_labels),
        (" 1+1x3", &series),
        (" {{buckets:[1 2]}}", &series),
        (" abc", &series),
    ];
    for (piece, run) in cases {
        // Whatever takes less than this is too short to be measured.
        let small = (0..5).map(|_| time(piece, BYTES, run)).min().unwrap().max(Duration::from_micros(200));
        // Neighbours of the processor can only make it slower: one good look at it is enough.
        let is_linear = (0..10).any(|_| time(piece, 8 * BYTES, run) < 24 * small);
        assert!(is_linear, "{piece:?}: {small:?} for {BYTES} bytes, more than 24 times that for eight times as many");
    }
}
