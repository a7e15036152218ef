//! Histograms as text: what a person reads, and the notation of test files.

use std::fmt;

use super::{Bucket, CounterResetHint, FloatHistogram, Histogram, Span};
use crate::float;

/// A number as Go's `%g` prints it.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&float::g(self.0))
    }
}

impl<C> Bucket<C> {
    fn write(&self, f: &mut fmt::Formatter<'_>, count: impl fmt::Display) -> fmt::Result {
        let open = if self.lower_inclusive { '[' } else { '(' };
        let close = if self.upper_inclusive { ']' } else { ')' };
        write!(f, "{open}{},{}{close}:{count}", Number(self.lower), Number(self.upper))
    }
}

/// The interval, with `[` and `]` for bounds inside it, and the count: `(0.5,1]:3`.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Number(self.count))
    }
}

/// The interval, with `[` and `]` for bounds inside it, and the count: `(0.5,1]:3`.
impl fmt::Display for Bucket<u64> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, self.count)
    }
}

/// Count, sum and all populated buckets in ascending order: the `String` of Prometheus, which `count_values` and
/// `promtool tsdb dump` show.
impl fmt::Display for FloatHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", Number(self.count), Number(self.sum))?;
        let populated = |bucket: &Bucket| bucket.count != 0.0;
        let zero = self.zero_bucket();
        let buckets = self.negative().rev().chain(zero).chain(self.positive());
        for bucket in buckets.filter(populated) {
            write!(f, ", {bucket}")?;
        }
        f.write_str("}")
    }
}

/// As for [`FloatHistogram`], with whole numbers.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", self.count, Number(self.sum))?;
        let populated = |bucket: &Bucket<u64>| bucket.count != 0;
        // Deltas can only be added up forwards.
        let negative: Vec<Bucket<u64>> = self.negative().collect();
        let buckets = negative.into_iter().rev().chain(self.zero_bucket()).chain(self.positive());
        for bucket in buckets.filter(populated) {
            write!(f, ", {bucket}")?;
        }
        f.write_str("}")
    }
}

impl FloatHistogram {
    /// The histogram in the notation of promqltest scripts and rule unit tests, or `None` if its buckets are too far apart
    /// for a notation that has one list of buckets on each side.
    ///
    /// ```
    /// use promd_model::{FloatHistogram, Span};
    ///
    /// let histogram = FloatHistogram {
    ///     schema: 1,
    ///     count: 4.0,
    ///     sum: 5.5,
    ///     positive_spans: vec![Span::new(2, 1), Span::new(1, 1)],
    ///     positive_buckets: vec![1.0, 3.0],
    ///     ..FloatHistogram::default()
    /// };
    /// let text = histogram.test_expression();
    /// assert_eq!(text.as_deref(), Some("{{schema:1 count:4 sum:5.5 offset:2 buckets:[1 0 3]}}"));
    /// ```
    #[must_use]
    pub fn test_expression(&self) -> Option<String> {
        let mut joined = self.clone();
        joined.compact(usize::MAX);
        let Self { positive_spans, negative_spans, .. } = &joined;
        if positive_spans.len() > 1 || negative_spans.len() > 1 {
            return None;
        }
        let mut parts = Vec::new();
        if joined.schema != 0 {
            parts.push(format!("schema:{}", joined.schema));
        }
        let numbers = [
            ("count", joined.count),
            ("sum", joined.sum),
            ("z_bucket", joined.zero_count),
            ("z_bucket_w", joined.zero_threshold),
        ];
        let set = numbers.iter().filter(|(_, number)| *number != 0.0);
        parts.extend(set.map(|(name, number)| format!("{name}:{}", Number(*number))));
        if joined.uses_custom_buckets() {
            parts.push(format!("custom_values:{}", List(&joined.custom_values)));
        }
        match joined.counter_reset_hint {
            CounterResetHint::Unknown => {}
            CounterResetHint::Reset => parts.push("counter_reset_hint:reset".to_owned()),
            CounterResetHint::NotReset => parts.push("counter_reset_hint:not_reset".to_owned()),
            CounterResetHint::Gauge => parts.push("counter_reset_hint:gauge".to_owned()),
        }
        let mut side = |prefix: &str, spans: &[Span], buckets: &[f64]| {
            if let Some(span) = spans.first().filter(|span| span.offset != 0) {
                parts.push(format!("{prefix}offset:{}", span.offset));
            }
            if !buckets.is_empty() {
                parts.push(format!("{prefix}buckets:{}", List(buckets)));
            }
        };
        side("", positive_spans, &joined.positive_buckets);
        side("n_", negative_spans, &joined.negative_buckets);
        Some(format!("{{{{{}}}}}", parts.join(" ")))
    }
}

/// Numbers in brackets, with spaces between them.
struct List<'a>(&'a [f64]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (place, number) in self.0.iter().enumerate() {
            write!(f, "{}{}", if place > 0 { " " } else { "" }, Number(*number))?;
        }
        f.write_str("]")
    }
}
