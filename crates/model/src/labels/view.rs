//! A label set that is borrowed from packed bytes: the reading side of `Labels`.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use xxhash_rust::xxh64::{Xxh64, xxh64};

use super::packed::{take_label, validate};
use super::{Label, Labels, LabelsError, METRIC_NAME};

/// What stands behind each name and value in the hashes that are not of the packed bytes. It is no part of UTF-8.
const SEPARATOR: &[u8] = &[0xff];

/// A label set borrowed from its packed bytes. See [`Labels`] for what a label set is.
///
/// ```
/// use promd_model::LabelsRef;
///
/// let labels = LabelsRef::from_packed(b"\x08__name__\x02up\x03job\x01a")?;
/// assert_eq!(labels.get("job"), Some("a"));
/// assert!(LabelsRef::from_packed(b"\x08__name__\x02u").is_err());
/// # Ok::<_, promd_model::LabelsError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LabelsRef<'a>(pub(super) &'a [u8]);

impl<'a> LabelsRef<'a> {
    /// The label set whose packed form is `packed`, which may come from anywhere: it is checked once, here.
    pub fn from_packed(packed: &'a [u8]) -> Result<Self, LabelsError> {
        validate(packed)?;
        Ok(Self(packed))
    }

    /// The packed form: equal bytes are equal label sets.
    #[must_use]
    pub const fn as_packed(self) -> &'a [u8] {
        self.0
    }

    /// A label set of its own with these labels.
    #[must_use]
    pub fn to_labels(self) -> Labels {
        Labels::trusted(self.0)
    }

    /// Whether there is no label.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The number of labels. It is counted, not stored.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter_bytes().count()
    }

    /// The value of the label called `name`.
    ///
    /// To Prometheus a label that is absent and one of the empty value are the same: where that is meant, ask for
    /// `get(name).unwrap_or_default()`.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a str> {
        let name = name.as_bytes();
        for (candidate, value) in self.iter_bytes() {
            if candidate == name {
                return Some(text(value));
            }
            // The first byte alone: to compare all of each name costs more than the labels that it would spare.
            if candidate.first() > name.first() {
                break;
            }
        }
        None
    }

    /// Whether there is a label called `name`.
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of `__name__`.
    #[must_use]
    pub fn metric_name(self) -> Option<&'a str> {
        self.get(METRIC_NAME)
    }

    /// Whether a label has the empty value.
    #[must_use]
    pub fn has_empty_value(self) -> bool {
        self.iter_bytes().any(|(_, value)| value.is_empty())
    }

    /// The labels, ascending by name.
    #[must_use]
    pub fn iter(self) -> LabelsIter<'a> {
        LabelsIter(self.iter_bytes())
    }

    /// The names and values as bytes, ascending by name: what [`iter`](Self::iter) gives, without the price of showing
    /// that it is text.
    #[must_use]
    pub fn iter_bytes(self) -> LabelsBytesIter<'a> {
        LabelsBytesIter { rest: self.0 }
    }

    /// The XXH64 of the packed bytes: `Labels.Hash` of Prometheus.
    ///
    /// It decides when a target is scraped and a group of rules evaluated, and which series `limit_ratio` keeps, so that
    /// two servers of one configuration agree.
    #[must_use]
    pub fn hash(self) -> u64 {
        xxh64(self.0, 0)
    }

    /// The XXH64 of all names and values, each with the byte 0xff behind it: `StableHash` of Prometheus.
    #[must_use]
    pub fn stable_hash(self) -> u64 {
        hash_of(self.iter_bytes())
    }

    /// As [`stable_hash`](Self::stable_hash) of the labels called as one of `names`, which must ascend: `HashForLabels`
    /// of Prometheus, the key of a group of `sum by (...)`.
    #[must_use]
    pub fn hash_for<S: AsRef<str>>(self, names: &[S]) -> u64 {
        hash_of(select(self.iter_bytes(), names).filter_map(|(label, listed)| listed.then_some(label)))
    }

    /// As [`stable_hash`](Self::stable_hash) of the labels called neither `__name__` nor as one of `names`, which must
    /// ascend: `HashWithoutLabels` of Prometheus, the key of a group of `sum without (...)`.
    #[must_use]
    pub fn hash_without<S: AsRef<str>>(self, names: &[S]) -> u64 {
        let kept = |&((name, _), listed): &((&[u8], &[u8]), bool)| !listed && name != METRIC_NAME.as_bytes();
        hash_of(select(self.iter_bytes(), names).filter(kept).map(|(label, _)| label))
    }

    /// Something that displays the labels as `{a="b",c="d"}`, without a space behind the comma.
    #[must_use]
    pub fn display_compact(self) -> impl fmt::Display + use<'a> {
        fmt::from_fn(move |f| self.write(f, ","))
    }

    fn write(self, f: &mut fmt::Formatter<'_>, comma: &str) -> fmt::Result {
        f.write_char('{')?;
        for (i, label) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(comma)?;
            }
            write!(f, "{label}")?;
        }
        f.write_char('}')
    }
}

/// As Prometheus prints label sets: `{__name__="up", job="a"}`.
impl fmt::Display for LabelsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, ", ")
    }
}

impl fmt::Debug for LabelsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// By the first label that differs, first by its name and then by its value; what is a prefix comes first
/// (`labels.Compare` of Prometheus).
impl Ord for LabelsRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0 == other.0 { Ordering::Equal } else { self.iter_bytes().cmp(other.iter_bytes()) }
    }
}

impl PartialOrd for LabelsRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<Labels> for LabelsRef<'_> {
    fn eq(&self, other: &Labels) -> bool {
        self.0 == other.as_packed()
    }
}

impl<'a> IntoIterator for LabelsRef<'a> {
    type Item = Label<'a>;
    type IntoIter = LabelsIter<'a>;

    fn into_iter(self) -> LabelsIter<'a> {
        self.iter()
    }
}

/// The labels of a label set, ascending by name.
#[derive(Debug, Clone)]
pub struct LabelsIter<'a>(LabelsBytesIter<'a>);

impl<'a> Iterator for LabelsIter<'a> {
    type Item = Label<'a>;

    fn next(&mut self) -> Option<Label<'a>> {
        let (name, value) = self.0.next()?;
        Some(Label { name: text(name), value: text(value) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl std::iter::FusedIterator for LabelsIter<'_> {}

/// The names and values of a label set as bytes, ascending by name.
#[derive(Debug, Clone)]
pub struct LabelsBytesIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for LabelsBytesIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        take_label(&mut self.rest)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // The shortest label is a length, a character, and another length.
        (usize::from(!self.rest.is_empty()), Some(self.rest.len() / 3))
    }
}

impl std::iter::FusedIterator for LabelsBytesIter<'_> {}

pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("label sets are made of text, or checked to be")
}

fn hash_of<'a>(labels: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> u64 {
    let mut hash = Xxh64::new(0);
    for (name, value) in labels {
        for part in [name, SEPARATOR, value, SEPARATOR] {
            hash.update(part);
        }
    }
    hash.digest()
}

/// Tells of each label whether its name is among `names`; both ascend, so that one pass does.
fn select<'a, S: AsRef<str>>(
    labels: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    names: &[S],
) -> impl Iterator<Item = ((&'a [u8], &'a [u8]), bool)> {
    debug_assert!(names.is_sorted_by_key(AsRef::as_ref), "names must ascend");
    let mut names = names.iter().map(|name| name.as_ref().as_bytes()).peekable();
    labels.map(move |label| {
        while names.next_if(|&name| name < label.0).is_some() {}
        (label, names.peek().is_some_and(|&name| name == label.0))
    })
}
