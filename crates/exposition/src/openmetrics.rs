//! OpenMetrics' text format, version 1.0.
//!
//! It is stricter than Prometheus' own: one blank between the parts of a line, no blank lines, no comments, and `# EOF` at
//! the end. Like Prometheus (`model/textparse/openmetricsparse.go`), the parser checks each line, not the relations between
//! lines: families may be interleaved, and any series may have an exemplar.

mod created;
mod line;

use promd_model::quote;

use crate::entry::{Detail, Exemplar, ExemplarLabels, MetricType, Sample, Unescape};
use crate::head::Head;
use crate::input::Input;
use crate::metadata::{self, Keyword, Metadata};
use crate::series::{self, Family};
use crate::token::{self, Format, State};
use crate::{Entry, Options, ParseError, Parser};
use created::Lookahead;
use line::Line;

/// A pull parser for OpenMetrics text, version 1.0 (and 0.0.1).
///
/// ```
/// use promd_exposition::{Entry, OpenMetricsParser, Options, Parser};
///
/// let body = b"# TYPE hits counter\nhits_total 3 # {trace_id=\"x\"} 1 1700000000.5\nhits_created 1600000000\n# EOF\n";
/// let mut parser = OpenMetricsParser::new(body, Options::default());
/// assert!(matches!(parser.next()?, Some(Entry::Type { name: "hits", .. })));
/// let Some(Entry::Series(sample)) = parser.next()? else { panic!("a series follows") };
/// assert_eq!((sample.series, sample.value), (&b"hits_total"[..], 3.0));
/// assert_eq!(sample.exemplars().next().and_then(|exemplar| exemplar.timestamp), Some(1_700_000_000_500));
/// assert_eq!(sample.start_timestamp(), Some(1_600_000_000_000));
/// # Ok::<(), promd_exposition::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct OpenMetricsParser<'a> {
    input: Input<'a>,
    type_and_unit_labels: bool,
    skip_created_series: bool,
    /// Where the next line starts.
    at: usize,
    /// Whether the last series was followed by what cannot follow it. Prometheus takes the series and complains of the rest
    /// when it is asked for the next entry, so `at` is where its lexer stopped.
    stuck: bool,
    /// Whether `# EOF` was met.
    ended: bool,
    /// The type that the last `TYPE` line set, whatever its family.
    metric_type: MetricType,
    /// The unit that the last `UNIT` line set, whatever its family.
    unit: &'a str,
    /// How long the name of the family in the last line of metadata is.
    family_len: usize,
    /// The series before.
    head: Head,
    current: Current<'a>,
    lookahead: Lookahead,
}

#[derive(Debug, Clone, Copy)]
enum Current<'a> {
    Metadata(Metadata<'a>),
    Series(Line),
}

impl<'a> OpenMetricsParser<'a> {
    /// A parser at the start of `body`.
    #[must_use]
    pub fn new(body: &'a [u8], options: Options) -> Self {
        Self {
            input: Input::new(body, Format::OpenMetrics),
            type_and_unit_labels: options.type_and_unit_labels,
            skip_created_series: options.skip_created_series,
            at: 0,
            stuck: false,
            ended: false,
            metric_type: MetricType::Unknown,
            unit: "",
            family_len: 0,
            head: Head::default(),
            current: Current::Metadata(Metadata::Comment(b"")),
            lookahead: Lookahead::default(),
        }
    }

    fn no_eof(&self) -> ParseError {
        line::no_eof(&self.input)
    }

    /// Reads a line that starts with a `#`; `false` if it ends the body.
    fn hash_line(&mut self) -> Result<bool, ParseError> {
        let hash = self.at;
        let token = token::comment(self.input.body, hash);
        let keyword = match token.kind {
            "HELP" => Keyword::Help,
            "TYPE" => Keyword::Type,
            "UNIT" => Keyword::Unit,
            "EOFWORD" if token.end < self.input.body.len() => {
                return Err(self.input.error(token.end, "unexpected data after # EOF".to_owned()));
            }
            "EOFWORD" => {
                self.ended = true;
                return Ok(false);
            }
            _ => return Err(self.input.unexpected("expected a valid start token", hash, hash, State::Line)),
        };
        let name = metadata::name(&self.input, keyword, token.end, hash)?;
        self.family_len = name.bytes.len();
        let rest = self.input.body.get(name.end..).unwrap_or_default();
        let (Some(newline), Some(b' ')) = (memchr::memchr(b'\n', rest), rest.first()) else {
            let message = match keyword {
                Keyword::Help => "expected text in HELP",
                Keyword::Type => "expected text in TYPE",
                Keyword::Unit => "expected text in UNIT",
            };
            return Err(self.input.error(name.end, message.to_owned()).expecting("text"));
        };
        let (from, to) = (name.end + 1, name.end + newline);
        let described = match keyword {
            Keyword::Help => {
                let help = metadata::help(&self.input, from, to)?;
                name.text().map(|name| Metadata::Help { name, help, rule: Unescape::Value })
            }
            Keyword::Type => {
                self.metric_type = self.metric_type_in(from, to)?;
                name.text().map(|name| Metadata::Type { name, metric_type: self.metric_type })
            }
            Keyword::Unit => {
                let unit = self.input.slice(from, to);
                let is_suffix = name.bytes.strip_suffix(unit).is_some_and(|before| before.ends_with(b"_"));
                if !unit.is_empty() && !is_suffix {
                    let (unit, name) = (quote::go(unit), quote::go(name.bytes));
                    return Err(self.input.error(from, format!("unit {unit} not a suffix of metric {name}")));
                }
                self.unit = str::from_utf8(unit).unwrap_or_default();
                name.text().map(|name| Metadata::Unit { name, unit: self.unit })
            }
        };
        self.at = to + 1;
        self.current = Current::Metadata(described.unwrap_or_else(|| Metadata::Comment(self.input.slice(hash, to))));
        Ok(true)
    }

    fn metric_type_in(&self, from: usize, to: usize) -> Result<MetricType, ParseError> {
        Ok(match self.input.slice(from, to) {
            b"counter" => MetricType::Counter,
            b"gauge" => MetricType::Gauge,
            b"histogram" => MetricType::Histogram,
            b"gaugehistogram" => MetricType::GaugeHistogram,
            b"summary" => MetricType::Summary,
            b"info" => MetricType::Info,
            b"stateset" => MetricType::Stateset,
            b"unknown" => MetricType::Unknown,
            _ => return Err(metadata::invalid_type(&self.input, from, to)),
        })
    }

    /// Whether series of the family in force may have a line that says when they started.
    fn has_start(&self) -> bool {
        matches!(self.metric_type, MetricType::Counter | MetricType::Summary | MetricType::Histogram)
    }
}

impl Parser for OpenMetricsParser<'_> {
    #[inline]
    fn advance(&mut self) -> Result<bool, ParseError> {
        loop {
            self.input.line = self.at;
            if self.stuck {
                // Only the end of the body has a text of its own.
                let expected = "expected a valid start token";
                let nothing = self.at >= self.input.body.len();
                return Err(if nothing {
                    self.no_eof()
                } else {
                    self.input.unexpected(expected, self.at, self.at, State::Timestamp)
                });
            }
            match self.input.byte(self.at) {
                Some(b'#') => return if self.ended { Ok(false) } else { self.hash_line() },
                None => return Err(self.no_eof()),
                Some(_) => {}
            }
            let line = line::read(&self.input, &mut self.head)?;
            self.at = line.next;
            self.stuck = line.stuck;
            if self.skip_created_series && self.has_start() && line.name(&self.input).ends_with(created::SUFFIX) {
                continue;
            }
            self.current = Current::Series(line);
            return Ok(true);
        }
    }

    #[inline]
    fn entry(&self) -> Entry<'_> {
        match &self.current {
            Current::Metadata(metadata) => metadata.entry(),
            Current::Series(line) => Entry::Series(Sample {
                series: line.series(&self.input),
                value: line.value,
                timestamp: line.timestamp,
                detail: self,
            }),
        }
    }
}

impl Detail for OpenMetricsParser<'_> {
    fn labels(&self, label: &mut dyn FnMut(&str, &str)) {
        if let Current::Series(line) = &self.current {
            let Self { metric_type, unit, type_and_unit_labels: as_labels, .. } = *self;
            series::labels(line.series(&self.input), Family { metric_type, unit, as_labels }, label);
        }
    }

    fn exemplar(&self, cursor: &mut usize) -> Option<Exemplar<'_>> {
        let Current::Series(Line { exemplar: Some(exemplar), .. }) = &self.current else { return None };
        let first = *cursor == 0;
        *cursor = 1;
        first.then(|| Exemplar {
            value: exemplar.value,
            timestamp: exemplar.timestamp,
            labels: ExemplarLabels::Text(self.input.slice(exemplar.labels.0, exemplar.labels.1)),
        })
    }

    fn start_timestamp(&self) -> Option<i64> {
        let Current::Series(line) = &self.current else { return None };
        if !self.has_start() || self.stuck {
            return None;
        }
        self.lookahead.start_of(&self.input, line, self.family_len, self.metric_type)
    }
}
