//! Nothing is allocated for a line.

use promd_exposition::{Entry, OpenMetricsParser, Options, Parser, TextParser};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A body with all kinds of lines, `families` times; none of its label values is one that has to be rewritten.
fn body(families: usize, openmetrics: bool) -> String {
    let mut body = String::new();
    for family in 0..families {
        body.push_str(&format!("# HELP f{family}_seconds a \\\\ b\\nc\n# TYPE f{family}_seconds counter\n"));
        if openmetrics {
            body.push_str(&format!("# UNIT f{family}_seconds seconds\n"));
            body.push_str(&format!("f{family}_seconds_total{{a=\"b\"}} 1 123.5 # {{id=\"x\"}} 1.5 123\n"));
            body.push_str(&format!("f{family}_seconds_created{{a=\"b\"}} 100\n"));
        } else {
            body.push_str("# a comment\n\n");
            body.push_str(&format!("f{family}_seconds_total{{a=\"b\",}} 1 123\n"));
        }
        body.push_str(&format!("f{family}_other 0.1234567890123456789\n{{\"f{family}.utf-8\",\"l.1\"=\"ö\"}} NaN\n"));
    }
    if openmetrics {
        body.push_str("# EOF\n");
    }
    body
}

/// Reads everything that there is to be read.
fn read(mut parser: impl Parser) -> usize {
    let mut bytes = 0;
    while let Some(entry) = parser.next().expect("the body is valid") {
        match entry {
            Entry::Help { help, .. } => bytes += help.pieces().map(str::len).sum::<usize>(),
            Entry::Series(sample) => {
                sample.for_each_label(|name, value| bytes += name.len() + value.len());
                for exemplar in sample.exemplars() {
                    exemplar.for_each_label(|name, value| bytes += name.len() + value.len());
                }
                bytes += sample.start_timestamp().map_or(0, |_| 1);
            }
            _ => {}
        }
    }
    bytes
}

#[test]
fn parsing_a_body_allocates_nothing() {
    for families in [1, 100] {
        let text = body(families, false);
        let (bytes, allocated) =
            CountingAllocator::during(|| read(TextParser::new(text.as_bytes(), Options::default())));
        assert!(bytes > 0);
        assert_eq!(allocated.calls, 0, "{families} families of text");

        let openmetrics = body(families, true);
        let (bytes, allocated) =
            CountingAllocator::during(|| read(OpenMetricsParser::new(openmetrics.as_bytes(), Options::default())));
        assert!(bytes > 0);
        assert_eq!(allocated.calls, 0, "{families} families of OpenMetrics");
    }
}
