//! Reading a float as the parsers of Prometheus do.

use std::fmt;

use crate::quote;

/// The NaN that [`parse`] returns: that of Go, and the one that Prometheus stores for a plain `NaN`.
///
/// It is told by its bits from the stale marker, and so are all bits of a NaN kept on the way through promd.
pub const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// Reads the whole of `text` as a float, by the rules of Go's `strconv.ParseFloat` as Prometheus applies it.
///
/// - A decimal number with an optional sign, point and exponent: `1`, `-.5`, `1.`, `+1e-3`. It is rounded to the nearest
///   float, however many digits it has.
/// - `inf` and `infinity` in any case, with an optional sign; `nan` in any case, without one.
/// - What rounds to more than the largest float is an error ([`Range`](ParseFloatErrorKind::Range)), not infinity.
/// - Hexadecimal floats and digit separators are refused: the format is that of Go before 1.13
///   (`model/textparse/promparse.go`).
///
/// # Errors
///
/// If `text` is anything else, spaces included.
///
/// ```
/// use promd_model::float;
///
/// assert_eq!(float::parse(b"-1.5e3"), Ok(-1500.0));
/// assert_eq!(float::parse(b"+Inf"), Ok(f64::INFINITY));
/// let error = float::parse(b"1.2.3").unwrap_err();
/// assert_eq!(error.to_string(), r#"strconv.ParseFloat: parsing "1.2.3": invalid syntax"#);
/// ```
pub fn parse(text: &[u8]) -> Result<f64, ParseFloatError> {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        all => all,
    };
    match unsigned.first() {
        Some(b'0'..=b'9' | b'.') => match fast_float2::parse::<f64, _>(text) {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => Err(ParseFloatError::new(ParseFloatErrorKind::Range, text)),
            Err(_) => Err(ParseFloatError::syntax(text)),
        },
        _ => special(text, unsigned).ok_or_else(|| ParseFloatError::syntax(text)),
    }
}

fn special(text: &[u8], unsigned: &[u8]) -> Option<f64> {
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        let negative = text.first() == Some(&b'-');
        return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    text.eq_ignore_ascii_case(b"nan").then_some(NAN)
}

/// Why a text is not a float. It is displayed as Prometheus has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseFloatError {
    kind: ParseFloatErrorKind,
    text: Box<[u8]>,
}

/// What is wrong with a text that is not a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseFloatErrorKind {
    /// It has a `p`, a `P` or a `_`, which only the newer float syntax of Go allows.
    Unsupported,
    /// It is no float at all.
    Syntax,
    /// It is larger than the largest float.
    Range,
}

impl ParseFloatError {
    fn new(kind: ParseFloatErrorKind, text: &[u8]) -> Self {
        Self { kind, text: text.into() }
    }

    fn syntax(text: &[u8]) -> Self {
        let unsupported = text.iter().any(|b| matches!(b, b'p' | b'P' | b'_'));
        Self::new(if unsupported { ParseFloatErrorKind::Unsupported } else { ParseFloatErrorKind::Syntax }, text)
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ParseFloatErrorKind {
        self.kind
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

impl std::error::Error for ParseFloatError {}

impl fmt::Display for ParseFloatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.kind {
            ParseFloatErrorKind::Unsupported => return f.write_str("unsupported character in float"),
            ParseFloatErrorKind::Syntax => "invalid syntax",
            ParseFloatErrorKind::Range => "value out of range",
        };
        write!(f, "strconv.ParseFloat: parsing {}: {problem}", quote::go(&self.text))
    }
}
