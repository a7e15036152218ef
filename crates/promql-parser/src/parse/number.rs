//! Numbers as Go reads them.

use promd_model::float;

use crate::error::ErrorKind;

/// An integer in Go's syntax (`0x1f`, `017`, `1_000`), or else a float.
pub(crate) fn parse(text: &str) -> Result<f64, ErrorKind> {
    let well_spaced = underscores_are_well_placed(text);
    let plain: String;
    let digits = if text.contains('_') && well_spaced {
        plain = text.replace('_', "");
        &plain
    } else {
        text
    };
    if let Some(integer) = integer(digits) {
        return Ok(integer as f64);
    }
    if digits.contains('_') || digits.starts_with("0x") || digits.starts_with("0X") {
        return Err(ErrorKind::NumberText(text.to_owned()));
    }
    float::parse(digits.as_bytes()).map_err(|error| match digits == text {
        true => ErrorKind::Number(error),
        false => ErrorKind::NumberText(text.to_owned()),
    })
}

/// `strconv.ParseInt` with base 0, without underscores.
fn integer(digits: &str) -> Option<i64> {
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with(['+', '-']));
    }
    match digits.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => {
            i64::from_str_radix(octal, 8).ok().filter(|_| !octal.starts_with(['+', '-']))
        }
        _ => digits.parse().ok(),
    }
}

/// Whether each underscore has digits on both sides, where the `0x` of a number counts as one.
fn underscores_are_well_placed(text: &str) -> bool {
    let hex = text.starts_with("0x") || text.starts_with("0X");
    let bytes = if hex { text.get(1..).unwrap_or_default() } else { text }.as_bytes();
    let is_digit = |at: Option<usize>| {
        let byte = at.and_then(|at| bytes.get(at)).copied().unwrap_or(b'.');
        byte.is_ascii_digit() || (hex && (byte.is_ascii_hexdigit() || at == Some(0)))
    };
    let underscores = bytes.iter().enumerate().filter(|&(_, &b)| b == b'_');
    underscores.map(|(at, _)| at).all(|at| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1)))
}
