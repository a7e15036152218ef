//! What a body is made of, as a caller sees it: entries, samples, exemplars.

use std::borrow::Cow;
use std::fmt;

pub use promd_model::MetricType;
use promd_model::{FloatHistogram, Histogram};

use crate::nhcb::StoredLabels;
use crate::{protobuf, series};

/// One entry of a body.
///
/// An entry borrows from the parser that produced it, and is gone with the next call of [`Parser::next`](crate::Parser::next).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Entry<'p> {
    /// The type of a metric family (`# TYPE`).
    Type {
        /// The name of the family.
        name: &'p str,
        /// Its type.
        metric_type: MetricType,
    },
    /// The help text of a metric family (`# HELP`).
    Help {
        /// The name of the family.
        name: &'p str,
        /// The text, unescaped on demand.
        help: Escaped<'p>,
    },
    /// The unit of a metric family (`# UNIT`, OpenMetrics and protobuf only).
    Unit {
        /// The name of the family.
        name: &'p str,
        /// The unit; may be empty.
        unit: &'p str,
    },
    /// A comment, with its `#`. Its bytes need not be UTF-8.
    Comment(&'p [u8]),
    /// A sample whose value is a float.
    Series(Sample<'p, f64>),
    /// A sample whose value is a native histogram (protobuf, or a conversion of classic buckets).
    ///
    /// Nothing is known of it but that its spans fit its buckets: what else can be wrong with it, its `validate` finds.
    Histogram(Sample<'p, HistogramRef<'p>>),
}

/// A native histogram, which lives in the parser and is overwritten by the next one.
#[derive(Debug, Clone, Copy)]
pub enum HistogramRef<'p> {
    /// It counts in whole numbers.
    Integer(&'p Histogram),
    /// It counts in floats.
    Float(&'p FloatHistogram),
}

/// A sample: a series, its value, and perhaps a time.
///
/// What costs nothing is a field. The rest is computed when it is asked for, so that a scraper that knows the series by
/// its bytes never pays for its labels.
#[derive(Clone, Copy)]
pub struct Sample<'p, V> {
    /// The bytes that stand for the series in this body: the same bytes mean the same labels as long as format and
    /// parser options stay the same and the `TYPE` of the family does (it decides whether `le` is rewritten).
    /// Different bytes may still mean the same labels.
    pub series: &'p [u8],
    /// The value.
    pub value: V,
    /// When the sample was taken, in milliseconds since the Unix epoch, if the body says so.
    pub timestamp: Option<i64>,
    /// Where the rest comes from.
    pub(crate) detail: &'p dyn Detail,
}

impl<V: fmt::Debug> fmt::Debug for Sample<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("series", &String::from_utf8_lossy(self.series))
            .field("value", &self.value)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

impl<'p, V> Sample<'p, V> {
    /// Calls `label` with the name and value of each label, unescaped, `__name__` first and the others as they stand in
    /// the body: neither sorted nor checked for repetition.
    ///
    /// The values of `le` and `quantile` come in OpenMetrics' canonical form (`1.0` for `1`) if the family is a classic
    /// histogram or a summary.
    pub fn for_each_label(&self, mut label: impl FnMut(&str, &str)) {
        self.detail.labels(&mut label);
    }

    /// The exemplars of the sample, in the order of the body.
    #[must_use]
    pub fn exemplars(&self) -> Exemplars<'p> {
        Exemplars { detail: self.detail, cursor: 0 }
    }

    /// When the series started to count, in milliseconds since the Unix epoch.
    ///
    /// OpenMetrics says so in a later line (`_created`), so this looks ahead; over a whole body that costs one more pass.
    #[must_use]
    pub fn start_timestamp(&self) -> Option<i64> {
        self.detail.start_timestamp()
    }
}

/// How a format answers what a [`Sample`] is asked on demand. Each parser implements it for its current entry.
pub(crate) trait Detail {
    /// Passes name and value of each label to `label`, the metric's name first.
    fn labels(&self, label: &mut dyn FnMut(&str, &str));

    /// The exemplar at `cursor`, which starts at 0 and is otherwise only moved by the implementation.
    fn exemplar(&self, _cursor: &mut usize) -> Option<Exemplar<'_>> {
        None
    }

    /// The start timestamp in milliseconds.
    fn start_timestamp(&self) -> Option<i64> {
        None
    }
}

/// The exemplars of one sample.
#[derive(Clone)]
pub struct Exemplars<'p> {
    detail: &'p dyn Detail,
    cursor: usize,
}

impl fmt::Debug for Exemplars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'p> Iterator for Exemplars<'p> {
    type Item = Exemplar<'p>;

    fn next(&mut self) -> Option<Exemplar<'p>> {
        self.detail.exemplar(&mut self.cursor)
    }
}

/// An exemplar: a single observation behind a sample, with labels that lead to it (a trace id, say).
#[derive(Clone, Copy)]
pub struct Exemplar<'p> {
    /// The observed value.
    pub value: f64,
    /// When it was observed, in milliseconds since the Unix epoch, if the body says so.
    pub timestamp: Option<i64>,
    /// Where the labels come from.
    pub(crate) labels: ExemplarLabels<'p>,
}

impl fmt::Debug for Exemplar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut labels = Vec::new();
        self.for_each_label(|name, value| labels.push((name.to_owned(), value.to_owned())));
        f.debug_struct("Exemplar")
            .field("labels", &labels)
            .field("value", &self.value)
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

impl Exemplar<'_> {
    /// The most characters that the names and values of an exemplar's labels may have together; storage refuses longer
    /// ones (`model/exemplar/exemplar.go`), a body may well contain them.
    pub const MAX_LABEL_CHARS: usize = 128;

    /// Calls `label` with the name and value of each label, in the order of the body.
    pub fn for_each_label(&self, mut label: impl FnMut(&str, &str)) {
        match self.labels {
            ExemplarLabels::Text(braces) => series::exemplar_labels(braces, &mut label),
            ExemplarLabels::Protobuf(message) => protobuf::exemplar_labels(message, &mut label),
            ExemplarLabels::Stored(labels) => labels.for_each(&mut label),
        }
    }

    /// How many characters the names and values of the labels have together.
    #[must_use]
    pub fn label_chars(&self) -> usize {
        let mut chars = 0;
        self.for_each_label(|name, value| chars += name.chars().count() + value.chars().count());
        chars
    }
}

/// Where an exemplar's labels come from.
#[derive(Clone, Copy)]
pub(crate) enum ExemplarLabels<'p> {
    /// OpenMetrics text: what stands between the braces.
    Text(&'p [u8]),
    /// Protobuf: the message of the exemplar.
    Protobuf(&'p [u8]),
    /// A copy, since the parser that had them has gone on.
    Stored(StoredLabels<'p>),
}

/// Text as it stands in the body, unescaped piece by piece when it is read.
#[derive(Clone, Copy)]
pub struct Escaped<'a> {
    raw: &'a str,
    rule: Unescape,
}

/// Which backslash sequences a text knows. Others stand for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unescape {
    /// None: the text is what it is (protobuf).
    Nothing,
    /// `\\` and `\n`: the help texts of Prometheus' text format.
    Help,
    /// `\\`, `\n` and `\"`: label values, names, and the help texts of OpenMetrics.
    Value,
}

impl<'a> Escaped<'a> {
    pub(crate) const fn new(raw: &'a str, rule: Unescape) -> Self {
        Self { raw, rule }
    }

    /// The text as it stands in the body.
    #[must_use]
    pub const fn raw(&self) -> &'a str {
        self.raw
    }

    /// The unescaped text; borrowed if there is nothing to unescape.
    #[must_use]
    pub fn to_cow(&self) -> Cow<'a, str> {
        let mut pieces = self.pieces();
        match (pieces.next(), pieces.next()) {
            (None, _) => Cow::Borrowed(""),
            (Some(only), None) => Cow::Borrowed(only),
            (Some(first), Some(second)) => {
                let mut text = String::with_capacity(self.raw.len());
                text.push_str(first);
                text.push_str(second);
                text.extend(pieces);
                Cow::Owned(text)
            }
        }
    }

    /// The unescaped text in pieces, without an allocation.
    #[must_use]
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces { rest: self.raw, rule: self.rule }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_cow(), f)
    }
}

/// Compares the unescaped text, without an allocation.
impl PartialEq<str> for Escaped<'_> {
    fn eq(&self, other: &str) -> bool {
        let mut rest = other;
        for piece in self.pieces() {
            let Some(after) = rest.strip_prefix(piece) else { return false };
            rest = after;
        }
        rest.is_empty()
    }
}

/// The pieces of an [`Escaped`] text.
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    rest: &'a str,
    rule: Unescape,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        if self.rule == Unescape::Nothing {
            return Some(std::mem::take(&mut self.rest));
        }
        // Up to the next backslash that means something; that one is a piece of its own.
        let mut searched = 0;
        loop {
            let (before, rest) = self.rest.split_at_checked(searched)?;
            let Some(found) = rest.find('\\') else { return Some(std::mem::take(&mut self.rest)) };
            let at = before.len() + found;
            let meaning = match self.rest.as_bytes().get(at + 1) {
                Some(b'\\') => "\\",
                Some(b'n') => "\n",
                Some(b'"') if self.rule == Unescape::Value => "\"",
                _ => {
                    searched = at + 1;
                    continue;
                }
            };
            let (piece, keep_from) = match at {
                0 => (meaning, 2),
                _ => (self.rest.split_at_checked(at)?.0, at),
            };
            self.rest = self.rest.split_at_checked(keep_from)?.1;
            return Some(piece);
        }
    }
}
