//! Timestamps in milliseconds, as text and as dates.

mod civil;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

pub use civil::Civil;
pub use parse::ParseTimeError;

/// A point in time: milliseconds since 1970, which is all that Prometheus stores of it.
///
/// It is displayed as the HTTP API has it: in seconds, with three digits behind the point or none.
///
/// ```
/// use promd_model::Millis;
///
/// let time = Millis::parse_param("2015-07-01T22:10:51.5+02:00")?;
/// assert_eq!(time, Millis(1_435_781_451_500));
/// assert_eq!(time.to_string(), "1435781451.500");
/// assert_eq!(time.rfc3339().to_string(), "2015-07-01T20:10:51.5Z");
/// assert_eq!(Millis::parse_param("1435781451.5"), Ok(time));
/// # Ok::<_, promd_model::ParseTimeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// The earliest time that can be told.
    pub const MIN: Self = Self(i64::MIN);

    /// The latest time that can be told.
    pub const MAX: Self = Self(i64::MAX);

    /// Where a range of the HTTP API starts if it is not said (`web/api/v1/api.go`, `MinTime`).
    pub const API_MIN: Self = Self(-9_223_309_901_257_974_000);

    /// Where a range of the HTTP API ends if it is not said (`web/api/v1/api.go`, `MaxTime`).
    pub const API_MAX: Self = Self(9_223_309_901_257_974_999);

    /// The nearest millisecond to so many seconds; halves are rounded away from zero. What is out of range becomes the
    /// earliest or latest time, and NaN becomes 1970.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates, and the float is whole")]
        Self((seconds * 1000.0).round() as i64)
    }

    /// In seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The date and time of day in UTC.
    #[must_use]
    pub fn civil(self) -> Civil {
        Civil::of(self.0)
    }

    /// Something that displays the time as RFC 3339 has it, in UTC and without needless zeros: Go's `time.RFC3339Nano`.
    #[must_use]
    pub fn rfc3339(self) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let Civil { year, month, day, hour, minute, second, millisecond, .. } = self.civil();
            let sign = if year < 0 { "-" } else { "" };
            write!(f, "{sign}{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", year.unsigned_abs())?;
            let fraction = format_args!(".{millisecond:03}").to_string();
            f.write_str(fraction.trim_end_matches('0').trim_end_matches('.'))?;
            f.write_str("Z")
        })
    }

    /// Appends the time as the HTTP API has it, without an allocation. See [`Display`](fmt::Display).
    pub fn write_json(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        let millis = self.0.unsigned_abs();
        out.extend_from_slice(itoa::Buffer::new().format(millis / 1000).as_bytes());
        let fraction = millis % 1000;
        if fraction != 0 {
            // The leading 1 keeps the zeros; the point takes its place.
            let start = out.len();
            out.extend_from_slice(itoa::Buffer::new().format(1000 + fraction).as_bytes());
            if let Some(first) = out.get_mut(start) {
                *first = b'.';
            }
        }
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let millis = self.0.unsigned_abs();
        write!(f, "{sign}{}", millis / 1000)?;
        match millis % 1000 {
            0 => Ok(()),
            fraction => write!(f, ".{fraction:03}"),
        }
    }
}
