//! Which plan an expression gets, and that a plan decides as the automaton does.

use proptest::prelude::*;

use super::*;
use crate::engine::{Track, compile};
use crate::parse::{Flags, anchored, parse};
use crate::unicode::Spelling;

fn node(pattern: &str) -> crate::parse::Node {
    let flags = Flags { dot_newline: true, ..Flags::default() };
    anchored(parse(pattern.as_bytes(), flags, Spelling::Exact).unwrap().node).unwrap()
}

/// A word for the plan of `pattern`.
fn kind(pattern: &str) -> String {
    match Plan::new(&node(pattern).hir) {
        None => "automaton".into(),
        Some(Plan::All) => "all".into(),
        Some(Plan::NonEmpty) => "non-empty".into(),
        Some(Plan::Literals(literals)) => format!("literals {literals:?}"),
        Some(Plan::Union(union)) => {
            let Union { fold, literals, prefixes, proper_prefixes, sequences } = *union;
            let fold = if fold.is_some() { "folded " } else { "" };
            format!("{fold}{literals:?} {prefixes:?}* {proper_prefixes:?}+ {}", sequences.len())
        }
    }
}

/// The expected plans follow from what each pattern means.
#[test]
fn plans() {
    for (pattern, expect) in [
        ("", r#"literals {""}"#),
        ("^$", r#"literals {""}"#),
        (".*", "all"),
        ("^.*$", "all"),
        ("(.*)", "all"),
        ("(?:.*)+", "all"),
        (".*|foo", "all"),
        ("(?:.+)?", "all"),
        (".+", "non-empty"),
        ("..*", "non-empty"),
        (".*.+", "non-empty"),
        (".+|a", "non-empty"),
        (".+|a?", "all"),
        ("foo", r#"literals {"foo"}"#),
        ("foo|bar|foo", r#"literals {"bar", "foo"}"#),
        ("^(?:foo|^bar)$", r#"literals {"bar", "foo"}"#),
        ("f(?:oo|ee)?[12]", r#"literals {"f1", "f2", "fee1", "fee2", "foo1", "foo2"}"#),
        ("(a{2}){2}", r#"literals {"aaaa"}"#),
        ("(?i)ab", r#"literals {"AB", "Ab", "aB", "ab"}"#),
        (r"[^\x00-\x{10FFFF}]", "literals {}"),
        ("(?i)abcdefghijk", r#"folded {"abcdefghijk"} {}* {}+ 0"#),
        ("(?i)abcdefghijk|kKkKkKkKkK1", r#"folded {"abcdefghijk", "kkkkkkkkkk1"} {}* {}+ 0"#),
        ("(?i)abcdefghi(?-i)j", "automaton"),
        ("foo.*", r#"{} {"foo"}* {}+ 0"#),
        ("foo.*|foobar.*|bar.*|baz", r#"{"baz"} {"bar", "foo"}* {}+ 0"#),
        ("foo.+|bar.+.*", r#"{} {}* {"bar", "foo"}+ 0"#),
        (".*foo", "{} {}* {}+ 1"),
        (".*foo.*", "{} {}* {}+ 1"),
        (".*(?:foo|bar).*", "{} {}* {}+ 2"),
        (".*(?i:error).*", "folded {} {}* {}+ 1"),
        ("a.{2,}b", "{} {}* {}+ 1"),
        ("a.c", "automaton"),
        ("[a-z]+", "automaton"),
        ("a(?-s:.*)", "automaton"),
        (r"a\b.*", "automaton"),
        ("a^b", "automaton"),
        ("(?:ab)*", "automaton"),
    ] {
        assert_eq!(kind(pattern), expect, "{pattern}");
    }
}

#[test]
fn large_alternations_have_a_plan() {
    let words: Vec<String> = (0..5000).map(|number| format!("pod-{number}")).collect();
    for (pattern, expect) in [(words.join("|"), "literals"), (format!("a({})b", words.join("|")), "literals")] {
        assert!(kind(&pattern).starts_with(expect));
    }
    let prefixes = kind(&format!("{}.*", words.join(".*|")));
    // `pod-1.*` has all of `pod-1…`: only the single digits are left.
    assert_eq!(prefixes.matches("pod-").count(), 10, "{prefixes}");
}

/// Patterns of what plans are made of, and texts that come near to matching them.
fn pattern() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", "ab", "é", "k", ".*", ".+", ".?", ".", ".{2,}", "[ab]", "[^a]", "(?i:k)", "(?i:sa)", "", "^", "$",
        "\\n", "x*",
    ]);
    let leaf = prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    let tree = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| parts.concat()),
            (inner.clone(), prop::sample::select(vec!["?", "{2}", "{0,2}", "*", "+"]))
                .prop_map(|(part, times)| format!("({part}){times}")),
            inner.prop_map(|part| format!("(?i:{part})")),
        ]
    });
    (tree, prop::collection::vec(prop::sample::select(vec!["", "|a.*", "|.*b", "|(?i:ab).+", "|kk"]), 0..3))
        .prop_map(|(tree, more)| tree + &more.concat())
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["a", "b", "ab", "é", "É", "k", "K", "\u{212a}", "s", "ſ", "A", "\n", "x"]);
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_plan_decides_as_the_automaton_does(pattern in pattern(), texts in prop::collection::vec(text(), 8)) {
        let node = node(&pattern);
        let Some(plan) = Plan::new(&node.hir) else { return Ok(()) };
        let engine = compile(&node, Track::Match, b"").unwrap();
        for text in &texts {
            prop_assert_eq!(plan.is_match(text), engine.is_match(text), "{} in {:?} by {:?}", pattern, text, plan);
        }
        // What the plan itself names must match.
        if let Plan::Literals(literals) = &plan {
            for literal in literals.iter() {
                prop_assert!(engine.is_match(literal), "{} should match {:?}", pattern, literal);
            }
        }
        if let Some(prefix) = plan.as_prefix() {
            for text in &texts {
                let prefixed = format!("{prefix}{text}");
                prop_assert!(engine.is_match(&prefixed), "{} should match {:?}", pattern, prefixed);
            }
        }
    }
}
