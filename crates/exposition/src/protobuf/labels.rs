//! The labels of a series, and the bytes that stand for it.

use promd_model::float;

use super::Step;
use super::family::Head;
use super::metric::Metric;
use super::parts::Bucket;
use crate::ParseError;
use crate::entry::MetricType;

/// Comes before the name and before the value of a label: no byte of UTF-8.
const BEFORE_LABEL: u8 = 0xff;
/// Comes before what is not a label: no byte of UTF-8 either.
const BEFORE_OTHER: u8 = 0xfe;

/// The bytes that stand for a series.
///
/// ```text
/// name (FE type FE unit)? (FF label-name FF label-value)* (FE tag bits?)?
/// ```
///
/// Type and unit are there if they become labels. The tag tells the series of one metric apart: count, sum, and with
/// the eight bytes of the float, bucket and quantile. All but the tag is written once a metric, so that a metric with many labels
/// and many buckets costs their sum and not their product.
#[derive(Debug, Default)]
pub(super) struct Key {
    bytes: Vec<u8>,
    untagged: usize,
}

impl Key {
    /// Writes all but the tag, and finds labels that are none.
    pub(super) fn start(&mut self, head: &Head<'_>, metric: &Metric<'_>, as_labels: bool) -> Result<(), ParseError> {
        self.bytes.clear();
        self.bytes.extend_from_slice(head.name.as_bytes());
        if as_labels {
            for text in [head.kind.metric_type().as_str(), &head.unit] {
                self.push(BEFORE_OTHER, text.as_bytes());
            }
        }
        let mut labels = metric.labels();
        while let Some((name, value)) = labels.next()? {
            self.push(BEFORE_LABEL, name.as_bytes());
            self.push(BEFORE_LABEL, value.as_bytes());
        }
        self.untagged = self.bytes.len();
        Ok(())
    }

    /// Writes the tag.
    pub(super) fn finish(&mut self, step: Step<'_>) {
        self.bytes.truncate(self.untagged);
        match step {
            Step::Count => self.push(BEFORE_OTHER, b"c"),
            Step::Sum => self.push(BEFORE_OTHER, b"s"),
            Step::Quantile { quantile: bits, .. } => self.push_float(b'q', bits),
            Step::Bucket(Bucket { upper_bound: bits, .. }) => self.push_float(b'b', bits),
            _ => {}
        }
    }

    fn push(&mut self, before: u8, text: &[u8]) {
        self.bytes.push(before);
        self.bytes.extend_from_slice(text);
    }

    fn push_float(&mut self, tag: u8, float: f64) {
        self.push(BEFORE_OTHER, &[tag]);
        self.bytes.extend_from_slice(&float.to_bits().to_le_bytes());
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Passes the labels of the series at `step` to `each`, the name first.
pub(super) fn each_label(
    head: &Head<'_>,
    metric: &Metric<'_>,
    step: Step<'_>,
    as_labels: bool,
    each: &mut dyn FnMut(&str, &str),
) {
    let suffix = match step {
        Step::Count => "_count",
        Step::Sum => "_sum",
        Step::Bucket(_) => "_bucket",
        _ => "",
    };
    match suffix {
        "" => each("__name__", head.name),
        _ => each("__name__", &[head.name, suffix].concat()),
    }
    let metric_type = Some(head.kind.metric_type()).filter(|known| as_labels && *known != MetricType::Unknown);
    let unit = Some(&*head.unit).filter(|unit| as_labels && !unit.is_empty());
    if let Some(metric_type) = metric_type {
        each("__type__", metric_type.as_str());
    }
    if let Some(unit) = unit {
        each("__unit__", unit);
    }
    let mut labels = metric.labels();
    while let Ok(Some((name, value))) = labels.next() {
        let overridden = match name {
            "__name__" => as_labels,
            "__type__" => metric_type.is_some(),
            "__unit__" => unit.is_some(),
            _ => false,
        };
        if !overridden {
            each(name, value);
        }
    }
    match step {
        Step::Bucket(Bucket { upper_bound, .. }) => each("le", &float::openmetrics(upper_bound)),
        Step::Quantile { quantile, .. } => each("quantile", &float::openmetrics(quantile)),
        _ => {}
    }
}
