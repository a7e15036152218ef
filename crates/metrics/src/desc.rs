//! What is known of a family before it holds anything.

use std::fmt;
use std::sync::Arc;

/// What kind of values a family holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricType {
    /// A sum that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Observations counted in buckets.
    Histogram,
    /// Quantiles of observations.
    Summary,
    /// Not known: `untyped` in the text format, `unknown` in OpenMetrics.
    Untyped,
}

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
            MetricType::Summary => "summary",
            MetricType::Untyped => "untyped",
        })
    }
}

/// The name, help, unit and labels of a family. Its type comes with the instrument.
///
/// ```
/// use promd_metrics::{Gauge, Metric, Options};
///
/// let options = Options::new("prometheus_build_info", "A metric with a constant '1' value.")
///     .const_label("version", "3.14.0")
///     .const_label("branch", "HEAD");
/// let build_info = Metric::<Gauge>::new(options);
/// build_info.set(1.0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub(crate) name: Box<str>,
    pub(crate) help: Box<str>,
    pub(crate) unit: Box<str>,
    pub(crate) const_labels: Vec<(Box<str>, Box<str>)>,
}

impl Options {
    /// A family of this name and help.
    ///
    /// Writers are handed the name as it is: a counter's ends with `_total`, and a unit is the name's suffix before that.
    pub fn new(name: impl Into<Box<str>>, help: impl Into<Box<str>>) -> Options {
        Options { name: name.into(), help: help.into(), unit: Box::default(), const_labels: Vec::new() }
    }

    /// The unit: `seconds`, `bytes`.
    pub fn unit(self, unit: impl Into<Box<str>>) -> Options {
        Options { unit: unit.into(), ..self }
    }

    /// A label that all metrics of the family carry with the same value. Several families of one name may differ in it.
    pub fn const_label(mut self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Options {
        self.const_labels.push((name.into(), value.into()));
        self
    }
}

/// The descriptor of a family: what its metrics have in common.
///
/// It is checked when it is registered rather than when it is made, so that a struct of metrics can be made without
/// an error path: [`Registry::register`](crate::Registry::register) returns what [`Desc::check`] finds. Clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desc {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    metric_type: MetricType,
    name: Box<str>,
    help: Box<str>,
    unit: Box<str>,
    /// Sorted by name.
    labels: Box<[DescLabel]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct DescLabel {
    name: Box<str>,
    value: LabelValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum LabelValue {
    Const(Box<str>),
    /// The position in the variable labels as they were declared.
    Variable(usize),
}

impl Desc {
    /// A descriptor. `variable_labels` are those whose values differ between the metrics of the family.
    pub fn new(metric_type: MetricType, options: Options, variable_labels: &[&str]) -> Desc {
        let variables = variable_labels.iter().enumerate();
        let mut labels: Vec<_> =
            variables.map(|(at, name)| DescLabel { name: Box::from(*name), value: LabelValue::Variable(at) }).collect();
        let constants = options.const_labels.iter().cloned();
        labels.extend(constants.map(|(name, value)| DescLabel { name, value: LabelValue::Const(value) }));
        labels.sort_by(|a, b| a.name.cmp(&b.name));
        let Options { name, help, unit, .. } = options;
        Desc { inner: Arc::new(Inner { metric_type, name, help, unit, labels: labels.into() }) }
    }

    /// What kind of values the family holds.
    pub fn metric_type(&self) -> MetricType {
        self.inner.metric_type
    }

    /// The name of the family, such as `prometheus_tsdb_head_series`. Of a counter too it is the full name, with `_total`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What it means, for a reader.
    pub fn help(&self) -> &str {
        &self.inner.help
    }

    /// The unit; empty if none was given.
    pub fn unit(&self) -> &str {
        &self.inner.unit
    }

    /// The names of all labels, constant ones included, sorted.
    pub fn label_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.labels.iter().map(|label| &*label.name)
    }

    /// The constant labels, sorted by name.
    pub fn const_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner.labels.iter().filter_map(|label| match &label.value {
            LabelValue::Const(value) => Some((&*label.name, &**value)),
            LabelValue::Variable(_) => None,
        })
    }

    /// Appends the labels of the metric whose variable labels have these values, sorted by name: what a
    /// [`Sample`](crate::Sample) carries. A value that is not given is taken as empty.
    ///
    /// ```
    /// use promd_metrics::{Desc, MetricType, Options};
    ///
    /// let options = Options::new("prometheus_notifications_sent_total", "...").const_label("beta", "1");
    /// let desc = Desc::new(MetricType::Counter, options, &["code", "alertmanager"]);
    /// let mut pairs = Vec::new();
    /// desc.label_pairs(&["200", "http://a"], &mut pairs);
    /// assert_eq!(pairs, [("alertmanager", "http://a"), ("beta", "1"), ("code", "200")]);
    /// ```
    pub fn label_pairs<'a>(&'a self, values: &[&'a str], pairs: &mut Vec<(&'a str, &'a str)>) {
        pairs.extend(self.inner.labels.iter().map(|label| match &label.value {
            LabelValue::Const(value) => (&*label.name, &**value),
            LabelValue::Variable(at) => (&*label.name, values.get(*at).copied().unwrap_or_default()),
        }));
    }

    /// Whether the names are such that Prometheus takes them.
    ///
    /// # Errors
    ///
    /// An empty name, a bad or reserved label name, or the same one twice. Names may be any UTF-8, as in Prometheus 3.
    pub fn check(&self) -> Result<(), DescError> {
        let wrong = |problem| Err(DescError { name: self.inner.name.clone(), problem });
        if self.name().is_empty() {
            return wrong(Problem::EmptyName);
        }
        let mut before = None;
        for label in self.label_names() {
            if label.is_empty() || label.starts_with("__") {
                return wrong(Problem::BadLabel(label.into()));
            }
            let reserved = match self.metric_type() {
                MetricType::Histogram => "le",
                MetricType::Summary => "quantile",
                _ => "",
            };
            if label == reserved {
                return wrong(Problem::ReservedLabel(label.into(), self.metric_type()));
            }
            if before == Some(label) {
                return wrong(Problem::DuplicateLabel(label.into()));
            }
            before = Some(label);
        }
        Ok(())
    }

    /// Whether both may be families of one name in one registry: they then differ in the values of constant labels only.
    pub(crate) fn agrees_with(&self, other: &Desc) -> bool {
        self.metric_type() == other.metric_type()
            && self.help() == other.help()
            && self.unit() == other.unit()
            && self.label_names().eq(other.label_names())
    }

    /// Whether their metrics may carry the same labels.
    pub(crate) fn overlaps(&self, other: &Desc) -> bool {
        self.name() == other.name() && self.const_labels().eq(other.const_labels())
    }
}

/// A descriptor that Prometheus would not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metric {name:?}: {problem}")]
pub struct DescError {
    name: Box<str>,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the name is empty")]
    EmptyName,
    #[error("{0:?} is not a valid label name")]
    BadLabel(Box<str>),
    #[error("a {1} gives the label {0:?} a meaning of its own")]
    ReservedLabel(Box<str>, MetricType),
    #[error("the label {0:?} is there twice")]
    DuplicateLabel(Box<str>),
}
