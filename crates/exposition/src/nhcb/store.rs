//! Copies of what a parser yielded and has gone on from: exemplars, and what makes two series the same histogram.

use crate::entry::{Exemplar, ExemplarLabels, Sample};

/// No byte of UTF-8: what separates the texts of an [`Identity`].
const SEPARATOR: u8 = 0xff;

/// Exemplars in flat memory that is used again.
#[derive(Debug, Default)]
pub(super) struct Exemplars {
    /// The names and values of all labels of all exemplars.
    text: String,
    /// Where in the text name and value of each label end.
    ends: Vec<(usize, usize)>,
    exemplars: Vec<Stored>,
}

#[derive(Debug)]
struct Stored {
    value: f64,
    timestamp: Option<i64>,
    /// Where text and labels of the exemplar begin.
    text: usize,
    labels: usize,
}

impl Exemplars {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.exemplars.clear();
    }

    pub(super) fn push(&mut self, exemplar: Exemplar<'_>) {
        let Exemplar { value, timestamp, .. } = exemplar;
        self.exemplars.push(Stored { value, timestamp, text: self.text.len(), labels: self.ends.len() });
        exemplar.for_each_label(|name, value| {
            self.text.push_str(name);
            let name_end = self.text.len();
            self.text.push_str(value);
            self.ends.push((name_end, self.text.len()));
        });
    }

    pub(super) fn get(&self, place: usize) -> Option<Exemplar<'_>> {
        let stored = self.exemplars.get(place)?;
        let end = self.exemplars.get(place + 1).map_or(self.ends.len(), |next| next.labels);
        let labels = StoredLabels { text: &self.text, from: stored.text, ends: self.ends.get(stored.labels..end)? };
        Some(Exemplar { value: stored.value, timestamp: stored.timestamp, labels: ExemplarLabels::Stored(labels) })
    }
}

/// The labels of a stored exemplar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredLabels<'p> {
    text: &'p str,
    from: usize,
    ends: &'p [(usize, usize)],
}

impl StoredLabels<'_> {
    pub(crate) fn for_each(&self, label: &mut dyn FnMut(&str, &str)) {
        let mut start = self.from;
        for (name_end, end) in self.ends {
            let (name, value) = (self.text.get(start..*name_end), self.text.get(*name_end..*end));
            label(name.unwrap_or_default(), value.unwrap_or_default());
            start = *end;
        }
    }
}

/// What the series of one histogram have in common: the name without its suffix, and all labels but `le`.
///
/// It is kept as the bytes `name (FF label-name FF label-value)*`, sorted by name, so that labels compare as one.
#[derive(Debug, Default)]
pub(super) struct Identity {
    bytes: Vec<u8>,
    /// The labels in the order of the body, and where they lie in the text.
    text: Vec<u8>,
    labels: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)>,
}

/// What a series is of a histogram, to judge by its name and its `le`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// A bucket with this upper bound.
    Bucket(f64),
    Sum,
    Count,
    /// Nothing that can be used.
    None,
}

impl Identity {
    /// Reads the identity of a classic series, and what it is.
    pub(super) fn read_classic<V>(&mut self, sample: &Sample<'_, V>) -> Role {
        let le = self.read_labels(sample, "le");
        let roles: [(&[u8], _); 3] = [
            (b"_bucket", le.filter(|bound| !bound.is_nan()).map_or(Role::None, Role::Bucket)),
            (b"_sum", Role::Sum),
            (b"_count", Role::Count),
        ];
        let found = roles.into_iter().find(|(suffix, _)| self.bytes.ends_with(suffix));
        let (suffix, role) = found.unwrap_or((b"", Role::None));
        self.bytes.truncate(self.bytes.len() - suffix.len());
        self.append_labels();
        role
    }

    /// Reads the identity of a native histogram.
    pub(super) fn read_native<V>(&mut self, sample: &Sample<'_, V>) {
        self.read_labels(sample, "");
        self.append_labels();
    }

    /// Takes the name and the labels apart from that called `except`, whose float it returns.
    fn read_labels<V>(&mut self, sample: &Sample<'_, V>, except: &str) -> Option<f64> {
        let Self { bytes, text, labels } = self;
        bytes.clear();
        text.clear();
        labels.clear();
        let mut found = None;
        sample.for_each_label(|name, value| {
            if name == "__name__" {
                bytes.clear();
                bytes.extend_from_slice(value.as_bytes());
            } else if name == except {
                found = promd_model::float::parse(value.as_bytes()).ok();
            } else {
                let start = text.len();
                text.extend_from_slice(name.as_bytes());
                let name_end = text.len();
                text.extend_from_slice(value.as_bytes());
                labels.push((start..name_end, name_end..text.len()));
            }
        });
        found
    }

    fn append_labels(&mut self) {
        let Self { bytes, text, labels } = self;
        let piece = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        labels.sort_by(|(a, _), (b, _)| piece(a).cmp(piece(b)));
        for (name, value) in labels {
            for range in [name, value] {
                bytes.push(SEPARATOR);
                bytes.extend_from_slice(piece(range));
            }
        }
    }

    /// The bytes that stand for it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The name.
    pub(super) fn name(&self) -> &[u8] {
        self.bytes.split(|byte| *byte == SEPARATOR).next().unwrap_or_default()
    }

    /// Passes name and labels to `label`.
    pub(super) fn for_each_label(&self, label: &mut dyn FnMut(&str, &str)) {
        let mut texts =
            self.bytes.split(|byte| *byte == SEPARATOR).map(|text| str::from_utf8(text).unwrap_or_default());
        label("__name__", texts.next().unwrap_or_default());
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            label(name, value);
        }
    }
}
