//! A line with a series.

use crate::decimal::{self, Number};
use crate::head::{Along, Head};
use crate::input::Input;
use crate::labels::{self, Dialect, NameSpan};
use crate::token::{self, Format, State};
use crate::{ParseError, scan};

/// A line with a series, as positions in the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) start: usize,
    /// The end of the series.
    end: usize,
    name: NameSpan,
    pub(super) value: f64,
    /// In milliseconds.
    pub(super) timestamp: Option<i64>,
    pub(super) exemplar: Option<ExemplarLine>,
    /// Where the next line starts.
    pub(super) next: usize,
    /// Whether what follows the value cannot; then `next` is where Prometheus' lexer stopped.
    pub(super) stuck: bool,
}

/// An exemplar, as positions in the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExemplarLine {
    /// What stands between the braces, the closing one included.
    pub(super) labels: (usize, usize),
    pub(super) value: f64,
    /// In milliseconds.
    pub(super) timestamp: Option<i64>,
}

impl Line {
    pub(super) fn series<'a>(&self, input: &Input<'a>) -> &'a [u8] {
        input.slice(self.start, self.end)
    }

    /// The name, without quotes but with its escapes.
    pub(super) fn name<'a>(&self, input: &Input<'a>) -> &'a [u8] {
        input.slice(self.name.0, self.name.1)
    }
}

#[cold]
pub(super) fn no_eof(input: &Input<'_>) -> ParseError {
    input.error(input.body.len(), "data does not end with # EOF".to_owned()).expecting("# EOF")
}

/// Reads the line that `input` is at; `head` is the series before.
#[inline]
pub(super) fn read(input: &Input<'_>, head: &mut Head) -> Result<Line, ParseError> {
    let start = input.line;
    let (end, name, previous) = match head.follow(input, start, labels::OpenMetrics::VALUES) {
        Some(Along::Whole { name, end }) => (end, name, end - 1),
        Some(Along::Part { name, quote, from }) => {
            let end = labels::check_from::<labels::OpenMetrics>(input, quote, from, head)?;
            head.set(start, end, name.1);
            (end, name, end - 1)
        }
        None => other_series(input, head)?,
    };
    let (value, value_end) = value(input, end, "expected value after metric", previous, State::Value)?;
    let mut line = Line { start, end, name, value, timestamp: None, exemplar: None, next: value_end + 1, stuck: false };
    if input.byte(value_end) != Some(b'\n') {
        rest(input, &mut line, value_end)?;
    }
    Ok(line)
}

/// Checks a series that has nothing in common with the one before. Returns its end, its name, and where its last token
/// starts.
fn other_series(input: &Input<'_>, head: &mut Head) -> Result<(usize, NameSpan, usize), ParseError> {
    let start = input.line;
    head.clear();
    let name_end = match input.byte(start) {
        Some(byte) if scan::starts_name(byte) => scan::name_end(input.body, start + 1),
        Some(b'{') => start,
        _ => return Err(input.unexpected("expected a valid start token", start, start, State::Line)),
    };
    let outside = (name_end > start).then_some((start, name_end));
    let (end, name) = match (input.byte(name_end), outside) {
        (Some(b'{'), _) => labels::check::<labels::OpenMetrics>(input, name_end + 1, outside, head)?,
        (_, Some(name)) => return Ok((name_end, name, start)),
        (_, None) => (name_end, None),
    };
    let Some(name) = name else {
        let to = token::lex(input.body, end, Format::OpenMetrics, State::Value).end;
        return Err(input.error_while_parsing(start, to, "metric name not set"));
    };
    if outside.is_some() {
        head.set(start, end, name_end);
    }
    Ok((end, name, end - 1))
}

/// Reads what follows the value of a series, where that is not the end of the line.
fn rest(input: &Input<'_>, line: &mut Line, at: usize) -> Result<(), ParseError> {
    let token = token::lex(input.body, at, Format::OpenMetrics, State::Timestamp);
    match token.kind {
        "EOF" => return Err(no_eof(input)),
        "COMMENT" => return exemplar(input, line, token.end),
        "TIMESTAMP" => {}
        _ => {
            line.next = token.end;
            line.stuck = true;
            return Ok(());
        }
    }
    line.timestamp = Some(millis(input, at + 1, token.end, "invalid timestamp")?);
    let next = token::lex(input.body, token.end, Format::OpenMetrics, State::Timestamp);
    match next.kind {
        "LINEBREAK" => {
            line.next = next.end;
            Ok(())
        }
        "COMMENT" => exemplar(input, line, next.end),
        _ => Err(input.unexpected("expected next entry after timestamp", token.end, at, State::Timestamp)),
    }
}

/// Reads an exemplar, from `open` (behind its opening brace) to the end of the line.
fn exemplar(input: &Input<'_>, line: &mut Line, open: usize) -> Result<(), ParseError> {
    let (close, _) = labels::check::<labels::Exemplar>(input, open, None, &mut Head::default())?;
    let expected = "expected value after exemplar labels";
    let (value, value_end) = value(input, close, expected, close - 1, State::ExemplarValue)?;
    let mut exemplar = ExemplarLine { labels: (open, close), value, timestamp: None };
    let token = token::lex(input.body, value_end, Format::OpenMetrics, State::ExemplarTimestamp);
    line.next = match token.kind {
        "LINEBREAK" => token.end,
        "EOF" => return Err(no_eof(input)),
        "TIMESTAMP" => {
            exemplar.timestamp = Some(millis(input, value_end + 1, token.end, "invalid exemplar timestamp")?);
            if input.byte(token.end) != Some(b'\n') {
                let expected = "expected next entry after exemplar timestamp";
                return Err(input.unexpected(expected, token.end, value_end, State::ExemplarTimestamp));
            }
            token.end + 1
        }
        _ => {
            let expected = "expected timestamp or comment";
            return Err(input.unexpected(expected, value_end, close, State::ExemplarTimestamp));
        }
    };
    line.exemplar = Some(exemplar);
    Ok(())
}

/// Reads a blank and a float; `expected` and `previous` are for the error that it is missing.
#[inline]
fn value(
    input: &Input<'_>,
    at: usize,
    expected: &'static str,
    previous: usize,
    state: State,
) -> Result<(f64, usize), ParseError> {
    if input.byte(at) == Some(b' ') {
        match decimal::read(input.body, at + 1) {
            Some(Number { value, end }) if matches!(input.byte(end), Some(b'\n' | b' ')) => {
                return Ok((value.map_or_else(|| input.float(at + 1, end), Ok)?, end));
            }
            _ => {}
        }
        let end = token::word_end(input.body, at + 1, Format::OpenMetrics);
        if end > at + 1 {
            return Ok((input.float(at + 1, end)?, end));
        }
    }
    Err(input.unexpected(expected, at, previous, state))
}

/// The seconds from `from` to `to` in whole milliseconds.
fn millis(input: &Input<'_>, from: usize, to: usize, invalid: &str) -> Result<i64, ParseError> {
    let seconds = input.float(from, to)?;
    if seconds.is_finite() {
        return Ok(to_millis(seconds));
    }
    // Go prints `+Inf`.
    let sign = if seconds == f64::INFINITY { "+" } else { "" };
    let shown = if seconds.is_nan() { "NaN" } else { "Inf" };
    let sign = if seconds == f64::NEG_INFINITY { "-" } else { sign };
    Err(input.error(from, format!("{invalid} {sign}{shown}")))
}

/// Seconds in whole milliseconds, as Go converts on amd64: what is out of range becomes the least integer.
#[expect(clippy::cast_possible_truncation, reason = "truncation is what is wanted, and the range is checked")]
pub(super) fn to_millis(seconds: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let millis = seconds * 1000.0;
    if (-LIMIT..LIMIT).contains(&millis) { millis as i64 } else { i64::MIN }
}
