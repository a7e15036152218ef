//! What a series of a body is called in the store: target labels, relabelling, limits.

use std::ops::Range;
use std::sync::Arc;

use promd_exposition::Sample;
use promd_model::{Labels, LabelsBuilder, LabelsRef, METRIC_NAME, ValidationScheme};
use promd_relabel::{Rules, Scratch};

use crate::error::{ScrapeError, shortened};

/// How series are named.
#[derive(Debug, Clone)]
pub(crate) struct Naming {
    /// The labels of the target that its series get.
    pub(crate) target: Labels,
    /// Whether the labels of the body win.
    pub(crate) honor_labels: bool,
    pub(crate) rules: Arc<Rules>,
    pub(crate) scheme: ValidationScheme,
    pub(crate) limits: LabelLimits,
}

/// How many labels a series may have, and how long they may be; zero is no limit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LabelLimits {
    pub(crate) count: u64,
    pub(crate) name_length: u64,
    pub(crate) value_length: u64,
}

/// What a series is called.
pub(crate) enum Named<'a> {
    /// Relabelling drops it.
    Dropped,
    Series(LabelsRef<'a>),
}

/// Names series, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Namer {
    text: String,
    /// The labels of the body, as they come.
    exposed: Vec<(Range<usize>, Range<usize>)>,
    conflicts: Vec<usize>,
    builder: LabelsBuilder,
    name: String,
    relabelling: Scratch,
}

/// The prefix of a label that gives way to one of the target.
const EXPORTED: &str = "exported_";

impl Namer {
    /// What the series of a sample is called (`mutateSampleLabels` of `scrape/scrape.go`, and the checks behind it).
    pub(crate) fn name<V>(&mut self, sample: &Sample<'_, V>, naming: &Naming) -> Result<Named<'_>, ScrapeError> {
        self.text.clear();
        self.exposed.clear();
        self.builder.reset(&Labels::empty());
        let Self { text, exposed, builder, .. } = self;
        let mut repeated = None;
        sample.for_each_label(|name, value| {
            if repeated.is_none() && exposed.iter().any(|(other, _)| text.get(other.clone()) == Some(name)) {
                repeated = Some(name.to_owned());
            }
            let from = text.len();
            text.push_str(name);
            let middle = text.len();
            text.push_str(value);
            exposed.push((from..middle, middle..text.len()));
            builder.set(name, value);
        });
        if naming.honor_labels {
            self.add_target_labels(naming);
        } else {
            self.override_with_target_labels(naming);
        }
        if !naming.rules.apply(&mut self.builder, &mut self.relabelling) {
            return Ok(Named::Dropped);
        }
        let labels = self.builder.view()?;
        if labels.is_empty() {
            return Ok(Named::Dropped);
        }
        check(labels, naming)?;
        match repeated {
            Some(name) => Err(ScrapeError::RepeatedLabel(name)),
            None => Ok(Named::Series(labels)),
        }
    }

    /// The labels of the target fill up what the body does not have. One that is empty there counts as there.
    fn add_target_labels(&mut self, naming: &Naming) {
        for label in &naming.target {
            let is_exposed = |(name, _): &(Range<usize>, _)| self.text.get(name.clone()) == Some(label.name);
            if !self.exposed.iter().any(is_exposed) {
                self.builder.set(label.name, label.value);
            }
        }
    }

    /// The labels of the target win, and those of the body that are called alike get another name.
    fn override_with_target_labels(&mut self, naming: &Naming) {
        let Self { text, exposed, conflicts, builder, name, .. } = self;
        conflicts.clear();
        for label in &naming.target {
            let conflict = exposed
                .iter()
                .position(|(name, value)| !value.is_empty() && text.get(name.clone()) == Some(label.name));
            conflicts.extend(conflict);
            builder.set(label.name, label.value);
        }
        // The shortest names first; the sort is stable, and the target's labels come by name.
        conflicts.sort_by_key(|at| exposed.get(*at).map_or(0, |(name, _)| name.len()));
        for (exposed_name, value) in conflicts.iter().filter_map(|at| exposed.get(*at)) {
            let text_of = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
            name.clear();
            name.push_str(text_of(exposed_name));
            loop {
                name.insert_str(0, EXPORTED);
                if builder.get(name).is_none() {
                    builder.set(name, text_of(value));
                    break;
                }
            }
        }
    }
}

/// What must hold for every series.
fn check(labels: LabelsRef<'_>, naming: &Naming) -> Result<(), ScrapeError> {
    let Some(metric) = labels.metric_name() else { return Err(ScrapeError::NoName) };
    let scheme = naming.scheme;
    let valid = |label: promd_model::Label<'_>| label.name == METRIC_NAME || scheme.is_label_name(label.name);
    if !scheme.is_metric_name(metric) || !labels.iter().all(valid) {
        return Err(ScrapeError::InvalidNames(labels.to_string()));
    }
    let LabelLimits { count, name_length, value_length } = naming.limits;
    let exceeds = |length: usize, limit: u64| limit > 0 && u64::try_from(length).is_ok_and(|length| length > limit);
    if count > 0 && exceeds(labels.len(), count) {
        return Err(ScrapeError::LabelLimit { metric: shortened(metric), count: labels.len(), limit: count });
    }
    if name_length == 0 && value_length == 0 {
        return Ok(());
    }
    for label in labels {
        let (metric, name) = (|| shortened(metric), || shortened(label.name));
        if exceeds(label.name.len(), name_length) {
            let length = label.name.len();
            return Err(ScrapeError::LabelNameLimit { metric: metric(), name: name(), length, limit: name_length });
        }
        if exceeds(label.value.len(), value_length) {
            let (value, length) = (shortened(label.value), label.value.len());
            return Err(ScrapeError::LabelValueLimit {
                metric: metric(),
                name: name(),
                value,
                length,
                limit: value_length,
            });
        }
    }
    Ok(())
}
