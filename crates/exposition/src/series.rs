//! The labels of a series, read again from its text when somebody wants them.
//!
//! The parsers have checked the text and kept nothing of it, so this reads it once more and passes over what it cannot
//! meet.

use std::borrow::Cow;

use promd_model::float;

use crate::entry::{Escaped, MetricType, Unescape};
use crate::scan;

/// What a family's metadata does to the labels of its series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family<'a> {
    /// The type in force where the series stands.
    pub(crate) metric_type: MetricType,
    /// The unit in force there.
    pub(crate) unit: &'a str,
    /// Whether type and unit become labels.
    pub(crate) as_labels: bool,
}

/// A part of what stands between braces, without quotes but still escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// The metric's name.
    Name(&'a [u8]),
    /// Name and value of a label.
    Label(&'a [u8], &'a [u8]),
}

/// The parts of a series' text.
#[derive(Debug, Clone)]
pub(crate) struct Parts<'a> {
    text: &'a [u8],
    at: usize,
    /// How label values are quoted: those of exemplars differ.
    values: scan::Quoting,
    /// The name before the braces, until it was yielded.
    name: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// The parts of a whole series.
    pub(crate) fn of_series(text: &'a [u8]) -> Self {
        let first = scan::skip_blanks(text, 0);
        let end = scan::name_end(text, first);
        // Blanks before a name belong to it, as in Prometheus (`model/textparse/promparse.go` takes the start of the line).
        let name = if end > first { text.get(..end) } else { None };
        let brace = scan::skip_blanks(text, end);
        Self { text, at: brace + 1, values: scan::TEXT_VALUE, name }
    }

    /// The parts of what stands behind the opening brace of an exemplar.
    fn of_exemplar(braces: &'a [u8]) -> Self {
        Self { text: braces, at: 0, values: scan::EXEMPLAR, name: None }
    }

    /// The quoted string or bare name at the current position, and what is between its quotes.
    fn name(&mut self) -> Option<(bool, &'a [u8])> {
        let start = self.at;
        if self.text.get(start) == Some(&b'"') {
            self.at = scan::quoted_end(self.text, start + 1, scan::NAME).ok()?;
            Some((true, self.text.get(start + 1..self.at - 1)?))
        } else {
            self.at = scan::label_end(self.text, start);
            Some((false, self.text.get(start..self.at)?))
        }
    }

    fn skip_blanks_and_commas(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b',')) {
            self.at += 1;
        }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if let Some(name) = self.name.take() {
            return Some(Part::Name(name));
        }
        self.skip_blanks_and_commas();
        if matches!(self.text.get(self.at), None | Some(b'}')) {
            return None;
        }
        let (quoted, name) = self.name()?;
        self.at = scan::skip_blanks(self.text, self.at);
        if self.text.get(self.at) != Some(&b'=') {
            return quoted.then_some(Part::Name(name));
        }
        let open = scan::skip_blanks(self.text, self.at + 1);
        self.at = scan::quoted_end(self.text, open + 1, self.values).ok()?;
        Some(Part::Label(name, self.text.get(open + 1..self.at - 1)?))
    }
}

/// Passes the labels of the series `text` to `label`, the name first.
pub(crate) fn labels(text: &[u8], family: Family<'_>, label: &mut dyn FnMut(&str, &str)) {
    let metric_type =
        (family.as_labels && family.metric_type != MetricType::Unknown).then_some(family.metric_type.as_str());
    let unit = (family.as_labels && !family.unit.is_empty()).then_some(family.unit);
    let parts = Parts::of_series(text);
    let name = parts.clone().find_map(|part| match part {
        Part::Name(name) => Some(unescaped(name)),
        Part::Label(..) => None,
    });
    let name = name.unwrap_or_default();
    // With labels for the metadata, those of the same names in the body are dropped, and a name that is empty is left out.
    if !(family.as_labels && name.is_empty()) {
        label("__name__", &name);
    }
    if let Some(metric_type) = metric_type {
        label("__type__", metric_type);
    }
    if let Some(unit) = unit {
        label("__unit__", unit);
    }
    for part in parts {
        let Part::Label(label_name, value) = part else { continue };
        let label_name = unescaped(label_name);
        let overridden = match &*label_name {
            "__name__" => family.as_labels && !name.is_empty(),
            "__type__" => metric_type.is_some(),
            "__unit__" => unit.is_some(),
            _ => false,
        };
        if !overridden {
            label(&label_name, &canonical(family.metric_type, &label_name, unescaped(value)));
        }
    }
}

/// Passes the labels of an exemplar to `label`: what follows the opening brace is `braces`.
///
/// They keep their backslashes, as in Prometheus (`model/textparse/openmetricsparse.go`, `Exemplar`).
pub(crate) fn exemplar_labels(braces: &[u8], label: &mut dyn FnMut(&str, &str)) {
    for part in Parts::of_exemplar(braces) {
        if let Part::Label(name, value) = part {
            label(utf8(name), utf8(value));
        }
    }
}

/// What was checked to be UTF-8, as a string.
fn utf8(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

fn unescaped(bytes: &[u8]) -> Cow<'_, str> {
    Escaped::new(utf8(bytes), Unescape::Value).to_cow()
}

/// The value of a bucket's or quantile's label in OpenMetrics' form, so that the same bucket has the same label whatever the
/// format and the library; other values, and what is no float, as they are.
pub(crate) fn canonical<'v>(metric_type: MetricType, name: &str, value: Cow<'v, str>) -> Cow<'v, str> {
    let is_float = match metric_type {
        MetricType::Histogram => name == "le",
        MetricType::Summary => name == "quantile",
        _ => false,
    };
    if !is_float {
        return value;
    }
    float::parse(value.as_bytes()).map_or(value, |float| Cow::Owned(float::openmetrics(float)))
}
