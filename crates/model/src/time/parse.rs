//! Reading a time as the HTTP API does: seconds, RFC 3339, or one of two special texts.

use super::Millis;
use super::civil::{days_of_month, days_since_1970};
use crate::{float, quote};

/// What Go prints for the start of an open range; RFC 3339 has no year for it.
const MIN_TEXT: &str = "-292273086-05-16T16:47:06Z";

/// The same for the end. Go prints it without the sign, which ISO 8601 wants.
const MAX_TEXTS: [&str; 2] = ["292277025-08-18T07:12:54.999999999Z", "+292277025-08-18T07:12:54.999999999Z"];

/// A parameter of the HTTP API is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot parse {} to a valid timestamp", quote::go(.0))]
pub struct ParseTimeError(String);

impl Millis {
    /// Reads a time as the HTTP API does: seconds since 1970, of which the milliseconds are rounded; RFC 3339; or one of
    /// `-292273086-05-16T16:47:06Z` and `292277025-08-18T07:12:54.999999999Z`, the bounds of an open range.
    ///
    /// # Errors
    ///
    /// In the words of Prometheus. (It takes `NaN` for some time in 1677. Here that is an error.)
    pub fn parse_param(text: &str) -> Result<Self, ParseTimeError> {
        let time = match float::parse(text.as_bytes()) {
            Ok(seconds) => from_secs(seconds),
            Err(_) if text == MIN_TEXT => Some(Self::API_MIN),
            Err(_) if MAX_TEXTS.contains(&text) => Some(Self::API_MAX),
            Err(_) => rfc3339(text.as_bytes()),
        };
        time.ok_or_else(|| ParseTimeError(text.to_owned()))
    }

    /// Reads a time of RFC 3339, with an offset or `Z`, cut to milliseconds.
    pub fn parse_rfc3339(text: &str) -> Result<Self, ParseTimeError> {
        rfc3339(text.as_bytes()).ok_or_else(|| ParseTimeError(text.to_owned()))
    }
}

/// The milliseconds are rounded apart from the seconds, where they have more digits.
fn from_secs(seconds: f64) -> Option<Millis> {
    if seconds.is_nan() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates, and both floats are whole")]
    let [whole, fraction] = [seconds.trunc() as i64, (seconds.fract() * 1000.0).round() as i64];
    Some(Millis(whole.saturating_mul(1000).saturating_add(fraction)))
}

/// As Go reads its `time.RFC3339Nano`: stricter than the RFC on letters, and laxer in that an hour may have one digit, the
/// point may be a comma, and offsets reach to 24:60.
fn rfc3339(text: &[u8]) -> Option<Millis> {
    let mut rest = Scanner(text);
    let year = i64::from(rest.two()?) * 100 + i64::from(rest.two()?);
    rest.literal(b'-')?;
    let month = rest.two().filter(|month| (1..=12).contains(month))?;
    rest.literal(b'-')?;
    let day = rest.two().filter(|&day| day >= 1 && i64::from(day) <= days_of_month(year, month))?;
    rest.literal(b'T')?;
    let hour = rest.two().or_else(|| rest.digit()).filter(|&hour| hour < 24)?;
    rest.literal(b':')?;
    let minute = rest.two().filter(|&minute| minute < 60)?;
    rest.literal(b':')?;
    let second = rest.two().filter(|&second| second < 60)?;
    let millisecond = rest.fraction()?;
    let offset_minutes = rest.offset()?;
    if !rest.0.is_empty() {
        return None;
    }
    let hours = days_since_1970(year, month, day) * 24 + i64::from(hour);
    let minutes = hours * 60 + i64::from(minute) - offset_minutes;
    Some(Millis((minutes * 60 + i64::from(second)) * 1000 + millisecond))
}

/// What is left to be read. A method that finds something else takes nothing.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn literal(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (*first == wanted).then_some(())
    }

    fn digit(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first().filter(|(first, _)| first.is_ascii_digit())?;
        self.0 = rest;
        Some(first - b'0')
    }

    fn two(&mut self) -> Option<u8> {
        let ([tens, ones], rest) = self.0.split_first_chunk()?;
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        self.0 = rest;
        Some((tens - b'0') * 10 + (ones - b'0'))
    }

    /// The milliseconds of a fraction, which may be absent but not without a digit.
    fn fraction(&mut self) -> Option<i64> {
        if self.literal_of(b".,").is_none() {
            return Some(0);
        }
        let mut millis = i64::from(self.digit()?) * 100;
        for scale in [10, 1] {
            millis += self.digit().map_or(0, i64::from) * scale;
        }
        while self.digit().is_some() {}
        Some(millis)
    }

    /// The minutes that the time is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.literal_of(b"Z+-")? {
            b'Z' => return Some(0),
            b'+' => 1,
            _ => -1,
        };
        let hours = self.two().filter(|&hours| hours <= 24)?;
        self.literal(b':')?;
        let minutes = self.two().filter(|&minutes| minutes <= 60)?;
        Some(sign * (i64::from(hours) * 60 + i64::from(minutes)))
    }

    fn literal_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first().filter(|(first, _)| wanted.contains(first))?;
        self.0 = rest;
        Some(*first)
    }
}
