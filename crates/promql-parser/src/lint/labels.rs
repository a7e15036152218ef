//! Which labels a vector can have, and which it surely has.

use std::collections::{BTreeMap, BTreeSet};

use promd_model::{METRIC_NAME, MatchOp, Matcher};

/// The labels of each series of a vector. The name of the metric is not followed: whether a function drops it hangs on a feature
/// flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts<'a> {
    possible: Possible<'a>,
    /// Labels that each series has, with the value if it is the same for all.
    certain: BTreeMap<&'a str, Option<&'a str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Possible<'a> {
    /// Whatever a target or an exporter says, but for these.
    AllBut(BTreeSet<&'a str>),
    /// At most these.
    Only(BTreeSet<&'a str>),
}

impl<'a> Facts<'a> {
    /// Of series of which nothing is known.
    pub(super) fn anything() -> Self {
        Self { possible: Possible::AllBut(BTreeSet::new()), certain: BTreeMap::new() }
    }

    /// Of series without a label.
    pub(super) fn none() -> Self {
        Self { possible: Possible::Only(BTreeSet::new()), certain: BTreeMap::new() }
    }

    /// Of series that are selected.
    pub(super) fn selected(matchers: impl Iterator<Item = &'a Matcher>) -> Self {
        let mut facts = Self::anything();
        for matcher in matchers.filter(|matcher| matcher.name() != METRIC_NAME) {
            let name = matcher.name();
            if matcher.op() == MatchOp::Equal && matcher.value().is_empty() {
                facts.remove(name);
            } else if matcher.op() == MatchOp::Equal {
                facts.certain.insert(name, Some(matcher.value()));
            } else if !matcher.matches_empty() {
                facts.certain.entry(name).or_default();
            }
        }
        facts
    }

    /// Of `absent()`: what is asked for by equality, once.
    pub(super) fn absent(matchers: impl Iterator<Item = &'a Matcher>) -> Self {
        let mut asked: BTreeMap<&str, Vec<&Matcher>> = BTreeMap::new();
        for matcher in matchers.filter(|matcher| matcher.name() != METRIC_NAME) {
            asked.entry(matcher.name()).or_default().push(matcher);
        }
        let once = asked.into_iter().filter_map(|(name, matchers)| match matchers[..] {
            [matcher] if matcher.op() == MatchOp::Equal && !matcher.value().is_empty() => {
                Some((name, Some(matcher.value())))
            }
            _ => None,
        });
        let certain: BTreeMap<&str, Option<&str>> = once.collect();
        Self { possible: Possible::Only(certain.keys().copied().collect()), certain }
    }

    /// Whether a series may have the label.
    pub(super) fn may_have(&self, label: &str) -> bool {
        match &self.possible {
            _ if label == METRIC_NAME => true,
            Possible::AllBut(names) => !names.contains(label),
            Possible::Only(names) => names.contains(label),
        }
    }

    /// The labels that each series has, with the value if it is the same for all.
    pub(super) fn certain(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        self.certain.iter().map(|(name, value)| (*name, *value))
    }

    /// The value of the label, if each series has it and it is the same for all.
    pub(super) fn value(&self, label: &str) -> Option<&'a str> {
        self.certain.get(label).copied().flatten()
    }

    pub(super) fn is_certain(&self, label: &str) -> bool {
        self.certain.contains_key(label)
    }

    pub(super) fn remove(&mut self, label: &'a str) {
        self.certain.remove(label);
        match &mut self.possible {
            Possible::AllBut(names) => names.insert(label),
            Possible::Only(names) => names.remove(label),
        };
    }

    /// Some series may have the label, with whatever value.
    pub(super) fn add(&mut self, label: &'a str) {
        self.certain.remove(label);
        match &mut self.possible {
            Possible::AllBut(names) => names.remove(label),
            Possible::Only(names) => names.insert(label),
        };
    }

    pub(super) fn add_certain(&mut self, label: &'a str, value: Option<&'a str>) {
        self.add(label);
        self.certain.insert(label, value);
    }

    /// Only these labels are left.
    pub(super) fn keep(&mut self, labels: impl Iterator<Item = &'a str> + Clone) {
        let kept: BTreeSet<&str> = labels.filter(|label| self.may_have(label)).collect();
        self.certain.retain(|label, _| kept.contains(label));
        self.possible = Possible::Only(kept);
    }

    /// Of series of either kind.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.certain.retain(|label, _| other.is_certain(label));
        for (label, value) in &mut self.certain {
            if *value != other.value(label) {
                *value = None;
            }
        }
        self.possible = match (self.possible, &other.possible) {
            (Possible::Only(mine), Possible::Only(theirs)) => Possible::Only(mine.union(theirs).copied().collect()),
            (Possible::AllBut(mine), Possible::AllBut(theirs)) => {
                Possible::AllBut(mine.intersection(theirs).copied().collect())
            }
            (Possible::AllBut(lost), Possible::Only(names)) => {
                Possible::AllBut(lost.into_iter().filter(|label| !names.contains(label)).collect())
            }
            (Possible::Only(names), Possible::AllBut(lost)) => {
                Possible::AllBut(lost.iter().copied().filter(|label| !names.contains(label)).collect())
            }
        };
        self
    }
}
