//! Durations: Prometheus' text (`1h30m`) and plain seconds.

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

use crate::{float, quote};

/// The units with their nanoseconds, the largest first. A year has 365 days, a week 7 and a day 24 hours.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * DAY),
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", NANOS_PER_SECOND),
    ("ms", NANOS_PER_MILLI),
];
const DAY: u64 = 86_400_000_000_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;
const NANOS_PER_MILLI: u64 = 1_000_000;

/// 2^63, the first number of nanoseconds that is too many.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// A span of time as Prometheus has it: nanoseconds that may be negative, up to 292 years.
///
/// ```
/// use promd_model::Duration;
///
/// let hold: Duration = "1h30m".parse()?;
/// assert_eq!(hold.as_millis(), 5_400_000);
/// assert_eq!(Duration::from_millis(14 * 86_400_000).map(|d| d.to_string()), Some("2w".to_owned()));
/// assert_eq!("1m1h".parse::<Duration>().unwrap_err().to_string(), r#"not a valid duration string: "1m1h""#);
/// # Ok::<_, promd_model::DurationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(i64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// So many milliseconds, if it is not more than 292 years.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        millis.checked_mul(1_000_000).map(Self)
    }

    /// So many seconds, cut to nanoseconds, if that is a number and not more than 292 years.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Option<Self> {
        let nanos = seconds * 1e9;
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked and cutting is what is wanted")]
        (-LIMIT..LIMIT).contains(&nanos).then_some(Self(nanos as i64))
    }

    /// In nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// In whole milliseconds, cut towards zero.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0 / 1_000_000
    }

    /// In seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        // Seconds and the rest apart, as Go does, so that the digits are the same.
        (self.0 / 1_000_000_000) as f64 + (self.0 % 1_000_000_000) as f64 / 1e9
    }

    /// As the standard library has it, if it is not negative.
    #[must_use]
    pub fn to_std(self) -> Option<std::time::Duration> {
        u64::try_from(self.0).ok().map(std::time::Duration::from_nanos)
    }

    /// Reads a duration that may have a `-` in front.
    pub fn parse_signed(text: &str) -> Result<Self, DurationError> {
        match text.strip_prefix('-') {
            Some(positive) => positive.parse::<Self>().map(Neg::neg),
            None => text.parse(),
        }
    }

    /// Reads a parameter of the HTTP API: seconds, or a duration without a sign.
    ///
    /// ```
    /// use promd_model::Duration;
    ///
    /// assert_eq!(Duration::parse_param("0.25"), Duration::parse_param("250ms"));
    /// assert_eq!(Duration::parse_param("x").unwrap_err().to_string(), r#"cannot parse "x" to a valid duration"#);
    /// ```
    pub fn parse_param(text: &str) -> Result<Self, DurationError> {
        match float::parse(text.as_bytes()) {
            Ok(seconds) if seconds.is_nan() => Err(DurationError::Param(text.to_owned())),
            Ok(seconds) => Self::from_secs_f64(seconds).ok_or_else(|| DurationError::ParamOutOfRange(text.to_owned())),
            Err(_) => text.parse().map_err(|_: DurationError| DurationError::Param(text.to_owned())),
        }
    }
}

/// Reads what [`Display`](fmt::Display) prints, and `0`: whole numbers with units, the larger units first, each at most once.
impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        match text {
            "" => return Err(DurationError::Empty),
            "0" => return Ok(Self::ZERO),
            _ => {}
        }
        let invalid = || DurationError::Invalid(text.to_owned());
        let mut units = UNITS.iter();
        let mut nanos: u64 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let (digits, after) = split_while(rest, |b| b.is_ascii_digit());
            let (name, after) = split_while(after, |b| !b.is_ascii_digit());
            rest = after;
            let number: u64 = digits.parse().map_err(|_| invalid())?;
            if name.is_empty() {
                return Err(invalid());
            }
            // Only what follows the last unit is looked at, so a unit that comes again or too late is not found.
            let Some((_, unit)) = units.find(|(unit, _)| *unit == name) else {
                let known = UNITS.iter().any(|(unit, _)| *unit == name);
                let unknown = DurationError::UnknownUnit { unit: name.to_owned(), text: text.to_owned() };
                return Err(if known { invalid() } else { unknown });
            };
            nanos = number.checked_mul(*unit).and_then(|n| nanos.checked_add(n)).ok_or(DurationError::OutOfRange)?;
            if i64::try_from(nanos).is_err() {
                return Err(DurationError::OutOfRange);
            }
        }
        i64::try_from(nanos).map(Self).map_err(|_| DurationError::OutOfRange)
    }
}

fn split_while(text: &str, is: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !is(b)).unwrap_or(text.len());
    // A digit is ASCII, so where digits start or end is a border of characters.
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// As Prometheus prints it, cut to milliseconds: `1h30m`. Years and weeks are used only if nothing remains, since `90d` is
/// read more easily than `12w6d`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.as_millis().unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (unit, nanos) in UNITS {
            let millis = nanos / NANOS_PER_MILLI;
            let whole_only = matches!(unit, "y" | "w");
            let count = rest / millis;
            if count > 0 && (rest.is_multiple_of(millis) || !whole_only) {
                write!(f, "{count}{unit}")?;
                rest -= count * millis;
            }
        }
        Ok(())
    }
}

impl Neg for Duration {
    type Output = Self;

    /// The longest negative duration has no positive of its own and becomes the longest.
    fn neg(self) -> Self {
        Self(self.0.checked_neg().unwrap_or(i64::MAX))
    }
}

/// Why a text is not a duration, in the words of Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// There is no text.
    #[error("empty duration string")]
    Empty,
    /// Not numbers with units, or units in the wrong order.
    #[error("not a valid duration string: {}", quote::go(.0))]
    Invalid(String),
    /// There is no such unit.
    #[error("unknown unit {} in duration {}", quote::go(unit), quote::go(text))]
    UnknownUnit {
        /// What stands for a unit.
        unit: String,
        /// The whole text.
        text: String,
    },
    /// More than 292 years.
    #[error("duration out of range")]
    OutOfRange,
    /// A parameter is neither a number of seconds nor a duration.
    #[error("cannot parse {} to a valid duration", quote::go(.0))]
    Param(String),
    /// A parameter is a number of seconds that are more than 292 years.
    #[error("cannot parse {} to a valid duration. It overflows int64", quote::go(.0))]
    ParamOutOfRange(String),
}
