//! Targets out of groups: labels of discovery and of the job, relabelling, checks (`PopulateLabels` of
//! `scrape/target.go`).

use std::sync::Arc;
use std::time::Duration;

use promd_config::ScrapeConfig;
use promd_discovery::TargetGroup;
use promd_model::{DurationError, Labels, LabelsBuilder, LabelsError, quote};
use promd_relabel::{Rules, Scratch};

use super::{
    ADDRESS, CLASSIC_HISTOGRAMS, CONVERT_HISTOGRAMS, DroppedTarget, METRICS_PATH, NATIVE_HISTOGRAMS, Origin, PARAM,
    SCHEME, Target,
};

const INTERVAL: &str = "__scrape_interval__";
const TIMEOUT: &str = "__scrape_timeout__";
const META: &str = "__meta_";

/// Why something that was found cannot be scraped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("instance {at} in group {source_name}: {problem}")]
pub struct TargetError {
    at: usize,
    source_name: Arc<str>,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("no address")]
    NoAddress,
    #[error("{} is not a valid hostname", quote::go(.0))]
    NotAHost(String),
    #[error("error parsing scrape interval: {0}")]
    Interval(DurationError),
    #[error("error parsing scrape timeout: {0}")]
    Timeout(DurationError),
    #[error("scrape interval cannot be 0")]
    ZeroInterval,
    #[error("scrape timeout cannot be 0")]
    ZeroTimeout,
    #[error("scrape timeout cannot be greater than scrape interval ({} > {})", quote::go(timeout), quote::go(interval))]
    LongTimeout { timeout: String, interval: String },
    #[error("error parsing {what}: strconv.ParseBool: parsing {}: invalid syntax", quote::go(value))]
    NotABool { what: &'static str, value: String },
    #[error(transparent)]
    Labels(#[from] LabelsError),
}

/// What becomes of something that was found.
pub(crate) enum Built {
    Target(Box<Target>),
    Dropped(DroppedTarget),
}

/// Builds targets, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    labels: LabelsBuilder,
    scratch: Scratch,
}

impl Builder {
    /// The targets of a group.
    pub(crate) fn group(
        &mut self,
        group: &Arc<TargetGroup>,
        job: &Arc<ScrapeConfig>,
        rules: &Rules,
    ) -> impl Iterator<Item = Result<Built, TargetError>> {
        (0..group.targets.len()).map(move |at| {
            let origin = Origin { group: Arc::clone(group), at, job: Arc::clone(job) };
            let source_name = Arc::clone(&group.source);
            self.target(origin, rules).map_err(|problem| TargetError { at, source_name, problem })
        })
    }

    fn target(&mut self, origin: Origin, rules: &Rules) -> Result<Built, Problem> {
        // Relabelling tells apart what was there and what rules have set, so that it begins with a whole label set.
        fill(&mut self.labels, &origin);
        let discovered = self.labels.build()?;
        let labels = &mut self.labels;
        labels.reset(&discovered);
        if !rules.apply(labels, &mut self.scratch) {
            return Ok(Built::Dropped(DroppedTarget { origin }));
        }
        let text = |name| labels.get(name).unwrap_or_default().to_owned();
        let address = text(ADDRESS);
        if address.is_empty() {
            return Err(Problem::NoAddress);
        }
        if address.contains('/') {
            return Err(Problem::NotAHost(address));
        }
        let (interval_text, timeout_text) = (text(INTERVAL), text(TIMEOUT));
        let interval: promd_model::Duration = interval_text.parse().map_err(Problem::Interval)?;
        if interval == promd_model::Duration::ZERO {
            return Err(Problem::ZeroInterval);
        }
        let timeout: promd_model::Duration = timeout_text.parse().map_err(Problem::Timeout)?;
        if timeout == promd_model::Duration::ZERO {
            return Err(Problem::ZeroTimeout);
        }
        if timeout > interval {
            return Err(Problem::LongTimeout { timeout: timeout_text, interval: interval_text });
        }
        let switches = [
            (CONVERT_HISTOGRAMS, "convert classic histograms to nhcb"),
            (CLASSIC_HISTOGRAMS, "always scrape classic histograms"),
            (NATIVE_HISTOGRAMS, "scrape native histograms"),
        ];
        for (name, what) in switches {
            let value = text(name);
            if !value.is_empty() && parse_bool(&value).is_none() {
                return Err(Problem::NotABool { what, value });
            }
        }
        labels.retain(|name| !name.starts_with(META));
        if labels.get("instance").is_none() {
            labels.set("instance", &address);
        }
        let labels = labels.build()?;
        if labels.iter().all(|label| label.name.starts_with("__")) {
            return Ok(Built::Dropped(DroppedTarget { origin }));
        }
        let whole = |duration: promd_model::Duration| duration.to_std().unwrap_or(Duration::MAX);
        Ok(Built::Target(Box::new(Target::new(labels, whole(interval), whole(timeout), origin))))
    }
}

/// The labels before relabelling: what was found, and behind that what the job says.
fn fill(labels: &mut LabelsBuilder, origin: &Origin) {
    let Origin { group, at, job } = origin;
    labels.reset(&Labels::empty());
    let own = group.targets.get(*at);
    // Those of the target win, even where they are empty.
    for label in &group.labels {
        if own.is_none_or(|own| !own.contains(label.name)) {
            labels.set(label.name, label.value);
        }
    }
    for label in own.into_iter().flatten() {
        labels.set(label.name, label.value);
    }
    let switch = |on: Option<bool>| if on.unwrap_or(false) { "true" } else { "false" };
    let (interval, timeout) = (job.scrape_interval.to_string(), job.scrape_timeout.to_string());
    let defaults = [
        ("job", job.job_name.as_str()),
        (INTERVAL, &interval),
        (TIMEOUT, &timeout),
        (METRICS_PATH, &job.metrics_path),
        (SCHEME, &job.scheme),
        (CONVERT_HISTOGRAMS, switch(job.convert_classic_histograms_to_nhcb)),
        (CLASSIC_HISTOGRAMS, switch(job.always_scrape_classic_histograms)),
        (NATIVE_HISTOGRAMS, switch(job.scrape_native_histograms)),
    ];
    for (name, value) in defaults {
        if labels.get(name).is_none() {
            labels.set(name, value);
        }
    }
    for (param, values) in &job.params {
        let name = format!("{PARAM}{param}");
        if let Some(value) = values.first()
            && labels.get(&name).is_none()
        {
            labels.set(&name, value);
        }
    }
}

/// The labels before relabelling.
pub(super) fn discovered(origin: &Origin) -> Labels {
    let mut labels = LabelsBuilder::new();
    fill(&mut labels, origin);
    // It was built before.
    labels.build().unwrap_or_default()
}

/// As Go's `strconv.ParseBool`.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
