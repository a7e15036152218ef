//! Label sets: what names a series.
//!
//! A label set is one string of bytes, the packed form of [`packed`], held in one shared allocation ([`Labels`]) or borrowed
//! from elsewhere ([`LabelsRef`]). That is small, a clone is a counter, equality is that of bytes, and Prometheus' hash is the
//! hash of the bytes. The price is that a label is looked up by a scan, which for the handful of labels that a series has is
//! no slower than anything cleverer.
//!
//! Invariants: names are not empty, ascend and are unique; names and values are UTF-8 and shorter than 16 MiB. Empty values
//! are kept, as they are in Prometheus, until a [`LabelsBuilder`] or [`Labels::without_empty`] takes them out.

mod builder;
mod packed;
#[cfg(test)]
mod tests;
mod view;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

pub use builder::LabelsBuilder;
pub use view::{LabelsBytesIter, LabelsIter, LabelsRef};

use crate::name::is_legacy_label_name;
use crate::quote;
use packed::{packed_len, push_label, take_packed_label};
use view::text;

/// The label that holds the name of the metric.
pub const METRIC_NAME: &str = "__name__";

/// One label of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label<'a> {
    /// What the label is called.
    pub name: &'a str,
    /// What it says.
    pub value: &'a str,
}

/// `name="value"`, with the name in quotes too if it is not a legacy label name.
impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_legacy_label_name(self.name) {
            f.write_str(self.name)?;
        } else {
            quote::go(self.name).fmt(f)?;
        }
        write!(f, "={}", quote::go(self.value))
    }
}

/// Why something is not a label set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// Two labels have the same name.
    #[error("label name {} is not unique", quote::go(name))]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A label has no name.
    #[error("a label name is empty")]
    EmptyName,
    /// A name or value is 16 MiB or longer.
    #[error("a label name or value of {len} bytes is too long, the limit is 16777215")]
    TooLong {
        /// Its length.
        len: usize,
    },
    /// Packed bytes end within a label, or a length has a form that it must not have.
    #[error("malformed packed label at byte {offset}")]
    Malformed {
        /// Where the label starts.
        offset: usize,
    },
    /// A name or value in packed bytes is not UTF-8.
    #[error("packed label at byte {offset} is not UTF-8")]
    NotUtf8 {
        /// Where the label starts.
        offset: usize,
    },
    /// A label in packed bytes follows one that it should precede.
    #[error("packed label at byte {offset} is out of order")]
    Unordered {
        /// Where the label starts.
        offset: usize,
    },
}

/// A label set in one shared allocation; a clone costs no other.
///
/// ```
/// use promd_model::Labels;
///
/// let labels = Labels::from_pairs([("job", "api"), ("__name__", "up")])?;
/// assert_eq!(labels.get("job"), Some("api"));
/// assert_eq!(labels.to_string(), r#"{__name__="up", job="api"}"#);
/// # Ok::<_, promd_model::LabelsError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Labels(Arc<[u8]>);

impl Labels {
    /// The label set without a label. It allocates nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::default())
    }

    /// The label set with these labels, which may come in any order. A name that comes twice is refused.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, LabelsError>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
        pairs.sort_unstable_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let mut packed = Vec::with_capacity(pairs.iter().map(|(n, v)| packed_len(n.as_ref(), v.as_ref())).sum());
        let mut previous = "";
        for (name, value) in &pairs {
            push_label(&mut packed, name.as_ref(), value.as_ref())?;
            if name.as_ref() == previous {
                return Err(LabelsError::Duplicate { name: previous.to_owned() });
            }
            previous = name.as_ref();
        }
        Ok(Self::trusted(&packed))
    }

    /// The label set with these labels, which come in the order of their names. It is packed in `memory`: whoever makes many sets
    /// keeps that, and each set then costs one allocation, which is its own.
    ///
    /// ```
    /// use promd_model::Labels;
    ///
    /// let mut memory = Vec::new();
    /// let labels = Labels::from_ascending([("__name__", "up"), ("job", "api")], &mut memory)?;
    /// assert_eq!(labels.to_string(), r#"{__name__="up", job="api"}"#);
    /// assert!(Labels::from_ascending([("b", "1"), ("a", "2")], &mut memory).is_err());
    /// # Ok::<_, promd_model::LabelsError>(())
    /// ```
    pub fn from_ascending<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        memory: &mut Vec<u8>,
    ) -> Result<Self, LabelsError> {
        memory.clear();
        let mut previous = "";
        for (name, value) in pairs {
            let offset = memory.len();
            push_label(memory, name, value)?;
            match previous.cmp(name) {
                Ordering::Less => previous = name,
                Ordering::Equal => return Err(LabelsError::Duplicate { name: name.to_owned() }),
                Ordering::Greater => return Err(LabelsError::Unordered { offset }),
            }
        }
        Ok(Self::trusted(memory))
    }

    /// The label set whose packed form is `packed`, which may come from anywhere.
    pub fn from_packed(packed: &[u8]) -> Result<Self, LabelsError> {
        LabelsRef::from_packed(packed).map(LabelsRef::to_labels)
    }

    /// The label set whose packed form is `packed`, made by this module or checked by it.
    fn trusted(packed: &[u8]) -> Self {
        debug_assert_eq!(packed::validate(packed), Ok(()));
        if packed.is_empty() { Self::empty() } else { Self(Arc::from(packed)) }
    }

    /// The same label set, borrowed.
    #[must_use]
    pub fn view(&self) -> LabelsRef<'_> {
        LabelsRef(&self.0)
    }

    /// See [`LabelsRef::as_packed`].
    #[must_use]
    pub fn as_packed(&self) -> &[u8] {
        &self.0
    }

    /// See [`LabelsRef::is_empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// See [`LabelsRef::len`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// See [`LabelsRef::get`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.view().get(name)
    }

    /// See [`LabelsRef::contains`].
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.view().contains(name)
    }

    /// See [`LabelsRef::metric_name`].
    #[must_use]
    pub fn metric_name(&self) -> Option<&str> {
        self.view().metric_name()
    }

    /// See [`LabelsRef::has_empty_value`].
    #[must_use]
    pub fn has_empty_value(&self) -> bool {
        self.view().has_empty_value()
    }

    /// See [`LabelsRef::iter`].
    #[must_use]
    pub fn iter(&self) -> LabelsIter<'_> {
        self.view().iter()
    }

    /// See [`LabelsRef::iter_bytes`].
    #[must_use]
    pub fn iter_bytes(&self) -> LabelsBytesIter<'_> {
        self.view().iter_bytes()
    }

    /// See [`LabelsRef::hash`].
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.view().hash()
    }

    /// See [`LabelsRef::stable_hash`].
    #[must_use]
    pub fn stable_hash(&self) -> u64 {
        self.view().stable_hash()
    }

    /// See [`LabelsRef::hash_for`].
    #[must_use]
    pub fn hash_for<S: AsRef<str>>(&self, names: &[S]) -> u64 {
        self.view().hash_for(names)
    }

    /// See [`LabelsRef::hash_without`].
    #[must_use]
    pub fn hash_without<S: AsRef<str>>(&self, names: &[S]) -> u64 {
        self.view().hash_without(names)
    }

    /// See [`LabelsRef::display_compact`].
    #[must_use]
    pub fn display_compact(&self) -> impl fmt::Display {
        self.view().display_compact()
    }

    /// The labels that `keep` wants: this label set itself if it wants them all.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(Label<'_>) -> bool) -> Self {
        let mut kept = Vec::with_capacity(self.0.len());
        let mut rest = self.as_packed();
        while let Some(label) = take_packed_label(&mut rest) {
            if keep(Label { name: text(label.name), value: text(label.value) }) {
                kept.extend_from_slice(label.packed);
            }
        }
        if kept.len() == self.0.len() {
            return self.clone();
        }
        Self::trusted(&kept)
    }

    /// The labels that have a value.
    #[must_use]
    pub fn without_empty(&self) -> Self {
        self.filter(|label| !label.value.is_empty())
    }

    /// The labels but for `__name__`.
    #[must_use]
    pub fn without_metric_name(&self) -> Self {
        self.filter(|label| label.name != METRIC_NAME)
    }

    /// The labels with `name` as the value of `__name__`.
    pub fn with_metric_name(&self, name: &str) -> Result<Self, LabelsError> {
        let mut builder = LabelsBuilder::new();
        builder.reset(self).set(METRIC_NAME, name);
        builder.build()
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// See [`LabelsRef`].
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.view().cmp(&other.view())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<LabelsRef<'_>> for Labels {
    fn eq(&self, other: &LabelsRef<'_>) -> bool {
        self.view() == *other
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = Label<'a>;
    type IntoIter = LabelsIter<'a>;

    fn into_iter(self) -> LabelsIter<'a> {
        self.iter()
    }
}
