//! Sizes in bytes: `512MB`, in powers of 1024.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

/// The letters of the units, each 1024 times the one before.
const PREFIXES: [&str; 7] = ["", "K", "M", "G", "T", "P", "E"];

/// 2^63, the first number of bytes that is too many.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// A number of bytes, as flags and the configuration have it (`body_size_limit`, `storage.tsdb.retention.size`).
///
/// A unit is needed, `KB` and `KiB` are both 1024 bytes, and fractions and several units in a row are allowed.
///
/// ```
/// use promd_model::ByteSize;
///
/// let limit: ByteSize = "1.5MB".parse()?;
/// assert_eq!(limit.bytes(), 1_572_864);
/// assert_eq!(limit.to_string(), "1MiB512KiB");
/// # Ok::<_, promd_model::ByteSizeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(i64);

impl ByteSize {
    /// So many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: i64) -> Self {
        Self(bytes)
    }

    /// In bytes. The text of a size may be negative.
    #[must_use]
    pub const fn bytes(self) -> i64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        // The units of a text are all of one kind.
        parse(text, "iB").or_else(|_| parse(text, "B")).map(Self)
    }
}

fn parse(text: &str, suffix: &str) -> Result<i64, ByteSizeError> {
    let invalid = || ByteSizeError::Invalid(text.to_owned());
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(sign @ (b'-' | b'+')) => (*sign == b'-', text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    match rest {
        "0" => return Ok(0),
        "" => return Err(invalid()),
        _ => {}
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let whole = take_while(&mut rest, |b| b.is_ascii_digit());
        let fraction = rest.strip_prefix('.').map(|after| {
            rest = after;
            take_while(&mut rest, |b| b.is_ascii_digit())
        });
        if whole.is_empty() && fraction.unwrap_or_default().is_empty() {
            return Err(invalid());
        }
        let unit = take_while(&mut rest, |b| b != b'.' && !b.is_ascii_digit());
        let number = number(whole, fraction.unwrap_or_default()).ok_or_else(invalid)?;
        let unknown = || ByteSizeError::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() };
        total += number * factor(unit, suffix).ok_or_else(unknown)?;
    }
    let total = if negative { -total } else { total };
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked and cutting is what is wanted")]
    (-LIMIT..LIMIT).contains(&total).then_some(total as i64).ok_or(ByteSizeError::OutOfRange)
}

/// Takes the longest start off `rest` that is made of the bytes that are wanted, all of them or none ASCII.
fn take_while<'a>(rest: &mut &'a str, wanted: impl Fn(u8) -> bool) -> &'a str {
    let end = rest.bytes().position(|b| !wanted(b)).unwrap_or(rest.len());
    let (start, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    *rest = after;
    start
}

/// A decimal number, with the rounding that Prometheus gives it. `None` if either part has too many digits.
fn number(whole: &str, fraction: &str) -> Option<f64> {
    let part = |digits: &str| {
        let number = if digits.is_empty() { Some(0) } else { digits.parse::<i64>().ok() };
        number.filter(|&number| number < i64::MAX / 10 * 10).map(|number| number as f64)
    };
    let scale = fraction.bytes().fold(1.0, |scale, _| scale * 10.0);
    Some(part(whole)? + part(fraction)? / scale)
}

fn factor(unit: &str, suffix: &str) -> Option<f64> {
    let prefix = if unit == "B" { "" } else { unit.strip_suffix(suffix).filter(|prefix| !prefix.is_empty())? };
    let power = PREFIXES.iter().position(|candidate| *candidate == prefix)?;
    Some((0..power).fold(1.0, |factor, _| factor * 1024.0))
}

/// The largest unit first, without those of which there are none: `1GiB512MiB`.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0B");
        }
        // Each part of a negative size has a sign, which is what Prometheus prints.
        let mut parts = [0; PREFIXES.len()];
        let mut rest = self.0;
        for part in &mut parts {
            *part = rest % 1024;
            rest /= 1024;
        }
        for (part, prefix) in parts.iter().zip(PREFIXES).rev().filter(|(part, _)| **part != 0) {
            let suffix = if prefix.is_empty() { "B" } else { "iB" };
            write!(f, "{part}{prefix}{suffix}")?;
        }
        Ok(())
    }
}

/// Why a text is not a size, in the words of Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ByteSizeError {
    /// Not numbers with units.
    #[error("units: invalid {0}")]
    Invalid(String),
    /// There is no such unit.
    #[error("units: unknown unit {unit} in {text}")]
    UnknownUnit {
        /// What stands for a unit.
        unit: String,
        /// The whole text.
        text: String,
    },
    /// More than 8 EiB.
    #[error("units: overflow parsing unit")]
    OutOfRange,
}
