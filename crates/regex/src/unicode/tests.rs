//! Classes and case folding are those of Go's `unicode` package (testdata/regex/unicode.tsv), of Unicode 13.

use std::fs;

use super::*;

/// Ranges as the table writes them: `41-5a 61`.
fn parse(ranges: &str) -> ClassUnicode {
    let code = |hex: &str| u32::from_str_radix(hex, 16).unwrap();
    ClassUnicode::new(ranges.split(' ').filter(|part| !part.is_empty()).filter_map(|part| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        range(code(low), code(high))
    }))
}

/// The rows of one kind, split into fields.
fn rows(text: &str, kind: &str) -> Vec<Vec<String>> {
    let fields = text.lines().map(|line| line.split('\t').map(String::from).collect::<Vec<_>>());
    fields.filter(|fields| fields[0] == kind).collect()
}

fn table() -> String {
    fs::read_to_string(promd_testkit::testdata("regex/unicode.tsv")).unwrap()
}

/// All that was assigned in the version of the table: what came later cannot be compared.
fn assigned(classes: &[Vec<String>]) -> ClassUnicode {
    let mut assigned = ClassUnicode::empty();
    for fields in classes.iter().filter(|fields| fields[1].len() == 2) {
        assigned.union(&parse(&fields[2]));
    }
    assigned
}

#[test]
fn classes_are_those_of_go() {
    /// Characters that another class has had since Unicode 13 (UCD, DerivedGeneralCategory.txt and Scripts.txt).
    const CHANGED: &[char] = &['\u{1734}', '\u{1171E}', '\u{16FE2}', '\u{16FE3}'];
    let text = table();
    let classes = rows(&text, "class");
    assert!(classes.len() > 180, "{} classes", classes.len());
    let assigned = assigned(&classes);
    let mut differences = Vec::new();
    for fields in &classes {
        let (name, expected) = (&fields[1], parse(&fields[2]));
        let mut ours = named(name, Spelling::Exact).unwrap_or_else(|| panic!("no class {name}"));
        ours.intersect(&assigned);
        ours.symmetric_difference(&expected);
        let changed = ours.iter().flat_map(|range| range.start()..=range.end()).filter(|c| !CHANGED.contains(c));
        differences.extend(changed.map(|character| format!("{name}: {character:?}")));
    }
    assert!(differences.is_empty(), "{differences:?}");
}

#[test]
fn folding_is_that_of_go() {
    let text = table();
    let assigned = assigned(&rows(&text, "class"));
    let orbits = rows(&text, "fold");
    assert!(orbits.len() > 1300, "{} orbits", orbits.len());
    let mut folding = ClassUnicode::empty();
    for fields in &orbits {
        let expected = parse(&fields[1]);
        folding.union(&expected);
        for member in expected.iter().flat_map(|range| range.start()..=range.end()) {
            let mut ours = orbit(member);
            ours.intersect(&assigned);
            assert_eq!(ours, expected, "{member:?}");
            assert!(may_fold(member));
        }
    }
    let mut alone = assigned.clone();
    alone.difference(&folding);
    let mut folded = alone.clone();
    fold(&mut folded);
    folded.intersect(&assigned);
    assert_eq!(folded, alone, "folds here and not in Go");
}

#[test]
fn names_are_spelled_as_in_go() {
    assert!(names::SCRIPTS.is_sorted());
    for name in names::CATEGORIES.iter().chain(names::SCRIPTS) {
        assert!(named(name, Spelling::Exact).is_some(), "{name}");
        assert_eq!(named(name, Spelling::Loose), named(name, Spelling::Exact), "{name}");
    }
    for name in
        ["", "greek", "GREEK", "Old Italic", "OldItalic", "Letter", "l", "lu", "Alphabetic", "ASCII", "sc=Greek"]
    {
        assert!(named(name, Spelling::Exact).is_none(), "{name}");
    }
    assert_eq!(named("Any", Spelling::Exact), Some(any()));
}

/// What Prometheus 3.5.3, built with Go 1.27, takes and refuses in `label_replace`.
#[test]
fn loose_names_are_those_of_go() {
    let exact = |name| named(name, Spelling::Exact);
    for (loose, name) in [
        ("greek", "Greek"),
        (" GREEK ", "Greek"),
        ("old-italic", "Old_Italic"),
        ("lu", "Lu"),
        ("L_", "L"),
        ("letter", "L"),
        ("Cased_Letter", "LC"),
        ("digit", "Nd"),
        ("Combining_Mark", "M"),
        ("Surrogate", "Cs"),
        ("any", "Any"),
    ] {
        assert!(exact(name).is_some());
        assert_eq!(named(loose, Spelling::Loose), exact(name), "{loose}");
    }
    for (_, short) in names::CATEGORY_ALIASES {
        assert!(exact(short).is_some(), "{short}");
    }
    let unassigned = exact("Cn").unwrap();
    let mut assigned = named("assigned", Spelling::Loose).unwrap();
    assert!(contains(&assigned, 'a') && contains(&unassigned, '\u{378}'));
    assigned.intersect(&unassigned);
    assert_eq!(assigned, ClassUnicode::empty());
    for name in ["", "sc=Greek", "Grek", "Zyyy", "Hrkt", "Qaai", "isgreek", "L&", "GC"] {
        assert!(named(name, Spelling::Loose).is_none(), "{name}");
    }
}

#[test]
fn surrogates_are_no_characters() {
    assert_eq!(range(0xD800, 0xDFFF), None);
    assert_eq!(range(0xD700, 0xDA00), range(0xD700, 0xD7FF));
    assert_eq!(range(0xDA00, 0xE010), range(0xE000, 0xE010));
}
