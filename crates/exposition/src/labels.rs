//! What stands between the braces, read once to check it and find its end.

use crate::ParseError;
use crate::head::Head;
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

/// How far a check has come.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The next position.
    at: usize,
    /// Where the token before starts.
    previous: usize,
    /// Whether that was the closing brace.
    closed: bool,
}

/// Checks what stands between braces, from `at` (behind the opening one) on. Returns the position behind the closing
/// brace, and the metric's name: `name`, or the one that stands there. Where the values are is told to `head`.
#[inline]
pub(crate) fn check<D: Dialect>(
    input: &Input<'_>,
    at: usize,
    name: Option<NameSpan>,
    head: &mut Head,
) -> Result<(usize, Option<NameSpan>), ParseError> {
    rest::<D>(input, Place { at, previous: at - 1, closed: false }, name, head)
}

/// The same from the position `from` in the value whose opening quote is at `quote`; what stands before was checked.
pub(crate) fn check_from<D: Dialect>(
    input: &Input<'_>,
    quote: usize,
    from: usize,
    head: &mut Head,
) -> Result<usize, ParseError> {
    let place = value::<D>(input, quote, quote, from, head)?;
    // The name is known, so that another one is an error.
    Ok(rest::<D>(input, place, Some((quote, quote)), head)?.0)
}

#[inline]
fn rest<D: Dialect>(
    input: &Input<'_>,
    mut place: Place,
    mut name: Option<NameSpan>,
    head: &mut Head,
) -> Result<(usize, Option<NameSpan>), ParseError> {
    while !place.closed {
        let start = blanks::<D>(input, place.at);
        let (end, quoted) = match input.byte(start) {
            Some(b'}') => return Ok((start + 1, name)),
            Some(b'"') => match scan::quoted_end(input.body, start + 1, D::NAMES) {
                Ok(end) => (end, true),
                Err(_) => return Err(input.unexpected("expected label name", start, place.previous, D::LABELS)),
            },
            Some(byte) if scan::starts_label(byte) => (scan::label_end(input.body, start + 1), false),
            _ => return Err(input.unexpected("expected label name", start, place.previous, D::LABELS)),
        };
        let at = blanks::<D>(input, end);
        place = match input.byte(at) {
            Some(b'=') if quoted => {
                input.check_utf8(start, end, "label name")?;
                value_behind::<D>(input, at, head)?
            }
            Some(b'=') => value_behind::<D>(input, at, head)?,
            // A quoted string on its own is the metric's name.
            Some(separator @ (b',' | b'}')) if quoted => {
                if D::EXEMPLAR {
                    return Err(input.unexpected("expected label name", at, start, D::LABELS));
                }
                if name.is_some() {
                    return Err(input.error_while_parsing(start, at + 1, "metric name already set"));
                }
                input.check_utf8(start, end, "metric name")?;
                name = Some((start + 1, end - 1));
                Place { at: at + 1, previous: at, closed: separator == b'}' }
            }
            _ => return Err(input.unexpected("expected equal", at, start, D::LABELS)),
        };
    }
    Ok((place.at, name))
}

/// Checks a label's value and what separates it from the next label, from the `=` on.
#[inline]
fn value_behind<D: Dialect>(input: &Input<'_>, equal: usize, head: &mut Head) -> Result<Place, ParseError> {
    let start = blanks::<D>(input, equal + 1);
    if input.byte(start) != Some(b'"') {
        return Err(input.unexpected("expected label value", start, equal, D::VALUE));
    }
    value::<D>(input, equal, start, start + 1, head)
}

/// The same, from the position `from` in the value whose opening quote is at `start`.
#[inline]
fn value<D: Dialect>(
    input: &Input<'_>,
    equal: usize,
    start: usize,
    from: usize,
    head: &mut Head,
) -> Result<Place, ParseError> {
    let Ok(end) = scan::quoted_end(input.body, from, D::VALUES) else {
        return Err(input.unexpected("expected label value", start, equal, D::VALUE));
    };
    if input.byte(end - 1) == Some(b'"') {
        head.push(start, end - 1);
    }
    input.check_utf8(start, end, "label value")?;
    let at = blanks::<D>(input, end);
    match input.byte(at) {
        Some(b',') => Ok(Place { at: at + 1, previous: at, closed: false }),
        Some(b'}') => Ok(Place { at: at + 1, previous: at, closed: true }),
        _ if D::LENIENT => Ok(Place { at, previous: start, closed: false }),
        _ => Err(input.unexpected("expected comma or brace close", at, start, D::LABELS)),
    }
}

#[inline]
fn blanks<D: Dialect>(input: &Input<'_>, at: usize) -> usize {
    if D::LENIENT { scan::skip_blanks(input.body, at) } else { at }
}
