//! What is said of text that is not YAML, and how values are printed.

use std::collections::BTreeMap;

use super::parse::parse;
use super::tree::key_order;
use super::{Any, Decoder, Dialect, tree};

fn read(text: &str) -> Result<Any, String> {
    let document = parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut any = Any::Null;
    Decoder::new(&document, Dialect::V2, true, &|_| None).run(&mut any).map_err(|error| error.to_string())?;
    Ok(any)
}

#[track_caller]
fn refused(text: &str, expect: &str) {
    assert_eq!(read(text), Err(format!("yaml: {expect}")), "{text}");
}

/// Expected texts are those of `promtool check config` of Prometheus 3.5.3.
#[test]
fn texts_of_libyaml() {
    refused("global: [a, b\n", "line 1: did not find expected ',' or ']'");
    refused("a: %x\n", "found character that cannot start any token");
    refused("[a]: b: c\n", "mapping values are not allowed in this context");
    refused("a: [b, c]]\n", "did not find expected key");
    refused("a: {b: c, d\n", "line 1: did not find expected ',' or '}'");
    refused("a: -\n", "block sequence entries are not allowed in this context");
    refused("- - a\n - b\n", "line 1: did not find expected '-' indicator");
    refused("key: [a, b\nother: c\n", "line 1: did not find expected ',' or ']'");
    refused("a:\n- b\n  c: d\n", "line 3: mapping values are not allowed in this context");
    refused("foo: bar\nfoo\n", "line 3: could not find expected ':'");
    refused("scrape_configs:\n  - job_name: a\n   foo: bar\n", "line 2: did not find expected '-' indicator");
    refused("scrape_configs:\n- job_name: \"a\n  static_configs: []\n", "line 4: found unexpected end of stream");
    refused("a: b # c\n d\n", "line 1: did not find expected key");
    refused("global: {a: b\nrule_files: x\n", "line 1: did not find expected ',' or '}'");
    refused("global:\n  a: b: c\n", "line 2: mapping values are not allowed in this context");
    refused("a: \"x\n", "line 2: found unexpected end of stream");
    refused("a: 'x\nb: c\n", "line 3: found unexpected end of stream");
    refused("a: \"b\n---\nc\"\n", "line 2: found unexpected document indicator");
    refused("a: @x\n", "found character that cannot start any token");
    refused("- a\nb: c\n", "line 1: did not find expected '-' indicator");
    refused("a: b\n- c\n", "line 1: did not find expected key");
    refused("a:\n  b: c\n d: e\n", "line 2: did not find expected key");
    refused("a: *x\n", "unknown anchor 'x' referenced");
    refused("a: &\n", "did not find expected alphabetic or numeric character");
    refused("a: \"\\q\"\n", "found unknown escape character");
    refused("%YAML 9.9\na: b\n", "found incompatible YAML document");
    refused("a: b\n   c: d\n", "line 2: mapping values are not allowed in this context");
    refused("a: \"b\" c\n", "did not find expected key");
    refused("a: ]\n", "did not find expected node content");
    refused("a: b\n\tc: d\n", "line 2: found a tab character that violates indentation");
    refused("a: !<x\n", "did not find the expected '>'");
    refused("a\nb: c\n", "line 2: mapping values are not allowed in this context");
    refused("global:\n\tscrape_interval: 5s\n", "line 2: found character that cannot start any token");
    refused("global: {\n", "line 1: did not find expected node content");
}

/// libyaml does not mind how far to the left a text in quotes goes on.
#[test]
fn quoted_texts_may_go_on_anywhere() {
    let text = "a:\n  b: \"one\n two\nthree\"\n  c: 'x\n\ny'\n";
    let inner = [("b", "one two three"), ("c", "x\ny")].map(|(k, v)| (k.to_owned(), Any::Text(v.to_owned())));
    assert_eq!(read(text), Ok(Any::Map([("a".to_owned(), Any::Map(inner.into()))].into())));
}

/// Expected values follow from YAML 1.1 and Go's table of it (`resolve.go` of `yaml.v2`).
#[test]
fn scalars() {
    let check = |text: &str, expect: Any| assert_eq!(read(text), Ok(expect), "{text}");
    for text in ["y", "Yes", "on", "TRUE", "!!bool yes"] {
        check(text, Any::Bool(true));
    }
    for text in ["n", "No", "OFF", "false"] {
        check(text, Any::Bool(false));
    }
    for text in ["~", "null", "NULL", "!!null x", ""] {
        check(text, Any::Null);
    }
    check("1_000", Any::Int(1000));
    check("0x1F", Any::Int(31));
    check("010", Any::Int(8));
    check("0o17", Any::Int(15));
    check("-0b101", Any::Int(-5));
    check("18446744073709551615", Any::Uint(u64::MAX));
    check("1e3", Any::Float(1000.0));
    check(".5", Any::Float(0.5));
    check("!!float 3", Any::Float(3.0));
    check("-.inf", Any::Float(f64::NEG_INFINITY));
    check("08", Any::Float(8.0));
    for text in ["'1'", "\"yes\"", "!!str 1", "yEs", "1:30", "2020-01-02", "0x", "1.2.3"] {
        let Ok(Any::Text(_)) = read(text) else { panic!("{text}: {:?}", read(text)) };
    }
    check("!!binary aGk=", Any::Text("hi".to_owned()));
    refused("!!int x", "cannot decode !!str `x` as a !!int");
    refused("!!binary a", "!!binary value contains invalid base64 data");
}

#[test]
fn aliases_and_merges() {
    let map = |pairs: &[(&str, i64)]| {
        Any::Map(pairs.iter().map(|(name, value)| ((*name).to_owned(), Any::Int(*value))).collect())
    };
    let text = "- &a {x: 1, y: 2}\n- *a\n- {<<: *a, z: 3}\n";
    let Ok(Any::List(items)) = read(text) else { panic!("{:?}", read(text)) };
    assert_eq!(items[1], map(&[("x", 1), ("y", 2)]));
    assert_eq!(items[2], map(&[("x", 1), ("y", 2), ("z", 3)]));
    refused("<<: 5", "map merge requires map or sequence of maps as the value");
    refused("a: &a [*a]", "anchor 'a' value contains itself");
    assert!(read("a: 1\na: 2").unwrap_err().contains("line 2: key \"a\" already set in map"));
}

/// A document of some hundred bytes that means more than fits anywhere.
#[test]
fn a_billion_laughs() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    refused(&text, "document contains excessive aliasing");
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let text = open.repeat(100_000) + &close.repeat(100_000);
        assert!(read(&text).is_err());
    }
    let merges = (1..5000).map(|n| format!("- &m{n} {{<<: *m{}}}\n", n - 1)).collect::<String>();
    assert!(read(&format!("- &m0 {{a: 1}}\n{merges}")).is_err());
}

/// Expected texts follow from the emitter of Go's `yaml.v2`; `interop_config.rs` compares with the server.
#[test]
fn texts_are_quoted_as_go_quotes_them() {
    let print = |text: &str| {
        let map: BTreeMap<String, String> = [("k".to_owned(), text.to_owned())].into();
        tree::print(&map)
    };
    let check = |text: &str, expect: &str| assert_eq!(print(text), format!("k: {expect}\n"), "{text:?}");
    check("plain text", "plain text");
    check("", "\"\"");
    check("true", "\"true\"");
    check("12", "\"12\"");
    check("1:30", "\"1:30\"");
    check("2020-01-02", "\"2020-01-02\"");
    check("<<", "<<");
    check("a: b", "'a: b'");
    check("a:b", "a:b");
    check("- a", "'- a'");
    check("-a", "-a");
    check("#a", "'#a'");
    check("a #b", "'a #b'");
    check("it's", "it's");
    check("'it's", "'''it''s'");
    check(" a", "' a'");
    check("a\tb", "\"a\\tb\"");
    check("a\nb", "|-\n  a\n  b");
    check("a\nb\n", "|\n  a\n  b");
    check("größe", "größe");
    check("\u{7f}", "\"\\x7F\"");
    check(
        "a long text that goes on and on until it is more than eighty characters wide and must be broken",
        "a long text that goes on and on until it is more than eighty characters wide and\n  must be broken",
    );
}

/// Prometheus 3.5.3 shows external labels in this order; the place of the digit follows from `sorter.go` of `yaml.v2`.
#[test]
fn keys_are_in_the_order_of_go() {
    let mut keys = ["b", "a10", "a2", "A", "a", "1", "_x", "ab"];
    keys.sort_by(|a, b| key_order(a, b));
    assert_eq!(keys, ["_x", "1", "A", "a", "a2", "a10", "ab", "b"]);
}
