//! What Go's limits count. Everything else is compared with Go in `tests/golden.rs`.

use super::*;

fn parsed(pattern: &str) -> Result<Parsed, Error> {
    parse(pattern.as_bytes(), Flags::default(), Spelling::Exact)
}

/// Heights as Go's `calcHeight` counts: leaves are 1; captures, repetitions, and concatenations and alternations of more
/// than one piece add 1, unless they lie directly in one of their kind.
#[test]
fn heights() {
    for (pattern, expect) in [
        ("", 1),
        ("abc", 1),
        ("(?:(?:abc))", 1),
        ("(a)", 2),
        ("a*", 2),
        ("abc*", 3),
        ("(?:ab*)c*", 3),
        ("a|b", 1),
        ("ab|cd", 2),
        ("(?:ab|cd)|ef", 2),
        ("((a))", 3),
        ("(?:(?:a*)*)*", 4),
    ] {
        assert_eq!(parsed(pattern).unwrap().node.height, expect, "{pattern}");
    }
}

/// Sizes as Go's `calcSize` counts instructions.
#[test]
fn sizes() {
    for (pattern, expect) in [
        ("", 1),
        ("abc", 3),
        (r"\pL", 1),
        ("(abc)", 5),
        ("a*", 3),
        ("a+", 2),
        ("a?", 2),
        ("ab|cd", 5),
        ("(?:ab){3}", 6),
        ("(?:ab){3,}", 7),
        ("(?:ab){0,}", 4),
        ("(?:ab){2,5}", 13),
        ("(?:ab){0}", 1),
    ] {
        assert_eq!(parsed(pattern).unwrap().node.size, expect, "{pattern}");
    }
}

/// The tree matches what Go's does, though `Hir` would lift what both alternatives begin with.
#[test]
fn only_single_way_prefixes_are_lifted() {
    let is_alternation = |pattern: &str| {
        let hir = parsed(pattern).unwrap().node.hir;
        matches!(hir.kind(), regex_syntax::hir::HirKind::Alternation(_))
    };
    assert!(is_alternation("(?:a|ab)c|(?:a|ab)bcd"));
    assert!(is_alternation("[ab]x*c|[ab]x*d"));
    assert!(!is_alternation("[ab][cd]x*|[ab][ce]y*"));
}

#[test]
fn groups_keep_their_names_in_order() {
    let groups = parsed("(a)(?P<b>(?<c>x))(?:y)(?P<b>z)").unwrap().groups;
    assert_eq!(groups.iter().map(Option::as_deref).collect::<Vec<_>>(), [None, Some("b"), Some("c"), Some("b")]);
}
