//! What stands between the braces, read once to check it and find its end.

use crate::ParseError;
use crate::input::Input;
use crate::scan::{self, Quoting};
use crate::token::State;

/// What differs between the formats there.
pub(crate) trait Dialect {
    /// Whether blanks may stand between tokens, and commas be left out.
    const LENIENT: bool;
    /// Whether these are the labels of an exemplar, which has no name.
    const EXEMPLAR: bool;
    /// How names are quoted.
    const NAMES: Quoting;
    /// How values are quoted.
    const VALUES: Quoting;
    /// The state of the lexer before a name, `=`, `,` or `}`.
    const LABELS: State;
    /// The state of the lexer before a label value.
    const VALUE: State;
}

/// Prometheus text.
pub(crate) struct Text;

impl Dialect for Text {
    const LENIENT: bool = true;
    const EXEMPLAR: bool = false;
    const NAMES: Quoting = scan::NAME;
    const VALUES: Quoting = scan::TEXT_VALUE;
    const LABELS: State = State::Labels;
    const VALUE: State = State::LabelValue;
}

/// OpenMetrics.
pub(crate) struct OpenMetrics;

impl Dialect for OpenMetrics {
    const LENIENT: bool = false;
    const EXEMPLAR: bool = false;
    const NAMES: Quoting = scan::NAME;
    const VALUES: Quoting = scan::OPENMETRICS_VALUE;
    const LABELS: State = State::Labels;
    const VALUE: State = State::LabelValue;
}

/// An exemplar in OpenMetrics.
pub(crate) struct Exemplar;

impl Dialect for Exemplar {
    const LENIENT: bool = false;
    const EXEMPLAR: bool = true;
    const NAMES: Quoting = scan::EXEMPLAR;
    const VALUES: Quoting = scan::EXEMPLAR;
    const LABELS: State = State::ExemplarLabels;
    const VALUE: State = State::ExemplarValue;
}

/// Where a metric's name stands: its bounds, without quotes.
pub(crate) type NameSpan = (usize, usize);

/// Checks what stands between braces, from `at` (behind the opening one) on. Returns the position behind the closing
/// brace, and the metric's name: `name`, or the one that stands there.
#[inline]
pub(crate) fn check<D: Dialect>(
    input: &Input<'_>,
    mut at: usize,
    mut name: Option<NameSpan>,
) -> Result<(usize, Option<NameSpan>), ParseError> {
    let body = input.body;
    let blanks = |at| if D::LENIENT { scan::skip_blanks(body, at) } else { at };
    let mut previous = at - 1;
    loop {
        at = blanks(at);
        let start = at;
        let quoted = match input.byte(at) {
            Some(b'}') => return Ok((at + 1, name)),
            Some(b'"') => match scan::quoted_end(body, at, D::NAMES) {
                Ok(end) => {
                    at = end;
                    true
                }
                Err(_) => return Err(input.unexpected("expected label name", at, previous, D::LABELS)),
            },
            Some(byte) if scan::starts_label(byte) => {
                at = scan::label_end(body, at + 1);
                false
            }
            _ => return Err(input.unexpected("expected label name", at, previous, D::LABELS)),
        };
        let end = at;
        at = blanks(at);
        match input.byte(at) {
            Some(b'=') => {}
            // A quoted string on its own is the metric's name.
            Some(b',' | b'}') if quoted && D::EXEMPLAR => {
                return Err(input.unexpected("expected label name", at, start, D::LABELS));
            }
            Some(separator @ (b',' | b'}')) if quoted => {
                if name.is_some() {
                    return Err(input.error_while_parsing(start, at + 1, "metric name already set"));
                }
                input.check_utf8(start, end, "metric name")?;
                name = Some((start + 1, end - 1));
                previous = at;
                at += 1;
                if separator == b'}' {
                    return Ok((at, name));
                }
                continue;
            }
            _ => return Err(input.unexpected("expected equal", at, start, D::LABELS)),
        }
        if quoted {
            input.check_utf8(start, end, "label name")?;
        }
        let equal = at;
        at = blanks(at + 1);
        let value = at;
        at = match input.byte(at) {
            Some(b'"') => scan::quoted_end(body, at, D::VALUES),
            _ => Err(at),
        }
        .map_err(|_| input.unexpected("expected label value", value, equal, D::VALUE))?;
        input.check_utf8(value, at, "label value")?;
        at = blanks(at);
        match input.byte(at) {
            Some(b',') => {
                previous = at;
                at += 1;
            }
            Some(b'}') => return Ok((at + 1, name)),
            _ if D::LENIENT => previous = value,
            _ => return Err(input.unexpected("expected comma or brace close", at, value, D::LABELS)),
        }
    }
}
