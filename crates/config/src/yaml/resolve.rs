//! What a scalar means, by YAML 1.1 as Go reads it (`resolve.go` of `yaml.v2`).

use super::node::{self, Kind, Node, short_tag};
use crate::error::Error;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    /// Only for what is too large for an `Int`.
    Uint(u64),
    Float(f64),
    Binary(Vec<u8>),
    /// A text, a time, or something with a tag of its own.
    Text,
}

/// What the scalar `node` means, and the tag that it has or would have.
pub(crate) fn resolve(node: &Node) -> Result<(&str, Resolved), Error> {
    let Kind::Scalar { value, plain } = &node.kind else { return Ok((node::STR, Resolved::Text)) };
    let tag = node.tag.as_str();
    let (found, resolved) = match tag {
        "" if !plain => return Ok((node::STR, Resolved::Text)),
        node::STR => return Ok((node::STR, Resolved::Text)),
        node::BINARY => {
            let invalid = || Error::syntax(None, "!!binary value contains invalid base64 data");
            let bytes = base64(value).ok_or_else(invalid)?;
            return Ok((node::BINARY, Resolved::Binary(bytes)));
        }
        "" | node::BOOL | node::INT | node::FLOAT | node::NULL | node::TIMESTAMP => plain_scalar(value),
        _ => return Ok((tag, Resolved::Text)),
    };
    match (tag, resolved) {
        ("", resolved) => Ok((found, resolved)),
        (tag, resolved) if tag == found => Ok((found, resolved)),
        (node::FLOAT, Resolved::Int(int)) => Ok((node::FLOAT, Resolved::Float(int as f64))),
        (tag, _) => {
            let text = format!("cannot decode {} `{value}` as a {}", short_tag(found), short_tag(tag));
            Err(Error::syntax(None, text))
        }
    }
}

/// What a plain scalar looks like.
pub(crate) fn plain_scalar(value: &str) -> (&'static str, Resolved) {
    match value {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            (node::BOOL, Resolved::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            (node::BOOL, Resolved::Bool(false))
        }
        "" | "~" | "null" | "Null" | "NULL" => (node::NULL, Resolved::Null),
        ".nan" | ".NaN" | ".NAN" => (node::FLOAT, Resolved::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => (node::FLOAT, Resolved::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => (node::FLOAT, Resolved::Float(f64::NEG_INFINITY)),
        _ => number(value).unwrap_or((node::STR, Resolved::Text)),
    }
}

fn number(value: &str) -> Option<(&'static str, Resolved)> {
    let first = value.bytes().next()?;
    if first == b'.' {
        return float(value).map(|float| (node::FLOAT, Resolved::Float(float)));
    }
    if !matches!(first, b'+' | b'-' | b'0'..=b'9') {
        return None;
    }
    if is_timestamp(value) {
        return Some((node::TIMESTAMP, Resolved::Text));
    }
    let plain = value.replace('_', "");
    let int = integer(&plain).map(|int| (node::INT, int));
    int.or_else(|| float(&plain).map(|float| (node::FLOAT, Resolved::Float(float))))
}

/// Numbers with Go's prefixes: `0x`, `0o`, `0b` and, for octal, `0`.
fn integer(text: &str) -> Option<Resolved> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    match (i64::try_from(number), negative) {
        (Ok(int), false) => Some(Resolved::Int(int)),
        (Ok(int), true) => Some(Resolved::Int(-int)),
        (Err(_), true) if number == 1 << 63 => Some(Resolved::Int(i64::MIN)),
        (Err(_), true) => None,
        // Go has no sign before numbers without one.
        (Err(_), false) => (!text.starts_with('+')).then_some(Resolved::Uint(number)),
    }
}

/// Decimal digits with a point and an exponent, if the number is not too large.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let complete = !whole.is_empty() || !fraction.is_empty();
    if !(complete && digits(whole) && digits(fraction) && !exponent.is_empty() && digits(exponent)) {
        return None;
    }
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// Whether the text is a date, or a date and a time, in a form that Go reads. It stays text, but errors call it a time.
fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut number = |at_most: usize| parts.next().filter(|part| !part.is_empty() && part.len() <= at_most);
    let Some((year, month)) = number(4).zip(number(2)) else { return false };
    let rest = text.get(year.len() + month.len() + 2..).unwrap_or_default();
    let day = rest.bytes().take_while(u8::is_ascii_digit).count();
    let within = |text: &str, range: std::ops::RangeInclusive<u32>| text.parse().is_ok_and(|n| range.contains(&n));
    let date = year.len() == 4
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && within(month, 1..=12)
        && within(rest.get(..day).unwrap_or_default(), 1..=31);
    let time = rest.get(day..).unwrap_or_default();
    date && (time.is_empty() || is_clock_time(time, within))
}

fn is_clock_time(text: &str, within: impl Fn(&str, std::ops::RangeInclusive<u32>) -> bool) -> bool {
    let Some((separator, text)) = text.split_at_checked(1) else { return false };
    let (clock, zoned) = match text.find(['Z', '+', '-']) {
        Some(at) => (text.get(..at).unwrap_or_default(), true),
        None => (text, false),
    };
    if !matches!((separator, zoned), ("T" | "t", true) | (" ", false)) {
        return false;
    }
    let clock = clock.split('.').next().unwrap_or_default();
    let parts: Vec<&str> = clock.split(':').collect();
    matches!(parts[..], [h, m, s] if within(h, 0..=23) && within(m, 0..=59) && within(s, 0..=59))
}

/// The bytes of base 64 with padding; line breaks are passed over.
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let mut out = Vec::new();
    let groups = text.chunks(4);
    let last = groups.len();
    for (at, group) in groups.enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if group.len() < 4 || padding > 2 || padding > 0 && at + 1 < last {
            return None;
        }
        let mut bits = 0u32;
        for byte in group {
            let value = if *byte == b'=' { 0 } else { ALPHABET.iter().position(|known| known == byte)? };
            bits = bits << 6 | u32::try_from(value).ok()?;
        }
        if group.iter().take(4 - padding).any(|byte| *byte == b'=') {
            return None;
        }
        out.extend(bits.to_be_bytes().into_iter().skip(1).take(3 - padding));
    }
    Some(out)
}

/// Whether `text` is in base 60, which YAML 1.1 has and Go does not read, but puts in quotes.
pub(crate) fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let mut count = 0;
    let sixty = parts.all(|part| {
        count += 1;
        part.len() <= 2 && part.parse::<u32>().is_ok_and(|n| n < 60) && !part.starts_with('+')
    });
    first.starts_with(|c: char| c.is_ascii_digit()) && number(first) && count > 0 && sixty && number(fraction)
}
