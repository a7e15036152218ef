//! Matchers as an index and relabelling use them.

use std::collections::HashSet;

use promd_regex::{Anchored, Candidates, Regex};
use proptest::prelude::*;

fn matcher(pattern: &str) -> Anchored {
    Anchored::new(pattern).expect("a valid pattern")
}

/// A line for what an index is told.
fn told(pattern: &str) -> String {
    match matcher(pattern).candidates() {
        Candidates::Literals(values) => format!("= {}", values.iter().collect::<Vec<_>>().join(",")),
        other => format!("{other:?}"),
    }
}

/// Expected values follow from what each pattern means.
#[test]
fn candidates() {
    for (pattern, expect) in [
        ("", "= "),
        (".*", "All"),
        (".+", "NonEmpty"),
        ("a", "= a"),
        ("b|a|", "= ,a,b"),
        ("(?i)ok", "= OK,Ok,oK,ok,o\u{212a},O\u{212a}"),
        ("v[0-3]", "= v0,v1,v2,v3"),
        ("[^\\x00-\\x{10FFFF}]", "= "),
        ("ab.*", r#"Prefix("ab")"#),
        ("ab.*|abc|abd.*", r#"Prefix("ab")"#),
        ("ab.+", r#"Unknown { prefix: "ab" }"#),
        ("ab.*|ac.*", r#"Unknown { prefix: "a" }"#),
        ("ab[0-9]+x", r#"Unknown { prefix: "ab" }"#),
        ("(ab(c|d)x+)", r#"Unknown { prefix: "ab" }"#),
        (".*ab", r#"Unknown { prefix: "" }"#),
        ("(?i)ab.*", r#"Unknown { prefix: "" }"#),
        ("é1+|è1+", r#"Unknown { prefix: "" }"#),
        ("éa+|éb+", r#"Unknown { prefix: "é" }"#),
        ("a)|(b", "refused"),
    ] {
        let result = if Anchored::new(pattern).is_ok() { told(pattern) } else { "refused".into() };
        let sorted = |line: &str| {
            line.strip_prefix("= ").map(|values| values.split(',').map(String::from).collect::<HashSet<_>>())
        };
        assert!(
            result == expect || (sorted(expect).is_some() && sorted(&result) == sorted(expect)),
            "{pattern}: {result}"
        );
    }
}

/// `^(?s:a)|(?:b)$` binds each end to one alternative only, in Prometheus as in Go.
#[test]
fn wrapped_patterns_may_break_out_of_their_group() {
    let open = Anchored::wrapped("a)|(?:b").expect("parentheses pair up in the wrapped text");
    for (text, expect) in [("ax", true), ("xb", true), ("xa", false), ("bx", false)] {
        assert_eq!(open.is_match(text), expect, "{text}");
        assert_eq!(open.captures(text).is_some(), expect, "{text}");
    }
    assert_eq!(open.replace_all("axb", "-"), "-x-");
    assert_eq!(open.candidates(), Candidates::Unknown { prefix: "" });
    assert_eq!(open.captures("ax").and_then(|found| found.span(0)), Some(0..1));
}

#[test]
fn groups_of_relabelling() {
    let check = |pattern: &str, text: &str, template: &str, expect: &str| {
        for matcher in [Anchored::wrapped(pattern), Anchored::new(pattern)] {
            assert_eq!(matcher.expect("a valid pattern").replace_all(text, template), expect, "{pattern} on {text:?}");
        }
    };
    check("(.*)", "up", "<$1>", "<up>");
    check("(.*)", "", "<$1>", "<>");
    check("((.*))", "up", "$1$2$3", "upup");
    check("up", "up", "<$0$1>", "<up>");
    check("(.+):(\\d+)", "host:80", "$2:$1", "80:host");
    check("(?P<host>.+):\\d+", "host:80", "${host}", "host");
    check("(a)|(b)", "b", "<$1$2>", "<b>");
    check("(a){0}(b)", "b", "<$1$2>", "<b>");
    check("(.*)", "line\nbreak", "$1", "line\nbreak");
    check("(.+):(\\d+)", "no port", "$2", "no port");
    check("__meta_(.+)", "__meta_x", "$1", "x");
}

#[test]
fn names_and_equality() {
    let named = matcher("(a)(?P<n>b)");
    assert_eq!(named.group_names().collect::<Vec<_>>(), [None, Some("n")]);
    assert_eq!(named, named.clone());
    assert_eq!(named.to_string(), "(a)(?P<n>b)");
    assert_ne!(Anchored::new("a"), Anchored::wrapped("a"));
    assert_eq!("a+".parse::<Anchored>(), Anchored::new("a+"));
    assert_eq!("a+".parse::<Regex>(), Regex::new("a+"));
}

#[test]
fn matchers_are_shared_between_threads() {
    let matcher = matcher("[a-z]+-(\\d+)");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let matcher = matcher.clone();
            scope.spawn(move || {
                for number in 0..200 {
                    let text = format!("t-{thread}{number}");
                    let captures = matcher.captures(&text).expect("it matches");
                    assert_eq!(captures.get(1), text.strip_prefix("t-"));
                }
            });
        }
    });
}

/// Pieces that are valid in any order.
fn pattern() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "a",
        "b",
        "ab",
        "é",
        ".",
        ".*",
        ".+",
        "[ab]",
        "[^a]",
        "\\d",
        "x?",
        "(a)",
        "(b|ab)",
        "(?i:k)",
        "(?:a|é)*",
        "|",
        "\\b",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..6).prop_map(|pieces| pieces.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "é", "k", "K", "1", "\n", "x"]), 0..6)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// `is_match`, the groups and the candidates all say the same of a text as the general expression.
    #[test]
    fn all_answers_agree(pattern in pattern(), texts in prop::collection::vec(text(), 6)) {
        let general = Regex::new(&format!("^(?s:{pattern})$")).unwrap();
        for matcher in [Anchored::new(&pattern).unwrap(), Anchored::wrapped(&pattern).unwrap()] {
            for text in &texts {
                let expected = general.captures(text);
                let found = matcher.captures(text);
                prop_assert_eq!(matcher.is_match(text), expected.is_some());
                prop_assert_eq!(found.is_some(), expected.is_some());
                if let (Some(found), Some(expected)) = (found, expected) {
                    prop_assert_eq!(found.len(), expected.len());
                    for index in 0..found.len() {
                        prop_assert_eq!(found.span(index), expected.span(index), "group {} of {}", index, text);
                    }
                }
                let may_match = match matcher.candidates() {
                    Candidates::All => true,
                    Candidates::NonEmpty => !text.is_empty(),
                    Candidates::Literals(values) => values.contains(text),
                    Candidates::Prefix(prefix) => text.starts_with(prefix),
                    Candidates::Unknown { prefix } => text.starts_with(prefix) && matcher.is_match(text),
                    _ => unreachable!("a kind of candidates that this test does not know"),
                };
                prop_assert_eq!(may_match, general.is_match(text));
            }
        }
    }
}
