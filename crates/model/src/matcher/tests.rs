use super::*;
use crate::Labels;

const OPS: [MatchOp; 4] = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];

fn matcher(op: MatchOp, value: &str) -> Matcher {
    Matcher::new(op, "a", value).unwrap()
}

/// By `Matcher.Matches` (`model/labels/matcher.go`): expressions are anchored and `.` matches newlines.
#[test]
fn a_matcher_matches_all_of_a_value() {
    for (op, value, text, expect) in [
        (MatchOp::Equal, "bar", "bar", true),
        (MatchOp::Equal, "bar", "foo-bar", false),
        (MatchOp::Equal, "", "", true),
        (MatchOp::Regex, "bar", "bar", true),
        (MatchOp::Regex, "bar", "foo-bar", false),
        (MatchOp::Regex, ".*bar", "foo-bar", true),
        (MatchOp::Regex, "foo|bar", "foobar", false),
        (MatchOp::Regex, "foo.bar", "foo\nbar", true),
        (MatchOp::Regex, "(?i:bar)", "BAR", true),
        (MatchOp::Regex, ".+", "", false),
    ] {
        assert_eq!(matcher(op, value).matches(text), expect, "{op} {value:?} {text:?}");
        assert_eq!(matcher(op.inverse(), value).matches(text), !expect, "{op} {value:?} {text:?}");
        assert_eq!(matcher(op, value).inverse(), matcher(op.inverse(), value));
    }
    assert_eq!(OPS.map(|op| op.inverse().inverse()), OPS);
}

#[test]
fn an_absent_label_has_the_empty_value() {
    let empty = Labels::empty();
    let labels = Labels::from_pairs([("a", "x")]).unwrap();
    for op in OPS {
        for value in ["", "x", ".*", ".+", "x?"] {
            let matcher = matcher(op, value);
            assert_eq!(matcher.matches_empty(), matcher.matches(""));
            assert_eq!(matcher.matches_labels(empty.view()), matcher.matches_empty(), "{matcher}");
            assert_eq!(matcher.matches_labels(labels.view()), matcher.matches("x"), "{matcher}");
        }
    }
}

#[track_caller]
fn check_display(op: MatchOp, name: &str, value: &str, expect: &str) {
    assert_eq!(Matcher::new(op, name, value).unwrap().to_string(), expect);
}

/// By the rules of `Matcher.String` (`model/labels/matcher.go`).
#[test]
fn matchers_are_printed_as_in_prometheus() {
    check_display(MatchOp::Equal, "foo", "bar", r#"foo="bar""#);
    check_display(MatchOp::NotEqual, "__foo", "bar", r#"__foo!="bar""#);
    check_display(MatchOp::Regex, "foo", "bar|baz", r#"foo=~"bar|baz""#);
    check_display(MatchOp::NotRegex, "foo.bar", "\"x\\d", r#""foo.bar"!~"\"x\\d""#);
    check_display(MatchOp::Equal, "0a", "", r#""0a"="""#);
    check_display(MatchOp::Equal, "", "x", r#"""="x""#);
}

#[test]
fn matchers_are_equal_if_they_are_written_the_same() {
    assert_eq!(matcher(MatchOp::Regex, "a|b"), matcher(MatchOp::Regex, "a|b"));
    assert_ne!(matcher(MatchOp::Regex, "a|b"), matcher(MatchOp::Regex, "b|a"));
    assert_ne!(matcher(MatchOp::Regex, "a"), matcher(MatchOp::Equal, "a"));
    assert_ne!(Matcher::equal("a", "x"), Matcher::equal("b", "x"));
    assert_eq!(Matcher::equal("a", "x"), matcher(MatchOp::Equal, "x"));
}

#[test]
fn an_index_is_told_what_to_look_at() {
    let api = matcher(MatchOp::NotRegex, "api-.*");
    assert_eq!(api.candidates(), Some(Candidates::Prefix("api-")));
    assert_eq!(matcher(MatchOp::Regex, ".*").candidates(), Some(Candidates::All));
    assert_eq!(matcher(MatchOp::Equal, "x").candidates(), None);
}

/// The text of Go's `regexp`.
#[test]
fn what_is_no_expression_is_refused() {
    let error = Matcher::new(MatchOp::Regex, "a", "b(").unwrap_err();
    assert_eq!(error.to_string(), "error parsing regexp: missing closing ): `b(`");
    assert!(Matcher::new(MatchOp::NotEqual, "a", "b(").is_ok());
}
