//! What is read from the store.

use promd_model::{Interval, METRIC_NAME, Matcher};
use promd_storage::{Grouping, Hints, Select};

/// Series that one selector or several ask for.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) times: Interval,
    /// How many selectors there are. Series that several ask for are kept; others stream by.
    pub(crate) uses: usize,
    /// The function around the selector, a hint for the store.
    pub(crate) function: Option<&'static str>,
    /// The aggregation around it, another one.
    pub(crate) around: Option<Around>,
    /// Whether of histograms only count and sum are wanted.
    pub(crate) statistics: bool,
    pub(crate) range: i64,
    pub(crate) step: i64,
}

impl Selection {
    /// Whether a selector can read from this one: the same series at times that touch.
    pub(super) fn serves(&self, matchers: &[Matcher], times: Interval, statistics: bool) -> bool {
        self.statistics == statistics && self.matchers == matchers && self.times.overlaps(&times)
    }

    /// Makes room for one more selector.
    pub(super) fn widen(&mut self, times: Interval) {
        self.times = Interval::new(self.times.min.min(times.min), self.times.max.max(times.max));
        self.uses += 1;
        self.around = None;
    }

    /// What the store is asked.
    pub(crate) fn select(&self) -> Select<'_> {
        let hints = Hints {
            function: self.function,
            range: self.range,
            step: self.step,
            grouping: self
                .around
                .as_ref()
                .filter(|around| around.is_direct)
                .map(|around| around.grouping(&around.labels)),
            projection: self.around.as_ref().map(|around| around.grouping(&around.needed)),
            ..Hints::default()
        };
        Select::new(&self.matchers, self.times).with_hints(hints)
    }

    /// Whether one equality matcher says what the metric is called, so that series without their names still differ.
    pub(crate) fn has_one_name(&self) -> bool {
        let is_name = |matcher: &&Matcher| matcher.name() == METRIC_NAME;
        self.matchers.iter().filter(is_name).any(|matcher| matcher.op() == promd_model::MatchOp::Equal)
    }
}

/// An aggregation that folds the series of a selector, or what a range function makes of each, and needs no more of their labels
/// than tell the groups apart.
#[derive(Debug, Clone)]
pub(crate) struct Around {
    without: bool,
    /// Those that it names.
    labels: Vec<String>,
    /// The same, but that the name of the metric is always needed: annotations have it in their texts.
    needed: Vec<String>,
    /// Whether there is nothing between it and the selector.
    is_direct: bool,
}

impl Around {
    pub(super) fn new(without: bool, labels: &[String]) -> Self {
        let mut needed: Vec<String> = labels.iter().filter(|name| *name != METRIC_NAME).cloned().collect();
        if !without {
            needed.push(METRIC_NAME.to_owned());
        }
        Self { without, labels: labels.to_vec(), needed, is_direct: true }
    }

    /// The same with something between it and the selector.
    pub(super) fn indirect(self) -> Self {
        Self { is_direct: false, ..self }
    }

    fn grouping<'l>(&self, labels: &'l [String]) -> Grouping<'l> {
        if self.without { Grouping::Without(labels) } else { Grouping::By(labels) }
    }
}
