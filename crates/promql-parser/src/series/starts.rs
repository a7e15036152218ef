//! Start timestamps: a line `requests_total@st -1m -1m+15sx3` in front of the series that it is about.

use promd_model::{Duration, Labels};

use super::parse_metric;
use crate::Span;
use crate::error::{ErrorKind, ParseError, ParseErrors};

/// When the values of a series started to be counted, each as an offset from the time of its sample.
///
/// The series with the values is on the next line and has as many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartTimes {
    /// The series.
    pub labels: Labels,
    /// The offsets, as they are written.
    pub items: Vec<StartItem>,
}

/// An offset, or a row of offsets that differ by a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartItem {
    /// Samples whose start is not known: `_`, `_x3`.
    Missing {
        /// How many.
        count: u64,
    },
    /// Offsets: `-30s`, `-30sx3`, `-30s-15sx3`.
    Offset {
        /// The first, in milliseconds.
        first: i64,
        /// By how much each is larger than the one before, in milliseconds.
        step: i64,
        /// How many there are.
        count: u64,
    },
}

impl StartTimes {
    /// How many offsets there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.items.iter().fold(0, |sum: u64, item| sum.saturating_add(item.len()))
    }

    /// Whether there is none, not even a missing one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The offsets in milliseconds, one a sample; `None` where the start is not known.
    pub fn offsets(&self) -> impl Iterator<Item = Option<i64>> {
        self.items.iter().flat_map(|item| item.offsets())
    }
}

impl StartItem {
    /// How many offsets it stands for.
    #[must_use]
    pub fn len(self) -> u64 {
        match self {
            Self::Missing { count } | Self::Offset { count, .. } => count,
        }
    }

    /// Whether it stands for none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn offsets(self) -> impl Iterator<Item = Option<i64>> {
        let (mut next, step) = match self {
            Self::Missing { .. } => (None, 0),
            Self::Offset { first, step, .. } => (Some(first), step),
        };
        let mut left = self.len();
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let offset = next;
            next = next.map(|offset| offset.wrapping_add(step));
            Some(offset)
        })
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// Whether a line gives start timestamps: what stands before its first blank ends with `@st`.
#[must_use]
pub fn is_start_times(line: &str) -> bool {
    line.trim().split_once(BLANKS).is_some_and(|(metric, _)| metric.ends_with("@st"))
}

/// Parses a line of start timestamps.
///
/// ```
/// use promd_promql_parser::series;
///
/// let line = "requests_total@st -1m _ -30s+15sx2";
/// assert!(series::is_start_times(line));
/// let starts = series::parse_start_times(line)?;
/// let offsets: Vec<_> = starts.offsets().collect();
/// assert_eq!(offsets, [Some(-60_000), None, Some(-30_000), Some(-15_000), Some(0)]);
/// # Ok::<_, promd_promql_parser::ParseErrors>(())
/// ```
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_start_times(line: &str) -> Result<StartTimes, ParseErrors> {
    let error = |kind, span| ParseErrors::of(vec![ParseError::new(kind, span, line)]);
    let Some((metric, offsets)) = line.trim().split_once(BLANKS) else {
        return Err(error(ErrorKind::NoStartTimes, Span::default()));
    };
    let labels = parse_metric(metric.strip_suffix("@st").unwrap_or(metric))?;
    let items = offsets.split_whitespace().map(|text| {
        item(text).map_err(|reason| {
            // It is a part of the line.
            let start = text.as_ptr().addr() - line.as_ptr().addr();
            let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
            let span = Span::new(place(start), place(start + text.len()));
            error(ErrorKind::StartTime { item: text.to_owned(), reason }, span)
        })
    });
    Ok(StartTimes { labels, items: items.collect::<Result<_, _>>()? })
}

fn item(text: &str) -> Result<StartItem, String> {
    let repetitions = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| plain).ok_or_else(|| "invalid repeat count".to_owned())
    };
    if text == "_" {
        return Ok(StartItem::Missing { count: 1 });
    }
    if let Some(digits) = text.strip_prefix("_x") {
        return match repetitions(digits)? {
            0 => Err("invalid repeat count".to_owned()),
            count => Ok(StartItem::Missing { count }),
        };
    }
    let (first, rest) = duration(text)?;
    let Some(c) = rest.chars().next() else { return Ok(StartItem::Offset { first, step: 0, count: 1 }) };
    if let Some(digits) = rest.strip_prefix('x') {
        let count = repetitions(digits)?.saturating_add(1);
        return Ok(StartItem::Offset { first, step: 0, count });
    }
    let Some(step) = rest.strip_prefix(['+', '-']) else {
        return Err(format!("unexpected character {c:?} after duration"));
    };
    let (step, rest) = duration(step).map_err(|reason| format!("invalid step duration: {reason}"))?;
    let digits = rest.strip_prefix('x').ok_or("expected 'x<count>' after step duration")?;
    let step = if c == '-' { -step } else { step };
    Ok(StartItem::Offset { first, step, count: repetitions(digits)?.saturating_add(1) })
}

/// A duration with a sign that a text begins with, in milliseconds, and what follows it.
fn duration(text: &str) -> Result<(i64, &str), String> {
    if text.is_empty() {
        return Err("empty duration".to_owned());
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    if digits.len() == unsigned.len() {
        return Err(format!("expected digits in duration {}", promd_model::quote::go(text)));
    }
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_alphabetic() && c != 'x');
    let written = unsigned.strip_suffix(rest).unwrap_or(unsigned);
    let duration: Duration =
        written.parse().map_err(|error| format!("invalid duration {}: {error}", promd_model::quote::go(written)))?;
    let millis = duration.as_millis();
    Ok((if text.starts_with('-') { -millis } else { millis }, rest))
}
