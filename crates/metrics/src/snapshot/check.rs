//! Order, and what does not fit together.
//!
//! A registry checks descriptors when they are registered, but collectors compute label values, and some make up families
//! as they go. Prometheus fails a scrape that holds a series twice, so samples are checked once more. The rules are those of
//! `prometheus/registry.go` of client_golang; where two samples exclude each other, the one collected first stays.

use std::cmp::Ordering;
use std::fmt;

use super::{Snapshot, StoredSample};
use crate::desc::{Desc, MetricType};

/// Samples that did not fit together and were left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct GatherError {
    problems: Vec<String>,
    more: usize,
}

impl GatherError {
    /// What did not fit, one sentence each; at most a few, see [`GatherError::count`].
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// How many samples were left out.
    pub fn count(&self) -> usize {
        self.problems.len() + self.more
    }
}

impl fmt::Display for GatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("; "))?;
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

/// Gathers problems, a bounded number of texts.
#[derive(Debug, Default)]
pub(super) struct Problems {
    texts: Vec<String>,
    more: usize,
}

impl Problems {
    const MAX_TEXTS: usize = 10;

    fn add(&mut self, text: impl FnOnce() -> String) {
        if self.texts.len() < Problems::MAX_TEXTS {
            self.texts.push(text());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn sample_without_family(&mut self) {
        self.add(|| "a sample was collected before any family".to_owned());
    }

    pub(super) fn wrong_type(&mut self, families: &[Desc], got: MetricType) {
        self.add(|| match families.last() {
            Some(desc) => {
                format!("collected metric {:?} should be a {}, but is a {got}", desc.name(), desc.metric_type())
            }
            None => format!("collected {got} without a name"),
        });
    }

    pub(super) fn into_result(self) -> Result<(), GatherError> {
        match self {
            Problems { texts, .. } if texts.is_empty() => Ok(()),
            Problems { texts, more } => Err(GatherError { problems: texts, more }),
        }
    }
}

impl Snapshot {
    fn stored(&self, at: usize) -> Option<(&Desc, &StoredSample)> {
        let sample = self.samples.get(at)?;
        Some((self.families.get(sample.family)?, sample))
    }

    /// The order of [`Sink`](crate::Sink); equal samples are those that exclude each other.
    pub(super) fn compare(&self, a: usize, b: usize) -> Ordering {
        let (Some(a), Some(b)) = (self.samples.get(a), self.samples.get(b)) else {
            return Ordering::Equal;
        };
        let names = || a.rank.cmp(&b.rank);
        let counts = || a.labels.len().cmp(&b.labels.len());
        let values = || self.labels(a).map(|(_, value)| value).cmp(self.labels(b).map(|(_, value)| value));
        // Those without a timestamp last.
        let timestamps = || {
            let key = |sample: &StoredSample| (sample.timestamp_ms.is_none(), sample.timestamp_ms);
            key(a).cmp(&key(b))
        };
        let label_names = || self.labels(a).map(|(name, _)| name).cmp(self.labels(b).map(|(name, _)| name));
        names().then_with(counts).then_with(values).then_with(timestamps).then_with(label_names)
    }

    /// Of the families of one name, the first collected says what type and help they have.
    pub(super) fn drop_inconsistent(&self, order: &mut Vec<usize>, problems: &mut Problems) {
        let mut kept = Vec::with_capacity(order.len());
        for group in order.chunk_by(|a, b| self.rank(*a) == self.rank(*b)) {
            let families = || group.iter().filter_map(|at| self.samples.get(*at)).map(|sample| sample.family);
            let first = families().min();
            if first == families().max() {
                kept.extend_from_slice(group);
                continue;
            }
            let Some(first) = first.and_then(|first| self.families.get(first)) else { continue };
            kept.extend(group.iter().copied().filter(|at| {
                let Some((desc, _)) = self.stored(*at) else { return false };
                let fits = desc.metric_type() == first.metric_type() && desc.help() == first.help();
                if !fits {
                    problems.add(|| {
                        let (name, help, kind) = (desc.name(), desc.help(), desc.metric_type());
                        let (first_help, first_kind) = (first.help(), first.metric_type());
                        format!(
                            "collected metric {name:?} is a {kind} with help {help:?}, but should be a {first_kind} with \
                             help {first_help:?}"
                        )
                    });
                }
                fits
            }));
        }
        *order = kept;
    }

    /// A family must not be named like a series that a histogram or a summary is flattened to.
    pub(super) fn drop_collisions(&self, order: &mut Vec<usize>, problems: &mut Problems) {
        let whole = std::mem::take(order);
        let groups: Vec<&[usize]> = whole.chunk_by(|a, b| self.rank(*a) == self.rank(*b)).collect();
        let head = |group: &[usize]| group.first().and_then(|at| self.stored(*at)).map(|(desc, _)| desc);
        for group in &groups {
            let Some(desc) = head(group) else { continue };
            let owner = ["_count", "_sum", "_bucket"].iter().find_map(|suffix| {
                let base = desc.name().strip_suffix(suffix)?;
                let at = groups.binary_search_by(|group| head(group).map_or("", Desc::name).cmp(base)).ok()?;
                let owner = head(groups.get(at)?)?;
                match owner.metric_type() {
                    MetricType::Histogram => Some(owner),
                    MetricType::Summary if *suffix != "_bucket" => Some(owner),
                    _ => None,
                }
            });
            match owner {
                None => order.extend_from_slice(group),
                Some(owner) => group.iter().for_each(|_| {
                    problems.add(|| {
                        let (name, kind, owner) = (desc.name(), owner.metric_type(), owner.name());
                        format!("collected metric named {name:?} collides with the {kind} named {owner:?}")
                    });
                }),
            }
        }
    }

    pub(super) fn drop_duplicates(&self, order: &mut Vec<usize>, problems: &mut Problems) {
        order.dedup_by(|later, first| {
            let same = self.compare(*first, *later) == Ordering::Equal;
            if same {
                problems.add(|| self.describe_duplicate(*later));
            }
            same
        });
        // A label twice in one sample.
        order.retain(|at| {
            let Some((desc, sample)) = self.stored(*at) else { return false };
            let names = || self.labels(sample).map(|(name, _)| name);
            let unsorted = names().zip(names().skip(1)).find(|(a, b)| a >= b);
            if let Some((a, b)) = unsorted {
                problems.add(|| format!("collected metric {:?} has the label {b:?} after {a:?}", desc.name()));
            }
            unsorted.is_none()
        });
    }

    fn describe_duplicate(&self, at: usize) -> String {
        let Some((desc, sample)) = self.stored(at) else { return String::new() };
        let labels: Vec<String> = self.labels(sample).map(|(name, value)| format!("{name}={value:?}")).collect();
        let (name, labels) = (desc.name(), labels.join(", "));
        format!("collected metric {name:?} {{{labels}}} was collected before with the same name and label values")
    }

    pub(super) fn rank(&self, at: usize) -> Option<usize> {
        self.samples.get(at).map(|sample| sample.rank)
    }
}
