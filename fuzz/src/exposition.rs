//! The text formats: nothing panics, entries lie in the body, and reading a body again gives the same entries.

use promd_exposition::{Entry, Exemplar, OpenMetricsParser, Options, Parser, TextParser};

/// Reads a body of Prometheus text.
pub fn text(body: &[u8]) {
    read(body, TextParser::new(body, options(body)));
    alone(body, |line| TextParser::new(line, Options::default()));
}

/// Reads a body of OpenMetrics text.
pub fn openmetrics(body: &[u8]) {
    read(body, OpenMetricsParser::new(body, options(body)));
}

/// Options by the length of the body, so that inputs stay readable bodies.
fn options(body: &[u8]) -> Options {
    let mut options = Options::default();
    options.type_and_unit_labels = body.len() % 2 == 1;
    options.skip_created_series = body.len() % 4 > 1;
    options
}

fn read(body: &[u8], mut parser: impl Parser) {
    let mut entries = 0;
    loop {
        match parser.next() {
            Ok(Some(entry)) => inspect(body, entry),
            Ok(None) => break,
            Err(error) => {
                assert!(error.offset() <= body.len());
                assert!(error.line().is_some_and(|line| line >= 1) && error.column().is_some_and(|column| column >= 1));
                assert!(!error.to_string().is_empty());
                break;
            }
        }
        entries += 1;
        assert!(entries <= body.len(), "more entries than bytes");
    }
}

fn inspect(body: &[u8], entry: Entry<'_>) {
    match entry {
        Entry::Type { name, .. } => inside(body, name.as_bytes()),
        Entry::Help { name, help } => {
            inside(body, name.as_bytes());
            inside(body, help.raw().as_bytes());
            assert_eq!(help.pieces().collect::<String>(), help.to_cow());
        }
        Entry::Unit { name, unit } => {
            inside(body, name.as_bytes());
            inside(body, unit.as_bytes());
        }
        Entry::Comment(text) => inside(body, text),
        Entry::Series(sample) => {
            inside(body, sample.series);
            let mut names = 0;
            sample.for_each_label(|name, _| names += usize::from(name == "__name__"));
            assert!(!sample.series.is_empty() && names <= sample.series.len());
            assert!(
                sample.exemplars().map(|exemplar: Exemplar<'_>| exemplar.label_chars()).sum::<usize>() <= body.len()
            );
            let _ = sample.start_timestamp();
        }
        _ => {}
    }
}

/// Whether `part` is a part of `body` by its address.
fn inside(body: &[u8], part: &[u8]) {
    let (all, part) = (body.as_ptr_range(), part.as_ptr_range());
    assert!(part.start == part.end || (all.start <= part.start && part.end <= all.end));
}

/// A series is read along the one before. Read alone it must mean the same.
fn alone<'a, P: Parser>(body: &'a [u8], parser: impl Fn(&'a [u8]) -> P) {
    let mut whole = parser(body);
    while let Ok(Some(entry)) = whole.next() {
        let Entry::Series(sample) = entry else { continue };
        let start = sample.series.as_ptr() as usize - body.as_ptr() as usize;
        let mut single = parser(&body[start..]);
        match single.next() {
            Ok(Some(Entry::Series(other))) => {
                assert_eq!(other.series, sample.series);
                assert_eq!(other.value.to_bits(), sample.value.to_bits());
                assert_eq!(other.timestamp, sample.timestamp);
            }
            other => panic!("a series on its own is {other:?}"),
        }
    }
}
