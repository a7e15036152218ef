//! Numbers as the commands of Go's world print them.

use std::fmt;

use promd_model::Millis;

/// A length of time as Go's `time.Duration` prints itself: `1h59m59.941s`.
///
/// ```
/// use promd_tool::text::GoDuration;
///
/// assert_eq!(GoDuration::from_millis(7_199_941).to_string(), "1h59m59.941s");
/// assert_eq!(GoDuration::from_millis(0).to_string(), "0s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoDuration {
    millis: i64,
}

impl GoDuration {
    /// A length of time in milliseconds. What Go's 64 bits of nanoseconds cannot hold is printed nevertheless.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self { millis }
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.millis.unsigned_abs();
        if self.millis < 0 {
            f.write_str("-")?;
        }
        if millis == 0 {
            return f.write_str("0s");
        }
        if millis < 1_000 {
            return write!(f, "{millis}ms");
        }
        let (hours, minutes, seconds, rest) =
            (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60, millis % 1_000);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if millis >= 60_000 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{seconds}")?;
        if rest > 0 {
            write!(f, ".{}", format!("{rest:03}").trim_end_matches('0'))?;
        }
        f.write_str("s")
    }
}

/// A number of bytes in all its units of 1024, as `units.Base2Bytes` prints itself: `10KiB1001B`.
///
/// ```
/// use promd_tool::text::Base2Bytes;
///
/// assert_eq!(Base2Bytes(11_241).to_string(), "10KiB1001B");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base2Bytes(pub u64);

impl fmt::Display for Base2Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0B");
        }
        for (power, unit) in
            ["EiB", "PiB", "TiB", "GiB", "MiB", "KiB", "B"].iter().zip((0..7).rev()).map(|(u, p)| (p, u))
        {
            let count = (self.0 >> (10 * power)) & if power == 6 { u64::MAX } else { 1023 };
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

/// A point in time to the second, as Go's `time.Time` prints itself in UTC: `2025-01-05 00:00:00 +0000 UTC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoTime(pub Millis);

impl fmt::Display for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To whole seconds first, towards zero, as Prometheus does.
        let text = Millis(self.0.0 / 1_000 * 1_000).rfc3339().to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        write!(f, "{date} {} +0000 UTC", time.trim_end_matches('Z'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by Go 1.19: `time.Duration(ms * 1e6).String()`.
    #[test]
    fn durations() {
        for (millis, text) in [
            (1, "1ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (1_500, "1.5s"),
            (59_010, "59.01s"),
            (60_000, "1m0s"),
            (3_600_000, "1h0m0s"),
            (7_200_001, "2h0m0.001s"),
            (-1_500, "-1.5s"),
            (90_000_000, "25h0m0s"),
        ] {
            assert_eq!(GoDuration::from_millis(millis).to_string(), text);
        }
    }

    /// The first two are in the output of `promtool tsdb list -r`; the rest is arithmetic.
    #[test]
    fn sizes() {
        for (bytes, text) in [
            (11_241, "10KiB1001B"),
            (13_381, "13KiB69B"),
            (0, "0B"),
            (1_024, "1KiB"),
            (1 << 30, "1GiB"),
            ((1 << 60) + 1, "1EiB1B"),
        ] {
            assert_eq!(Base2Bytes(bytes).to_string(), text);
        }
    }

    /// From the output of `promtool tsdb list -r`.
    #[test]
    fn times() {
        assert_eq!(GoTime(Millis(1_736_035_200_059)).to_string(), "2025-01-05 00:00:00 +0000 UTC");
    }
}
