//! The escaping schemes, character by character (`model/metric.go` of prometheus/common).

use std::borrow::Cow;
use std::fmt::Write as _;

use super::is_legacy_metric_name;

/// What is in front of a name of which the characters are escaped by value.
const VALUES_PREFIX: &str = "U__";

/// The longest code point that is read back, in digits.
const MAX_DIGITS: usize = 5;

/// Whether a character that starts at byte `at` may stand in a legacy metric name, the only kind that is asked for: so a
/// colon in the name of a label is not escaped.
fn is_legacy(c: char, at: usize) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | ':') || (c.is_ascii_digit() && at > 0)
}

pub(super) fn underscores(name: &str) -> Cow<'_, str> {
    if is_legacy_metric_name(name) || name.is_empty() {
        return Cow::Borrowed(name);
    }
    name.char_indices().map(|(at, c)| if is_legacy(c, at) { c } else { '_' }).collect()
}

pub(super) fn dots(name: &str) -> Cow<'_, str> {
    let mut escaped = String::with_capacity(name.len() + 8);
    for (at, c) in name.char_indices() {
        match c {
            '.' => escaped.push_str("_dot_"),
            c if c != '_' && is_legacy(c, at) => escaped.push(c),
            _ => escaped.push_str("__"),
        }
    }
    if escaped == name { Cow::Borrowed(name) } else { Cow::Owned(escaped) }
}

pub(super) fn undo_dots(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace("_dot_", ".").replace("__", "_"))
}

pub(super) fn values(name: &str) -> Cow<'_, str> {
    if is_legacy_metric_name(name) || name.is_empty() {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(VALUES_PREFIX.len() + name.len() + 8);
    escaped.push_str(VALUES_PREFIX);
    for (at, c) in name.char_indices() {
        match c {
            '_' => escaped.push_str("__"),
            c if is_legacy(c, at) => escaped.push(c),
            c => write!(escaped, "_{:x}_", u32::from(c)).expect("a String takes all that is written to it"),
        }
    }
    Cow::Owned(escaped)
}

/// `None` if this is not a name that was escaped by value.
pub(super) fn undo_values(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix(VALUES_PREFIX)?;
    let mut unescaped = String::with_capacity(rest.len());
    while let Some((plain, escape)) = rest.split_once('_') {
        unescaped.push_str(plain);
        let (digits, after) = escape.split_once('_')?;
        unescaped.push(if digits.is_empty() { '_' } else { character(digits)? });
        rest = after;
    }
    unescaped.push_str(rest);
    Some(unescaped)
}

fn character(digits: &str) -> Option<char> {
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let value = digits.bytes().try_fold(0, |value, b| {
        // As Prometheus does it: control characters 0x10 to 0x19 are digits by this, too.
        let digit = char::from(b | 0x20).to_digit(16)?;
        Some(value * 16 + digit)
    })?;
    char::from_u32(value)
}
