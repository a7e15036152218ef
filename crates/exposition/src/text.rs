//! Prometheus' text format.
//!
//! A body is read from byte to byte, line by line, without tokens: a line is a comment, metadata, or a series with its
//! value and perhaps a time. Versions 0.0.4 and 1.0.0 are read alike: names in quotes are taken in both, as in Prometheus
//! (`model/textparse/promparse.go`).

use promd_model::quote;

use crate::decimal::{self, Number};
use crate::entry::{Detail, MetricType, Sample, Unescape};
use crate::head::{Along, Head};
use crate::input::Input;
use crate::labels::Dialect;
use crate::metadata::{self, Keyword, Metadata};
use crate::series::{self, Family};
use crate::token::{self, Format, State};
use crate::{Entry, Options, ParseError, Parser, labels, scan};

/// A pull parser for Prometheus' text format, versions 0.0.4 and 1.0.0.
///
/// A NUL at the start of a line ends the body, as in Prometheus.
///
/// ```
/// use promd_exposition::{Entry, Options, Parser, TextParser};
///
/// let mut parser = TextParser::new(b"# TYPE up gauge\nup{job=\"a\"} 1 1700000000000\n", Options::default());
/// assert!(matches!(parser.next()?, Some(Entry::Type { name: "up", .. })));
/// let Some(Entry::Series(sample)) = parser.next()? else { panic!("a series follows") };
/// assert_eq!((sample.series, sample.value, sample.timestamp), (&b"up{job=\"a\"}"[..], 1.0, Some(1_700_000_000_000)));
/// assert!(parser.next()?.is_none());
/// # Ok::<(), promd_exposition::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TextParser<'a> {
    input: Input<'a>,
    type_and_unit_labels: bool,
    /// Where the next line starts.
    at: usize,
    /// The type that the last `TYPE` line set, whatever its family.
    metric_type: MetricType,
    /// The series before.
    head: Head,
    current: Current<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Current<'a> {
    Metadata(Metadata<'a>),
    Series { text: &'a [u8], value: f64, timestamp: Option<i64> },
}

impl<'a> TextParser<'a> {
    /// A parser at the start of `body`.
    #[must_use]
    pub fn new(body: &'a [u8], options: Options) -> Self {
        Self {
            input: Input::new(body, Format::Text),
            type_and_unit_labels: options.type_and_unit_labels,
            at: 0,
            metric_type: MetricType::Unknown,
            head: Head::default(),
            current: Current::Metadata(Metadata::Comment(b"")),
        }
    }

    /// Reads a series; its name starts at `at` unless there is a brace. Blanks before it are part of it.
    #[inline]
    fn series(&mut self, at: usize, braced: bool) -> Result<(), ParseError> {
        let line = self.input.line;
        let end = match self.head.follow(&self.input, line, labels::Text::VALUES) {
            Some(Along::Whole { end, .. }) => end,
            Some(Along::Part { name, quote, from }) => {
                let end = labels::check_from::<labels::Text>(&self.input, quote, from, &mut self.head)?;
                self.head.set(line, end, name.1);
                end
            }
            None => self.other_series(at, braced)?,
        };
        let after = scan::skip_blanks(self.input.body, end);
        let (value, value_end) = self.value(after)?;
        let (timestamp, newline) = self.timestamp(value_end)?;
        self.at = newline + 1;
        self.current = Current::Series { text: self.input.slice(line, end), value, timestamp };
        Ok(())
    }

    /// Checks a series that has nothing in common with the one before, and returns its end.
    fn other_series(&mut self, at: usize, braced: bool) -> Result<usize, ParseError> {
        let line = self.input.line;
        let body = self.input.body;
        self.head.clear();
        let name_end = if braced { at } else { scan::name_end(body, at + 1) };
        let brace = scan::skip_blanks(body, name_end);
        if self.input.byte(brace) != Some(b'{') {
            return Ok(name_end);
        }
        let name = (!braced).then_some((line, name_end));
        let (end, name) = labels::check::<labels::Text>(&self.input, brace + 1, name, &mut self.head)?;
        if name.is_none() {
            let to = token::lex(body, scan::skip_blanks(body, end), Format::Text, State::Value).end;
            return Err(self.input.error_while_parsing(line, to, "metric name not set"));
        }
        if !braced {
            self.head.set(line, end, name_end);
        }
        Ok(end)
    }

    #[inline]
    fn value(&self, at: usize) -> Result<(f64, usize), ParseError> {
        match decimal::read(self.input.body, at) {
            Some(Number { value, end }) if matches!(self.input.byte(end), Some(b'\n' | b' ' | b'\t') | None) => {
                Ok((value.map_or_else(|| self.input.float(at, end), Ok)?, end))
            }
            _ => self.any_value(at),
        }
    }

    fn any_value(&self, at: usize) -> Result<(f64, usize), ParseError> {
        let end = token::word_end(self.input.body, at, Format::Text);
        if end == at {
            return Err(self.input.unexpected("expected value after metric", at, at, State::Value));
        }
        Ok((self.input.float(at, end)?, end))
    }

    /// What follows a value: a time perhaps, and the position of the newline, or of the end of the body.
    #[inline]
    fn timestamp(&self, value_end: usize) -> Result<(Option<i64>, usize), ParseError> {
        let at = scan::skip_blanks(self.input.body, value_end);
        match self.input.byte(at) {
            Some(b'\n') | None => return Ok((None, at)),
            Some(b'0'..=b'9') => {}
            Some(_) => return Err(self.input.unexpected("expected timestamp or new record", at, at, State::Timestamp)),
        }
        let end = token::digits_end(self.input.body, at);
        let timestamp = self.input.text(at, end).and_then(|digits| digits.parse().ok()).ok_or_else(|| {
            let shown = quote::go(self.input.slice(at, end));
            let problem = format!("strconv.ParseInt: parsing {shown}: value out of range");
            self.input.error_while_parsing(at, end, &problem)
        })?;
        let newline = scan::skip_blanks(self.input.body, end);
        match self.input.byte(newline) {
            Some(b'\n') | None => Ok((Some(timestamp), newline)),
            Some(_) => {
                Err(self.input.unexpected("expected next entry after timestamp", newline, newline, State::Timestamp))
            }
        }
    }

    /// Reads a line that starts with the `#` at `hash`; `false` if a NUL ends the body there.
    fn comment(&mut self, hash: usize) -> Result<bool, ParseError> {
        let body = self.input.body;
        let text = scan::skip_blanks(body, hash + 1);
        let spaced = text > hash + 1;
        if spaced {
            for (word, keyword) in [("HELP", Keyword::Help), ("TYPE", Keyword::Type)] {
                if let Some(end) = token::keyword(body, text, word).ok().and_then(|end| blanks_in_comment(body, end)) {
                    return self.metadata(keyword, hash, end).map(|()| true);
                }
            }
        }
        // A NUL right behind `#` and blanks ends the body. Further on it does so only if there are no blanks.
        let rest = body.get(text..).unwrap_or_default();
        let end = text + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let before = body.get(text..end).unwrap_or_default();
        let nul = if spaced { before.first() == Some(&0) } else { memchr::memchr(0, before).is_some() };
        if nul {
            self.at = body.len();
            return Ok(false);
        }
        self.current = Current::Metadata(Metadata::Comment(self.input.slice(hash, end)));
        self.at = end + 1;
        Ok(true)
    }

    /// Reads what follows `keyword`.
    fn metadata(&mut self, keyword: Keyword, hash: usize, at: usize) -> Result<(), ParseError> {
        let body = self.input.body;
        let name = metadata::name(&self.input, keyword, at, hash)?;
        let rest = body.get(name.end..).unwrap_or_default();
        let newline = name.end + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (from, to) = text_bounds(body, name.end, newline);
        let described = match keyword {
            Keyword::Help => {
                let help = metadata::help(&self.input, from, to)?;
                name.text().map(|name| Metadata::Help { name, help, rule: Unescape::Help })
            }
            _ => {
                self.metric_type = match self.input.slice(from, to) {
                    b"counter" => MetricType::Counter,
                    b"gauge" => MetricType::Gauge,
                    b"histogram" => MetricType::Histogram,
                    b"summary" => MetricType::Summary,
                    b"untyped" => MetricType::Unknown,
                    _ => return Err(metadata::invalid_type(&self.input, from, to)),
                };
                name.text().map(|name| Metadata::Type { name, metric_type: self.metric_type })
            }
        };
        if self.input.byte(name.end) == Some(0) {
            let expected = "linebreak expected after metadata";
            return Err(self.input.unexpected(expected, name.end, name.end, State::Line));
        }
        let described = described.unwrap_or_else(|| Metadata::Comment(self.input.slice(hash, newline)));
        self.current = Current::Metadata(described);
        self.at = newline + 1;
        Ok(())
    }
}

/// The position behind at least one blank, and the NULs that Prometheus' lexer passes over there.
fn blanks_in_comment(body: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while matches!(body.get(at), Some(b' ' | b'\t')) {
        at = scan::skip_nuls(body, at + 1);
    }
    (at > from).then_some(at)
}

/// The text between a name and the end of its line: all but the first byte, whatever that is. Blanks alone are no text, and
/// neither is what follows a NUL behind the name.
fn text_bounds(body: &[u8], from: usize, to: usize) -> (usize, usize) {
    match body.get(from..to).unwrap_or_default() {
        [] | [0, ..] => (from, from),
        blank if blank.iter().all(|byte| matches!(byte, b' ' | b'\t' | 0)) => (from, from),
        _ => (from + 1, to),
    }
}

impl Parser for TextParser<'_> {
    #[inline]
    fn advance(&mut self) -> Result<bool, ParseError> {
        loop {
            self.input.line = self.at;
            let at = scan::skip_blanks(self.input.body, self.at);
            match self.input.byte(at) {
                Some(byte) if scan::starts_name(byte) => return self.series(at, false).map(|()| true),
                Some(b'#') => return self.comment(at),
                Some(b'\n') => self.at = at + 1,
                Some(b'{') => return self.series(at, true).map(|()| true),
                None | Some(0) => return Ok(false),
                Some(_) => return Err(self.input.unexpected("expected a valid start token", at, at, State::Line)),
            }
        }
    }

    #[inline]
    fn entry(&self) -> Entry<'_> {
        match self.current {
            Current::Metadata(metadata) => metadata.entry(),
            Current::Series { text, value, timestamp } => {
                Entry::Series(Sample { series: text, value, timestamp, detail: self })
            }
        }
    }
}

impl Detail for TextParser<'_> {
    fn labels(&self, label: &mut dyn FnMut(&str, &str)) {
        if let Current::Series { text, .. } = self.current {
            let family = Family { metric_type: self.metric_type, unit: "", as_labels: self.type_and_unit_labels };
            series::labels(text, family, label);
        }
    }
}
