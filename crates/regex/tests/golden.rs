//! Every pattern of the tables that Go wrote (testdata/regex/README.md): accepted or refused in the same words, the same
//! matches, groups and replacements. Expected values are Go's.

#![expect(clippy::unwrap_used, reason = "a malformed table fails the test")]

use std::env;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use promd_regex::{Anchored, Regex};

/// The lines of a table, split into fields that are unquoted to bytes.
fn table(name: &str) -> Vec<Vec<Vec<u8>>> {
    let folder = env::var_os("PROMD_REGEX_TABLES").map_or_else(|| promd_testkit::testdata("regex"), PathBuf::from);
    let text = fs::read_to_string(folder.join(name)).unwrap();
    text.lines().map(|line| line.split('\t').map(unquote).collect()).collect()
}

/// Turns `%XX` into bytes.
fn unquote(field: &str) -> Vec<u8> {
    let mut parts = field.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

fn text(field: &[u8]) -> &str {
    str::from_utf8(field).unwrap()
}

/// Positions as the table writes them.
fn positions(regex: &Regex, haystack: &str) -> String {
    let Some(captures) = regex.captures(haystack) else { return "-".into() };
    let position =
        |span: Option<Range<usize>>| span.map_or("-1,-1".into(), |span| format!("{},{}", span.start, span.end));
    (0..captures.len()).map(|index| position(captures.span(index))).collect::<Vec<_>>().join(",")
}

/// Differences are collected, so that one run shows them all.
fn report(differences: &[String], rows: usize) {
    let shown = differences.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {rows} rows differ:\n{shown}", differences.len());
}

#[test]
fn patterns_are_accepted_and_match_as_in_go() {
    let rows = table("matches.tsv");
    assert!(rows.len() > 3000, "{} rows", rows.len());
    let mut differences = Vec::new();
    for row in &rows {
        let (pattern, expected) = row.split_first().unwrap();
        let shown = String::from_utf8_lossy(pattern);
        let regex = match (Regex::new(pattern), expected) {
            (Err(error), [message]) => {
                let message = String::from_utf8_lossy(message.strip_prefix(b"!").unwrap());
                if error.to_string() != format!("error parsing regexp: {message}") {
                    differences.push(format!("{shown:?}: Go says {message}, we say {error}"));
                }
                continue;
            }
            (Ok(regex), [_, _, ..]) => regex,
            (result, _) => {
                differences.push(format!("{shown:?}: {result:?}, Go: {:?}", String::from_utf8_lossy(&expected[0])));
                continue;
            }
        };
        assert_eq!(regex.as_str(), shown);
        for pair in expected.chunks(2) {
            let (haystack, expected) = (text(&pair[0]), text(&pair[1]));
            let found = positions(&regex, haystack);
            if found != expected || regex.is_match(haystack) != (expected != "-") {
                differences.push(format!("{shown:?} in {haystack:?}: Go finds {expected}, we find {found}"));
            }
        }
    }
    report(&differences, rows.len());
}

/// A matcher on `pattern` answers as the expression that Prometheus builds from it.
#[test]
fn anchored_matches_are_those_of_the_wrapped_pattern() {
    let rows = table("matches.tsv");
    let mut differences = Vec::new();
    let mut matched = 0;
    for row in &rows {
        let Some((pattern, [_, _, ..])) = row.split_first() else { continue };
        let pattern = text(pattern);
        let wrapped = format!("^(?s:{pattern})$");
        // A `\Q` or flags at the end can swallow what is added.
        let (Ok(matcher), Ok(general)) = (Anchored::new(pattern), Regex::new(&wrapped)) else { continue };
        let relabel = Anchored::wrapped(pattern).unwrap();
        for pair in row[1..].chunks(2) {
            let haystack = text(&pair[0]);
            let expected = general.is_match(haystack);
            matched += usize::from(expected);
            if matcher.is_match(haystack) != expected || relabel.is_match(haystack) != expected {
                differences.push(format!("{pattern:?} in {haystack:?}: should be {expected}"));
            }
        }
    }
    assert!(matched > 300, "only {matched} texts matched");
    report(&differences, rows.len());
}

#[test]
fn replacements_are_those_of_go() {
    let rows = table("replacements.tsv");
    assert!(rows.len() >= 500, "{} rows", rows.len());
    let mut differences = Vec::new();
    for row in &rows {
        let [pattern, haystack, template, expected] = &row[..] else { panic!("{} fields", row.len()) };
        let (pattern, haystack, template) = (text(pattern), text(haystack), text(template));
        let found = Regex::new(pattern).unwrap().replace_all(haystack, template).into_owned();
        if found != text(expected) {
            let expected = text(expected);
            differences
                .push(format!("{pattern:?} {haystack:?} {template:?}: Go makes {expected:?}, we make {found:?}"));
        }
    }
    report(&differences, rows.len());
}
