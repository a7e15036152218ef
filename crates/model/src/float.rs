//! Floats as text, byte for byte as Go prints and reads them.
//!
//! A value of Prometheus is seen as text in many places, and each has its own form of the same shortest digits that
//! read back as the same float:
//!
//! | form | `write_` | 1e6 | 0.1 | 1e-7 | 1e300 | used by |
//! |---|---|---|---|---|---|---|
//! | `'f'` | [`f`](write_f) | `1000000` | `0.1` | `0.0000001` | 301 digits | templates, printed PromQL |
//! | `'g'` | [`g`](write_g) | `1e+06` | `0.1` | `1e-07` | `1e+300` | the text format |
//! | `'e'` | [`e`](write_e) | `1e+06` | `1e-01` | `1e-07` | `1e+300` | the value of an alert |
//! | JSON | [`json`](write_json) | `"1000000"` | `"0.1"` | `"1e-07"` | `"1e+300"` | sample values of the HTTP API |
//! | OpenMetrics | [`openmetrics`](write_openmetrics) | `1e+06` | `0.1` | `1e-07` | `1e+300` | values of `le` and `quantile`; 1 is `1.0` |
//!
//! The infinities are `+Inf` and `-Inf` and every NaN is `NaN` in all of them; zero keeps its sign, but for OpenMetrics.
//!
//! The writers append to a buffer and allocate nothing of their own; beside each stands a function of the bare name that
//! returns a `String`. Reading is [`parse`].

mod decimal;
mod parse;
#[cfg(test)]
mod tests;

pub use parse::{NAN, ParseFloatError, ParseFloatErrorKind, parse};

use decimal::Decimal;

/// Every integer below this is a float of its own, so that the digits of the integer are those of the float.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// Appends `v` without an exponent, as Go's `strconv.FormatFloat(v, 'f', -1, 64)`.
pub fn write_f(out: &mut Vec<u8>, v: f64) {
    if let Some(integer) = small_integer(v) {
        out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
    } else if !write_as_printed(out, v)
        && let Some(decimal) = finite(out, v)
    {
        decimal.write_plain(out);
    }
}

/// Appends what the printer of the shortest digits makes of `v`, if that has no exponent: then it is laid out as it should be, but
/// that it always says that it is a float.
fn write_as_printed(out: &mut Vec<u8>, v: f64) -> bool {
    if !v.is_finite() {
        return false;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(v).as_bytes();
    if text.contains(&b'e') {
        return false;
    }
    out.extend_from_slice(text.strip_suffix(b".0").unwrap_or(text));
    true
}

/// Appends `v` with an exponent if that of its first digit is below -4 or above 5, as Go's
/// `strconv.FormatFloat(v, 'g', -1, 64)`.
///
/// (Go's `%v` has its limit at 21 instead. Nothing of Prometheus' data is printed so.)
pub fn write_g(out: &mut Vec<u8>, v: f64) {
    if let Some(integer) = small_integer(v).filter(|integer| integer.unsigned_abs() < 1_000_000) {
        out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
    } else if let Some(decimal) = finite(out, v) {
        if (-4..6).contains(&decimal.exponent()) {
            decimal.write_plain(out);
        } else {
            decimal.write_scientific(out);
        }
    }
}

/// Appends `v` with an exponent, as Go's `strconv.FormatFloat(v, 'e', -1, 64)`.
pub fn write_e(out: &mut Vec<u8>, v: f64) {
    if let Some(decimal) = finite(out, v) {
        decimal.write_scientific(out);
    }
}

/// Appends `v` as the JSON string, quotes included, that the HTTP API has for a sample value.
///
/// It has an exponent if `v` is below 1e-6 or not below 1e21 (`util/jsonutil/marshal.go`).
pub fn write_json(out: &mut Vec<u8>, v: f64) {
    out.push(b'"');
    if v == 0.0 || v.is_nan() || (1e-6..1e21).contains(&v.abs()) {
        write_f(out, v);
    } else {
        write_e(out, v);
    }
    out.push(b'"');
}

/// Appends `v` in the canonical form of OpenMetrics, which is that of `'g'` but always says that it is a float.
///
/// Prometheus gives this form to the values of `le` and `quantile` (`model/labels/float.go`), which lose the sign of
/// a zero by it.
pub fn write_openmetrics(out: &mut Vec<u8>, v: f64) {
    let start = out.len();
    // The sum of -0 and 0 is 0.
    write_g(out, v + 0.0);
    let text = out.get(start..).unwrap_or_default();
    if v.is_finite() && !text.iter().any(|b| matches!(b, b'.' | b'e')) {
        out.extend_from_slice(b".0");
    }
}

/// `v` as [`write_f`] writes it.
///
/// ```
/// use promd_model::float;
///
/// assert_eq!(float::f(1e21), "1000000000000000000000");
/// assert_eq!(float::f(f64::INFINITY), "+Inf");
/// ```
#[must_use]
pub fn f(v: f64) -> String {
    string(write_f, v)
}

/// `v` as [`write_g`] writes it.
///
/// ```
/// use promd_model::float;
///
/// assert_eq!([float::g(100000.0), float::g(1e6), float::g(1e-5)], ["100000", "1e+06", "1e-05"]);
/// ```
#[must_use]
pub fn g(v: f64) -> String {
    string(write_g, v)
}

/// `v` as [`write_e`] writes it.
///
/// ```
/// assert_eq!(promd_model::float::e(42.5), "4.25e+01");
/// ```
#[must_use]
pub fn e(v: f64) -> String {
    string(write_e, v)
}

/// `v` as [`write_json`] writes it.
///
/// ```
/// assert_eq!(promd_model::float::json(0.25), r#""0.25""#);
/// ```
#[must_use]
pub fn json(v: f64) -> String {
    string(write_json, v)
}

/// `v` as [`write_openmetrics`] writes it.
///
/// ```
/// use promd_model::float;
///
/// assert_eq!([float::openmetrics(1.0), float::openmetrics(0.25), float::openmetrics(1e6)], ["1.0", "0.25", "1e+06"]);
/// ```
#[must_use]
pub fn openmetrics(v: f64) -> String {
    string(write_openmetrics, v)
}

fn string(write: fn(&mut Vec<u8>, f64), v: f64) -> String {
    // The longest text but for that of `'f'`: sign, 17 digits, point, and an exponent of three digits with its sign.
    let mut out = Vec::with_capacity(24);
    write(&mut out, v);
    String::from_utf8(out).expect("every writer appends ASCII")
}

/// `v` as an integer that has the same digits, if there is one. A negative zero has none, for its sign.
#[expect(clippy::cast_possible_truncation, reason = "a cast that loses anything gives another float back")]
fn small_integer(v: f64) -> Option<i64> {
    let integer = v as i64;
    let same = integer as f64 == v && v.abs() < EXACT_INTEGERS && !(v == 0.0 && v.is_sign_negative());
    same.then_some(integer)
}

/// Appends what precedes the digits of a finite `v` and returns them; appends all of the others.
fn finite(out: &mut Vec<u8>, v: f64) -> Option<Decimal> {
    if v.is_nan() {
        out.extend_from_slice(b"NaN");
        return None;
    }
    if v.is_infinite() {
        out.extend_from_slice(if v > 0.0 { b"+Inf" } else { b"-Inf" });
        return None;
    }
    if v.is_sign_negative() {
        out.push(b'-');
    }
    Some(Decimal::of(v.abs()))
}
