//! What is worth saying of an answer that is given all the same. The texts are those of Prometheus
//! (`util/annotations/annotations.go`).

use std::cell::RefCell;
use std::fmt;

use promd_model::{Millis, float, quote};
use promd_promql_parser::Span;

/// Something to say.
#[derive(Debug, Clone)]
pub(crate) enum Note {
    InvalidRatio { got: f64, capped: f64 },
    InvalidQuantile(f64),
    BadBucketLabel { metric: String, bound: String },
    MixedFloatsHistograms(String),
    MixedFloatsHistogramsAggregation,
    MixedClassicNative(String),
    NotACounter(String),
    NotAGauge(String),
    MixedSchemas(String),
    IncompatibleBuckets(&'static str),
    SortInRangeQuery,
    ResetsCollide(Operation),
    StartTimeOverlap { metric: String, count: usize },
    MaybeNoCounter(String),
    MaybeNoCounterType { metric: String, kind: String },
    ForcedMonotonic(Monotonic),
    IncompatibleTypes { lhs: &'static str, op: &'static str, rhs: &'static str },
    IgnoredInAggregation(&'static str),
    IgnoredInRange(String),
    QuantileIsNan(String),
    QuantileIsSkewed(String),
    FractionWithoutNan(String),
    BoundsReconciled(Operation),
}

/// What was done to histograms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Addition,
    Subtraction,
    Aggregation,
}

/// What had to be changed in classic buckets.
#[derive(Debug, Clone)]
pub(crate) struct Monotonic {
    pub(crate) metric: String,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    pub(crate) difference: f64,
    pub(crate) samples: usize,
}

impl Note {
    fn is_info(&self) -> bool {
        matches!(
            self,
            Self::MaybeNoCounter(_)
                | Self::MaybeNoCounterType { .. }
                | Self::ForcedMonotonic(_)
                | Self::IncompatibleTypes { .. }
                | Self::IgnoredInAggregation(_)
                | Self::IgnoredInRange(_)
                | Self::QuantileIsNan(_)
                | Self::QuantileIsSkewed(_)
                | Self::FractionWithoutNan(_)
                | Self::BoundsReconciled(_)
        )
    }

    /// What two notes with the same text become: figures of both count.
    fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::ForcedMonotonic(own), Self::ForcedMonotonic(other)) => {
                own.first = own.first.min(other.first);
                own.last = own.last.max(other.last);
                own.lowest = own.lowest.min(other.lowest);
                own.highest = own.highest.max(other.highest);
                own.difference = own.difference.max(other.difference);
                own.samples += other.samples;
            }
            (Self::StartTimeOverlap { count, .. }, Self::StartTimeOverlap { count: more, .. }) => *count += more,
            _ => {}
        }
    }

    /// The part that says what the figures are, which does not decide whether two notes are the same.
    fn figures(&self) -> String {
        match self {
            Self::ForcedMonotonic(m) => format!(
                ", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
                float::g(m.lowest),
                float::g(m.highest),
                two_digits(m.difference),
                m.samples,
                second(m.first),
                second(m.last)
            ),
            Self::StartTimeOverlap { count: 2.., .. } => {
                let Self::StartTimeOverlap { count, .. } = self else { return String::new() };
                format!(" ({count} occurrences)")
            }
            _ => String::new(),
        }
    }
}

/// A moment without its milliseconds.
fn second(t: i64) -> impl fmt::Display {
    Millis(t.div_euclid(1000) * 1000).rfc3339()
}

/// `%.2g` of Go.
fn two_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return float::g(value);
    }
    let scientific = format!("{value:.1e}");
    let rounded = float::parse(scientific.as_bytes()).unwrap_or(value);
    let exponent =
        scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or_default();
    if (-4..2).contains(&exponent) { float::f(rounded) } else { float::e(rounded) }
}

struct ForMetric<'a>(&'a str);

impl fmt::Display for ForMetric<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " for metric name {}", quote::go(self.0)) }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Addition => "addition",
            Self::Subtraction => "subtraction",
            Self::Aggregation => "aggregation",
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_info() { "PromQL info: " } else { "PromQL warning: " })?;
        let quoted = quote::go::<str>;
        match self {
            Self::InvalidRatio { got, capped } => write!(
                f,
                "ratio value should be between -1 and 1, got {}, capping to {}",
                float::g(*got),
                float::g(*capped)
            ),
            Self::InvalidQuantile(got) => {
                write!(f, "quantile value should be between 0 and 1, got {}", float::g(*got))
            }
            Self::BadBucketLabel { metric, bound } => write!(
                f,
                "bucket label \"le\" is missing or has a malformed value of {}{}",
                quoted(bound),
                ForMetric(metric)
            ),
            Self::MixedFloatsHistograms(metric) => {
                write!(f, "encountered a mix of histograms and floats for metric name {}", quoted(metric))
            }
            Self::MixedFloatsHistogramsAggregation => {
                f.write_str("encountered a mix of histograms and floats for aggregation")
            }
            Self::MixedClassicNative(metric) => {
                write!(f, "vector contains a mix of classic and native histograms{}", ForMetric(metric))
            }
            Self::NotACounter(metric) => {
                write!(f, "this native histogram metric is not a counter: {}", quoted(metric))
            }
            Self::NotAGauge(metric) => write!(f, "this native histogram metric is not a gauge: {}", quoted(metric)),
            Self::MixedSchemas(metric) => write!(
                f,
                "vector contains a mix of histograms with exponential and custom buckets schemas for metric name {}",
                quoted(metric)
            ),
            Self::IncompatibleBuckets(op) => {
                write!(f, "incompatible bucket layout encountered for binary operator {op}")
            }
            Self::SortInRangeQuery => {
                f.write_str("sort is ineffective for range queries since results are always ordered by labels")
            }
            Self::ResetsCollide(operation) => write!(f, "conflicting counter resets during histogram {operation}"),
            Self::StartTimeOverlap { metric, .. } => write!(
                f,
                "sample has start time that overlaps with previous sample timestamp for metric {}",
                quoted(metric)
            ),
            Self::MaybeNoCounter(metric) => write!(
                f,
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                quoted(metric)
            ),
            Self::MaybeNoCounterType { metric, kind } => write!(
                f,
                "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got {}: {}",
                quoted(kind),
                quoted(metric)
            ),
            Self::ForcedMonotonic(m) => write!(
                f,
                "input to histogram_quantile needed to be fixed for monotonicity (see \
                 https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}",
                ForMetric(&m.metric)
            ),
            Self::IncompatibleTypes { lhs, op, rhs } => {
                write!(f, "incompatible sample types encountered for binary operator {}: {lhs} {op} {rhs}", quoted(op))
            }
            Self::IgnoredInAggregation(op) => write!(f, "ignored histogram in {op} aggregation"),
            Self::IgnoredInRange(metric) => write!(
                f,
                "ignored histograms in a range containing both floats and histograms for metric name {}",
                quoted(metric)
            ),
            Self::QuantileIsNan(metric) => {
                write!(f, "input to histogram_quantile has NaN observations, result is NaN{}", ForMetric(metric))
            }
            Self::QuantileIsSkewed(metric) => write!(
                f,
                "input to histogram_quantile has NaN observations, result is skewed higher{}",
                ForMetric(metric)
            ),
            Self::FractionWithoutNan(metric) => write!(
                f,
                "input to histogram_fraction has NaN observations, which are excluded from all fractions{}",
                ForMetric(metric)
            ),
            Self::BoundsReconciled(operation) => {
                write!(f, "mismatched custom buckets were reconciled during {operation}")
            }
        }
    }
}

/// The notes of a query, each text once. Of notes with the same text the place of that expression counts which Prometheus
/// evaluates last: operands come before what they are operands of, and from left to right. When a note is added does
/// not matter.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    notes: RefCell<Vec<Noted>>,
    /// What the store says, which has no place in the query.
    plain: RefCell<Vec<String>>,
}

/// A note, its text without figures, and where it points.
#[derive(Debug)]
struct Noted {
    text: String,
    note: Note,
    place: Span,
    /// The expression that it is of.
    owner: Span,
}

/// Whether Prometheus evaluates `a` after `b`.
fn is_later(a: Span, b: Span) -> bool {
    let holds = |outer: Span, inner: Span| outer.start <= inner.start && inner.end <= outer.end;
    holds(a, b) || (!holds(b, a) && a.start > b.start)
}

impl Notes {
    /// Adds what is to be said of an operand, and so of what it is an operand of.
    pub(crate) fn add(&self, note: Note, place: Span) {
        self.add_of(note, place, place);
    }

    /// Adds what points at a parameter of an expression that has other operands too.
    pub(crate) fn add_of(&self, note: Note, place: Span, owner: Span) {
        self.add_text(Noted { text: note.to_string(), note, place, owner });
    }

    fn add_text(&self, added: Noted) {
        let mut notes = self.notes.borrow_mut();
        match notes.iter_mut().find(|known| known.text == added.text) {
            Some(known) => {
                known.note.merge(added.note);
                if is_later(added.owner, known.owner) {
                    (known.place, known.owner) = (added.place, added.owner);
                }
            }
            None => notes.push(added),
        }
    }

    pub(crate) fn add_plain(&self, text: &str) {
        let mut plain = self.plain.borrow_mut();
        if !plain.iter().any(|known| known == text) {
            plain.push(text.to_owned());
        }
    }

    /// Adds what was noted elsewhere, as if it were noted here in the same order.
    pub(crate) fn absorb(&self, other: Self) {
        other.plain.into_inner().iter().for_each(|text| self.add_plain(text));
        other.notes.into_inner().into_iter().for_each(|noted| self.add_text(noted));
    }

    /// Warnings and infos as the API shows them.
    pub(crate) fn into_texts(self, query: &str) -> (Vec<String>, Vec<String>) {
        let mut warnings = self.plain.into_inner();
        let mut infos = Vec::new();
        for Noted { text, note, place, .. } in self.notes.into_inner() {
            let list = if note.is_info() { &mut infos } else { &mut warnings };
            list.push(format!("{text}{} ({})", note.figures(), place.line_column(query)));
        }
        (warnings, infos)
    }
}
