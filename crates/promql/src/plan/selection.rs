//! What is read from the store.

use promd_model::{Interval, Matcher};

/// Series that one selector or several ask for.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) times: Interval,
    /// How many selectors there are. Series that several ask for are kept; others stream by.
    pub(crate) uses: usize,
    /// The function around the selector, a hint for the store.
    pub(crate) function: Option<&'static str>,
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
    }

    /// Whether one equality matcher says what the metric is called, so that series without their names still differ.
    pub(crate) fn has_one_name(&self) -> bool {
        let is_name = |matcher: &&Matcher| matcher.name() == promd_model::METRIC_NAME;
        self.matchers.iter().filter(is_name).any(|matcher| matcher.op() == promd_model::MatchOp::Equal)
    }
}
