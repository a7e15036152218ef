//! What the parsers make of single lines: entries, labels, and where errors are.
//!
//! Expected values: the sources of Prometheus 3.14 (`model/textparse`), and for errors its texts.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use promd_exposition::{Entry, OpenMetricsParser, Options, ParseError, Parser, TextParser};

/// The entries of a body, one a line: labels sorted by name.
fn render(mut parser: impl Parser) -> Result<String, ParseError> {
    let mut out = Vec::new();
    while let Some(entry) = parser.next()? {
        out.push(match entry {
            Entry::Type { name, metric_type } => format!("type {name} {metric_type}"),
            Entry::Help { name, help } => format!("help {name} {help:?}"),
            Entry::Unit { name, unit } => format!("unit {name} {unit:?}"),
            Entry::Comment(text) => format!("comment {:?}", String::from_utf8_lossy(text)),
            Entry::Series(sample) => {
                let mut labels = Vec::new();
                sample.for_each_label(|name, value| labels.push(format!("{name}={value:?}")));
                labels.sort();
                let exemplars: Vec<_> = sample.exemplars().collect();
                let mut text = format!("{} {}", labels.join(","), sample.value);
                if let Some(timestamp) = sample.timestamp {
                    text += &format!(" @{timestamp}");
                }
                if let Some(start) = sample.start_timestamp() {
                    text += &format!(" start {start}");
                }
                if !exemplars.is_empty() {
                    text += &format!(" {exemplars:?}");
                }
                text
            }
            _ => "unknown".to_owned(),
        });
    }
    Ok(out.join("\n"))
}

fn text(body: &str) -> Result<String, ParseError> {
    render(TextParser::new(body.as_bytes(), Options::default()))
}

fn openmetrics(body: &str) -> Result<String, ParseError> {
    render(OpenMetricsParser::new(body.as_bytes(), Options::default()))
}

#[track_caller]
fn check_text(body: &str, expect: &str) {
    assert_eq!(text(body).unwrap(), expect, "{body:?}");
}

#[track_caller]
fn check_openmetrics(body: &str, expect: &str) {
    assert_eq!(openmetrics(&format!("{body}# EOF\n")).unwrap(), expect, "{body:?}");
}

#[track_caller]
fn check_place(error: ParseError, line: usize, column: usize, expected: Option<&str>) {
    assert_eq!((error.line(), error.column(), error.expected()), (Some(line), Some(column), expected), "{error}");
}

#[test]
fn text_series() {
    check_text("", "");
    check_text("a 1", "__name__=\"a\" 1");
    check_text("a 1\n", "__name__=\"a\" 1");
    check_text("\n \t\n a\t{ x = \"1\" , } -2.5 0\n", "__name__=\" a\",x=\"1\" -2.5 @0");
    check_text("a{x=\"1\" y=\"2\"} 1", "__name__=\"a\",x=\"1\",y=\"2\" 1");
    check_text("{\"a b\",\"x.y\"=\"1\"} 1", "__name__=\"a b\",x.y=\"1\" 1");
    check_text("{x=\"1\",\"a\"} 1", "__name__=\"a\",x=\"1\" 1");
    check_text("a{x=\"\\\\n\\\"\\n\\q\"} 1", "__name__=\"a\",x=\"\\\\n\\\"\\n\\\\q\" 1");
    check_text("a:b{} +Inf 5", "__name__=\"a:b\" inf @5");
    check_text(
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1e3\"} 1\nh{q=\"1\"} 1",
        "type h histogram\n__name__=\"h_bucket\",le=\"1.0\" 1\n__name__=\"h_bucket\",le=\"1000.0\" 1\n__name__=\"h\",q=\"1\" 1",
    );
    check_text(
        "# TYPE s summary\ns{quantile=\"0.50\"} 1\ns{le=\"1\"} 1",
        "type s summary\n__name__=\"s\",quantile=\"0.5\" 1\n__name__=\"s\",le=\"1\" 1",
    );
}

#[test]
fn text_metadata_and_comments() {
    check_text("# HELP a b\\\\c\\nd\\\"\n", "help a \"b\\\\c\\nd\\\\\\\"\"");
    check_text("#\tHELP  a   b", "help a \"  b\"");
    check_text("# HELP a\n# HELP a  \n# HELP \"a b\" c", "help a \"\"\nhelp a \"\"\nhelp a b \"c\"");
    check_text("# TYPE a untyped\n", "type a unknown");
    check_text(
        "#\n# \n#HELP a b\n# EOF\n# UNIT a b\n",
        "comment \"#\"\ncomment \"# \"\ncomment \"#HELP a b\"\ncomment \"# EOF\"\ncomment \"# UNIT a b\"",
    );
    // A NUL ends the body, but not behind blanks in a comment.
    check_text("a 1\n\0b 1", "__name__=\"a\" 1");
    check_text("#x\0\na 1", "");
    check_text("# x\0\na 1", "comment \"# x\\0\"\n__name__=\"a\" 1");
}

#[test]
fn a_series_that_looks_like_the_one_before() {
    // Parting in the name, in a value, at an escape, behind a value, in a label's name, in the braces, before them.
    let lines = [
        ("ab{x=\"1\",y=\"2\"} 1", "__name__=\"ab\",x=\"1\",y=\"2\" 1"),
        ("ac{x=\"1\",y=\"2\"} 1", "__name__=\"ac\",x=\"1\",y=\"2\" 1"),
        ("ac{x=\"12\",y=\"2\"} 1", "__name__=\"ac\",x=\"12\",y=\"2\" 1"),
        ("ac{x=\"\\\"2\",y=\"2\"} 1", "__name__=\"ac\",x=\"\\\"2\",y=\"2\" 1"),
        ("ac{x=\"\\\\\",y=\"2\"} 1", "__name__=\"ac\",x=\"\\\\\",y=\"2\" 1"),
        ("ac{x=\"\\\\\",y=\"\"} 1", "__name__=\"ac\",x=\"\\\\\",y=\"\" 1"),
        ("ac{x=\"\\\\\",yy=\"\"} 1", "__name__=\"ac\",x=\"\\\\\",yy=\"\" 1"),
        ("ac{x=\"\\\\\",yy=\"\",} 1", "__name__=\"ac\",x=\"\\\\\",yy=\"\" 1"),
        ("ac{x=\"\\\\\",yy=\"\",z=\"\"} 1", "__name__=\"ac\",x=\"\\\\\",yy=\"\",z=\"\" 1"),
        ("ac{x=\"\\\\\"} 1", "__name__=\"ac\",x=\"\\\\\" 1"),
        ("ac{} 1", "__name__=\"ac\" 1"),
        ("ac 1", "__name__=\"ac\" 1"),
        ("ac{} 2", "__name__=\"ac\" 2"),
    ];
    let body: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let expect = lines.iter().map(|(_, expect)| *expect).collect::<Vec<_>>().join("\n");
    check_text(&body, &expect);
    check_openmetrics(&body, &expect);
    // Prometheus reads a copy of the body with a newline appended, and shows it where nothing else ended the string.
    let many: String = (0..12).map(|n| format!("l{n}=\"v\",")).collect();
    assert_eq!(text(&format!("a{{{many}}} 1\na{{{many}x}} 1\n")).unwrap_err().line(), Some(2));
    assert_eq!(
        text("a{x=\"1\"} 1\na{x=\"2} 1\n").unwrap_err().to_string(),
        "expected label value, got \"\\\"2} 1\\n\\n\" (\"INVALID\") while parsing: \"a{x=\\\"2} 1\\n\\n\""
    );
    assert_eq!(
        text("a{x=\"1\"} 1\na{x=\"1\",\"b\"} 1\n").unwrap_err().to_string(),
        "metric name already set while parsing: \"a{x=\\\"1\\\",\\\"b\\\"}\""
    );
}

#[test]
fn openmetrics_entries() {
    check_openmetrics("", "");
    check_openmetrics("a 1 1.5\n", "__name__=\"a\" 1 @1500");
    check_openmetrics("a 1 -1e30\n", &format!("__name__=\"a\" 1 @{}", i64::MIN));
    check_openmetrics(
        "# HELP a b\\\"c\n# UNIT a_s s\n# TYPE a info\n# UNIT a \n",
        "help a \"b\\\"c\"\nunit a_s \"s\"\ntype a info\nunit a \"\"",
    );
    check_openmetrics(
        "a 1 2 # {x=\"\\n\"} 3 4\nb 1 # {} 3\n",
        "__name__=\"a\" 1 @2000 [Exemplar { labels: [(\"x\", \"\\\\n\")], value: 3.0, timestamp: Some(4000) }]\n\
         __name__=\"b\" 1 [Exemplar { labels: [], value: 3.0, timestamp: None }]",
    );
}

#[test]
fn openmetrics_start_timestamps() {
    check_openmetrics(
        "# TYPE a counter\na_total{x=\"1\"} 1\na_created{x=\"1\"} 2\na_total{x=\"2\"} 1\na_created{x=\"2\"} 3.5\n",
        "type a counter\n__name__=\"a_total\",x=\"1\" 1 start 2000\n__name__=\"a_created\",x=\"1\" 2 start 2000\n\
         __name__=\"a_total\",x=\"2\" 1 start 3500\n__name__=\"a_created\",x=\"2\" 3.5 start 3500",
    );
    // All parts of a histogram start together, those behind the line included.
    check_openmetrics(
        "# TYPE h histogram\nh_bucket{le=\"1\",x=\"1\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 1\nh_created{x=\"1\"} 2\nh_sum{x=\"1\"} 1\n",
        "type h histogram\n__name__=\"h_bucket\",le=\"1.0\",x=\"1\" 1 start 2000\n__name__=\"h_bucket\",le=\"+Inf\",x=\"1\" 1 start 2000\n\
         __name__=\"h_created\",x=\"1\" 2 start 2000\n__name__=\"h_sum\",x=\"1\" 1 start 2000",
    );
    // Only the next such line counts, only within the family, and only for some types.
    check_openmetrics(
        "# TYPE a counter\na_total{x=\"1\"} 1\na_created{x=\"2\"} 3\na_created{x=\"1\"} 2\n# TYPE b gauge\nb 1\nb_created 1\n",
        "type a counter\n__name__=\"a_total\",x=\"1\" 1\n__name__=\"a_created\",x=\"2\" 3\n__name__=\"a_created\",x=\"1\" 2\n\
         type b gauge\n__name__=\"b\" 1\n__name__=\"b_created\" 1",
    );
    let mut options = Options::default();
    options.skip_created_series = true;
    let body = b"# TYPE a counter\na_total 1\na_created 2\n# TYPE b gauge\nb_created 1\n# EOF\n";
    assert_eq!(
        render(OpenMetricsParser::new(body, options)).unwrap(),
        "type a counter\n__name__=\"a_total\" 1 start 2000\ntype b gauge\n__name__=\"b_created\" 1"
    );
}

#[test]
fn metadata_as_labels() {
    let mut options = Options::default();
    options.type_and_unit_labels = true;
    let body = b"# TYPE a_s counter\n# UNIT a_s s\na_s_total{__type__=\"x\",__unit__=\"y\"} 1\n# EOF\n";
    assert_eq!(
        render(OpenMetricsParser::new(body, options)).unwrap(),
        "type a_s counter\nunit a_s \"s\"\n__name__=\"a_s_total\",__type__=\"counter\",__unit__=\"s\" 1"
    );
    assert_eq!(
        render(TextParser::new(b"# TYPE a untyped\na{__type__=\"x\"} 1\n", options)).unwrap(),
        "type a unknown\n__name__=\"a\",__type__=\"x\" 1"
    );
}

#[test]
fn errors_have_a_place() {
    check_place(text("a 1\nb{x=1} 2\n").unwrap_err(), 2, 5, Some("label value"));
    check_place(text("a 1 x\n").unwrap_err(), 1, 5, Some("timestamp or new record"));
    check_place(text("a\n").unwrap_err(), 1, 2, Some("value after metric"));
    check_place(text("a 1x\n").unwrap_err(), 1, 3, Some("number"));
    check_place(text("# TYPE a foo\n").unwrap_err(), 1, 10, Some("metric type"));
    check_place(openmetrics("a 1\n").unwrap_err(), 2, 1, Some("# EOF"));
    check_place(openmetrics("# EOF\na 1\n").unwrap_err(), 2, 1, None);
    check_place(openmetrics("a 1  2\n# EOF\n").unwrap_err(), 1, 5, Some("a valid start token"));
}

#[test]
fn names_that_are_not_utf8_are_no_names() {
    let error = render(TextParser::new(b"{\"a\xff\"} 1\n", Options::default())).unwrap_err();
    assert_eq!(error.to_string(), "invalid UTF-8 metric name: \"\\\"a\\xff\\\"\"");
    // A family of such a name has no series, so that its metadata is as good as a comment.
    let rendered = render(TextParser::new(b"# TYPE \"\xff\" counter\na 1\n", Options::default())).unwrap();
    assert_eq!(rendered, "comment \"# TYPE \\\"\u{fffd}\\\" counter\"\n__name__=\"a\" 1");
}

#[test]
fn hostile_bodies_take_linear_time() {
    // Each series looks ahead over all the others; a quadratic search would take hours.
    let mut body = String::from("# TYPE a counter\n");
    for n in 0..200_000 {
        body.push_str(&format!("a_total{{x=\"{n}\"}} 1\n"));
    }
    body.push_str("a_created{x=\"none\"} 1\n# EOF\n");
    let mut parser = OpenMetricsParser::new(body.as_bytes(), Options::default());
    let mut series = 0;
    while let Some(entry) = parser.next().unwrap() {
        if let Entry::Series(sample) = entry {
            assert_eq!(sample.start_timestamp(), None);
            series += 1;
        }
    }
    assert_eq!(series, 200_001);
    // Each series agrees with all of the body behind it.
    let body = "a{x=\"1\"} 1\n".repeat(500_000);
    let mut parser = TextParser::new(body.as_bytes(), Options::default());
    let mut series = 0;
    while parser.advance().unwrap() {
        series += 1;
    }
    assert_eq!(series, 500_000);
}
